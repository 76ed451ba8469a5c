//! What an installed cluster and its app are asked again, with 50 ms added to every request: nothing is left to do.

use serde_json::json;

use crate::bench::clusters::DEPENDENT;
use crate::bench::log::{Kind, Request};
use crate::bench::shown::{LATENCY, Shown};
use crate::bench::table::{Row, Section, Unit, count};
use crate::bench::tools::Tools;
use crate::bench::world::{Clusters, World, ZONE};
use crate::report::Result;

const LEAST: usize = 9;
const MOST: usize = 31;

/// Where the app is served in the cluster. Any namespace can be named.
const NAMESPACE: &str = "app";
const ADDRESS: &str = "203.0.113.80";

/// A command that finds everything done.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
    /// How many requests may depend on one another after sign-in, where that was promised.
    dependent: Option<f64>,
}

const INSTALL: Case = Case {
    name: "`cluster install` of what is installed",
    words: &["cluster", "install"],
    dependent: None,
};
const STATUS: Case = Case {
    name: "`cluster status` of what is installed",
    words: &["cluster", "status"],
    dependent: Some(DEPENDENT),
};
const APPLY: Case = Case {
    name: "`volume manifest --apply` of what is applied",
    words: &["volume", "manifest", "--apply"],
    dependent: None,
};
const DEPLOY: Case = Case {
    name: "`dns deploy` of what is published",
    words: &["dns", "deploy", "--strict", "--namespace", NAMESPACE],
    dependent: None,
};
const CASES: [Case; 4] = [INSTALL, STATUS, APPLY, DEPLOY];

/// Measures.
pub(crate) fn measure(tools: &Tools) -> Result<Section> {
    let mut world = World::empty(tools)?;
    let served = world.served()?;
    prepare(&mut world, &served)?;
    world.tell(&format!("latency {LATENCY}"))?;
    world.log()?;
    let mut shown: Vec<Shown> = CASES.iter().map(|_| Shown::default()).collect();
    for round in 0..MOST {
        if round >= LEAST && shown.iter().all(Shown::is_settled) {
            break;
        }
        for (case, shown) in CASES.iter().zip(&mut shown) {
            let run = world.cluster(&served, case.words, 0)?;
            shown.add(&run, &world.log()?.requests);
        }
    }
    let rows = CASES.iter().zip(&shown);
    Ok(Section {
        title: "One cluster that is installed, with 50 ms added to every request",
        rows: rows.flat_map(|(case, shown)| rows_of_one(case, shown)).collect(),
    })
}

/// Does everything once that is done again later.
fn prepare(world: &mut World<'_>, served: &Clusters) -> Result<()> {
    for words in [
        &["cluster", "provision"][..],
        &["disk", "create", "-V", "db", "-N", "d0"],
        INSTALL.words,
        APPLY.words,
    ] {
        world.cluster(served, words, 0)?;
    }
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"rules": [{"host": format!("www.{ZONE}")}, {"host": format!("api.{ZONE}")}]},
        "status": {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}},
    });
    for object in [namespace, ingress] {
        world.tell(&format!("object {object}"))?;
    }
    world.cluster(served, DEPLOY.words, 0)?;
    Ok(())
}

fn rows_of_one(case: &Case, shown: &Shown) -> [Row; 5] {
    let name = case.name;
    let chain = format!("{name}: longest chain after sign-in");
    let links = count(shown.chain(|kind| kind != Kind::Token));
    let chain = case.dependent.map_or_else(
        || Row::told(&chain, links, Unit::Count),
        |limit| Row::at_most(&chain, links, Unit::Count, limit),
    );
    [
        shown.requests(name).noting(format!(
            "{} to the cluster's own API server, {} for rights",
            shown.most(is_of_kubernetes),
            shown.most(is_of_a_right)
        )),
        Row::at_most(
            format!("{name}: writes"),
            count(shown.most(writes)),
            Unit::Count,
            0.0,
        ),
        Row::at_most(
            format!("{name}: reads of one address"),
            count(shown.most_of_one()),
            Unit::Count,
            1.0,
        ),
        chain.noting(format!("{} with it", shown.chain(|_| true))),
        shown.share(name),
    ]
}

/// A POST asks for credentials, and changes nothing.
fn writes(request: &Request) -> bool {
    request.kind == Kind::Write && request.method != "POST"
}

fn is_of_kubernetes(request: &Request) -> bool {
    request.path.starts_with("/_kubernetes/")
}

fn is_of_a_right(request: &Request) -> bool {
    request.path.to_ascii_lowercase().contains("/roleassignments")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tools::Run;

    fn request(method: &str, path: &str, kind: &str) -> Request {
        let request = json!({"method": method, "path": path, "started": 0.0, "ended": 50.0, "kind": kind});
        serde_json::from_value(request).unwrap()
    }

    #[test]
    fn whoever_writes_or_reads_something_twice_misses_a_target_and_asking_for_credentials_is_no_write() {
        let met = |more: &[Request]| {
            let mut requests = vec![
                request("POST", "/x/listClusterAdminCredential?a", "write"),
                request("GET", "/_kubernetes/c/api/v1/namespaces/traefik", "read"),
            ];
            requests.extend_from_slice(more);
            let run = Run {
                wall: 1.0,
                memory: 0.0,
                ended: 0.0,
            };
            let mut shown = Shown::default();
            shown.add(&run, &requests);
            let [_, writes, reads, ..] = rows_of_one(&INSTALL, &shown);
            (writes.met, reads.met)
        };
        assert_eq!(met(&[]), (Some(true), Some(true)));
        let patch = request("PATCH", "/_kubernetes/c/api/v1/namespaces/traefik", "write");
        assert_eq!(met(&[patch]), (Some(false), Some(true)));
        let again = request("GET", "/_kubernetes/c/api/v1/namespaces/traefik", "read");
        assert_eq!(met(&[again]), (Some(true), Some(false)));
    }
}
