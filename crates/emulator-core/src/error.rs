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
    /// The state cannot be written any more: the disk is full, most likely. What was acknowledged is kept.
    #[error("the state cannot be written: {0}")]
    NotWritten(String),
    /// The emulator has been shut down.
    #[error("the emulator has stopped: {0}")]
    Stopped(String),
}

impl EmulatorError {
    /// A directory or file that could not be used: what was tried, on which, and why it failed.
    pub fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::StateDirectory {
            action,
            path: path.into(),
            source,
        }
    }
}

impl EmulatorError {
    fn of_database(error: redb::Error) -> Self {
        use std::io::ErrorKind;
        match error {
            redb::Error::Io(error)
                if matches!(
                    error.kind(),
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
                ) =>
            {
                Self::NotWritten(error.to_string())
            }
            error => Self::Database(error.to_string()),
        }
    }
}

macro_rules! database_errors {
    ($($kind:ty),*) => { $(
        impl From<$kind> for EmulatorError {
            fn from(error: $kind) -> Self {
                Self::of_database(error.into())
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
