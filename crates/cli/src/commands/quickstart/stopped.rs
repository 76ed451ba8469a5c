//! Why a tour ended early.

use crate::failure::Failure;

/// Why a tour ended early.
pub(super) enum Stopped {
    /// Somebody asked for it.
    Interrupted,
    /// Something went wrong.
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
