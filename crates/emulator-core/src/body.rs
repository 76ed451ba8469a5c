//! Bodies of answers: in one piece, broken off, or piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

/// Ends the connection with a reset.
#[derive(Debug, thiserror::Error)]
#[error("connection reset on demand")]
pub struct Reset;

/// An answer's body; a truncated one breaks off after announcing its whole length.
#[derive(Debug)]
pub struct AnswerBody {
    data: Option<Bytes>,
    announced: u64,
    breaks_off: bool,
    /// What comes later, of no announced length.
    more: Option<mpsc::Receiver<Result<Bytes, Reset>>>,
}

impl AnswerBody {
    /// All of it at once.
    #[must_use]
    pub fn whole(data: Bytes) -> Self {
        Self {
            announced: data.len() as u64,
            data: Some(data).filter(|data| !data.is_empty()),
            breaks_off: false,
            more: None,
        }
    }

    /// The first half of it, and then a reset.
    #[must_use]
    pub fn half(data: &Bytes) -> Self {
        Self {
            announced: data.len() as u64,
            data: Some(data.slice(..data.len() / 2)),
            breaks_off: true,
            more: None,
        }
    }

    /// Piece by piece, as long as there are pieces.
    #[must_use]
    pub fn stream(more: mpsc::Receiver<Result<Bytes, Reset>>) -> Self {
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
