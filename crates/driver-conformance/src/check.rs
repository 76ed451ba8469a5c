//! How a case says what it found.

use std::error::Error as _;
use std::fmt::{Debug, Write as _};

use kompox_domain::{Error, ErrorKind};

/// Why a case is over before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(String),
    Skipped(String),
}

/// How a case ended.
pub(crate) type Verdict = Result<(), Stop>;

/// Fails the case unless the condition holds.
pub(crate) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Stop::Failed(why())) }
}

/// Fails the case unless both are equal.
pub(crate) fn equal<A: Debug + PartialEq<B>, B: Debug>(found: &A, expected: &B, what: &str) -> Verdict {
    ensure(found == expected, || {
        format!("{what}: found {found:?}, expected {expected:?}")
    })
}

/// Fails the case unless the call succeeded.
pub(crate) fn done<T>(result: kompox_domain::Result<T>, what: &str) -> Result<T, Stop> {
    result.map_err(|error| Stop::Failed(format!("{what}: {}", words(&error))))
}

/// Fails the case unless the call was refused in this way.
pub(crate) fn refused<T: Debug>(
    result: kompox_domain::Result<T>,
    kind: ErrorKind,
    what: &str,
) -> Result<Error, Stop> {
    match result {
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => Err(Stop::Failed(format!(
            "{what}: expected {kind}, found {}",
            words(&error)
        ))),
        Ok(value) => Err(Stop::Failed(format!("{what}: expected {kind}, found {value:?}"))),
    }
}

/// Kind, message and causes.
pub(crate) fn words(error: &Error) -> String {
    let mut words = format!("{}: {error}", error.kind());
    let mut next = error.source();
    while let Some(cause) = next {
        // Writing to a String cannot fail.
        let _ = write!(words, ": {cause}");
        next = cause.source();
    }
    words
}
