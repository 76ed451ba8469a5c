//! The command line of kompoxops: flags, wiring, rendering. What it does stands in the use cases.
//!
//! Standard output is data, everything else goes to standard error ([`ui`]). Exit codes are in
//! [`exit_codes`], the JSON form of an error in [`failure::Report`], that of progress events in [`ui`].

pub mod args;
pub mod cli;
pub mod commands;
pub mod exit_codes;
pub mod failure;
pub mod operations;
pub mod reference;
pub mod ui;

mod duration;
mod hints;
mod lock;
mod logging;
mod os;
mod serialize;
mod session;
mod shell;
mod short_ids;
mod stop;
mod timestamp;
mod view;

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};

use args::GlobalArgs;
use cli::Cli;
use failure::Failure;
use ui::Ui;

/// The definition of the command line.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs a command line and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let parsed = command()
        .color(color_of(&args))
        .try_get_matches_from(&args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => match execute(cli) {
            Ok(()) => exit_codes::DONE,
            Err(code) => code,
        },
        Err(error) => ui::usage(&error, &args, wants_json(&args)),
    }
}

fn execute(cli: Cli) -> Result<(), u8> {
    let ui = Ui::new(&cli.global, cli.command.output());
    let result = prepare(&cli.global).and_then(|()| cli.command.run(&ui, &cli.global));
    let failure = match result {
        Ok(()) => return Ok(()),
        Err(failure) => failure,
    };
    if let Failure::Told(report) = &failure {
        tracing::error!(
            kind = report.kind,
            causes = ?report.causes,
            code = report.code,
            correlation_id = report.correlation_id,
            "{}",
            report.message
        );
        ui.error(report);
    }
    match failure.exit_code() {
        exit_codes::DONE => Ok(()),
        code => Err(code),
    }
}

/// What comes before every command.
fn prepare(global: &GlobalArgs) -> Result<(), Failure> {
    if let Some(directory) = &global.chdir {
        std::env::set_current_dir(directory).map_err(|error| {
            let what = format!("cannot change to directory {}", directory.display());
            Failure::io(what, error, "give an existing directory to -C")
        })?;
    }
    logging::init(global)?;
    if global.ends_with_stdin {
        let gone = || std::process::exit(i32::from(exit_codes::INTERRUPTED));
        os::when_stdin_closes(gone)
            .map_err(|error| Failure::io("cannot start", error, "free memory or processes"))?;
    }
    Ok(())
}

/// What `--color` says, before the command line is understood: errors about it have colours too.
fn color_of(args: &[OsString]) -> clap::ColorChoice {
    let mut args = args
        .iter()
        .filter_map(|arg| arg.to_str())
        .take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--color") {
            Some("") => args.next(),
            Some(value) => value.strip_prefix('='),
            None => continue,
        };
        match value {
            Some("always") => return clap::ColorChoice::Always,
            Some("never") => return clap::ColorChoice::Never,
            _ => {}
        }
    }
    clap::ColorChoice::Auto
}

/// Whether `-o` asks for JSON or YAML, before the command line is understood: errors about it are JSON too.
fn wants_json(args: &[OsString]) -> bool {
    let mut args = args
        .iter()
        .skip(1)
        .map(|arg| arg.to_str().unwrap_or_default())
        .take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        let value = match (arg.strip_prefix("--output"), arg.strip_prefix('-')) {
            (Some(""), _) => args.next(),
            (Some(value), _) => value.strip_prefix('='),
            // Flags without a value may stand before it: -qo json.
            (None, Some(flags)) => match flags.trim_start_matches(['q', 'y']).strip_prefix('o') {
                Some("") => args.next(),
                Some(value) => Some(value.strip_prefix('=').unwrap_or(value)),
                None => None,
            },
            (None, None) => None,
        };
        if matches!(value, Some("json" | "yaml")) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_found_in_a_command_line_that_is_not_understood() {
        let wants = |line: &str| {
            let args: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
            wants_json(&args)
        };
        for output in [
            "-o json",
            "-ojson",
            "-o=json",
            "-qo yaml",
            "--output json",
            "--output=yaml",
        ] {
            assert!(wants(&format!("kompoxops disk lst {output} --nope")), "{output}");
        }
        for output in ["", "-o", "-o table", "--output name", "-- -o json", "-V json"] {
            assert!(!wants(&format!("kompoxops disk lst {output}")), "{output}");
        }
    }
}
