//! What is asked about clusters, with 50 ms added to every request: one, and all of a configuration.

use syn::{Expr, ExprLit, Item, Lit};

use crate::bench::log::{Kind, chain};
use crate::bench::shown::{LATENCY, Shown};
use crate::bench::stats::{median, minimum, settled};
use crate::bench::table::{Row, Section, Unit, count};
use crate::bench::tools::Tools;
use crate::bench::world::{Clusters, World};
use crate::output::Output;
use crate::report::Result;
use crate::workspace::Workspace;

const LEAST: usize = 9;
const MOST: usize = 31;
/// How many requests may depend on one another after sign-in.
pub(crate) const DEPENDENT: f64 = 3.0;
/// The exit code of a dry run that found a difference.
const DIFFERENCE: u8 = 3;

/// A command about one cluster.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
    /// Whether the cluster is configured otherwise than it was provisioned.
    changed: bool,
    code: u8,
}

const PLAN: [&str; 3] = ["cluster", "provision", "--dry-run"];

const CASES: [Case; 4] = [
    Case {
        name: "`cluster status`",
        words: &["cluster", "status"],
        changed: false,
        code: 0,
    },
    Case {
        name: "`cluster provision --dry-run`, no difference",
        words: &PLAN,
        changed: false,
        code: 0,
    },
    Case {
        name: "`cluster provision --dry-run`, a difference",
        words: &PLAN,
        changed: true,
        code: DIFFERENCE,
    },
    Case {
        name: "`cluster kubeconfig`",
        words: &["cluster", "kubeconfig"],
        changed: false,
        code: 0,
    },
];

/// Measures what is asked about one cluster.
pub(crate) fn one(tools: &Tools) -> Result<Section> {
    let mut world = World::empty(tools)?;
    let same = world.clusters("same", 1, &[])?;
    let other = world.clusters("changed", 1, &[("AZURE_AKS_SKU_TIER", "Standard")])?;
    world.cluster(&same, &["cluster", "provision"], 0)?;
    world.tell(&format!("latency {LATENCY}"))?;
    world.log()?;
    let mut shown: Vec<Shown> = CASES.iter().map(|_| Shown::default()).collect();
    for round in 0..MOST {
        if round >= LEAST && shown.iter().all(Shown::is_settled) {
            break;
        }
        for (case, shown) in CASES.iter().zip(&mut shown) {
            let clusters = if case.changed { &other } else { &same };
            let run = world.cluster(clusters, case.words, case.code)?;
            shown.add(&run, &world.log()?.requests);
        }
    }
    let rows = CASES.iter().zip(&shown);
    Ok(Section {
        title: "One cluster, with 50 ms added to every request",
        rows: rows
            .flat_map(|(case, shown)| rows_of_one(case.name, shown))
            .collect(),
    })
}

fn rows_of_one(name: &str, shown: &Shown) -> [Row; 3] {
    let dependent = shown.chain(|kind| kind != Kind::Token);
    [
        shown.requests(name),
        Row::at_most(
            format!("{name}: longest chain after sign-in"),
            count(dependent),
            Unit::Count,
            DEPENDENT,
        )
        .noting(format!("{} with it", shown.chain(|_| true))),
        shown.share(name),
    ]
}

/// How many clusters are configured, and how often all are asked about.
const SIZES: [(usize, usize, usize); 3] = [(10, 9, 31), (50, 5, 15), (200, 5, 9)];
const ALL: [&str; 3] = ["cluster", "status", "--all"];
/// Quotas that the node pools of so many clusters need.
const QUOTAS: [&str; 2] = ["cores", "standardDSv5Family"];
const VCPUS: u32 = 1_000_000;

/// What `cluster status` of one cluster costs: all of them are alike.
#[derive(Debug, Clone, Copy)]
struct One {
    /// Links of its chain before the first request about the cluster.
    token: usize,
    /// Links of its chain after that.
    own: usize,
    /// Requests without sign-in.
    requests: usize,
}

