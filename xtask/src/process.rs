//! Running cargo and git.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::report::{Finding, Result};

/// How many lines of a failing command's messages are repeated.
const SHOWN: usize = 12;

/// A cargo command in the workspace's root, without standard input.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root).args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command that shows its own output; a failure is a finding.
pub(crate) fn judge(mut command: Command, words: &str, remedy: &str) -> Result<Vec<Finding>> {
    let status = command
        .status()
        .map_err(|error| format!("cannot run `{words}`: {error}"))?;
    if status.success() {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::new(
        format!("`{words}`"),
        format!("{status}; its own messages stand above"),
        remedy,
    )])
}

/// Runs a command for what it prints.
pub(crate) fn capture(mut command: Command, words: &str) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("cannot run `{words}`: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = message.trim_end().lines().collect();
        let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
        return Err(format!("`{words}`: {}; its last words:\n{last}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
