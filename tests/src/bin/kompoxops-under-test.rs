//! The program `kompoxops`, built in this package so that its tests find it wherever they are run.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kompoxops::run(std::env::args_os()))
}
