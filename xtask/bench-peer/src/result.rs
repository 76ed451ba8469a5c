//! How what this program does can end.

use std::error::Error;

/// Any error ends the program, which tells it with its causes.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;
