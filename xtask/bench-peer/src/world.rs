//! An embedded Azure that does what it is told on standard input, a line at a time, until that is closed.
//!
//! - `seed N` puts so many disks into a resource group;
//! - `quota NAME N` sets a quota of vCPUs in the region;
//! - `latency MS` makes every request take so much longer;
//! - `faults JSON` sets the fault plan;
//! - `throttle on` has it throttle as Azure documents it;
//! - `resource JSON` stores a resource, `id` and all;
//! - `object JSON` stores a Kubernetes object in the only managed cluster;
//! - `log` prints the requests since the last time.

use std::io::BufRead as _;
use std::time::Duration;

use kompox_azure_emulator::{Connection, Emulator, Options, Throttling, Timing};
use serde_json::{Value, json};

use crate::clock::unix_milliseconds;
use crate::output::print;
use crate::result::Result;
use crate::runtime::runtime;

/// How often the clocks are compared; the quickest comparison counts.
const COMPARISONS: u32 = 20;

/// Serves. The first line it prints is the connection; every line it reads is answered with one.
pub(crate) fn run() -> Result<()> {
    let runtime = runtime()?;
    // What is measured is the program's work, not its pace where nobody says when to look again.
    let options = Options {
        timing: Timing::hurried(),
        ..Options::default()
    };
    let emulator = runtime.block_on(Emulator::start(options))?;
    let zero = runtime.block_on(zero(&emulator))?;
    emulator.clear_requests();
    print(&serde_json::to_value(emulator.connection())?)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match word {
            "seed" => json!({ "group": runtime.block_on(emulator.seed_disks(rest.parse()?))? }),
            "quota" => {
                let (name, limit) = rest.split_once(' ').ok_or("a quota is a name and a number")?;
                let region = &emulator.connection().region;
                runtime.block_on(emulator.set_quota(region, name, limit.parse()?))?;
                Value::Null
            }
            "latency" => {
                emulator.set_latency(Duration::from_millis(rest.parse()?));
                Value::Null
            }
            "throttle" => {
                emulator.set_throttling((rest == "on").then(Throttling::documented));
                Value::Null
            }
            "faults" => {
                emulator.set_faults(serde_json::from_str(rest)?)?;
                Value::Null
            }
            "resource" => {
                let body: Value = serde_json::from_str(rest)?;
                let id = body["id"].as_str().ok_or("the resource has no id")?.to_owned();
                runtime.block_on(emulator.put_resource(&id, body))?;
                Value::Null
            }
            "object" => {
                let cluster = runtime.block_on(only_cluster(&emulator))?;
                runtime.block_on(emulator.put_kubernetes_object(&cluster, serde_json::from_str(rest)?))?;
                Value::Null
            }
            "log" => {
                let requests = emulator.requests();
                emulator.clear_requests();
                json!({ "zero": zero, "requests": requests })
            }
            _ => return Err(format!("`{line}` is not understood").into()),
        };
        print(&answer)?;
    }
    runtime.block_on(emulator.shutdown());
    Ok(())
}

/// The id of the managed cluster.
async fn only_cluster(emulator: &Emulator) -> Result<String> {
    let subscription = format!("/subscriptions/{}", emulator.connection().subscription_id);
    let everything = emulator.resources(&subscription).await;
    let mut clusters = everything.iter().filter_map(|resource| {
        let is_cluster = resource["type"] == "Microsoft.ContainerService/managedClusters";
        is_cluster.then_some(resource["id"].as_str()).flatten()
    });
    match (clusters.next(), clusters.next()) {
        (Some(id), None) => Ok(id.to_owned()),
        _ => Err("there is not exactly one managed cluster".into()),
    }
}

/// When the log's clock began, in milliseconds since 1970. A request is sent and looked up in the log; the
/// shorter it took, the less is left to doubt.
async fn zero(emulator: &Emulator) -> Result<f64> {
    let Connection {
        arm_endpoint,
        ca_file,
        ..
    } = emulator.connection();
    let client = crate::download::client(&std::fs::read(ca_file)?)?;
    let url = format!("{arm_endpoint}/metadata/endpoints?api-version=2023-01-01");
    let mut best: Option<(f64, f64)> = None;
    for _ in 0..COMPARISONS {
        let before = unix_milliseconds()?;
        client.get(&url).send().await?.bytes().await?;
        let after = unix_milliseconds()?;
        let requests = emulator.requests();
        let request = requests.last().ok_or("the request is not in the log")?;
        let middle = f64::midpoint(request.started, request.ended.unwrap_or(request.started));
        if best.is_none_or(|(took, _)| after - before < took) {
            best = Some((after - before, f64::midpoint(before, after) - middle));
        }
    }
    best.map(|(_, zero)| zero)
        .ok_or_else(|| "the clocks were not compared".into())
}
