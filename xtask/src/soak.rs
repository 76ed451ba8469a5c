//! `cargo xtask soak`: two operators at once on the embedded Azure, with everything going wrong, for long.
//!
//! What runs is a test of `kompox-tests`, the same as in every run of the tests but for its length and its seed;
//! so this command is built without the program.

use clap::Args as Arguments;

use crate::output::Output;
use crate::process::{cargo, judge};
use crate::report::Result;
use crate::workspace::Workspace;

/// How long, and from where.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// Ends after so many calls.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    steps: u64,
    /// The seed of the first scenario, as a failure tells it; a new one without.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Ends after so many minutes, if that comes first.
    #[arg(long, value_name = "M")]
    minutes: Option<u64>,
}

/// Runs it. Whether every promise was kept.
pub(crate) fn run(workspace: &Workspace, args: &Args, output: &mut Output) -> Result<bool> {
    let seed = args.seed.unwrap_or_else(from_clock);
    let words = [
        "test",
        "--quiet",
        "--package",
        "kompox-tests",
        "--test",
        "faults",
        "--",
        "--exact",
        "random::two_operators_at_once_keep_every_promise_whatever_goes_wrong",
        "--nocapture",
    ];
    let mut command = cargo(&workspace.root, &words);
    command
        .env("KOMPOX_SOAK_SEED", seed.to_string())
        .env("KOMPOX_SOAK_STEPS", args.steps.to_string())
        .env_remove("KOMPOX_SOAK_MINUTES");
    if let Some(minutes) = args.minutes {
        command.env("KOMPOX_SOAK_MINUTES", minutes.to_string());
    }
    let findings = judge(
        command,
        &format!("cargo xtask soak --seed {seed}"),
        "run the scenario that failed again: its seed stands above",
    )?;
    for finding in &findings {
        output.finding(finding);
    }
    Ok(findings.is_empty())
}

/// Small enough to be typed.
fn from_clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() % 1_000_000 * 1_000)
}
