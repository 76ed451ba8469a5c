//! Runs a program and tells what it took.
//!
//! A process of its own for every run, because the kernel counts the memory of whoever starts a program as the
//! program's until it has been loaded: this one is small.

use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4 as _;

use crate::clock::unix_milliseconds;
use crate::output::print;
use crate::result::Result;

/// Prints `{"wall": ms, "cpu": ms, "memory": bytes, "ended": Unix ms}`. What the program prints is thrown away.
///
/// # Errors
/// If it ends with another exit code.
pub(crate) fn run(code: &str, program: &str, arguments: &[&str]) -> Result<()> {
    let code: i32 = code.parse()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
    let used = child.wait4()?;
    let wall = start.elapsed();
    let ended = unix_milliseconds()?;
    if used.status.code() != Some(code) {
        return Err(format!("{program} {}: {}", arguments.join(" "), used.status).into());
    }
    let cpu = used.rusage.utime + used.rusage.stime;
    print(&serde_json::json!({
        "wall": wall.as_secs_f64() * 1000.0,
        "cpu": cpu.as_secs_f64() * 1000.0,
        "memory": used.rusage.maxrss,
        "ended": ended,
    }))
}
