//! The template in a cloud: what stands after a cluster was provisioned, for settings that change what is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use kompox_aks::naming;
use kompox_azure_emulator::{Emulator, Options};
use kompox_domain::driver::ProvisionRequest;
use kompox_domain::model::Cluster;
use kompox_domain::{AppScope, Context, Mode, ProviderDriver};
use serde_json::{Value, json};

use crate::support::{app, context, driver, settings};

const ADMIN: &str = "00000000-0000-0000-0000-00000000000a";
/// The principal of the identity that the settings may give.
const GIVEN: &str = "00000000-0000-0000-0000-00000000000d";

pub(crate) struct Made {
    emulator: Emulator,
    driver: Arc<dyn ProviderDriver>,
    cx: Context,
    scope: Cluster,
    stack: Value,
}

/// An emulator with what the settings may name: a network with a subnet, a private zone, an identity, a principal.
async fn surroundings() -> Emulator {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let group = format!(
        "/subscriptions/{}/resourceGroups/net",
        emulator.connection().subscription_id
    );
    let region = emulator.connection().region.clone();
    emulator
        .put_resource(&group, json!({ "location": region }))
        .await
        .unwrap();
    let network = json!({ "location": region, "properties": { "addressSpace": { "addressPrefixes": ["10.8.0.0/16"] } } });
    let subnet = json!({ "properties": { "addressPrefix": "10.8.0.0/22" } });
    for (id, body) in [
        ("Microsoft.Network/virtualNetworks/v", network),
        ("Microsoft.Network/virtualNetworks/v/subnets/aks", subnet),
        (
            &format!("Microsoft.Network/privateDnsZones/privatelink.{region}.azmk8s.io"),
            json!({ "location": "global" }),
        ),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/me",
            json!({ "location": region, "properties": { "principalId": GIVEN, "clientId": GIVEN } }),
        ),
    ] {
        emulator
            .put_resource(&format!("{group}/providers/{id}"), body)
            .await
            .unwrap();
    }
    emulator.add_principal(ADMIN).await.unwrap();
    emulator
}

fn cluster(scope: AppScope, pairs: &[(&str, &str)]) -> Cluster {
    let group = [("AZURE_RESOURCE_GROUP_NAME", "rg-cluster")];
    Cluster {
        settings: settings(group.into_iter().chain(pairs.iter().copied())),
        ..scope.cluster
    }
}

/// Provisions a cluster with these settings. `~` stands for the subscription and its group of networks.
async fn made_in(emulator: Emulator, pairs: &[(&str, &str)]) -> Made {
    let net = format!(
        "/subscriptions/{}/resourceGroups/net/providers",
        emulator.connection().subscription_id
    );
    let pairs: Vec<(&str, String)> = pairs
        .iter()
        .map(|(key, text)| (*key, text.replace('~', &net)))
        .collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, text)| (*key, text.as_str())).collect();
    let mut app = app("app1", "rg-app");
    app.cluster = cluster(app.clone(), &pairs);
    let driver = driver(&emulator, &app, &[]).unwrap();
    let (cx, _) = context();
    let scope = app.cluster.clone();
    let made = driver
        .clusters()
        .unwrap()
        .provision(&cx, &scope, &ProvisionRequest::default(), Mode::Apply)
        .await;
    if let Err(error) = made {
        panic!("{error} {error:?}");
    }
    let id = format!(
        "/subscriptions/{}/providers/Microsoft.Resources/deploymentStacks/{}",
        emulator.connection().subscription_id,
        naming::stack_name(&scope)
    );
    let stack = emulator.resource(&id).await.unwrap();
    Made {
        emulator,
        driver,
        cx,
        scope,
        stack,
    }
}

pub(crate) async fn made(pairs: &[(&str, &str)]) -> Made {
    made_in(surroundings().await, pairs).await
}

