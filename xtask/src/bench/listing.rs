//! `disk list` beside strangers' disks, over a bare download of the same pages.

use crate::bench::stats::{Rounds, Turns, alternate};
use crate::bench::table::{Row, Section, Unit, count, megabytes};
use crate::bench::tools::Tools;
use crate::bench::world::World;
use crate::output::Output;
use crate::report::Result;

/// How many disks are in the group, and how often is measured.
const SIZES: [(usize, Rounds); 4] = [
    (10, Rounds { least: 21, most: 61 }),
    (1_000, Rounds { least: 15, most: 45 }),
    (10_000, Rounds { least: 7, most: 21 }),
    (50_000, Rounds { least: 7, most: 15 }),
];
/// How many of them are the volume's; where there are fewer, all are.
const OURS: usize = 20;

/// What a listing of one size took.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) disks: usize,
    turns: Turns,
    /// The most that any run had, in bytes.
    memory: f64,
    bare_memory: f64,
    requests: usize,
    bare_requests: usize,
}

impl Listing {
    /// Time over the bare download's.
    pub(crate) fn ratio(&self) -> f64 {
        self.turns.ratio()
    }

    /// Peak memory in megabytes.
    pub(crate) fn megabytes(&self) -> f64 {
        megabytes(self.memory)
    }
}

/// Measures all sizes.
pub(crate) fn measure(tools: &Tools, output: &mut Output) -> Result<(Section, Vec<Listing>)> {
    let mut listings = Vec::new();
    for (disks, rounds) in SIZES {
        output.note(&format!("   {disks} disks"));
        listings.push(one(tools, disks, rounds)?);
    }
    let mut rows: Vec<Row> = listings.iter().flat_map(rows).collect();
    let memory = |disks: usize| {
        listings
            .iter()
            .find(|one| one.disks == disks)
            .map(|one| one.memory)
    };
    if let (Some(few), Some(many)) = (memory(1_000), memory(50_000)) {
        let name = "peak memory at 50000 disks over that at 1000";
        rows.push(Row::at_most(name, many / few, Unit::Ratio, 2.0));
    }
    let section = Section {
        title: "`disk list`",
        rows,
    };
    Ok((section, listings))
}

fn one(tools: &Tools, disks: usize, rounds: Rounds) -> Result<Listing> {
    let mut world = World::start(tools, &["db"])?;
    // The group first: the disks of the volume are made as they always are, before the strangers come.
    world.tell("seed 0")?;
    let ours = OURS.min(disks);
    for number in 0..ours {
        world.command(&["disk", "create", "-V", "db", "-N", &format!("d{number}")])?;
    }
    world.tell(&format!("seed {}", disks - ours))?;
    world.log()?;
    let list = ["disk", "list", "-V", "db"];
    world.command(&list)?;
    let requests = world.log()?.requests.len();
    world.download()?;
    let bare_requests = world.log()?.requests.len();
    let (mut memory, mut bare_memory) = (0_f64, 0_f64);
    let turns = alternate(
        rounds,
        || {
            let run = world.command(&list)?;
            memory = memory.max(run.memory);
            Ok(run.wall)
        },
        || {
            let run = world.download()?;
            bare_memory = bare_memory.max(run.memory);
            Ok(run.wall)
        },
    )?;
    Ok(Listing {
        disks,
        turns,
        memory,
        bare_memory,
        requests,
        bare_requests,
    })
}

fn rows(listing: &Listing) -> Vec<Row> {
    let disks = listing.disks;
    let name = format!("{disks} disks: time over the bare download's");
    let ratio = listing.ratio();
    let time = if disks == 50_000 {
        Row::at_most(name, ratio, Unit::Ratio, 1.3)
    } else {
        Row::told(name, ratio, Unit::Ratio)
    };
    let turns = &listing.turns;
    let requests = count(listing.requests);
    vec![
        time.noting(format!(
            "{} runs of each in turns; {:.2} of the quickest",
            turns.ours.len(),
            turns.ratio_of_minima()
        )),
        Row::told(
            format!("{disks} disks: peak memory"),
            listing.megabytes(),
            Unit::Megabytes,
        )
        .noting(format!("bare download {:.1} MB", megabytes(listing.bare_memory))),
        Row::told(format!("{disks} disks: requests"), requests, Unit::Count)
            .noting(format!("bare download {}", listing.bare_requests)),
    ]
}
