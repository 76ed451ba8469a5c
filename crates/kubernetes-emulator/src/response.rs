//! What the API server answers: at once, or at once and then as long as a watch has something to tell.

use kompox_emulator_core::reply::Reply;

use super::watch::Stream;

/// An answer, and what comes after it.
#[derive(Debug)]
pub struct Response {
    /// Status, headers and what is known at once.
    pub reply: Reply,
    /// What comes after the body, as long as there is more.
    pub stream: Option<Box<Stream>>,
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        Self { reply, stream: None }
    }
}
