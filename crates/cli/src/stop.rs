//! Ctrl-C: the first one asks to stop, the second one does not wait.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::exit_codes;
use crate::os::StopRequests;

/// Is told when somebody wants this process to stop.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Notify>);

impl Stop {
    /// Begins to listen. From now on the system does not end the process by itself.
    ///
    /// On a thread and runtime of its own, so that the second Ctrl-C works however busy the others are.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let stop = Self::default();
        let notify = Arc::clone(&stop.0);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let mut requests = runtime.block_on(async { StopRequests::listen() })?;
        std::thread::Builder::new()
            .name("stop-requests".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    requests.next().await;
                    // A permit is kept for whoever waits later.
                    notify.notify_one();
                    requests.next().await;
                });
                std::process::exit(i32::from(exit_codes::INTERRUPTED));
            })?;
        Ok(stop)
    }

    /// Waits for the first request; returns at once where it came before.
    pub(crate) async fn requested(&self) {
        self.0.notified().await;
    }
}
