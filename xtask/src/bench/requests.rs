//! Commands with 50 ms added to every request: how many requests, how many of them one after another, and what
//! is lost beside them.

use crate::bench::log::{Kind, chain};
use crate::bench::stats::{median, minimum, settled};
use crate::bench::table::{Row, Section, Unit};
use crate::bench::tools::Tools;
use crate::bench::world::World;
use crate::report::Result;

/// Milliseconds that every request takes.
const LATENCY: u32 = 50;
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

/// What the rounds of a case showed.
#[derive(Debug, Default)]
struct Shown {
    requests: f64,
    chain: f64,
    /// Of the longest chain, without sign-in and looks at operations.
    own: usize,
    shares: Vec<f64>,
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
        if round >= LEAST && shown.iter().all(|shown| settled(&shown.shares)) {
            break;
        }
        for (case, shown) in CASES.iter().zip(&mut shown) {
            let words = (case.words)(round);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let run = world.command(&words)?;
            let requests = world.log()?.requests;
            let chain_of = |counted: fn(Kind) -> bool| chain(&requests, counted);
            shown.requests = count(requests.len());
            shown.chain = count(chain_of(|_| true));
            shown.own = chain_of(|kind| !matches!(kind, Kind::Token | Kind::Poll));
            shown.shares.push(run.wall / (shown.chain * f64::from(LATENCY)));
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
    let share = format!("{name}: time over the chain's share");
    [
        Row::told(format!("{name}: requests"), shown.requests, Unit::Count),
        Row::told(format!("{name}: longest chain"), shown.chain, Unit::Count)
            .noting(format!("{} without sign-in and looks at operations", shown.own)),
        Row::at_most(share, median(&shown.shares), Unit::Ratio, 1.15).noting(format!(
            "{} runs; {:.2} of the quickest",
            shown.shares.len(),
            minimum(&shown.shares)
        )),
    ]
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
