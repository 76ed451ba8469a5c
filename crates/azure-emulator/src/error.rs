//! What can go wrong with the emulator itself; errors that Azure answers are in `arm::error`.

use std::path::PathBuf;

/// Why the emulator cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// Another emulator uses the directory.
    #[error("another emulator is using the state directory {}", .0.display())]
    StateInUse(PathBuf),
    /// The directory cannot be read or written.
    #[error("cannot {action} {}", .path.display())]
    StateDirectory {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The directory holds something that is not an emulator's state.
    #[error("the state in {} is damaged: {reason}", .path.display())]
    StateDamaged {
        /// The file in question.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state database failed.
    #[error("state database: {0}")]
    Database(String),
    /// The port is taken or may not be used.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for, or the one persisted in the state directory.
        port: u16,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Keys or certificates could not be made.
    #[error("certificate: {0}")]
    Certificate(String),
    /// A fault plan has a pattern that is no regular expression, a probability outside 0 to 1, or the like.
    #[error("fault plan: {0}")]
    FaultPlan(String),
    /// A direct handle was given something that is not an ARM id or not a JSON object.
    #[error("{0}")]
    Argument(String),
    /// The emulator has been shut down, or can no longer write its state.
    #[error("the emulator has stopped: {0}")]
    Stopped(String),
}

impl EmulatorError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::StateDirectory {
            action,
            path: path.into(),
            source,
        }
    }
}

macro_rules! database_errors {
    ($($kind:ty),*) => { $(
        impl From<$kind> for EmulatorError {
            fn from(error: $kind) -> Self {
                Self::Database(error.to_string())
            }
        }
    )* };
}
database_errors!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);
