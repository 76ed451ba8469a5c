//! When a cluster has an endpoint, under which names, and whether it answers.

use std::collections::HashSet;

use kompox_emulator_core::store::Documents;
use serde_json::json;

use super::cluster::{Cluster, ClusterOwner};
use super::endpoint::{self, Endpoint, find, root};
use super::history::Histories;
use super::objects::Objects;
use super::seed;

const HOST_KIND: &str = "_kubernetes/hosts";

/// The uids of clusters whose endpoint a test has silenced.
#[derive(Debug, Clone, Default)]
struct Silenced(HashSet<String>);

fn host_key(host: &str) -> String {
    format!("/_kubernetes.hosts/{host}")
}

/// Makes the endpoint of a cluster, with what a new cluster has in it; one that is there already only takes new names.
/// `key` is where the owner keeps the cluster.
pub fn open(documents: &mut Documents, key: &str, cluster: &Cluster, now: i64) {
    let uid = &cluster.uid;
    if find(documents, uid).is_none() {
        let endpoint = match Endpoint::generate(uid, key) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                tracing::error!(%error, "a cluster's certificates could not be made");
                return;
            }
        };
        let record = serde_json::to_value(&endpoint).unwrap_or_default();
        documents.put(&root(uid), endpoint::KIND, &record, now);
        seed::fill(&mut Objects::of(documents, cluster, now), cluster);
    }
    seed::add_ons(&mut Objects::of(documents, cluster, now), cluster);
    for host in &cluster.hosts {
        documents.put(&host_key(host), HOST_KIND, &json!({ "uid": uid }), now);
    }
}

/// Takes away the endpoint of a cluster that is gone, with all that was in it.
pub fn close(documents: &mut Documents, cluster: &Cluster) {
    documents.remove_tree(&root(&cluster.uid));
    for host in &cluster.hosts {
        documents.remove(&host_key(host));
    }
    set_answering(documents, &cluster.uid, true);
    if let Some(histories) = documents.memory.get_mut::<Histories>() {
        histories.forget(&cluster.uid);
    }
}

/// Makes the endpoint of a cluster fall silent, or speak again.
pub fn set_answering(documents: &mut Documents, uid: &str, answering: bool) {
    let silenced = documents.memory.get_or_insert_default::<Silenced>();
    if answering {
        silenced.0.remove(uid);
    } else {
        silenced.0.insert(uid.to_owned());
    }
}

/// The endpoint that has this lower-cased name, if it answers.
pub fn at(documents: &Documents, owner: &dyn ClusterOwner, host: &str) -> Option<Endpoint> {
    let host = documents.document(&host_key(host))?;
    let endpoint = find(documents, host["uid"].as_str()?)?;
    answering(documents, owner, &endpoint)
        .is_some()
        .then_some(endpoint)
}

/// The cluster, if its endpoint answers: its owner says so, and no test has silenced it.
pub(crate) fn answering(
    documents: &Documents,
    owner: &dyn ClusterOwner,
    endpoint: &Endpoint,
) -> Option<Cluster> {
    let silenced = documents.memory.get::<Silenced>();
    if silenced.is_some_and(|silenced| silenced.0.contains(&endpoint.uid)) {
        return None;
    }
    let cluster = owner.cluster(documents, &endpoint.cluster)?;
    (cluster.answers && cluster.uid == endpoint.uid).then_some(cluster)
}
