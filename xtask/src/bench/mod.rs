//! `cargo xtask bench`: what the program costs over what cannot be saved, measured on the embedded Azure.
//!
//! Nothing here is a claim about Azure or about seconds: every value is a count, or a ratio of two things that were
//! measured in turns in the same run. `--help` says what each row means.

mod clusters;
mod ends;
mod installed;
mod limits;
mod listing;
mod log;
mod requests;
mod shown;
mod startup;
mod stats;
mod svg;
mod table;
mod tools;
mod world;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::bench::listing::Listing;
use crate::bench::table::Section;
use crate::bench::tools::Tools;
use crate::output::Output;
use crate::report::Result;
use crate::workspace::Workspace;

const DOCUMENT: &str = "design/bench.md";
const CHART: &str = "design/bench.svg";

/// What the rows mean; also in the document.
const MEANING: &str = "\
Everything runs on the embedded Azure, on this machine, with programs built with the release profile. What is
compared runs in turns, who begins changes, and turns go on until the medians of every other one agree; values are
medians, remarks tell those of the quickest runs. Other work on the machine makes the values worse, never better.

Start-up (startup)
  time over an empty program's: `kompoxops version` over `fn main() {}` with the same profile.
  peak memory: the largest resident set that the kernel saw.
  needs no network, no configuration and no variable: `version` in an empty directory with an empty environment
  and, where `unshare` can do it, in a network of its own.

disk list (list)
  N disks: N in the resource group, 20 of them in the volume that is listed (all, where there are fewer).
  time over the bare download's: the whole command over a bare HTTP client that signs in and downloads the same
  pages, with the same TLS, and looks at nothing but the address of the next page.
  peak memory, requests: those of the command; the remark tells those of the bare client.

Commands with 50 ms added to every request (requests)
  requests: all, with sign-in and looks at operations.
  longest chain: requests of which each began after the one before had ended.
  time over the chain's share: the whole command over 50 ms times the chain: what is lost beside waiting.

One cluster (cluster)
  Of a cluster that was provisioned with `cluster provision`; a difference: another SKU tier is configured.
  requests, time over the chain's share: as above.
  longest chain after sign-in: looks at operations, and requests to the cluster's own API server, count.

One cluster that is installed (installed)
  Of a cluster with ingress, certificate, zone and registry, and an app that has a disk, a mounted volume and published
  names: each command finds everything as it should be.
  writes: requests that change something; whoever changes nothing has none.
  reads of one address: each object and each right is read once at most.
  requests, longest chain, time over the chain's share: as above.

All clusters (clusters)
  200 clusters of one provider, every one provisioned with `cluster provision`: an absent one is told after fewer
  requests, and would flatter. 10 and 50 clusters are the first of them, in a configuration of their own.
  requests per cluster: all but sign-in; one alone is asked about in the same run.
  time over the rounds' share: the whole command over 50 ms times sign-in and the rounds' chains. As many clusters
  as are asked about at the same time are a round, and a round takes the chain of one alone.
  growth over that of the rounds: the row above over the same of the fewest clusters.

The end of an operation (end)
  Operations of known duration, whose answers say `Retry-After: 1`.
  return after its end: from the operation's end to the end of the process, 1 being a second; the remark tells
  when the server allowed to look first.
  return after the first look that the server allows: what came on top of that.

In a subscription with Azure's limits (limits)
  The only part in which the embedded Azure throttles, as Azure documents it: 250 reads and 25 more in a second, 200
  writes and deletes each and 10 more, and AKS's own limits. Everywhere else time would be that of waiting for tokens.
  time over what the buckets and the command itself take: the whole command over the reads beyond 250 at 25 in a
  second, and the time of the same command without limits.";

