//! Another reading of clusters and node pools than ours: the models that Microsoft's generator made of the published
//! specification (of 2023-01, the newest there is for Rust), read what stands in the cloud after it was provisioned.

use azure_mgmt_containerservice::package_preview_2023_01::models::{AgentPool, ManagedCluster};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::template::made;

/// What came to the API after those models, by the last parts of its path.
const NEWER: [&str; 5] = [
    "eTag",
    "properties/resourceUID",
    "properties/supportPlan",
    "networkProfile/networkDataplane",
    "systemData",
];

const SETTINGS: [&[(&str, &str)]; 3] = [
    &[],
    &[
        ("AZURE_AKS_PRIVATE_CLUSTER", "true"),
        ("AZURE_AKS_PRIVATE_DNS_ZONE", "none"),
        ("AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN", "true"),
        (
            "AZURE_AKS_VNET_SUBNET_ID",
            "~/Microsoft.Network/virtualNetworks/v/subnets/aks",
        ),
        ("AZURE_AKS_OUTBOUND_TYPE", "userDefinedRouting"),
        ("AZURE_AKS_HTTP_PROXY", "http://proxy.example.com:3128"),
        ("AZURE_AKS_NO_PROXY", "example.com"),
        ("AZURE_AKS_DISABLE_LOCAL_ACCOUNTS", "true"),
        ("AZURE_AKS_DISABLE_RUN_COMMAND", "true"),
    ],
    &[
        ("AZURE_AKS_AUTHORIZED_IP_RANGES", "203.0.113.0/24"),
        ("AZURE_AKS_SKU_TIER", "Premium"),
    ],
];

/// Reads and writes it again.
fn through<T: DeserializeOwned + Serialize>(document: &Value) -> Value {
    let read: T = serde_json::from_value(document.clone())
        .unwrap_or_else(|error| panic!("the published model does not read it: {error}: {document:#}"));
    serde_json::to_value(read).unwrap()
}

/// What a document has and another has not, or has otherwise; what is empty counts for nothing.
fn lost(path: &str, had: &Value, has: &Value, found: &mut Vec<String>) {
    let is_empty = had.is_null() || had.as_array().is_some_and(Vec::is_empty);
    if is_empty || NEWER.iter().any(|newer| path.ends_with(&format!("/{newer}"))) {
        return;
    }
    match (had, has) {
        (Value::Object(had), Value::Object(has)) => {
            for (name, value) in had {
                let there = has.get(name).unwrap_or(&Value::Null);
                lost(&format!("{path}/{name}"), value, there, found);
            }
        }
        (Value::Array(had), Value::Array(has)) if had.len() == has.len() => {
            for (at, (had, has)) in had.iter().zip(has).enumerate() {
                lost(&format!("{path}/{at}"), had, has, found);
            }
        }
        (had, has) if had == has => {}
        (had, has) => found.push(format!("{path}: {had} became {has}")),
    }
}

#[tokio::test]
async fn clusters_and_pools_are_read_whole_by_the_published_models() {
    for pairs in SETTINGS {
        let made = made(pairs).await;
        let cluster = made.cluster().await;
        let mut found = Vec::new();
        lost("", &cluster, &through::<ManagedCluster>(&cluster), &mut found);
        let pool = made.one("/agentPools/").await;
        lost("pool", &pool, &through::<AgentPool>(&pool), &mut found);
        assert_eq!(found, Vec::<String>::new(), "{pairs:?}");
        let read: ManagedCluster = serde_json::from_value(cluster.clone()).unwrap();
        let properties = read.properties.unwrap();
        assert_eq!(properties.provisioning_state.as_deref(), Some("Succeeded"));
        assert_eq!(properties.agent_pool_profiles.len(), 2);
    }
}

#[test]
fn a_property_that_the_published_models_do_not_know_is_found() {
    let cluster = json!({ "location": "westeurope", "properties": { "dnsPrefx": "a", "enableRBAC": true } });
    let mut found = Vec::new();
    lost("", &cluster, &through::<ManagedCluster>(&cluster), &mut found);
    assert_eq!(found, ["/properties/dnsPrefx: \"a\" became null"]);
}
