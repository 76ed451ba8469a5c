//! Clusters as they are printed.

use kompox_domain::cluster::{Change, ClusterStatus, Condition, Pool};
use kompox_domain::model::ClusterId;
use serde::Serialize;

use super::short_id;
use crate::ui::{Shown, Table};

/// How a cluster stands, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusView {
    id: String,
    name: String,
    existing: bool,
    found: Option<bool>,
    provisioned: Option<bool>,
    installed: Option<bool>,
    under_way: Option<String>,
    handle: Option<String>,
    #[serde(rename = "ingressGlobalIP")]
    ingress_global_ip: Option<String>,
    #[serde(rename = "ingressFQDN")]
    ingress_fqdn: Option<String>,
    versions: VersionsView,
    power_state: Option<String>,
    addresses: Vec<AddressView>,
    pools: Vec<PoolView>,
    drift: Vec<ChangeView>,
    conditions: Vec<ConditionView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionsView {
    kubernetes: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressView {
    r#type: String,
    address: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PoolView {
    name: String,
    mode: Option<String>,
    machine: Option<String>,
    count: Option<u64>,
    zones: Vec<String>,
    kubernetes_version: Option<String>,
    state: Option<String>,
}

impl From<&Pool> for PoolView {
    fn from(pool: &Pool) -> Self {
        Self {
            name: pool.name.clone(),
            mode: pool.mode.clone(),
            machine: pool.machine.clone(),
            count: pool.count,
            zones: pool.zones.clone(),
            kubernetes_version: pool.kubernetes_version.clone(),
            state: pool.state.clone(),
        }
    }
}

/// One line of a plan, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeView {
    action: &'static str,
    resource: String,
    reason: String,
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        Self {
            action: change.action.as_str(),
            resource: change.resource.clone(),
            reason: change.reason.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConditionView {
    r#type: String,
    status: Option<bool>,
    reason: String,
    message: String,
}

impl From<&Condition> for ConditionView {
    fn from(condition: &Condition) -> Self {
        Self {
            r#type: condition.kind.clone(),
            status: condition.status,
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        }
    }
}

impl StatusView {
    /// Of a cluster.
    pub(crate) fn new(id: &ClusterId, status: &ClusterStatus) -> Self {
        let address = |(kind, address): &(String, String)| AddressView {
            r#type: kind.clone(),
            address: address.clone(),
        };
        Self {
            id: id.to_string(),
            name: id.cluster.to_string(),
            existing: status.existing,
            found: status.found,
            provisioned: status.provisioned,
            installed: status.installed,
            under_way: status.under_way.clone(),
            handle: status.handle.clone(),
            ingress_global_ip: status.ingress_global_ip.clone(),
            ingress_fqdn: status.ingress_fqdn.clone(),
            versions: VersionsView {
                kubernetes: status.kubernetes_version.clone(),
            },
            power_state: status.power_state.clone(),
            addresses: status.addresses.iter().map(address).collect(),
            pools: status.pools.iter().map(PoolView::from).collect(),
            drift: status.drift.iter().map(ChangeView::from).collect(),
            conditions: status.conditions.iter().map(ConditionView::from).collect(),
        }
    }
}

const STATUS: &[&str] = &[
    "CLUSTER",
    "EXISTING",
    "PROVISIONED",
    "INSTALLED",
    "VERSION",
    "POWER",
    "INGRESS-IP",
    "INGRESS-FQDN",
    "UNDER-WAY",
];

/// A cluster for humans: a line for it, and below what has several lines of its own.
pub(crate) fn shown(id: &ClusterId, status: &ClusterStatus) -> Shown {
    let mut table = Table::new(STATUS);
    table.row(line(id, status));
    let more = vec![
        pools(status),
        addresses(status),
        drift(status),
        conditions(status),
    ];
    Shown {
        table,
        more,
        names: vec![id.cluster.to_string()],
        empty: String::new(),
    }
}

fn line(id: &ClusterId, status: &ClusterStatus) -> Vec<String> {
    vec![
        id.cluster.to_string(),
        tell(Some(status.existing)),
        tell(status.provisioned),
        tell(status.installed),
        status.kubernetes_version.clone().unwrap_or_default(),
        status.power_state.clone().unwrap_or_default(),
        status.ingress_global_ip.clone().unwrap_or_default(),
        status.ingress_fqdn.clone().unwrap_or_default(),
        status.under_way.clone().unwrap_or_default(),
    ]
}

fn pools(status: &ClusterStatus) -> Table {
    let mut table = Table::new(&["POOL", "MODE", "MACHINE", "COUNT", "ZONES", "VERSION", "STATE"]);
    for pool in &status.pools {
        table.row(vec![
            pool.name.clone(),
            pool.mode.clone().unwrap_or_default(),
            pool.machine.clone().unwrap_or_default(),
            pool.count.map(|count| count.to_string()).unwrap_or_default(),
            pool.zones.join(","),
            pool.kubernetes_version.clone().unwrap_or_default(),
            pool.state.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn addresses(status: &ClusterStatus) -> Table {
    let mut table = Table::new(&["ADDRESS", "OF THE API SERVER"]);
    for (kind, address) in &status.addresses {
        table.row(vec![kind.clone(), address.clone()]);
    }
    table
}

fn drift(status: &ClusterStatus) -> Table {
    let mut table = Table::new(&["DRIFT", "RESOURCE", "REASON"]);
    for change in &status.drift {
        table.row(vec![
            change.action.to_string(),
            short_id(&change.resource),
            change.reason.clone(),
        ]);
    }
    table
}

fn conditions(status: &ClusterStatus) -> Table {
    let mut table = Table::new(&["CONDITION", "STATUS", "REASON", "MESSAGE"]);
    for condition in &status.conditions {
        table.row(vec![
            condition.kind.clone(),
            tell(condition.status),
            condition.reason.clone(),
            condition.message.clone(),
        ]);
    }
    table
}

fn tell(known: Option<bool>) -> String {
    match known {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
    .to_owned()
}
