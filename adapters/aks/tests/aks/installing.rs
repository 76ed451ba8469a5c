//! A provisioned cluster with what installing needs around it, and short ways to install.

use std::time::{Duration, Instant};

use kompox_azure_emulator::Options;
use kompox_domain::cluster::Plan;
use kompox_domain::driver::{InstallRequest, UninstallRequest};
use kompox_domain::model::{Certificate, Cluster};
use kompox_domain::{App, Mode, Result};
use serde_json::{Value, json};

use crate::clusters::{GROUP, Operator, World};
use crate::support::{app, settings};

/// What is around the cluster.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) cluster: Cluster,
    pub(crate) apps: Vec<App>,
    /// Ids of subscriptions beside the cluster's.
    others: Vec<String>,
}

impl Site {
    /// A provisioned cluster on which nothing is installed, with a public and a private zone and two registries.
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let world = World::with(options).await;
        let site = Self::around(world).await;
        site.operator().provision().await.unwrap();
        site.world.emulator.clear_requests();
        site
    }

    async fn around(world: World) -> Self {
        let app = app("app1", "rg-app");
        let mut site = Self {
            world,
            cluster: app.cluster,
            apps: vec![app.app],
            others: vec![],
        };
        site.put("", json!({"location": "japaneast"})).await;
        site.put(&network("dnsZones", "example.com"), json!({"location": "global"}))
            .await;
        site.put(
            &network("privateDnsZones", "internal.example"),
            json!({"location": "global"}),
        )
        .await;
        for (name, mode) in [
            ("legacy", "LegacyRegistryPermissions"),
            ("abac", "AbacRepositoryPermissions"),
        ] {
            site.put(
                &registry(name),
                json!({"location": "japaneast", "sku": {"name": "Standard"}, "properties": {"roleAssignmentMode": mode}}),
            )
            .await;
        }
        let ids = |names: &[String]| {
            names
                .iter()
                .map(|name| site.id(name))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let zones = ids(&[
            network("dnsZones", "example.com"),
            network("privateDnsZones", "internal.example"),
        ]);
        let registries = ids(&[registry("legacy"), registry("abac")]);
        site.set(&[
            ("AZURE_RESOURCE_GROUP_NAME", GROUP),
            ("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", &zones),
            ("AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS", &registries),
        ]);
        site
    }

    /// The cluster's settings from now on.
    pub(crate) fn set(&mut self, pairs: &[(&str, &str)]) {
        self.cluster.settings = settings(pairs.iter().copied());
    }

    /// Stores a resource of the group of what is shared.
    pub(crate) async fn put(&self, rest: &str, resource: Value) {
        self.world
            .emulator
            .put_resource(&self.id(rest), resource)
            .await
            .unwrap();
    }

    /// Another subscription from now on: its id.
    pub(crate) async fn add_subscription(&mut self) -> String {
        let id = self.world.emulator.add_subscription("another").await.unwrap();
        self.others.push(format!("/subscriptions/{id}"));
        format!("/subscriptions/{id}")
    }

    /// A key vault of the group of what is shared, in which roles decide or not.
    pub(crate) async fn put_vault(&self, name: &str, by_roles: bool) {
        self.put_vault_at(&self.id(&vault_of(name)), name, by_roles).await;
    }

    /// A key vault with this id.
    pub(crate) async fn put_vault_at(&self, id: &str, name: &str, by_roles: bool) {
        let properties = json!({
            "tenantId": self.world.emulator.connection().tenant_id, "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [], "enableRbacAuthorization": by_roles, "vaultUri": format!("https://{name}.vault.azure.net/"),
        });
        let vault = json!({"location": "japaneast", "properties": properties});
        self.world.emulator.put_resource(id, vault).await.unwrap();
    }

    /// The certificates of the ingress from now on: what they are called, and where they are.
    pub(crate) fn certificates(&mut self, certificates: &[(&str, &str)]) {
        self.cluster.ingress.certificates = certificates
            .iter()
            .map(|(name, source)| Certificate {
                name: (*name).to_owned(),
                source: (*source).to_owned(),
            })
            .collect();
    }

    /// The id of something in the group of what is shared.
    pub(crate) fn id(&self, rest: &str) -> String {
        format!("{}/resourceGroups/rg-shared{rest}", self.world.subscription())
    }

    pub(crate) fn operator(&self) -> Operator {
        let mut operator = self
            .world
            .operator_for(self.cluster.clone(), self.apps.clone(), vec![]);
        // Whatever is waited for in vain ends the test instead of holding it up.
        operator.cx = operator
            .cx
            .with_deadline(Instant::now() + Duration::from_secs(120));
        operator
    }

    /// Installs as a new process would.
    pub(crate) async fn install(&self) -> Result<Plan> {
        install(&self.operator(), InstallRequest::default()).await
    }

    pub(crate) async fn uninstall(&self) -> Result<Plan> {
        uninstall(&self.operator(), UninstallRequest::default()).await
    }

    /// An object of the ingress's namespace, or a namespace; none where there is no such object.
    pub(crate) async fn object(&self, resource: &str, name: &str) -> Option<Value> {
        let id = self.world.cluster_id().await;
        let namespace = (resource != "namespaces").then_some("traefik");
        let found = self
            .world
            .emulator
            .kubernetes_object(&id, resource, namespace, name);
        found.await.unwrap()
    }

    /// The role assignments outside the stack that are described as this cluster's: scope, role, principal.
    pub(crate) async fn rights(&self) -> Vec<(String, String, String)> {
        let mut everything = self.world.emulator.resources(&self.world.subscription()).await;
        for other in &self.others {
            everything.extend(self.world.emulator.resources(other).await);
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let stack = self.world.stack().await;
        let managed: Vec<String> = stack["properties"]["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|resource| text(&resource["id"]).to_lowercase())
            .collect();
        let mut rights: Vec<_> = everything
            .iter()
            .filter(|resource| {
                resource["properties"]["description"] == "kompox:ws1/prv1/c1"
                    && !managed.contains(&text(&resource["id"]).to_lowercase())
            })
            .map(|resource| {
                let properties = &resource["properties"];
                assert_eq!(properties["principalType"], "ServicePrincipal");
                let role = text(&properties["roleDefinitionId"]);
                (
                    text(&properties["scope"]),
                    role.rsplit('/').next().unwrap_or_default().to_owned(),
                    text(&properties["principalId"]),
                )
            })
            .collect();
        rights.sort();
        rights
    }

    /// An output of the cluster's stack.
    pub(crate) async fn output(&self, name: &str) -> String {
        let stack = self.world.stack().await;
        let outputs = stack["properties"]["outputs"].as_object().unwrap();
        let found = outputs
            .iter()
            .find(|(output, _)| output.eq_ignore_ascii_case(name));
        let (_, output) = found.unwrap_or_else(|| panic!("the stack has no output {name}"));
        output["value"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn install(operator: &Operator, request: InstallRequest) -> Result<Plan> {
    operator
        .driver
        .ingress()
        .unwrap()
        .install(&operator.cx, &operator.scope, &request, Mode::Apply)
        .await
}

pub(crate) async fn uninstall(operator: &Operator, request: UninstallRequest) -> Result<Plan> {
    operator
        .driver
        .ingress()
        .unwrap()
        .uninstall(&operator.cx, &operator.scope, &request, Mode::Apply)
        .await
}

/// What installing would do.
pub(crate) async fn plan_install(operator: &Operator) -> Result<Plan> {
    let request = InstallRequest::default();
    let ingress = operator.driver.ingress().unwrap();
    ingress
        .install(&operator.cx, &operator.scope, &request, Mode::Plan)
        .await
}

/// What uninstalling would do.
pub(crate) async fn plan_uninstall(operator: &Operator) -> Result<Plan> {
    let request = UninstallRequest::default();
    let ingress = operator.driver.ingress().unwrap();
    ingress
        .uninstall(&operator.cx, &operator.scope, &request, Mode::Plan)
        .await
}

pub(crate) fn network(kind: &str, name: &str) -> String {
    format!("/providers/Microsoft.Network/{kind}/{name}")
}

pub(crate) fn registry(name: &str) -> String {
    format!("/providers/Microsoft.ContainerRegistry/registries/{name}")
}

pub(crate) fn vault_of(name: &str) -> String {
    format!("/providers/Microsoft.KeyVault/vaults/{name}")
}
