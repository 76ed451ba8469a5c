//! Bodies of answers: in one piece, broken off, or piece by piece as a watch has something to tell.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::kubernetes::{News, Stream};
use crate::server::Shared;

/// Ends the connection with a reset.
#[derive(Debug, thiserror::Error)]
#[error("connection reset on demand")]
pub(crate) struct Reset;

/// An answer's body; a truncated one breaks off after announcing its whole length.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    data: Option<Bytes>,
    announced: u64,
    breaks_off: bool,
    /// What comes later, of no announced length.
    more: Option<mpsc::Receiver<Result<Bytes, Reset>>>,
}

impl AnswerBody {
    /// All of it at once.
    pub(crate) fn whole(data: Bytes) -> Self {
        Self {
            announced: data.len() as u64,
            data: Some(data).filter(|data| !data.is_empty()),
            breaks_off: false,
            more: None,
        }
    }

    /// The first half of it, and then a reset.
    pub(crate) fn half(data: &Bytes) -> Self {
        Self {
            announced: data.len() as u64,
            data: Some(data.slice(..data.len() / 2)),
            breaks_off: true,
            more: None,
        }
    }

    /// Piece by piece, as long as there are pieces.
    pub(crate) fn stream(more: mpsc::Receiver<Result<Bytes, Reset>>) -> Self {
        Self {
            more: Some(more),
            ..Self::whole(Bytes::new())
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Reset;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Reset>>> {
        if let Some(more) = &mut self.more {
            return more
                .poll_recv(context)
                .map(|next| next.map(|data| data.map(Frame::data)));
        }
        match self.data.take() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None if self.breaks_off => Poll::Ready(Some(Err(Reset))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.breaks_off && self.more.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.more {
            Some(_) => SizeHint::default(),
            None => SizeHint::with_exact(self.announced),
        }
    }
}

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
            .change(|state, now| stream.next(state, &shared.world, now, look))
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
