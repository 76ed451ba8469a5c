//! The async runtime of this program.

use crate::result::Result;

/// A runtime like that of the program.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
