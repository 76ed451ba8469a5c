//! What is looked at in the cloud before anything is made.

use kompox_domain::hint::in_words;
use std::sync::Arc;

use kompox_azure_emulator::{
    Emulator, FaultAction, FaultPlan, FaultRule, LoggedRequest, Options, RequestKind, Restriction,
};
use kompox_domain::cluster::{Check, Verdict};
use kompox_domain::{AppScope, ErrorKind, ProviderDriver, Result};
use serde_json::json;

use crate::chains::slowly;
use crate::support::{app, context, driver, settings};

struct World {
    emulator: Emulator,
    driver: Arc<dyn ProviderDriver>,
    app: AppScope,
}

const GROUP: (&str, &str) = ("AZURE_RESOURCE_GROUP_NAME", "rg-cluster");

impl World {
    async fn with(pairs: &[(&'static str, &str)]) -> Self {
        Self::named(|_| {
            pairs
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned()))
                .collect()
        })
        .await
    }

    /// Where a setting names the emulator's own subscription.
    async fn named(pairs: impl Fn(&str) -> Vec<(&'static str, String)>) -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let mut app = app("app1", "rg-app");
        let pairs = pairs(&emulator.connection().subscription_id);
        let given = pairs.iter().map(|(key, value)| (*key, value.as_str()));
        let existing = pairs.iter().any(|(key, _)| *key == "AZURE_AKS_RESOURCE_ID");
        app.cluster.existing = existing;
        app.cluster.settings = if existing {
            settings(given)
        } else {
            settings(std::iter::once(GROUP).chain(given))
        };
        let driver = driver(&emulator, &app, &[]).unwrap();
        Self {
            emulator,
            driver,
            app,
        }
    }

    async fn try_check(&self) -> Result<Vec<Check>> {
        self.driver
            .clusters()
            .unwrap()
            .check(&context().0, &self.app.cluster)
            .await
    }

    /// Everything of one kind.
    async fn check(&self, kind: &str) -> Vec<(Verdict, String)> {
        let checks = self.try_check().await.unwrap();
        let told = |check: &Check| {
            let hint = in_words(&check.hints);
            (check.verdict, format!("{}; {hint}", check.message))
        };
        checks
            .iter()
            .filter(|check| check.kind == kind)
            .map(told)
            .collect()
    }

    /// The only one of its kind.
    async fn one(&self, kind: &str) -> (Verdict, String) {
        let mut found = self.check(kind).await;
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        found.remove(0)
    }

    async fn assert_all_pass(&self) {
        let checks = self.try_check().await.unwrap();
        for check in &checks {
            assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
        }
    }

    fn id(&self, path: &str) -> String {
        format!(
            "/subscriptions/{}/{path}",
            self.emulator.connection().subscription_id
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_passes_in_a_subscription_that_has_all() {
    let world = World::with(&[]).await;
    world.assert_all_pass().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_and_where_is_told_and_the_token_is_not() {
    let world = World::with(&[]).await;
    let connection = world.emulator.connection();
    let (verdict, message) = world.one("identity").await;
    assert_eq!(verdict, Verdict::Pass);
    for told in [
        &connection.client_id,
        &connection.tenant_id,
        &connection.subscription_id,
    ] {
        assert!(message.contains(told.as_str()), "{message}");
    }
    let all = format!("{:?}", world.try_check().await.unwrap());
    assert!(!all.contains("eyJ"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_and_no_read_waits_for_another() {
    let world = World::with(&[]).await;
    world.try_check().await.unwrap();
    let (checked, requests) = slowly(&world.emulator, world.try_check()).await;
    checked.unwrap();
    assert!(requests.len() > 8, "{requests:?}");
    assert!(
        requests.iter().all(|request| request.kind != RequestKind::Write),
        "{requests:?}"
    );
    let ends = requests.iter().filter_map(|request| request.ended);
    let first = ends.fold(f64::INFINITY, f64::min);
    let later: Vec<&LoggedRequest> = requests
        .iter()
        .filter(|request| request.started > first)
        .collect();
    assert!(later.is_empty(), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_findings_are_told_at_once() {
    let world = World::with(&[("AZURE_AKS_USER_VM_ZONES", "1,2")]).await;
    let own = "Standard_D2s_v5";
    world
        .emulator
        .set_registered("Microsoft.KeyVault", false)
        .await
        .unwrap();
    world.emulator.set_quota("japaneast", "cores", 5).await.unwrap();
    let restriction = Restriction::Zones(vec!["2".to_owned()]);
    world
        .emulator
        .restrict_size("japaneast", own, restriction)
        .await
        .unwrap();
    let checks = world.try_check().await.unwrap();
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
        .map(|check| check.kind.as_str())
        .collect();
    assert_eq!(failed, ["providers", "skus", "quota"], "{checks:?}");
    assert!(
        checks
            .iter()
            .all(|check| check.verdict != Verdict::Fail || !check.hints.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_that_attach_no_ultra_disks_are_told_where_the_pools_are_to() {
    let ultra = ("AZURE_AKS_USER_VM_ULTRA_SSD", "true");
    for (size, zones, expected) in [
        ("Standard_D2s_v5", "1,2,3", None),
        ("Standard_B2s", "1", Some("in zone 1 of")),
        ("Standard_F2s_v2", "1,3", Some("in zone 3 of")),
    ] {
        let world = World::with(&[
            ultra,
            ("AZURE_AKS_USER_VM_SIZE", size),
            ("AZURE_AKS_USER_VM_ZONES", zones),
        ])
        .await;
        let (verdict, message) = world.one("skus").await;
        match expected {
            None => assert_eq!(verdict, Verdict::Pass, "{message}"),
            Some(place) => {
                assert_eq!(verdict, Verdict::Fail, "{message}");
                assert!(message.contains(place) && message.contains(size), "{message}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_not_registered_comes_with_the_command_that_registers_it() {
    let world = World::with(&[]).await;
    world
        .emulator
        .set_registered("Microsoft.PolicyInsights", false)
        .await
        .unwrap();
    let (verdict, message) = world.one("providers").await;
    assert_eq!(verdict, Verdict::Fail);
    assert!(
        message.contains("az provider register --namespace Microsoft.PolicyInsights"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_actions_are_named_and_what_may_not_be_read_is_unknown() {
    let world = World::with(&[]).await;
    world.emulator.restrict_caller(Some(vec![
        "Microsoft.Resources/subscriptions/read".to_owned(),
        "Microsoft.Resources/subscriptions/resourceGroups/*".to_owned(),
    ]));
    let checks = world.try_check().await.unwrap();
    let of = |kind: &str| -> Vec<&Check> { checks.iter().filter(|check| check.kind == kind).collect() };
    let missing = of("permissions");
    assert_eq!(missing[0].verdict, Verdict::Fail);
    for action in [
        "Microsoft.Resources/deploymentStacks/write",
        "Microsoft.ContainerService/managedClusters/write",
        "Microsoft.Authorization/roleAssignments/write",
    ] {
        assert!(missing[0].message.contains(action), "{action}: {missing:?}");
    }
    assert!(
        !missing[0].message.contains("resourceGroups/write"),
        "{missing:?}"
    );
    assert!(
        missing[1..].iter().all(|check| check.verdict == Verdict::Warn),
        "{missing:?}"
    );
    assert!(
        missing
            .iter()
            .any(|check| check.message.contains("Microsoft.Compute/disks/write")),
        "{missing:?}"
    );
    for kind in ["providers", "quota", "skus", "vaultNames"] {
        assert_eq!(of(kind)[0].verdict, Verdict::Unknown, "{kind}");
    }
    assert_eq!(of("identity")[0].verdict, Verdict::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_custom_role_is_enough() {
    let world = World::with(&[]).await;
    let role = kompox_aks::permissions::custom_role("s");
    let actions = role["Actions"].as_array().unwrap();
    let actions = actions
        .iter()
        .map(|action| action.as_str().unwrap().to_owned())
        .collect();
    world.emulator.restrict_caller(Some(actions));
    world.assert_all_pass().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b42_the_quota_must_hold_the_nodes_to_begin_with_and_should_hold_those_that_may_come() {
    let world = World::with(&[]).await;
    for (limit, verdict) in [
        (18, Verdict::Pass),
        (17, Verdict::Warn),
        (6, Verdict::Warn),
        (5, Verdict::Fail),
    ] {
        world
            .emulator
            .set_quota("japaneast", "standardDSv5Family", limit)
            .await
            .unwrap();
        let (found, message) = world.one("quota").await;
        assert_eq!(found, verdict, "{limit}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spot_machines_need_the_quota_of_spot_machines() {
    let world = World::with(&[("AZURE_AKS_USER_VM_PRIORITY", "Spot")]).await;
    world
        .emulator
        .set_quota("japaneast", "lowPriorityCores", 1)
        .await
        .unwrap();
    let (verdict, message) = world.one("quota").await;
    assert_eq!(verdict, Verdict::Fail);
    assert!(message.contains("lowPriorityCores"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_the_region_does_not_offer_is_found() {
    let world = World::with(&[("AZURE_AKS_USER_VM_SIZE", "Standard_Z99")]).await;
    let (verdict, message) = world.one("skus").await;
    assert_eq!(verdict, Verdict::Fail);
    assert!(
        message.contains("Standard_Z99") && message.contains("az vm list-skus"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b41_a_version_that_aks_does_not_have_or_only_for_long_term_support_is_found() {
    for (version, tier, verdict) in [
        ("1.36", "Free", Verdict::Pass),
        ("1.20", "Free", Verdict::Fail),
        ("1.33", "Free", Verdict::Fail),
        ("1.33", "Premium", Verdict::Pass),
    ] {
        let settings = [
            ("AZURE_AKS_KUBERNETES_VERSION", version),
            ("AZURE_AKS_SKU_TIER", tier),
        ];
        let world = World::with(&settings).await;
        let (found, message) = world.one("kubernetesVersion").await;
        assert_eq!(found, verdict, "{version} {tier}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_a_disk_of_its_own_takes_no_ephemeral_one() {
    let world = World::with(&[("AZURE_AKS_SYSTEM_VM_DISK_TYPE", "Ephemeral")]).await;
    let (verdict, message) = world.one("skus").await;
    assert_eq!(verdict, Verdict::Fail);
    assert!(message.contains("AZURE_AKS_SYSTEM_VM_DISK_TYPE"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_somebody_else_is_found_and_one_to_adopt_must_be_there() {
    let world = World::with(&[]).await;
    assert_eq!(world.one("resourceGroup").await.0, Verdict::Pass);
    let group = world.id("resourceGroups/rg-cluster");
    let theirs = json!({"location": "japaneast", "tags": {"team": "x"}});
    world.emulator.put_resource(&group, theirs).await.unwrap();
    let (verdict, message) = world.one("resourceGroup").await;
    assert_eq!(verdict, Verdict::Fail);
    assert!(message.contains("AZURE_RESOURCE_GROUP_ADOPT"), "{message}");
    let ours = json!({"location": "japaneast",
        "tags": {"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c1"}});
    world.emulator.put_resource(&group, ours).await.unwrap();
    assert_eq!(world.one("resourceGroup").await.0, Verdict::Pass);
    let adopting = World::with(&[("AZURE_RESOURCE_GROUP_ADOPT", "use")]).await;
    let (verdict, message) = adopting.one("resourceGroup").await;
    assert_eq!(verdict, Verdict::Fail, "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_vault_of_this_cluster_holds_its_name_and_that_of_another_does_not() {
    let world = World::with(&[]).await;
    let group = world.id("resourceGroups/rg-cluster");
    for (name, cluster) in [
        ("kv-aaaaaaaaaaaaa", "ws1/prv1/c1"),
        ("kv-bbbbbbbbbbbbb", "ws1/prv1/c2"),
    ] {
        let id = world.id(&format!(
            "providers/Microsoft.KeyVault/locations/japaneast/deletedVaults/{name}"
        ));
        let body = json!({"properties": {
            "vaultId": format!("{group}/providers/Microsoft.KeyVault/vaults/{name}"), "location": "japaneast",
            "tags": {"managed-by": "kompox", "kompox-cluster": cluster}}});
        world.emulator.put_resource(&id, body).await.unwrap();
    }
    let (verdict, message) = world.one("vaultNames").await;
    assert_eq!(verdict, Verdict::Fail);
    assert!(
        message.contains("az keyvault purge --name kv-aaaaaaaaaaaaa --location japaneast"),
        "{message}"
    );
}

fn private(subscription: &str) -> Vec<(&'static str, String)> {
    let network = format!(
        "/subscriptions/{subscription}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet"
    );
    vec![
        ("AZURE_AKS_PRIVATE_CLUSTER", "true".to_owned()),
        ("AZURE_AKS_VNET_SUBNET_ID", format!("{network}/subnets/nodes")),
    ]
}

async fn put_network(world: &World, location: &str, servers: &[&str]) {
    let group = world.id("resourceGroups/rg-net");
    let there = json!({"location": location});
    world.emulator.put_resource(&group, there).await.unwrap();
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/vnet");
    let body = json!({"location": location, "properties": {
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "dhcpOptions": {"dnsServers": servers}}});
    world.emulator.put_resource(&network, body).await.unwrap();
    let subnet = json!({"properties": {"addressPrefix": "10.1.0.0/20"}});
    world
        .emulator
        .put_resource(&format!("{network}/subnets/nodes"), subnet)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_cluster_in_a_network_with_dns_servers_of_its_own_is_told_of() {
    let world = World::named(private).await;
    let (verdict, message) = world.one("subnet").await;
    assert_eq!(verdict, Verdict::Fail, "{message}");
    put_network(&world, "japaneast", &[]).await;
    assert_eq!(world.one("subnet").await.0, Verdict::Pass);
    assert_eq!(world.one("nodeDns").await.0, Verdict::Pass);
    put_network(&world, "japaneast", &["10.1.255.4"]).await;
    let (verdict, message) = world.one("nodeDns").await;
    assert_eq!(verdict, Verdict::Warn);
    assert!(
        message.contains("10.1.255.4") && message.contains("168.63.129.16"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dns_server_in_a_peered_network_needs_a_link_of_the_private_zone_to_that_network() {
    let zone = |subscription: &str| {
        let rg = format!("/subscriptions/{subscription}/resourceGroups/rg-net/providers");
        let identity = format!("{rg}/Microsoft.ManagedIdentity/userAssignedIdentities/id");
        let zone = format!("{rg}/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io");
        let more = [
            ("AZURE_AKS_PRIVATE_DNS_ZONE", zone),
            ("AZURE_AKS_IDENTITY_RESOURCE_ID", identity),
        ];
        private(subscription).into_iter().chain(more).collect::<Vec<_>>()
    };
    let world = World::named(zone).await;
    put_network(&world, "japaneast", &["10.2.0.4"]).await;
    let in_group = |rest: &str| {
        world.id(&format!(
            "resourceGroups/rg-net/providers/Microsoft.Network/{rest}"
        ))
    };
    let (vnet, hub) = (in_group("virtualNetworks/vnet"), in_group("virtualNetworks/hub"));
    let space = json!({"addressPrefixes": ["10.2.0.0/16"]});
    let mut network = world.emulator.resource(&vnet).await.unwrap();
    network["properties"]["virtualNetworkPeerings"] = json!([{"name": "hub", "properties": {
        "remoteVirtualNetwork": {"id": hub}, "remoteAddressSpace": space}}]);
    let zone = in_group("privateDnsZones/privatelink.japaneast.azmk8s.io");
    for (id, body) in [
        (&vnet, network),
        (
            &hub,
            json!({"location": "japaneast", "properties": {"addressSpace": space}}),
        ),
        (&zone, json!({"location": "global", "properties": {}})),
    ] {
        world.emulator.put_resource(id, body).await.unwrap();
    }
    let (verdict, message) = world.one("nodeDns").await;
    assert_eq!(verdict, Verdict::Fail, "{message}");
    assert!(message.contains("10.2.0.4 in network hub"), "{message}");
    let link = json!({"location": "global", "properties": {"virtualNetwork": {"id": hub}}});
    let id = format!("{zone}/virtualNetworkLinks/hub");
    world.emulator.put_resource(&id, link).await.unwrap();
    let (verdict, message) = world.one("nodeDns").await;
    assert_eq!(verdict, Verdict::Warn, "{message}");
    assert!(
        message.contains("to which the private zone is linked"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_in_another_region_is_found() {
    let world = World::named(private).await;
    put_network(&world, "westeurope", &[]).await;
    let told = world.check("subnet").await;
    assert!(
        told.iter()
            .any(|(verdict, message)| *verdict == Verdict::Fail && message.contains("westeurope")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn registries_that_are_not_there_are_a_warning() {
    let registry = |subscription: &str| {
        let id = format!(
            "/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/cr"
        );
        vec![("AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS", id)]
    };
    let world = World::named(registry).await;
    let (verdict, message) = world.one("registry").await;
    assert_eq!(verdict, Verdict::Warn, "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_being_signed_in_is_an_error_and_no_finding() {
    let world = World::with(&[]).await;
    let refusal = FaultAction::respond(401, "InvalidAuthenticationToken", "No.");
    let plan = FaultPlan::new([FaultRule::new("GET", "**", refusal)]);
    world.emulator.set_faults(plan).unwrap();
    let error = world.try_check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

fn existing(subscription: &str) -> Vec<(&'static str, String)> {
    let id = format!(
        "/subscriptions/{subscription}/resourceGroups/rg-theirs/providers/Microsoft.ContainerService/managedClusters/theirs"
    );
    vec![("AZURE_AKS_RESOURCE_ID", id)]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_cluster_must_be_there_and_let_its_ingress_sign_in() {
    let world = World::named(existing).await;
    let (verdict, message) = world.one("managedCluster").await;
    assert_eq!(verdict, Verdict::Fail, "{message}");
    let group = world.id("resourceGroups/rg-theirs");
    let there = json!({"location": "japaneast"});
    world.emulator.put_resource(&group, there).await.unwrap();
    let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/theirs");
    let mut body = json!({"location": "japaneast", "properties": {"provisioningState": "Succeeded",
        "powerState": {"code": "Running"}, "oidcIssuerProfile": {"enabled": true},
        "securityProfile": {"workloadIdentity": {"enabled": true}}}});
    world.emulator.put_resource(&cluster, body.clone()).await.unwrap();
    for check in world.try_check().await.unwrap() {
        assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    }
    body["properties"]["oidcIssuerProfile"]["enabled"] = false.into();
    body["properties"]["powerState"]["code"] = "Stopped".into();
    world.emulator.put_resource(&cluster, body).await.unwrap();
    let told = world.check("managedCluster").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().all(|(verdict, _)| *verdict == Verdict::Warn),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_cluster_needs_one_of_its_credentials() {
    let world = World::named(existing).await;
    let group = world.id("resourceGroups/rg-theirs");
    let there = json!({"location": "japaneast"});
    world.emulator.put_resource(&group, there.clone()).await.unwrap();
    let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/theirs");
    world.emulator.put_resource(&cluster, there).await.unwrap();
    let user = "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action";
    for (actions, fails) in [(vec!["*/read"], true), (vec!["*/read", user], false)] {
        let actions = actions.into_iter().map(str::to_owned).collect();
        world.emulator.restrict_caller(Some(actions));
        let told = world.check("permissions").await;
        let failed = told
            .iter()
            .any(|(verdict, message)| *verdict == Verdict::Fail && message.contains(user));
        assert_eq!(failed, fails, "{told:?}");
    }
}