/// `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MEANING)]
pub(crate) struct Args {
    /// Parts to measure; all without.
    #[arg(value_name = "PART")]
    parts: Vec<Part>,
    /// Writes what was measured to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes table and chart to design/bench.md and design/bench.svg.
    #[arg(long, conflicts_with = "parts")]
    write: bool,
    /// Fails if a target is missed.
    #[arg(long)]
    check: bool,
    /// Measures this program instead of building one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Takes this as server and stop-watch instead of building one.
    #[arg(long, value_name = "FILE")]
    peer: Option<PathBuf>,
}

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// `version` over a program that does nothing.
    Startup,
    /// `disk list` over a bare download.
    List,
    /// Requests and chains of the commands that change something.
    Requests,
    /// Requests and chains of what is asked about one cluster.
    Cluster,
    /// Requests and chains of what an installed cluster and its app are asked again.
    Installed,
    /// `cluster status --all` over what one cluster takes.
    Clusters,
    /// How late the end of an operation is noticed.
    End,
    /// What Azure's limits cost.
    Limits,
}

/// Measures. Whether all targets are met, or nobody asked.
pub(crate) fn run(workspace: &Workspace, args: &Args, output: &mut Output) -> Result<bool> {
    let tools = Tools::build(workspace, args.program.as_deref(), args.peer.as_deref())?;
    let mut sections = Vec::new();
    let mut listings = Vec::new();
    for part in Part::value_variants() {
        if args.parts.is_empty() || args.parts.contains(part) {
            output.note(&format!("== {}", name(*part)));
            sections.push(measure(*part, workspace, &tools, &mut listings, output)?);
        }
    }
    output.data(&table::plain(&sections));
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&json(&sections))?;
        std::fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if args.write {
        let files = [
            (DOCUMENT, document(&sections)),
            (CHART, svg::chart(&sections, &listings)),
        ];
        for (path, text) in files {
            std::fs::write(workspace.root.join(path), text).map_err(|error| format!("{path}: {error}"))?;
            output.note(&format!("{path}: written"));
        }
    }
    let missed = table::missed(&sections);
    for name in &missed {
        output.note(&format!("target missed: {name}"));
    }
    Ok(missed.is_empty() || !args.check)
}

fn name(part: Part) -> String {
    part.to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

fn measure(
    part: Part,
    workspace: &Workspace,
    tools: &Tools,
    listings: &mut Vec<Listing>,
    output: &mut Output,
) -> Result<Section> {
    match part {
        Part::Startup => startup::measure(tools),
        Part::List => {
            let (section, measured) = listing::measure(tools, output)?;
            *listings = measured;
            Ok(section)
        }
        Part::Requests => requests::measure(tools),
        Part::Cluster => clusters::one(tools),
        Part::Installed => installed::measure(tools),
        Part::Clusters => clusters::all(workspace, tools, output),
        Part::End => ends::measure(tools),
        Part::Limits => limits::measure(tools),
    }
}

fn json(sections: &[Section]) -> serde_json::Value {
    serde_json::json!({ "machine": machine(), "sections": sections })
}

fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {}, {processors} processors",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

fn document(sections: &[Section]) -> String {
    let mut meaning = String::new();
    for line in MEANING.lines() {
        meaning.extend([line, "\n"]);
    }
    format!(
        "# What it costs\n\nWritten by `cargo xtask bench --write` on {}, not by hand.\n\n\
         ![Every value as a share of its target](bench.svg)\n\n{}## What the rows mean\n\n```text\n{meaning}```\n",
        machine(),
        table::markdown(sections)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::table::{Row, Unit};

    #[test]
    fn the_document_says_what_was_measured_and_what_it_means() {
        let sections = [Section {
            title: "Start-up",
            rows: vec![Row::at_most("time", 2.0, Unit::Ratio, 5.0)],
        }];
        let text = document(&sections);
        assert!(
            text.contains("| time | 2.00 | ≤ 5.00 | met |  |\n\n## What the rows mean\n"),
            "{text}"
        );
        assert!(text.contains("```text\nEverything runs on the embedded Azure"));
        assert_eq!(json(&sections)["sections"][0]["rows"][0]["met"], true);
    }

    #[test]
    fn every_part_is_explained() {
        for part in Part::value_variants() {
            assert!(MEANING.contains(&format!("({})", name(*part))), "{part:?}");
        }
    }
}
