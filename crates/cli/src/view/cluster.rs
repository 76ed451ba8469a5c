//! Clusters as they are printed.

use kompox_domain::cluster::{ClusterStatus, Condition, Pool};
use kompox_domain::model::ClusterId;
use kompox_usecase::cluster::{ClusterOutcome, Waited};
use serde::Serialize;

use super::plan::{self, ChangeView};
use crate::failure::Report;
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

/// What came of waiting, in JSON and YAML: how the cluster stands, and what was waited for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaitedView {
    waited_for: Option<String>,
    #[serde(flatten)]
    status: StatusView,
}

impl WaitedView {
    /// Of a cluster.
    pub(crate) fn new(id: &ClusterId, waited: &Waited) -> Self {
        Self {
            waited_for: waited.what.clone(),
            status: StatusView::new(id, &waited.status),
        }
    }
}

/// What became of asking about one of all clusters, in JSON and YAML: how it stands, or why that is not known.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutcomeView {
    #[serde(flatten)]
    status: StatusView,
    error: Option<Report>,
}

/// All clusters as JSON and YAML show them.
pub(crate) fn all(outcomes: &[ClusterOutcome<ClusterStatus>]) -> Vec<OutcomeView> {
    let view = |outcome: &ClusterOutcome<ClusterStatus>| match &outcome.result {
        Ok(status) => OutcomeView {
            status: StatusView::new(&outcome.cluster, status),
            error: None,
        },
        Err(error) => OutcomeView {
            status: StatusView::new(&outcome.cluster, &unknown(outcome.existing)),
            error: Some(Report::of(error)),
        },
    };
    outcomes.iter().map(view).collect()
}

