//! How long after an operation's end a command returns, where the server says when it may be asked.

use crate::bench::log::noticed;
use crate::bench::stats::{median, minimum};
use crate::bench::table::{Row, Section, Unit};
use crate::bench::tools::Tools;
use crate::bench::world::World;
use crate::report::Result;

/// Milliseconds that the operations take.
const DURATIONS: [u32; 3] = [400, 1_400, 2_700];
/// Milliseconds: what `Retry-After` says.
const RETRY_AFTER: f64 = 1_000.0;
const ROUNDS: usize = 5;
/// The return may be later than the server allows by this share of `Retry-After`: the look itself, reading the
/// result, and the end of the process.
const SLACK: f64 = 0.1;

/// Measures.
pub(crate) fn measure(tools: &Tools) -> Result<Section> {
    let mut world = World::start(tools, &["db"])?;
    world.tell("seed 0")?;
    let mut rows = Vec::new();
    for duration in DURATIONS {
        world.tell(&format!("faults {}", plan(duration)))?;
        let (mut late, mut allowed, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
        let mut looks = 0;
        for round in 0..ROUNDS {
            world.log()?;
            let name = format!("d{duration}-{round}");
            let run = world.command(&["disk", "create", "-V", "db", "-N", &name])?;
            let log = world.log()?;
            let seen = noticed(&log.requests, duration.into(), RETRY_AFTER)
                .ok_or("the log does not show how the operation's end was noticed")?;
            let returned = run.ended - log.zero;
            late.push((returned - seen.end) / RETRY_AFTER);
            allowed.push((seen.allowed - seen.end) / RETRY_AFTER);
            beyond.push((returned - seen.allowed) / RETRY_AFTER);
            looks = seen.looks;
        }
        let what = format!("operation of {duration} ms");
        rows.push(
            Row::told(
                format!("{what}: return after its end, in units of `Retry-After`"),
                median(&late),
                Unit::Ratio,
            )
            .noting(format!(
                "looks: {looks}; the server allows {:.2}",
                median(&allowed)
            )),
        );
        rows.push(
            Row::at_most(
                format!("{what}: return after the first look that the server allows"),
                median(&beyond),
                Unit::Ratio,
                SLACK,
            )
            .noting(format!("{ROUNDS} runs; {:.2} of the quickest", minimum(&beyond))),
        );
    }
    Ok(Section {
        title: "The end of an operation, with `Retry-After: 1`",
        rows,
    })
}

/// Disks take so long to be created.
fn plan(milliseconds: u32) -> serde_json::Value {
    let operation = serde_json::json!({ "milliseconds": milliseconds, "retryAfter": { "seconds": 1 } });
    serde_json::json!({
        "rules": [{ "method": "PUT", "path": "**/disks/*", "action": { "operation": operation } }]
    })
}
