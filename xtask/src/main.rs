//! The checks of this workspace: `cargo xtask check` and `cargo xtask generate`.
//!
//! A rule is a function from what it looks at to findings, so that its tests can give it good and bad
//! input; a step collects what a rule looks at. `design/architecture.md` says which invariant stands on
//! which step.

mod bench;
mod output;
mod process;
mod report;
mod rules;
mod soak;
mod steps;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::Output;
use crate::workspace::Workspace;

/// Checks of this workspace.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs all checks, or those that are named.
    Check {
        /// Steps to run; all without.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Lists the steps instead of running them.
        #[arg(long)]
        list: bool,
    },
    /// Shows the files that use each other in a circle, and the edges that close it.
    Circles {
        /// The package; all without.
        package: Option<String>,
    },
    /// Writes what is generated: the command-line reference and the tables of design/architecture.md.
    Generate,
    /// Measures what the program costs, on the embedded Azure.
    Bench(bench::Args),
    /// Two operators at once on the embedded Azure, with everything going wrong, for long.
    Soak(soak::Args),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new();
    let ended = match arguments.command {
        Command::Check { list: true, .. } => {
            steps::list(&mut output);
            Ok(true)
        }
        Command::Check { names, list: false } => {
            Workspace::load().and_then(|workspace| steps::check(&workspace, &names, &mut output))
        }
        Command::Circles { package } => Workspace::load()
            .and_then(|workspace| rules::circles::list(&workspace, package.as_deref(), &mut output)),
        Command::Generate => {
            Workspace::load().and_then(|workspace| rules::generated::write(&workspace, &mut output))
        }
        Command::Bench(args) => {
            Workspace::load().and_then(|workspace| bench::run(&workspace, &args, &mut output))
        }
        Command::Soak(args) => {
            Workspace::load().and_then(|workspace| soak::run(&workspace, &args, &mut output))
        }
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            output.error(error.as_ref());
            ExitCode::FAILURE
        }
    }
}