impl Made {
    /// The types of the stack's resources, and how many there are of each.
    fn types(&self) -> String {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for resource in self.stack["properties"]["resources"].as_array().unwrap() {
            let id = resource["id"].as_str().unwrap();
            let tail = id.rsplit_once("/providers/").map_or("", |(_, tail)| tail);
            let mut parts = tail.split('/');
            let namespace = parts.next().unwrap();
            let kinds: Vec<&str> = parts.step_by(2).collect();
            let kind = if tail.is_empty() {
                "resourceGroups".to_owned()
            } else {
                format!("{namespace}/{}", kinds.join("/"))
            };
            *count.entry(kind).or_default() += 1;
        }
        let line = |(kind, count): (&String, &usize)| format!("{kind} {count}");
        count.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn output(&self, name: &str) -> String {
        let outputs = self.stack["properties"]["outputs"].as_object().unwrap();
        let (_, output) = outputs
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .unwrap();
        output["value"].as_str().unwrap().to_owned()
    }

    /// The one resource of the stack whose id holds this.
    pub(crate) async fn one(&self, part: &str) -> Value {
        let resources = self.stack["properties"]["resources"].as_array().unwrap();
        let ids: Vec<&str> = resources
            .iter()
            .filter_map(|resource| resource["id"].as_str())
            .collect();
        let found: Vec<&&str> = ids
            .iter()
            .filter(|id| id.split_once(part).is_some_and(|(_, rest)| !rest.contains('/')))
            .collect();
        let [id] = found.as_slice() else {
            panic!("{part}: {found:?}")
        };
        self.emulator.resource(id).await.unwrap()
    }

    pub(crate) async fn cluster(&self) -> Value {
        let id = format!(
            "/subscriptions/{}/resourceGroups/rg-cluster/providers/Microsoft.ContainerService/managedClusters/{}",
            self.emulator.connection().subscription_id,
            self.output("AZURE_AKS_CLUSTER_NAME")
        );
        self.emulator.resource(&id).await.unwrap()
    }

    /// Role and principal of each assignment in the stack.
    async fn roles(&self) -> Vec<(String, String)> {
        let mut roles = Vec::new();
        for resource in self.stack["properties"]["resources"].as_array().unwrap() {
            let id = resource["id"].as_str().unwrap();
            if !id.contains("/roleAssignments/") {
                continue;
            }
            let assignment = self.emulator.resource(id).await.unwrap();
            let properties = &assignment["properties"];
            assert_eq!(properties["description"], "kompox:ws1/prv1/c1");
            let role = properties["roleDefinitionId"].as_str().unwrap();
            let role = role.rsplit('/').next().unwrap().to_owned();
            roles.push((role, properties["principalId"].as_str().unwrap().to_owned()));
        }
        roles.sort_unstable();
        roles
    }
}

#[tokio::test]
async fn by_default_all_outputs_are_there_and_name_what_was_made() {
    let made = made(&[("AZURE_AKS_ADMIN_PRINCIPAL_IDS", ADMIN)]).await;
    insta::assert_snapshot!(made.types(), @r#"
    Microsoft.Authorization/roleAssignments 5
    Microsoft.ContainerRegistry/registries 1
    Microsoft.ContainerService/managedClusters 1
    Microsoft.ContainerService/managedClusters/agentPools 1
    Microsoft.Insights/dataCollectionRuleAssociations 1
    Microsoft.Insights/dataCollectionRules 1
    Microsoft.Insights/diagnosticSettings 1
    Microsoft.KeyVault/vaults 1
    Microsoft.ManagedIdentity/userAssignedIdentities 1
    Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials 1
    Microsoft.OperationalInsights/workspaces 1
    resourceGroups 1
    "#);
    let cluster = made.cluster().await;
    let properties = &cluster["properties"];
    for (output, expected) in [
        ("AZURE_RESOURCE_GROUP_NAME", &json!("rg-cluster")),
        (
            "AZURE_AKS_CLUSTER_PRINCIPAL_ID",
            &cluster["identity"]["principalId"],
        ),
        (
            "AZURE_AKS_KUBELET_PRINCIPAL_ID",
            &properties["identityProfile"]["kubeletidentity"]["objectId"],
        ),
        (
            "AZURE_AKS_OIDC_ISSUER_URL",
            &properties["oidcIssuerProfile"]["issuerURL"],
        ),
        ("AZURE_INGRESS_SERVICE_ACCOUNT_NAMESPACE", &json!("traefik")),
        ("AZURE_INGRESS_SERVICE_ACCOUNT_NAME", &json!("traefik")),
    ] {
        assert_eq!(json!(made.output(output)), *expected, "{output}");
    }
    let identity = made.one("/id-ingress-").await;
    assert_eq!(
        identity["properties"]["clientId"],
        json!(made.output("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID"))
    );
    let (kubelet, ingress) = (
        made.output("AZURE_AKS_KUBELET_PRINCIPAL_ID"),
        made.output("AZURE_INGRESS_SERVICE_ACCOUNT_PRINCIPAL_ID"),
    );
    let expected = [
        ("4633458b-17de-408a-b874-0445c86b69e6", &ingress),
        ("7f951dda-4ed3-4680-a7ca-43fe172d538d", &kubelet),
        ("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", &ADMIN.to_owned()),
        ("b93aa761-3e63-49ed-ac28-beffa264f7ac", &kubelet),
        ("db79e9a7-68ee-4b58-9aeb-b90e7c24fcba", &ingress),
    ]
    .map(|(role, principal)| (role.to_owned(), principal.clone()));
    assert_eq!(made.roles().await, expected);
    let group = format!(
        "/subscriptions/{}/resourceGroups/rg-cluster",
        made.emulator.connection().subscription_id
    );
    let group = made.emulator.resource(&group).await.unwrap();
    for resource in [
        &group,
        &cluster,
        &identity,
        &made.one("/vaults/").await,
        &made.one("/workspaces/").await,
    ] {
        assert_eq!(resource["tags"]["kompox-cluster"], "ws1/prv1/c1", "{resource}");
        assert_eq!(resource["tags"]["managed-by"], "kompox");
        assert_eq!(
            resource["tags"]["kompox-created"],
            group["tags"]["kompox-created"]
        );
    }
}

#[tokio::test]
async fn a_zone_and_a_subnet_of_ones_own_bring_an_identity_that_has_its_roles_first() {
    let made = made(&[
        ("AZURE_AKS_PRIVATE_CLUSTER", "true"),
        (
            "AZURE_AKS_PRIVATE_DNS_ZONE",
            "~/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io",
        ),
        (
            "AZURE_AKS_VNET_SUBNET_ID",
            "~/Microsoft.Network/virtualNetworks/v/subnets/aks",
        ),
    ])
    .await;
    let identity = made.one("/id-cluster-").await;
    let principal = identity["properties"]["principalId"].as_str().unwrap();
    assert_eq!(made.output("AZURE_AKS_CLUSTER_PRINCIPAL_ID"), principal);
    let cluster = made.cluster().await;
    assert_eq!(cluster["identity"]["type"], "UserAssigned");
    assert_eq!(
        cluster["properties"]["apiServerAccessProfile"]["enablePrivateCluster"],
        true
    );
    let roles: Vec<String> = made
        .roles()
        .await
        .into_iter()
        .filter(|(_, who)| who == principal)
        .map(|(role, _)| role)
        .collect();
    // Network Contributor, Private DNS Zone Contributor.
    assert_eq!(
        roles,
        [
            "4d97b98b-1d4f-4787-a291-c67834d212e7",
            "b12aa53e-6015-4669-85d0-8515ebb3ae7f"
        ]
    );
}

#[tokio::test]
async fn an_identity_that_is_given_is_used_and_gets_no_role() {
    let made = made(&[
        (
            "AZURE_AKS_VNET_SUBNET_ID",
            "~/Microsoft.Network/virtualNetworks/v/subnets/aks",
        ),
        (
            "AZURE_AKS_IDENTITY_RESOURCE_ID",
            "~/Microsoft.ManagedIdentity/userAssignedIdentities/me",
        ),
    ])
    .await;
    assert_eq!(made.output("AZURE_AKS_CLUSTER_PRINCIPAL_ID"), GIVEN);
    assert!(made.roles().await.iter().all(|(_, who)| who != GIVEN));
    assert!(!made.stack.to_string().contains("id-cluster-"));
}

#[tokio::test]
async fn application_insights_comes_when_asked_for() {
    let with = made(&[("AZURE_APPLICATION_INSIGHTS", "true")]).await;
    let component = with.one("/components/").await;
    assert!(
        component["properties"]["WorkspaceResourceId"]
            .as_str()
            .unwrap()
            .contains("/log-")
    );
    let without = made(&[]).await;
    assert!(!without.types().contains("components"));
}

#[tokio::test]
async fn an_adopted_group_is_neither_in_the_stack_nor_tagged() {
    let emulator = surroundings().await;
    let id = format!(
        "/subscriptions/{}/resourceGroups/rg-cluster",
        emulator.connection().subscription_id
    );
    let group = json!({ "location": emulator.connection().region, "tags": { "owner": "somebody" } });
    emulator.put_resource(&id, group).await.unwrap();
    let made = made_in(emulator, &[("AZURE_RESOURCE_GROUP_ADOPT", "use")]).await;
    assert!(!made.types().contains("resourceGroups"));
    let group = made.emulator.resource(&id).await.unwrap();
    assert_eq!(group["tags"], json!({ "owner": "somebody" }));
    assert_eq!(made.cluster().await["tags"]["kompox-cluster"], "ws1/prv1/c1");
}

#[tokio::test]
async fn every_preset_can_be_provisioned() {
    for preset in ["CostOptimised", "Standard", "HighSpec"] {
        let made = made(&[("AZURE_AKS_PRESET", preset)]).await;
        let cluster = made.cluster().await;
        assert_eq!(
            cluster["properties"]["provisioningState"], "Succeeded",
            "{preset}"
        );
        let pool = made.one("/agentPools/user").await;
        assert_eq!(pool["properties"]["mode"], "User", "{preset}");
        let tier = if preset == "CostOptimised" {
            "Free"
        } else {
            "Standard"
        };
        assert_eq!(cluster["sku"]["tier"], tier);
    }
}

#[tokio::test]
async fn zones_make_a_pool_each_and_spot_machines_are_asked_for_by_name() {
    let made = made(&[
        ("AZURE_AKS_USER_VM_ZONES", "1,2,3"),
        ("AZURE_AKS_USER_VM_PRIORITY", "Spot"),
    ])
    .await;
    for zone in ["1", "2", "3"] {
        let pool = made.one(&format!("/agentPools/user{zone}")).await;
        assert_eq!(pool["properties"]["availabilityZones"], json!([zone]));
        assert_eq!(pool["properties"]["scaleSetPriority"], "Spot");
    }
}

#[tokio::test]
async fn proxies_reach_the_cluster_but_their_passwords_are_not_in_the_stack() {
    let made = made(&[
        ("AZURE_AKS_HTTPS_PROXY", "http://me:hunter2@proxy:3128"),
        ("AZURE_AKS_NO_PROXY", "localhost,.example.com"),
    ])
    .await;
    let proxy = &made.cluster().await["properties"]["httpProxyConfig"];
    assert_eq!(proxy["httpsProxy"], "http://me:hunter2@proxy:3128");
    assert_eq!(proxy["noProxy"], json!(["localhost", ".example.com"]));
    assert!(!made.stack.to_string().contains("hunter2"));
}

/// The properties of a cluster without the ETags of its pools, which every write renews.
fn without_etags(mut cluster: Value) -> Value {
    for pool in cluster["properties"]["agentPoolProfiles"].as_array_mut().unwrap() {
        pool.as_object_mut().unwrap().remove("eTag");
    }
    cluster["properties"].take()
}

#[tokio::test]
async fn putting_it_again_by_force_changes_no_resource_and_makes_none() {
    let made = made(&[]).await;
    let before = made.types();
    let cluster = made.cluster().await;
    let force = ProvisionRequest {
        force: true,
        ..ProvisionRequest::default()
    };
    made.driver
        .clusters()
        .unwrap()
        .provision(&made.cx, &made.scope, &force, Mode::Apply)
        .await
        .unwrap();
    let again = made.cluster().await;
    assert_eq!(without_etags(cluster), without_etags(again));
    let id = made.stack["id"].as_str().unwrap();
    let stack = made.emulator.resource(id).await.unwrap();
    assert_eq!(Made { stack, ..made }.types(), before);
}

#[tokio::test]
async fn an_id_in_another_case_is_no_difference() {
    const SUBNET: &str = "AZURE_AKS_VNET_SUBNET_ID";
    let made = made(&[(SUBNET, "~/Microsoft.Network/virtualNetworks/v/subnets/aks")]).await;
    let upper = format!(
        "/subscriptions/{}/RESOURCEGROUPS/NET/PROVIDERS/microsoft.network/VIRTUALNETWORKS/V/SUBNETS/AKS",
        made.emulator.connection().subscription_id
    );
    let mut app = app("app1", "rg-app");
    app.cluster = cluster(app.clone(), &[(SUBNET, &upper)]);
    let other = driver(&made.emulator, &app, &[]).unwrap();
    let scope = app.cluster.clone();
    for force in [false, true] {
        let request = ProvisionRequest {
            force,
            ..ProvisionRequest::default()
        };
        let plan = other
            .clusters()
            .unwrap()
            .provision(&made.cx, &scope, &request, Mode::Plan)
            .await
            .unwrap();
        assert!(
            !plan.inputs.iter().any(|input| input.name == "subnetId"),
            "{plan:?}"
        );
        assert!(force || plan.changes.is_empty(), "{plan:?}");
        other
            .clusters()
            .unwrap()
            .provision(&made.cx, &scope, &request, Mode::Apply)
            .await
            .unwrap();
    }
}