/// Of what nothing could be read.
fn unknown(existing: bool) -> ClusterStatus {
    ClusterStatus {
        existing,
        ..ClusterStatus::default()
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

const ALL: &[&str] = &[
    "CLUSTER",
    "PROVIDER",
    "EXISTING",
    "PROVISIONED",
    "INSTALLED",
    "VERSION",
    "POWER",
    "INGRESS-IP",
    "INGRESS-FQDN",
    "UNDER-WAY",
    "NOTE",
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

/// All clusters for humans: a line for each. What cannot be told of one, and why, stands in its line.
pub(crate) fn shown_all(outcomes: &[ClusterOutcome<ClusterStatus>]) -> Shown {
    let mut table = Table::new(ALL);
    for outcome in outcomes {
        let mut cells = match &outcome.result {
            Ok(status) => line(&outcome.cluster, status),
            Err(_) => line(&outcome.cluster, &unknown(outcome.existing)),
        };
        cells.push(match &outcome.result {
            Ok(status) => note(status),
            Err(error) => chain(&Report::of(error)),
        });
        cells.insert(1, outcome.cluster.provider.provider.to_string());
        table.row(cells);
    }
    let names = outcomes.iter().map(|outcome| outcome.cluster.cluster.to_string());
    Shown {
        table,
        more: Vec::new(),
        names: names.collect(),
        empty: "the configuration has no clusters".to_owned(),
    }
}

/// What is worth a look with `cluster status` of the one.
fn note(status: &ClusterStatus) -> String {
    match status.drift.len() {
        0 => String::new(),
        1 => "differs from the configuration".to_owned(),
        several => format!("{several} differences from the configuration"),
    }
}

/// An error in one line.
fn chain(report: &Report) -> String {
    let chain = std::iter::once(&report.message).chain(&report.causes);
    chain.map(String::as_str).collect::<Vec<_>>().join(": ")
}

/// One error for all clusters of which nothing can be told; none where there are none.
pub(crate) fn failed<T>(outcomes: &[ClusterOutcome<T>]) -> Option<Report> {
    let failed = outcomes
        .iter()
        .filter_map(|outcome| outcome.result.as_ref().err());
    let reports: Vec<Report> = failed.map(Report::of).collect();
    let first = reports.first()?;
    let mut hints: Vec<&str> = Vec::new();
    for hint in reports.iter().filter_map(|report| report.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    Some(Report {
        message: format!(
            "{} of {} clusters could not be asked about",
            reports.len(),
            outcomes.len()
        ),
        causes: reports.iter().map(chain).collect(),
        hint: Some(hints.join("; ")),
        failures: reports
            .iter()
            .flat_map(|report| report.failures.clone())
            .collect(),
        ..first.clone()
    })
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
    plan::changes(&["DRIFT", "RESOURCE", "REASON"], &status.drift)
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

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::{Change, ChangeAction};
    use kompox_domain::model::AnyId;
    use kompox_domain::{Error, ErrorKind};

    use super::*;

    fn id(id: &str) -> ClusterId {
        match id.parse() {
            Ok(AnyId::Cluster(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn shop() -> ClusterId {
        id("/ws/shop/prv/azure/cls/main")
    }

    const GROUP: &str =
        "/subscriptions/7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d/resourcegroups/shop_cls_main_c925e0";

    fn running() -> ClusterStatus {
        let aks = format!("{GROUP}/providers/microsoft.containerservice/managedclusters/aks-x7");
        let pool = |name: &str, mode: &str, count| Pool {
            name: name.to_owned(),
            mode: Some(mode.to_owned()),
            machine: Some("Standard_D4s_v5".to_owned()),
            count: Some(count),
            zones: vec!["1".to_owned(), "2".to_owned()],
            kubernetes_version: Some("1.33.1".to_owned()),
            state: Some("Succeeded".to_owned()),
        };
        ClusterStatus {
            existing: false,
            found: Some(true),
            provisioned: Some(true),
            installed: None,
            under_way: None,
            handle: Some(aks.clone()),
            ingress_global_ip: None,
            ingress_fqdn: None,
            kubernetes_version: Some("1.33.1".to_owned()),
            power_state: Some("Running".to_owned()),
            addresses: vec![("public".to_owned(), "aks-x7.hcp.japaneast.azmk8s.io".to_owned())],
            pools: vec![pool("system", "System", 1), pool("user1", "User", 3)],
            drift: vec![Change {
                action: ChangeAction::Update,
                resource: aks,
                reason: "AZURE_AKS_SKU_TIER: Free, configured: Standard".to_owned(),
            }],
            conditions: vec![
                Condition {
                    kind: "provisioned".to_owned(),
                    status: Some(true),
                    reason: "succeeded".to_owned(),
                    message: "stack and cluster have succeeded".to_owned(),
                },
                Condition {
                    kind: "installed".to_owned(),
                    status: None,
                    reason: "unreachable".to_owned(),
                    message: "the API server cannot be reached from here".to_owned(),
                },
            ],
        }
    }

    fn plain(shown: &Shown) -> String {
        let tables = std::iter::once(&shown.table).chain(&shown.more);
        let filled: Vec<String> = tables
            .filter(|table| !table.is_empty())
            .map(Table::to_string)
            .collect();
        filled.join("\n")
    }

    #[test]
    fn a_status_in_json_has_the_fields_of_the_contract() {
        let json = serde_json::to_string_pretty(&StatusView::new(&shop(), &running())).unwrap();
        insta::assert_snapshot!(json, @r#"
        {
          "id": "/ws/shop/prv/azure/cls/main",
          "name": "main",
          "existing": false,
          "found": true,
          "provisioned": true,
          "installed": null,
          "underWay": null,
          "handle": "/subscriptions/7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d/resourcegroups/shop_cls_main_c925e0/providers/microsoft.containerservice/managedclusters/aks-x7",
          "ingressGlobalIP": null,
          "ingressFQDN": null,
          "versions": {
            "kubernetes": "1.33.1"
          },
          "powerState": "Running",
          "addresses": [
            {
              "type": "public",
              "address": "aks-x7.hcp.japaneast.azmk8s.io"
            }
          ],
          "pools": [
            {
              "name": "system",
              "mode": "System",
              "machine": "Standard_D4s_v5",
              "count": 1,
              "zones": [
                "1",
                "2"
              ],
              "kubernetesVersion": "1.33.1",
              "state": "Succeeded"
            },
            {
              "name": "user1",
              "mode": "User",
              "machine": "Standard_D4s_v5",
              "count": 3,
              "zones": [
                "1",
                "2"
              ],
              "kubernetesVersion": "1.33.1",
              "state": "Succeeded"
            }
          ],
          "drift": [
            {
              "action": "update",
              "resource": "/subscriptions/7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d/resourcegroups/shop_cls_main_c925e0/providers/microsoft.containerservice/managedclusters/aks-x7",
              "reason": "AZURE_AKS_SKU_TIER: Free, configured: Standard"
            }
          ],
          "conditions": [
            {
              "type": "provisioned",
              "status": true,
              "reason": "succeeded",
              "message": "stack and cluster have succeeded"
            },
            {
              "type": "installed",
              "status": null,
              "reason": "unreachable",
              "message": "the API server cannot be reached from here"
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_status_for_humans_is_a_line_and_below_it_what_has_several() {
        insta::assert_snapshot!(plain(&shown(&shop(), &running())), @r"
        CLUSTER   EXISTING   PROVISIONED   INSTALLED   VERSION   POWER     INGRESS-IP   INGRESS-FQDN   UNDER-WAY
        main      no         yes           unknown     1.33.1    Running   -            -              -

        POOL     MODE     MACHINE           COUNT   ZONES   VERSION   STATE
        system   System   Standard_D4s_v5   1       1,2     1.33.1    Succeeded
        user1    User     Standard_D4s_v5   3       1,2     1.33.1    Succeeded

        ADDRESS   OF THE API SERVER
        public    aks-x7.hcp.japaneast.azmk8s.io

        DRIFT    RESOURCE                 REASON
        update   managedclusters/aks-x7   AZURE_AKS_SKU_TIER: Free, configured: Standard

        CONDITION     STATUS    REASON        MESSAGE
        provisioned   yes       succeeded     stack and cluster have succeeded
        installed     unknown   unreachable   the API server cannot be reached from here
        ");
        // What is not there takes no room.
        let missing = ClusterStatus {
            found: Some(false),
            provisioned: Some(false),
            installed: Some(false),
            ..ClusterStatus::default()
        };
        insta::assert_snapshot!(plain(&shown(&shop(), &missing)), @r"
        CLUSTER   EXISTING   PROVISIONED   INSTALLED   VERSION   POWER   INGRESS-IP   INGRESS-FQDN   UNDER-WAY
        main      no         no            no          -         -       -            -              -
        ");
    }

    fn outcomes() -> Vec<ClusterOutcome<ClusterStatus>> {
        let error = Error::new(ErrorKind::InvalidInput, "AZURE_CLIENT_SECRET is missing")
            .with_hint("set it")
            .context("cannot use provider /ws/shop/prv/other");
        let unreadable = Err(error);
        let stopped = ClusterStatus {
            existing: true,
            provisioned: Some(true),
            power_state: Some("Stopped".to_owned()),
            under_way: Some("starting".to_owned()),
            ..ClusterStatus::default()
        };
        [
            (shop(), Ok(running())),
            (id("/ws/shop/prv/azure/cls/spare"), Ok(stopped)),
            (id("/ws/shop/prv/other/cls/main"), unreadable),
        ]
        .into_iter()
        .map(|(cluster, result)| ClusterOutcome {
            cluster,
            existing: false,
            result,
        })
        .collect()
    }

    #[test]
    fn all_clusters_take_a_line_each_and_one_that_failed_says_why_in_its_own() {
        insta::assert_snapshot!(plain(&shown_all(&outcomes())), @r"
        CLUSTER   PROVIDER   EXISTING   PROVISIONED   INSTALLED   VERSION   POWER     INGRESS-IP   INGRESS-FQDN   UNDER-WAY   NOTE
        main      azure      no         yes           unknown     1.33.1    Running   -            -              -           differs from the configuration
        spare     azure      yes        yes           unknown     -         Stopped   -            -              starting    -
        main      other      no         unknown       unknown     -         -         -            -              -           cannot use provider /ws/shop/prv/other: AZURE_CLIENT_SECRET is missing
        ");
        let failed = failed(&outcomes()).unwrap();
        insta::assert_snapshot!(failed.to_json(), @r#"{"error":{"kind":"invalidInput","outcome":"notDone","message":"1 of 3 clusters could not be asked about","causes":["cannot use provider /ws/shop/prv/other: AZURE_CLIENT_SECRET is missing"],"code":null,"correlationId":null,"hint":"set it","failures":[]}}"#);
    }

    #[test]
    fn in_json_a_cluster_that_failed_has_the_same_fields_and_an_error() {
        let json = serde_json::to_value(all(&outcomes())).unwrap();
        let keys =
            |index: usize| -> Vec<String> { json[index].as_object().unwrap().keys().cloned().collect() };
        assert_eq!(keys(0), keys(2));
        assert!(json[0]["error"].is_null());
        assert!(json[2]["provisioned"].is_null());
        assert_eq!(json[2]["error"]["kind"], "invalidInput");
    }

    #[test]
    fn what_was_waited_for_stands_beside_the_status() {
        let waited = Waited {
            what: Some("provisioning".to_owned()),
            status: running(),
        };
        let json = serde_json::to_value(WaitedView::new(&shop(), &waited)).unwrap();
        assert_eq!(json["waitedFor"], "provisioning");
        assert_eq!(json["provisioned"], true);
    }
}
