//! Ctrl-C: the first one asks to stop, the second one does not wait; and neither does the first where nobody listens.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

use crate::exit_codes;
use crate::os::StopRequests;

/// Is told when somebody wants this process to stop, as long as it is there.
#[derive(Clone)]
pub(crate) struct Stop(Arc<Notify>);

/// Those who wait for the first request. Once the process listens, the system never ends it by itself any more: so what
/// comes while nobody is there, such as a question to the user, ends it here.
static WAITING: Mutex<Option<Vec<Weak<Notify>>>> = Mutex::new(None);

impl Stop {
    /// Begins to listen. From now on the system does not end the process by itself.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let stop = Self(Arc::default());
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_none() {
            serve()?;
        }
        waiting.get_or_insert_default().push(Arc::downgrade(&stop.0));
        Ok(stop)
    }

    /// Waits for the first request; returns at once where it came before.
    pub(crate) async fn requested(&self) {
        self.0.notified().await;
    }
}

/// Passes each request on. On a thread and runtime of its own, so that the second Ctrl-C works however busy the others
/// are.
fn serve() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut requests = runtime.block_on(async { StopRequests::listen() })?;
    std::thread::Builder::new()
        .name("stop-requests".to_owned())
        .spawn(move || {
            loop {
                runtime.block_on(requests.next());
                if !pass_on() {
                    std::process::exit(i32::from(exit_codes::INTERRUPTED));
                }
            }
        })?;
    Ok(())
}

/// Tells those who wait, each once; whether there were any.
fn pass_on() -> bool {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let waiting = waiting.get_or_insert_default();
    let mut told = false;
    for stop in waiting.drain(..).filter_map(|stop| stop.upgrade()) {
        // A permit is kept for whoever waits later.
        stop.notify_one();
        told = true;
    }
    told
}
