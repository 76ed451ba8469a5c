//! The clock that all processes of the machine share.

use crate::result::Result;

/// Milliseconds since 1970, on the clock that all processes of the machine have.
pub(crate) fn unix_milliseconds() -> Result<f64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(since.as_secs_f64() * 1000.0)
}
