//! What Azure's documented limits cost: the token buckets of the embedded Azure are on, as in no other part.

use crate::bench::log::Kind;
use crate::bench::table::{Row, Section, Unit, count};
use crate::bench::tools::Tools;
use crate::bench::world::World;
use crate::report::Result;

/// So many clusters that their status takes more reads than pass at once.
const CLUSTERS: usize = 50;
/// Quotas that the node pools of so many clusters need.
const QUOTAS: [&str; 2] = ["cores", "standardDSv5Family"];
const VCPUS: u32 = 1_000_000;
const ALL: [&str; 3] = ["cluster", "status", "--all"];
/// Reads that pass at once, and how many more in a second.
const AT_ONCE: f64 = 250.0;
const PER_SECOND: f64 = 25.0;
/// How much longer than the buckets make it wait a command may take.
const SLACK: f64 = 2.0;

/// Measures.
pub(crate) fn measure(tools: &Tools) -> Result<Section> {
    let mut world = World::empty(tools)?;
    for quota in QUOTAS {
        world.tell(&format!("quota {quota} {VCPUS}"))?;
    }
    let configured = world.clusters("limits", CLUSTERS, &[])?;
    for number in 0..CLUSTERS {
        let name = format!("c{number}");
        world.cluster(&configured, &["cluster", "provision", "--cluster-name", &name], 0)?;
    }
    let free = world.cluster(&configured, &ALL, 0)?;
    world.tell("throttle on")?;
    world.log()?;
    // It must end well: what is refused for a moment is asked again.
    let run = world.cluster(&configured, &ALL, 0)?;
    let requests = world.log()?.requests;
    let refused = requests
        .iter()
        .filter(|request| request.status == Some(429))
        .count();
    let asked = requests
        .iter()
        .filter(|request| request.kind != Kind::Token)
        .count()
        - refused;
    let waited = ((count(asked) - AT_ONCE) / PER_SECOND).max(0.0) * 1_000.0;
    let name = format!("`cluster status --all` with {CLUSTERS} clusters");
    Ok(Section {
        title: "In a subscription with Azure's limits",
        rows: vec![
            Row::told(
                format!("{name}: requests that were let through"),
                count(asked),
                Unit::Count,
            ),
            Row::told(
                format!("{name}: requests that were refused for a moment"),
                count(refused),
                Unit::Count,
            ),
            Row::at_most(
                format!("{name}: time over what the buckets and the command itself take"),
                run.wall / (waited + free.wall),
                Unit::Ratio,
                SLACK,
            ),
        ],
    })
}