/// Measures what is asked about all clusters.
pub(crate) fn all(workspace: &Workspace, tools: &Tools, output: &mut Output) -> Result<Section> {
    let bound = bound(&workspace.read(USE_CASES)?)?;
    let mut world = World::empty(tools)?;
    for quota in QUOTAS {
        world.tell(&format!("quota {quota} {VCPUS}"))?;
    }
    let most = SIZES.iter().map(|(clusters, ..)| *clusters).max().unwrap_or(0);
    let configured = world.clusters("most", most, &[])?;
    for number in 0..most {
        let name = format!("c{number}");
        world.cluster(&configured, &["cluster", "provision", "--cluster-name", &name], 0)?;
    }
    world.tell(&format!("latency {LATENCY}"))?;
    let one = cost_of_one(&mut world, &configured)?;
    let mut rows = Vec::new();
    let mut fewest = None;
    for (clusters, least, most) in SIZES {
        output.note(&format!("   {clusters} clusters"));
        // All that is configured is asked about: fewer in a configuration of their own.
        let configured = world.clusters(&format!("{clusters}"), clusters, &[])?;
        let rounds = clusters.div_ceil(bound);
        let share = count(one.token + rounds * one.own) * f64::from(LATENCY);
        let (mut times, mut asked, mut links) = (Vec::new(), 0, 0);
        // The first fills the caches, the server's too: it makes a cluster's certificate when it first meets it.
        world.cluster(&configured, &ALL, 0)?;
        world.log()?;
        while times.len() < most && (times.len() < least || !settled(&times)) {
            let run = world.cluster(&configured, &ALL, 0)?;
            let requests = world.log()?.requests;
            times.push(run.wall / share);
            asked = asked.max(
                requests
                    .iter()
                    .filter(|request| request.kind != Kind::Token)
                    .count(),
            );
            links = links.max(chain(&requests, |kind| kind != Kind::Token));
        }
        let name = format!("`cluster status --all` with {clusters} clusters");
        rows.push(
            Row::at_most(
                format!("{name}: requests per cluster"),
                count(asked) / count(clusters),
                Unit::Ratio,
                count(one.requests),
            )
            .noting("without sign-in; the target is what one alone takes"),
        );
        let time = median(&times);
        rows.push(
            Row::told(format!("{name}: time over the rounds' share"), time, Unit::Ratio).noting(format!(
                "{} runs; {:.2} of the quickest; {rounds} rounds of {bound}; longest chain {links}",
                times.len(),
                minimum(&times)
            )),
        );
        match fewest {
            None => fewest = Some((clusters, time)),
            Some((few, of_few)) => rows.push(growth(&name, time, few, of_few)),
        }
    }
    Ok(Section {
        title: "All clusters, with 50 ms added to every request",
        rows,
    })
}

/// That time grows as the rounds do. What a round costs beyond its requests, this machine's work on them for one, may
/// be more or less, but the same for many as for few.
fn growth(name: &str, time: f64, few: usize, of_few: f64) -> Row {
    Row::at_most(
        format!("{name}: growth over that of the rounds, from {few}"),
        time / of_few,
        Unit::Ratio,
        1.15,
    )
}

fn cost_of_one(world: &mut World<'_>, configured: &Clusters) -> Result<One> {
    world.log()?;
    world.cluster(configured, &["cluster", "status", "--cluster-name", "c0"], 0)?;
    let requests = world.log()?.requests;
    let own = chain(&requests, |kind| kind != Kind::Token);
    Ok(One {
        token: chain(&requests, |_| true).saturating_sub(own),
        own,
        requests: requests
            .iter()
            .filter(|request| request.kind != Kind::Token)
            .count(),
    })
}

/// Where the bound is written: how many clusters are asked about at the same time.
const USE_CASES: &str = "crates/usecase/src/cluster/mod.rs";
const BOUND: &str = "CONCURRENT";

fn bound(text: &str) -> Result<usize> {
    let file = syn::parse_file(text).map_err(|error| format!("{USE_CASES}: {error}"))?;
    let found = file.items.iter().find_map(|item| match item {
        Item::Const(item) if item.ident == BOUND => match &*item.expr {
            Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            }) => number.base10_parse().ok().filter(|number| *number > 0),
            _ => None,
        },
        _ => None,
    });
    found.ok_or_else(|| format!("{USE_CASES}: there is no number {BOUND}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_number_in_the_use_cases() {
        assert_eq!(bound("pub const CONCURRENT: usize = 5;").unwrap(), 5);
        assert!(bound("pub const CONCURRENT: usize = 0;").is_err());
        assert!(bound("pub const OTHER: usize = 5;").is_err());
        let workspace = Workspace::load().unwrap();
        assert!(bound(&workspace.read(USE_CASES).unwrap()).is_ok());
    }

    #[test]
    fn time_that_grows_faster_than_the_rounds_misses_its_target() {
        assert_eq!(growth("x", 1.2, 10, 1.1).met, Some(true));
        assert_eq!(growth("x", 2.2, 10, 1.1).met, Some(false));
    }

    #[test]
    fn a_chain_of_more_than_three_requests_after_sign_in_misses_its_target() {
        let requests = |links: usize| -> Vec<crate::bench::log::Request> {
            let one = |link: usize| {
                serde_json::json!({
                    "method": "GET",
                    "path": "/",
                    "started": count(link) * 51.0,
                    "ended": count(link) * 51.0 + 50.0,
                    "kind": if link == 0 { "token" } else { "read" },
                })
            };
            (0..=links)
                .map(|link| serde_json::from_value(one(link)).unwrap())
                .collect()
        };
        let run = crate::bench::tools::Run {
            wall: 1.0,
            memory: 0.0,
            ended: 0.0,
        };
        for (links, met) in [(3, true), (4, false)] {
            let mut shown = Shown::default();
            shown.add(&run, &requests(links));
            let [_, chain, _] = rows_of_one("x", &shown);
            assert_eq!((chain.value, chain.met), (count(links), Some(met)));
        }
    }
}
