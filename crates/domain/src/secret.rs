//! Values that must never be shown.

use std::fmt;
use std::path::PathBuf;

use crate::error::Result;

/// A secret value. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a value stands that is not in the configuration itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// `env:NAME`.
    Env(String),
    /// `file:PATH`.
    File(PathBuf),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// A port: reads what a [`SecretRef`] points to.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait SecretReader: Send + Sync {
    /// Reads the value; one line break at its end is not part of it.
    ///
    /// # Behavior
    /// Read anew each time; nothing is cached.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) when the variable or file is missing, unreadable,
    /// empty or not UTF-8. The error names the reference, never the value.
    fn read(&self, reference: &SecretRef) -> Result<Secret>;
}
