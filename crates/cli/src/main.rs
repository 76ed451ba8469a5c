//! The program `kompoxops`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kompoxops::run(std::env::args_os()))
}
