//! Whether Container insights collects the logs of the system's namespaces: as a setting says, in a ConfigMap of ours.

use kompox_domain::Event;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::InstallRequest;
use kompox_domain::progress::WarningKind;
use serde_json::{Value, json};

use crate::clusters::GROUP;
use crate::installing::{Site, install, plan_install};

const NAME: &str = "container-azm-ms-agentconfig";

fn collect(site: &mut Site, system_logs: &str) {
    site.set(&[
        ("AZURE_RESOURCE_GROUP_NAME", GROUP),
        ("AZURE_AKS_COLLECT_SYSTEM_LOGS", system_logs),
    ]);
}

async fn config(site: &Site) -> Option<Value> {
    let id = site.world.cluster_id().await;
    let found = site
        .world
        .emulator
        .kubernetes_object(&id, "configmaps", Some("kube-system"), NAME);
    found.await.unwrap()
}

/// What a plan says of the ConfigMap.
fn of_agent(plan: &Plan) -> Vec<(ChangeAction, String)> {
    plan.changes
        .iter()
        .filter(|change| change.resource == format!("ConfigMap kube-system/{NAME}"))
        .map(|change| (change.action, change.reason.clone()))
        .collect()
}

#[tokio::test]
async fn the_logs_of_the_system_are_collected_only_while_the_setting_says_so_and_the_cost_is_told_before() {
    let mut site = Site::new().await;
    site.install().await.unwrap();
    assert_eq!(config(&site).await, None);
    collect(&mut site, "true");
    let planned = plan_install(&site.operator()).await.unwrap();
    let told = of_agent(&planned);
    assert_eq!(told.len(), 1, "{planned:?}");
    let (action, reason) = &told[0];
    assert_eq!(*action, ChangeAction::Create);
    assert!(reason.contains("Log Analytics charges"), "{reason}");
    assert_eq!(config(&site).await, None);
    let done = site.install().await.unwrap();
    assert_eq!(of_agent(&done), of_agent(&planned));
    let there = config(&site).await.unwrap();
    assert_eq!(
        there["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "kompoxops"
    );
    assert_eq!(site.install().await.unwrap(), Plan::default());
    // Off again: installing takes it away, and only once.
    collect(&mut site, "false");
    let done = site.install().await.unwrap();
    assert_eq!(of_agent(&done)[0].0, ChangeAction::Delete);
    assert_eq!(config(&site).await, None);
    assert_eq!(site.install().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn uninstalling_takes_the_agents_configuration_back_where_it_is_ours() {
    let mut site = Site::new().await;
    collect(&mut site, "true");
    site.install().await.unwrap();
    assert!(config(&site).await.is_some());
    let done = site.uninstall().await.unwrap();
    assert_eq!(of_agent(&done)[0].0, ChangeAction::Delete);
    assert_eq!(config(&site).await, None);
    assert_eq!(site.uninstall().await.unwrap(), Plan::default());
}

#[tokio::test]
async fn the_agents_configuration_of_somebody_else_stays_and_a_warning_says_so() {
    let mut site = Site::new().await;
    let id = site.world.cluster_id().await;
    let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": NAME, "namespace": "kube-system" }, "data": { "schema-version": "v1" } });
    site.world
        .emulator
        .put_kubernetes_object(&id, theirs)
        .await
        .unwrap();
    let before = config(&site).await;
    collect(&mut site, "true");
    let operator = site.operator();
    let done = install(&operator, InstallRequest::default()).await.unwrap();
    assert_eq!(of_agent(&done)[0].0, ChangeAction::Keep);
    let warned = operator.told.events().iter().any(|event| {
        matches!(event, Event::Warning { kind: WarningKind::ForeignResource, message, .. }
            if message.contains(NAME) && message.contains("somebody else made it"))
    });
    assert!(warned, "{:?}", operator.told.events());
    assert_eq!(config(&site).await, before);
    site.uninstall().await.unwrap();
    assert_eq!(config(&site).await, before);
}
