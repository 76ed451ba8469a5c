//! Commands with 50 ms added to every request: how many requests, how many of them one after another, and what
//! is lost beside them.

use crate::bench::log::Kind;
use crate::bench::shown::{LATENCY, Shown};
use crate::bench::table::{Row, Section, Unit, count};
use crate::bench::tools::Tools;
use crate::bench::world::World;
use crate::report::Result;

const LEAST: usize = 9;
const MOST: usize = 31;

/// The volumes of the app: with two disks, with twenty, and one on which the others work.
const VOLUMES: [&str; 3] = ["two", "twenty", "other"];

/// A command that is measured; it depends on the round, because nothing can be made twice.
struct Case {
    name: &'static str,
    words: fn(usize) -> Vec<String>,
}

const CASES: [Case; 5] = [
    Case {
        name: "`disk assign` among 2 disks",
        words: |round| words(&["disk", "assign", "-V", "two", "-N", turn(round)]),
    },
    Case {
        name: "`disk assign` among 20 disks",
        words: |round| words(&["disk", "assign", "-V", "twenty", "-N", turn(round)]),
    },
    Case {
        name: "`disk create`",
        words: |round| words(&["disk", "create", "-V", "other", "-N", &format!("c{round}")]),
    },
    Case {
        name: "`snapshot create`",
        words: |round| words(&["snapshot", "create", "-V", "other", "-N", &format!("s{round}")]),
    },
    Case {
        name: "`snapshot restore`",
        words: |round| {
            let (snapshot, disk) = (format!("s{round}"), format!("r{round}"));
            words(&[
                "snapshot",
                "restore",
                "-V",
                "other",
                "-N",
                &snapshot,
                "--disk-name",
                &disk,
            ])
        },
    },
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().copied().map(str::to_owned).collect()
}

/// The disk that is not assigned: the first is at the beginning.
const fn turn(round: usize) -> &'static str {
    if round.is_multiple_of(2) { "d1" } else { "d0" }
}

/// Measures.
pub(crate) fn measure(tools: &Tools) -> Result<Section> {
    let mut world = World::start(tools, &VOLUMES)?;
    world.tell("seed 0")?;
    for (volume, disks) in [("two", 2), ("twenty", 20), ("other", 1)] {
        for number in 0..disks {
            world.command(&["disk", "create", "-V", volume, "-N", &format!("d{number}")])?;
        }
    }
    world.tell(&format!("latency {LATENCY}"))?;
    world.log()?;
    let mut shown: Vec<Shown> = CASES.iter().map(|_| Shown::default()).collect();
    for round in 0..MOST {
        if round >= LEAST && shown.iter().all(Shown::is_settled) {
            break;
        }
        for (case, shown) in CASES.iter().zip(&mut shown) {
            let words = (case.words)(round);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let run = world.command(&words)?;
            shown.add(&run, &world.log()?.requests);
        }
    }
    let rows = CASES
        .iter()
        .zip(&shown)
        .flat_map(|(case, shown)| rows(case.name, shown));
    Ok(Section {
        title: "Commands with 50 ms added to every request",
        rows: rows.collect(),
    })
}

fn rows(name: &str, shown: &Shown) -> [Row; 3] {
    let own = shown.chain(|kind| !matches!(kind, Kind::Token | Kind::Poll));
    [
        shown.requests(name),
        Row::told(
            format!("{name}: longest chain"),
            count(shown.chain(|_| true)),
            Unit::Count,
        )
        .noting(format!("{own} without sign-in and looks at operations")),
        shown.share(name),
    ]
}
