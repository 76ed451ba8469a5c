//! What is told about a cluster: what is known, what is not, and why.

use kompox_azure_emulator::{FaultAction, FaultRule, RequestKind};
use kompox_domain::cluster::{ChangeAction, ClusterStatus, Condition};
use kompox_domain::{ErrorKind, Result};
use serde_json::{Value, json};

use crate::chains::{depth, slowly};
use crate::clusters::{Operator, World};

async fn try_status(operator: &Operator) -> Result<ClusterStatus> {
    operator
        .driver
        .clusters()
        .unwrap()
        .status(&operator.cx, &operator.scope)
        .await
}

async fn status(operator: &Operator) -> ClusterStatus {
    try_status(operator).await.unwrap()
}

#[track_caller]
fn told<'a>(status: &'a ClusterStatus, kind: &str) -> &'a Condition {
    let found = status.conditions.iter().find(|condition| condition.kind == kind);
    found.unwrap_or_else(|| panic!("nothing about {kind}: {:?}", status.conditions))
}

#[track_caller]
fn is(status: &ClusterStatus, kind: &str, value: Option<bool>, reason: &str) {
    let condition = told(status, kind);
    assert_eq!(
        (condition.status, condition.reason.as_str()),
        (value, reason),
        "{condition:?}"
    );
    assert!(!condition.message.is_empty(), "{condition:?}");
}

/// A provisioned cluster.
async fn provisioned(settings: &[(&str, &str)]) -> (World, Operator) {
    let world = World::new().await;
    let operator = world.operator(settings);
    operator.provision().await.unwrap();
    world.emulator.clear_requests();
    (world, operator)
}

async fn put(world: &World, object: Value) {
    let id = world.cluster_id().await;
    world.emulator.put_kubernetes_object(&id, object).await.unwrap();
}

