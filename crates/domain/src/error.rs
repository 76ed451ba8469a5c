//! The one error that crosses the ports.

use std::fmt;

use crate::hint::Hint;
use crate::outcome::WriteOutcome;

/// A result with the domain's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong; decides exit code, retry and advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Configuration or arguments that cannot be meant.
    InvalidInput,
    /// Something that was named does not exist.
    NotFound,
    /// Something exists already, or somebody else was faster.
    Conflict,
    /// The state of the cloud forbids it: attached, assigned, locked, not ready.
    Precondition,
    /// Nobody knows who is asking: no credential, an expired or refused one.
    Unauthenticated,
    /// It is known who is asking, and that they may not.
    PermissionDenied,
    /// A quota or limit of the cloud is reached.
    QuotaExceeded,
    /// The driver does not do this.
    Unsupported,
    /// Too many requests, and patience has run out.
    Throttled,
    /// The cloud cannot be reached, or fails on its own side.
    Unavailable,
    /// The deadline passed before the end was known.
    Timeout,
    /// The cloud accepted the request and reported later that it failed.
    Failed,
    /// Something that must not happen, ours to repair.
    Internal,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::InvalidInput,
        Self::NotFound,
        Self::Conflict,
        Self::Precondition,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::QuotaExceeded,
        Self::Unsupported,
        Self::Throttled,
        Self::Unavailable,
        Self::Timeout,
        Self::Failed,
        Self::Internal,
    ];

    /// The stable word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalidInput",
            Self::NotFound => "notFound",
            Self::Conflict => "conflict",
            Self::Precondition => "precondition",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permissionDenied",
            Self::QuotaExceeded => "quotaExceeded",
            Self::Unsupported => "unsupported",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that the cloud could not do, on the way down to why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailedOperation {
    /// The resource, by the cloud's own id.
    pub resource: String,
    /// The cloud's own error code.
    pub code: String,
    /// What the cloud says.
    pub message: String,
    /// The id under which the cloud's support finds it.
    pub correlation_id: Option<String>,
    /// What the user can do about it.
    pub hints: Vec<Hint>,
    /// Why. Empty: this is where it began.
    pub causes: Vec<FailedOperation>,
}

impl FailedOperation {
    /// Those from which all others follow.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Self> {
        if self.causes.is_empty() {
            vec![self]
        } else {
            self.causes.iter().flat_map(Self::leaves).collect()
        }
    }
}

/// An error of a port or use case.
///
/// Its text says one thing and never repeats its source: whoever shows it walks the chain.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    outcome: WriteOutcome,
    message: String,
    code: Option<String>,
    target: Option<String>,
    correlation_id: Option<String>,
    hints: Vec<Hint>,
    failures: Vec<FailedOperation>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of a kind with its message: a lower-case sentence without a full stop.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            outcome: WriteOutcome::NotDone,
            message: message.into(),
            code: None,
            target: None,
            correlation_id: None,
            hints: Vec::new(),
            failures: Vec::new(),
            source: None,
        }))
    }

    /// What is known about whether the operation was done all the same.
    #[must_use]
    pub fn with_outcome(mut self, outcome: WriteOutcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// The cloud's own error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// What the cloud said the error is about.
    #[must_use]
    pub fn with_target(mut self, target: impl Into<String>) -> Self {
        self.0.target = Some(target.into());
        self
    }

    /// The id under which the cloud's support finds the request.
    #[must_use]
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.0.correlation_id = Some(id.into());
        self
    }

    /// The only thing that the user can do about it. What is nearest to the user wins: hints from below are left out.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<Hint>) -> Self {
        self.with_hints([hint.into()])
    }

    /// The things that the user can do about it, in place of those from below.
    #[must_use]
    pub fn with_hints(mut self, hints: impl IntoIterator<Item = Hint>) -> Self {
        self.0.hints = hints.into_iter().collect();
        self
    }

    /// One more thing that the user can do about it, after those from below.
    #[must_use]
    pub fn and_hint(mut self, hint: impl Into<Hint>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// What the cloud could not do, where it tells in detail.
    #[must_use]
    pub fn with_failures(mut self, failures: Vec<FailedOperation>) -> Self {
        self.0.failures = failures;
        self
    }

    /// The cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says what was being done when this error came up. Kind, outcome, code and hints stay those of the cause.
    #[must_use]
    pub fn context(self, message: impl Into<String>) -> Self {
        let mut outer = Self::new(self.kind(), message).with_outcome(self.outcome());
        outer.0.code = self.0.code.clone();
        outer.0.target = self.0.target.clone();
        outer.0.correlation_id = self.0.correlation_id.clone();
        outer.0.hints = self.0.hints.clone();
        outer.0.failures = self.0.failures.clone();
        outer.with_source(self)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether what was asked for may have been done all the same. A use case tells; below it is not known yet, and
    /// `NotDone`.
    #[must_use]
    pub fn outcome(&self) -> WriteOutcome {
        self.0.outcome
    }

    /// The cloud's own error code, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What the cloud said the error is about.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }

    /// The correlation id of the request, if it got that far.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// What the cloud could not do, as trees from the outside to where it began.
    #[must_use]
    pub fn failures(&self) -> &[FailedOperation] {
        &self.0.failures
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> &[Hint] {
        &self.0.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("outcome", &self.0.outcome)
            .field("message", &self.0.message)
            .field("code", &self.0.code)
            .field("correlation_id", &self.0.correlation_id)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl From<crate::name::InvalidName> for Error {
    fn from(error: crate::name::InvalidName) -> Self {
        Self::new(ErrorKind::InvalidInput, error.to_string())
    }
}

impl From<crate::quantity::InvalidSize> for Error {
    fn from(error: crate::quantity::InvalidSize) -> Self {
        Self::new(ErrorKind::InvalidInput, error.to_string())
    }
}

impl From<crate::zone::InvalidZone> for Error {
    fn from(error: crate::zone::InvalidZone) -> Self {
        Self::new(ErrorKind::InvalidInput, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn context_keeps_kind_code_and_hints_and_does_not_repeat_the_cause() {
        let cause = Error::new(ErrorKind::Precondition, "the scope is locked")
            .with_code("ScopeLocked")
            .with_hint("unlock it");
        let error = cause.context("cannot delete disk db-1");
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert_eq!(
            (error.code(), error.hints()),
            (Some("ScopeLocked"), [Hint::text("unlock it")].as_slice())
        );
        assert_eq!(error.to_string(), "cannot delete disk db-1");
        assert_eq!(error.source().unwrap().to_string(), "the scope is locked");
    }

    #[test]
    fn kinds_have_words_of_their_own() {
        let words: std::collections::BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), ErrorKind::ALL.len());
    }
}
