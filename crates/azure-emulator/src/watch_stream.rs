//! The body of a watch in a cluster: piece by piece, as there is something to tell.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kompox_emulator_core::body::Reset;
use kompox_kubernetes_emulator::{News, Stream};
use tokio::sync::mpsc;

use crate::shared::Shared;
use crate::types::clusters::owner::{Azure, pace};

/// How long a watch waits at most before it looks again: what is under way ends by time, too.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// Tells a watch what is new until it is over, or nobody listens any more.
pub(crate) async fn tell(
    shared: Arc<Shared>,
    mut stream: Box<Stream>,
    sender: mpsc::Sender<Result<Bytes, Reset>>,
    breaks_off: bool,
) {
    let mut look = true;
    loop {
        let changed = shared.changed.notified();
        let news = shared
            .change(|state, now| {
                let pace = pace(&shared.environment.options.timing);
                let (owner, documents) = Azure::of(state, &shared.environment);
                stream.next(documents, &owner, &pace, now, look)
            })
            .await;
        // A cluster that does not answer any more resets its connections.
        let Ok(Some(News { lines, over })) = news else {
            let _ = sender.send(Err(Reset)).await;
            return;
        };
        if !lines.is_empty() {
            let whole = Bytes::from(lines);
            let told = if breaks_off {
                whole.slice(..whole.len() / 2)
            } else {
                whole
            };
            if sender.send(Ok(told)).await.is_err() {
                return;
            }
            if breaks_off {
                let _ = sender.send(Err(Reset)).await;
                return;
            }
        }
        if over {
            return;
        }
        tokio::select! {
            () = sender.closed() => return,
            () = changed => look = false,
            () = tokio::time::sleep(WATCH_INTERVAL) => look = true,
        }
    }
}
