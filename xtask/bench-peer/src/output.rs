//! The one place that writes data to the terminal.

use std::io::Write as _;

use crate::result::Result;

/// A line on standard output, at once.
pub(crate) fn print(line: &serde_json::Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
