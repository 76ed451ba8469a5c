//! What `cargo xtask bench` runs beside the program: always built as the program is, so that neither the
//! server nor what the program is compared with is slower than it.
//!
//! - `bench-peer run CODE PROGRAM ARGUMENT...` runs a program, which must end with this exit code, and prints its
//!   wall time, CPU time and peak memory;
//! - `bench-peer download CONNECTION PATH` downloads the pages of a listing, and does nothing with them;
//! - `bench-peer world` serves an embedded Azure, and does what it reads from standard input.

mod clock;
mod download;
mod output;
mod result;
mod run;
mod runtime;
mod world;

use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "bench-peer run CODE PROGRAM ARGUMENT... | download CONNECTION PATH | world";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match words.as_slice() {
        ["run", code, program, rest @ ..] => run::run(code, program, rest),
        ["download", connection, path] => download::run(connection, path),
        ["world"] => world::run(),
        _ => Err(USAGE.into()),
    };
    let Err(error) = ended else {
        return ExitCode::SUCCESS;
    };
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    // There is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}
