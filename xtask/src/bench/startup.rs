//! Start-up: what every command costs before it does anything.

use std::process::{Command, Stdio};

use crate::bench::stats::{Rounds, alternate};
use crate::bench::table::{Row, Section, Unit, megabytes};
use crate::bench::tools::{Run, Tools};
use crate::report::Result;

const ROUNDS: Rounds = Rounds {
    least: 101,
    most: 401,
};

/// Measures.
pub(crate) fn measure(tools: &Tools) -> Result<Section> {
    let mut memory: f64 = 0.0;
    let turns = alternate(
        ROUNDS,
        || {
            let Run {
                wall, memory: used, ..
            } = tools.run(&tools.program, &["version"], "")?;
            memory = memory.max(used);
            Ok(wall)
        },
        || Ok(tools.run(&tools.empty, &[], "")?.wall),
    )?;
    let note = format!(
        "{} runs of each in turns; {:.2} of the quickest",
        turns.ours.len(),
        turns.ratio_of_minima()
    );
    let size =
        |path: &std::path::Path| -> Result<f64> { Ok(f64::from(u32::try_from(path.metadata()?.len())?)) };
    let mut rows = vec![
        Row::at_most(
            "`version`: time over an empty program's",
            turns.ratio(),
            Unit::Ratio,
            5.0,
        )
        .noting(note),
        Row::at_most("`version`: peak memory", megabytes(memory), Unit::Megabytes, 15.0)
            .noting("the most of all runs"),
        isolated(tools),
        Row::told(
            "size of the program",
            megabytes(size(&tools.program)?),
            Unit::Megabytes,
        )
        .noting(format!(
            "an empty program has {:.1} MB",
            megabytes(size(&tools.empty)?)
        )),
    ];
    rows.retain(|row| !row.name.is_empty());
    Ok(Section {
        title: "Start-up",
        rows,
    })
}

/// Whether `version` runs where there is no network, no home, no configuration and no variable.
fn isolated(tools: &Tools) -> Row {
    let run = |command: &mut Command| {
        let command = command.env_clear().current_dir(tools.directory.path());
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        status.status().is_ok_and(|status| status.success())
    };
    let mut apart = Command::new("unshare");
    apart.args(["--map-root-user", "--net", "--"]);
    let (mut prefix, without) = if run(Command::new("unshare").args(["--map-root-user", "--net", "true"])) {
        (apart, "in a network of its own, in which there is nothing")
    } else {
        (
            Command::new(&tools.program),
            "the network could not be taken away here",
        )
    };
    if prefix.get_program() == "unshare" {
        prefix.arg(&tools.program);
    }
    let failures = if run(prefix.arg("version")) { 0.0 } else { 1.0 };
    let name = "`version`: needs no network, no configuration and no variable";
    Row::at_most(name, failures, Unit::Failures, 0.0).noting(without)
}