/// Traefik, as it stands when everything is well.
async fn install(world: &World, available: bool, ip: Option<&str>) {
    let labels = json!({"app.kubernetes.io/name": "traefik"});
    let metadata = json!({"name": "traefik", "namespace": "traefik", "labels": labels});
    put(
        world,
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "traefik"}}),
    )
    .await;
    let replicas = u32::from(available);
    let condition = if available { "True" } else { "False" };
    put(
        world,
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1},
            "status": {"availableReplicas": replicas, "conditions": [{"type": "Available", "status": condition}]}}),
    )
    .await;
    let addresses: Vec<Value> = ip.iter().map(|ip| json!({"ip": ip})).collect();
    put(
        world,
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "LoadBalancer"},
            "status": {"loadBalancer": {"ingress": addresses}}}),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_not_there_is_told_as_such_and_not_known_to_be_anything_else() {
    let world = World::new().await;
    let status = status(&world.operator(&[])).await;
    assert_eq!(
        (status.found, status.provisioned, status.installed),
        (Some(false), Some(false), Some(false))
    );
    is(&status, "provisioned", Some(false), "stackMissing");
    is(&status, "installed", Some(false), "clusterMissing");
    assert!(status.drift.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioned_cluster_tells_versions_power_addresses_and_pools() {
    let (world, operator) = provisioned(&[("AZURE_AKS_USER_VM_ZONES", "1,2")]).await;
    let status = status(&operator).await;
    assert_eq!((status.found, status.provisioned), (Some(true), Some(true)));
    assert!(!status.existing);
    assert_eq!(
        status.handle.as_deref().map(str::to_lowercase),
        Some(world.cluster_id().await.to_lowercase())
    );
    assert!(status.kubernetes_version.as_deref().unwrap().starts_with("1."));
    assert_eq!(status.power_state.as_deref(), Some("Running"));
    assert_eq!(status.addresses.len(), 1);
    assert_eq!(status.addresses[0].0, "public");
    let pools: Vec<(&str, Option<&str>, &[String])> = status
        .pools
        .iter()
        .map(|pool| (pool.name.as_str(), pool.mode.as_deref(), pool.zones.as_slice()))
        .collect();
    assert_eq!(pools.len(), 3, "{pools:?}");
    assert!(
        pools.contains(&("user2", Some("User"), &["2".to_owned()])),
        "{pools:?}"
    );
    assert!(
        status
            .pools
            .iter()
            .all(|pool| pool.count.is_some() && pool.state.is_some())
    );
    is(&status, "drift", Some(false), "asConfigured");
    is(&status, "reachable", Some(true), "answered");
    is(&status, "installed", Some(false), "namespaceMissing");
    assert_eq!(status.under_way, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn installed_means_that_traefik_is_available_and_its_address_comes_from_the_service() {
    let (world, operator) = provisioned(&[]).await;
    install(&world, false, None).await;
    let down = status(&operator).await;
    is(&down, "installed", Some(false), "deploymentUnavailable");
    install(&world, true, None).await;
    let pending = status(&operator).await;
    assert_eq!(pending.installed, Some(true));
    is(&pending, "ingressAddress", Some(false), "pending");
    install(&world, true, Some("203.0.113.7")).await;
    let well = status(&operator).await;
    assert_eq!(well.installed, Some(true));
    assert_eq!(well.ingress_global_ip.as_deref(), Some("203.0.113.7"));
}

/// An IngressClass, and whether it has the mark of the default.
async fn class(world: &World, name: &str, is_default: bool) {
    let mark = json!({"ingressclass.kubernetes.io/is-default-class": is_default.to_string()});
    let metadata = json!({"name": name, "annotations": mark});
    put(
        world,
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": metadata,
            "spec": {"controller": "example.com/x"}}),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_ingress_class_of_somebody_else_is_told_with_what_it_means_for_ours() {
    let (world, operator) = provisioned(&[]).await;
    install(&world, true, Some("203.0.113.7")).await;
    let quiet = |status: &ClusterStatus| {
        status
            .conditions
            .iter()
            .all(|told| told.kind != "defaultIngressClass")
    };
    assert!(quiet(&status(&operator).await));
    class(&world, "traefik", true).await;
    class(&world, "other", false).await;
    assert!(quiet(&status(&operator).await));
    class(&world, "nginx", true).await;
    let both = status(&operator).await;
    is(&both, "defaultIngressClass", Some(false), "severalDefaults");
    let message = &told(&both, "defaultIngressClass").message;
    assert!(
        message.contains("IngressClass nginx") && message.contains("take the mark"),
        "{message}"
    );
    // Ours has given way, as installing makes it.
    class(&world, "traefik", false).await;
    let theirs = status(&operator).await;
    is(&theirs, "defaultIngressClass", Some(true), "otherDefault");
    let message = &told(&theirs, "defaultIngressClass").message;
    assert!(
        message.contains("IngressClass nginx") && message.contains("apps name class traefik"),
        "{message}"
    );
    assert_eq!(theirs.installed, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_see_ingress_classes_is_told_the_rest() {
    let (world, operator) = provisioned(&[]).await;
    install(&world, true, Some("203.0.113.7")).await;
    let refusal = FaultAction::respond(403, "Forbidden", "no");
    world.fault(FaultRule::new("GET", "**/ingressclasses", refusal));
    let status = status(&operator).await;
    assert_eq!(status.installed, Some(true));
    is(&status, "defaultIngressClass", None, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn b38_a_cluster_that_cannot_be_reached_is_there_and_its_ingress_is_not_known() {
    let (world, operator) = provisioned(&[]).await;
    let id = world.cluster_id().await;
    world.emulator.set_kubernetes_answering(&id, false).await.unwrap();
    let status = status(&operator).await;
    assert_eq!(
        (status.found, status.provisioned, status.installed),
        (Some(true), Some(true), None)
    );
    let reachable = told(&status, "reachable");
    assert_eq!(reachable.status, Some(false), "{reachable:?}");
    assert!(
        ["unreachable", "certificateRefused"].contains(&reachable.reason.as_str()),
        "{reachable:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_cluster_is_provisioned_and_nothing_is_asked_of_it() {
    let (world, operator) = provisioned(&[]).await;
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| {
            cluster["properties"]["powerState"]["code"] = "Stopped".into();
        })
        .await;
    world.requests();
    let status = status(&operator).await;
    assert_eq!((status.provisioned, status.installed), (Some(true), None));
    assert_eq!(status.power_state.as_deref(), Some("Stopped"));
    is(&status, "installed", None, "stopped");
    assert!(
        world
            .requests()
            .iter()
            .all(|request| !request.path.contains("Credential?"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_may_not_be_read_is_not_known_and_never_absent() {
    let (world, operator) = provisioned(&[]).await;
    for status_code in [403, 404] {
        let code = if status_code == 403 {
            "AuthorizationFailed"
        } else {
            "SubscriptionNotFound"
        };
        let refusal = FaultAction::respond(status_code, code, "no");
        world.fault(FaultRule::new("GET", "**/deploymentStacks/*", refusal));
        let status = status(&operator).await;
        assert_eq!((status.found, status.provisioned), (Some(true), None), "{code}");
        assert_eq!(told(&status, "provisioned").status, None);
        assert_ne!(told(&status, "drift").status, Some(false), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_may_be_read_nothing_is_known() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    world.emulator.restrict_caller(Some(vec![]));
    let status = status(&operator).await;
    assert_eq!(
        (status.found, status.provisioned, status.installed),
        (None, None, None)
    );
    is(&status, "provisioned", None, "permissionDenied");
    is(&status, "installed", None, "permissionDenied");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_being_signed_in_is_an_error() {
    let (world, operator) = provisioned(&[]).await;
    let refusal = FaultAction::respond(401, "InvalidAuthenticationToken", "no");
    world.fault(FaultRule::new("GET", "**", refusal));
    let error = try_status(&operator).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_gone_though_its_stack_succeeded_is_not_provisioned() {
    let (world, operator) = provisioned(&[]).await;
    let id = world.cluster_id().await;
    world.emulator.remove_resource(&id).await.unwrap();
    let status = status(&operator).await;
    assert_eq!((status.found, status.provisioned), (Some(true), Some(false)));
    is(&status, "provisioned", Some(false), "clusterMissing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_stack_says_why() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    world.emulator.set_quota("japaneast", "cores", 1).await.unwrap();
    operator.provision().await.unwrap_err();
    let status = status(&operator).await;
    assert_eq!((status.found, status.provisioned), (Some(true), Some(false)));
    let condition = told(&status, "provisioned");
    assert_eq!(condition.reason, "stackFailed");
    assert!(
        condition.message.to_lowercase().contains("quota"),
        "{condition:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_told() {
    let (world, operator) = provisioned(&[]).await;
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| {
            cluster["properties"]["provisioningState"] = "Upgrading".into();
        })
        .await;
    let upgrading = status(&operator).await;
    assert!(upgrading.under_way.as_deref().unwrap().contains("Upgrading"));
    is(&upgrading, "provisioned", Some(false), "underWay");
    let stack = world.stack_id();
    world
        .edit(&stack, |stack| {
            stack["properties"]["provisioningState"] = "deploying".into();
        })
        .await;
    let deploying = status(&operator).await;
    assert!(deploying.under_way.as_deref().unwrap().contains("deploying"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_from_the_configuration_is_told_line_by_line() {
    let (world, operator) = provisioned(&[]).await;
    assert!(status(&operator).await.drift.is_empty());
    let other = world.operator(&[
        ("AZURE_AKS_SKU_TIER", "Standard"),
        ("AZURE_AKS_SYSTEM_VM_DISK_SIZE_GB", "128"),
    ]);
    let status = status(&other).await;
    is(&status, "drift", Some(true), "differs");
    let of = |action: ChangeAction, words: &str| {
        status
            .drift
            .iter()
            .any(|change| change.action == action && change.reason.contains(words))
    };
    assert!(
        of(ChangeAction::Update, "template or settings"),
        "{:?}",
        status.drift
    );
    assert!(
        of(ChangeAction::Update, "SKU tier is Free, configured is Standard"),
        "{:?}",
        status.drift
    );
    assert!(of(ChangeAction::Block, "OS disk size"), "{:?}", status.drift);
    let id = world.cluster_id().await;
    world
        .edit(&id, |cluster| {
            cluster["properties"]["disableLocalAccounts"] = true.into();
        })
        .await;
    let meddled = try_status(&operator).await.unwrap();
    assert!(
        meddled
            .drift
            .iter()
            .any(|change| change.reason.contains("local accounts is off")),
        "{:?}",
        meddled.drift
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_of_somebody_else_is_told_and_nothing_of_it_counts_as_ours() {
    let world = World::new().await;
    let body = json!({"location": "japaneast", "tags": {"kompox-cluster": "x/y/z"},
        "properties": {"provisioningState": "succeeded"}});
    world
        .emulator
        .put_resource(&world.stack_id(), body)
        .await
        .unwrap();
    let status = status(&world.operator(&[])).await;
    assert_eq!((status.found, status.provisioned), (Some(false), Some(false)));
    assert!(told(&status, "stackForeign").message.contains("x/y/z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_three_requests_depend_on_one_another_and_none_writes() {
    let world = World::new().await;
    let operator = world.operator(&[]);
    operator.provision().await.unwrap();
    install(&world, true, Some("203.0.113.7")).await;
    let (_, requests) = slowly(&world.emulator, status(&operator)).await;
    // Asking for a credential is a POST that changes nothing.
    assert!(
        requests.iter().all(|request| request.method == "GET"
            || request.path.contains("Credential?")
            || request.kind == RequestKind::Token),
        "{requests:#?}"
    );
    assert!(depth(&requests) <= 3, "{requests:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_local_accounts_are_off_a_token_of_entra_opens_the_cluster() {
    let (world, operator) = provisioned(&[("AZURE_AKS_DISABLE_LOCAL_ACCOUNTS", "true")]).await;
    let status = status(&operator).await;
    is(&status, "reachable", Some(true), "answered");
    let requests = world.requests();
    assert!(
        requests
            .iter()
            .any(|request| request.path.contains("listClusterUserCredential"))
    );
    assert!(
        requests
            .iter()
            .all(|request| !request.path.contains("listClusterAdminCredential"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_cluster_is_read_by_its_id_and_needs_no_stack() {
    let (world, _) = provisioned(&[]).await;
    let id = world.cluster_id().await;
    let operator = world.operator_of(true, &[("AZURE_AKS_RESOURCE_ID", &id)]);
    world.requests();
    let there = status(&operator).await;
    assert!(there.existing);
    assert_eq!(
        (there.found, there.provisioned, there.installed),
        (Some(true), Some(true), Some(false))
    );
    assert!(there.drift.is_empty());
    let requests = world.requests();
    assert!(
        requests
            .iter()
            .all(|request| !request.path.contains("deploymentStacks")),
        "{requests:?}"
    );
    world.emulator.remove_resource(&id).await.unwrap();
    let gone = status(&operator).await;
    assert_eq!((gone.found, gone.provisioned), (Some(false), Some(false)));
}
