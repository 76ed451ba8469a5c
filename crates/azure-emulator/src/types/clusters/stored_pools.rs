//! How node pools are kept: each is a resource below its cluster, and the cluster's `agentPoolProfiles` read from there.

use kompox_emulator_core::json::set_property;
use kompox_emulator_core::store::State;
use serde_json::{Map, Value, json};

use crate::arm::id::ResourceId;
use crate::types::End;

/// Lower-cased type of a stored pool.
pub(super) const KIND: &str = "microsoft.containerservice/managedclusters/agentpools";

/// The id of a pool.
fn id_of(cluster: &ResourceId, name: &str) -> ResourceId {
    let mut id = cluster.clone();
    if let Some(provider) = id.providers.last_mut() {
        provider.types.push(("agentPools".to_owned(), name.to_owned()));
    }
    id
}

/// The lower-cased ids of a cluster's pools.
pub(crate) fn keys(state: &State, cluster: &str) -> Vec<String> {
    state
        .documents
        .of_type(KIND, cluster, None)
        .map(|(key, _)| key.to_string())
        .collect()
}

/// Pools of a cluster as `agentPoolProfiles` shows them.
pub(super) fn profiles(state: &State, cluster: &str) -> Vec<Value> {
    state
        .documents
        .of_type(KIND, cluster, None)
        .map(|(_, pool)| {
            let mut pool = pool.document();
            let mut profile = pool["properties"].take();
            profile["name"] = pool["name"].take();
            profile
        })
        .collect()
}

/// The properties of one pool.
pub(super) fn stored(state: &State, cluster: &str, name: &str) -> Option<Map<String, Value>> {
    let key = format!("{cluster}/agentpools/{}", name.to_lowercase());
    match state.documents.document(&key)?["properties"].take() {
        Value::Object(properties) => Some(properties),
        _ => None,
    }
}

fn store(end: &mut End<'_>, cluster: &ResourceId, profile: &Value, provisioning_state: &str) {
    let Some(name) = profile["name"].as_str() else {
        return;
    };
    let mut properties = profile.clone();
    properties["provisioningState"] = provisioning_state.into();
    kompox_emulator_core::json::fields(&mut properties).remove("name");
    let id = id_of(cluster, name);
    end.put(
        &id,
        json!({
            "id": id.to_string(),
            "name": name,
            "type": "Microsoft.ContainerService/managedClusters/agentPools",
            "properties": properties
        }),
    );
}

/// The pools of a cluster that is being made.
pub(super) fn make(end: &mut End<'_>, cluster: &ResourceId, document: &Value) {
    for profile in document["properties"]["agentPoolProfiles"]
        .as_array()
        .into_iter()
        .flatten()
    {
        store(end, cluster, profile, "Creating");
    }
}

/// The pools become what the cluster's document wants of them.
pub(super) fn take(end: &mut End<'_>, cluster: &ResourceId, document: &Value) {
    for profile in document["properties"]["agentPoolProfiles"]
        .as_array()
        .into_iter()
        .flatten()
    {
        store(end, cluster, profile, "Succeeded");
    }
}

fn each(end: &mut End<'_>, cluster: &str, change: impl Fn(&mut Value)) {
    let pools: Vec<(String, Value)> = end
        .state
        .documents
        .of_type(KIND, cluster, None)
        .map(|(key, pool)| (key.to_string(), pool.document()))
        .collect();
    for (key, mut pool) in pools {
        change(&mut pool);
        end.state.documents.put(&key, KIND, &pool, end.now);
    }
}

/// Sets `provisioningState` of all pools of a cluster.
pub(super) fn set_states(end: &mut End<'_>, cluster: &str, provisioning_state: &str) {
    each(end, cluster, |pool| {
        set_property(pool, "provisioningState", provisioning_state);
    });
}

/// A cluster and its pools are started or stopped.
pub(super) fn set_power(end: &mut End<'_>, cluster: &str, power: &str) {
    let code = json!({ "code": power });
    if let Some(mut document) = end.state.documents.document(cluster) {
        set_property(&mut document, "powerState", code.clone());
        end.state.documents.put(cluster, super::KIND, &document, end.now);
    }
    each(end, cluster, |pool| {
        set_property(pool, "powerState", code.clone());
    });
}

/// The scaler of a cluster has changed the number of nodes of a pool.
pub(crate) fn scale(state: &mut State, cluster: &str, name: &str, count: u32, now: i64) -> bool {
    let key = format!("{cluster}/agentpools/{}", name.to_lowercase());
    let Some(mut pool) = state.documents.document(&key) else {
        return false;
    };
    set_property(&mut pool, "count", count);
    state.documents.put(&key, KIND, &pool, now);
    true
}
