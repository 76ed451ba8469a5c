//! Installing and uninstalling the ingress.

use async_trait::async_trait;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::{InstallRequest, UninstallRequest};
use kompox_domain::{Mode, Result};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::building::{managed_cluster, provision};
use crate::crash_points::{Estate, Ground as _, Likeness, Operation, Operator, Vigil};

const SHARED: &str = "/resourceGroups/shared";
const ZONE: &str = "/resourceGroups/shared/providers/Microsoft.Network/dnsZones/example.com";
const REGISTRY: &str = "/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/shared";
/// What an ingress is made of, and what belongs to strangers.
const KINDS: [&str; 9] = [
    "namespaces",
    "serviceaccounts",
    "configmaps",
    "services",
    "deployments.apps",
    "poddisruptionbudgets.policy",
    "ingressclasses.networking.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
];

/// `cluster install` where nothing is there yet, or `cluster uninstall` of what that led to.
pub struct Installing {
    uninstalls: bool,
    /// What there is in the end of an undisturbed run.
    wanted: OnceCell<Likeness>,
}

impl Installing {
    /// `cluster install`.
    #[must_use]
    pub const fn install() -> Self {
        Self::new(false)
    }

    /// `cluster uninstall`.
    #[must_use]
    pub const fn uninstall() -> Self {
        Self::new(true)
    }

    const fn new(uninstalls: bool) -> Self {
        Self {
            uninstalls,
            wanted: OnceCell::const_new(),
        }
    }

    async fn plan(&self, estate: &Estate<'_>, operator: &Operator, mode: Mode) -> Result<Plan> {
        let Operator { driver, cx } = operator;
        if self.uninstalls {
            let request = UninstallRequest::default();
            driver
                .ingress()
                .expect("the driver has an ingress")
                .uninstall(cx, &estate.cluster, &request, mode)
                .await
        } else {
            let request = InstallRequest::default();
            driver
                .ingress()
                .expect("the driver has an ingress")
                .install(cx, &estate.cluster, &request, mode)
                .await
        }
    }
}

/// What of a Service's spec the cluster chooses by chance.
const CHOSEN: [&str; 3] = ["clusterIP", "clusterIPs", "healthCheckNodePort"];

/// Everything in Azure and in the cluster, without what tells of a run.
async fn likeness(estate: &Estate<'_>) -> Likeness {
    let mut all = estate.everything().await;
    let cluster = managed_cluster(estate).await;
    for kind in KINDS {
        let objects = estate
            .cloud
            .emulator
            .kubernetes_objects(&cluster, kind)
            .await
            .expect("the cluster is there");
        all.extend(objects.into_iter().map(|mut object| {
            let metadata = &object["metadata"];
            let id = format!("{kind}/{}/{}", metadata["namespace"], metadata["name"]);
            let kept = json!({"labels": metadata["labels"], "annotations": metadata["annotations"]});
            object["metadata"] = kept;
            object["status"] = Value::Null;
            object["id"] = id.into();
            if let Some(spec) = object["spec"].as_object_mut() {
                CHOSEN.iter().for_each(|field| drop(spec.remove(*field)));
            }
            for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
                port["nodePort"] = Value::Null;
            }
            object
        }));
    }
    Likeness::of(&all)
}

#[async_trait(?Send)]
impl Operation for Installing {
    type Ground<'c> = Estate<'c>;

    fn name(&self) -> String {
        if self.uninstalls {
            "cluster uninstall"
        } else {
            "cluster install"
        }
        .to_owned()
    }

    fn settings(&self, subscription: &str) -> Vec<(&'static str, String)> {
        let id = |rest: &str| format!("/subscriptions/{subscription}{rest}");
        vec![
            ("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", id(ZONE)),
            ("AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS", id(REGISTRY)),
        ]
    }

    async fn prepare(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        estate.put_strangers().await;
        let group = json!({"location": "japaneast", "properties": {"provisioningState": "Succeeded"}});
        estate.put(&estate.id(SHARED), group).await;
        estate.put(&estate.id(ZONE), json!({"location": "global"})).await;
        let registry = json!({"location": "japaneast", "sku": {"name": "Basic"}, "properties": {}});
        estate.put(&estate.id(REGISTRY), registry).await;
        provision(estate, operator).await?;
        let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "theirs", "namespace": "default"}, "data": {"a": "b"}});
        let cluster = managed_cluster(estate).await;
        let put = estate.cloud.emulator.put_kubernetes_object(&cluster, theirs);
        put.await.expect("the cluster is there");
        if self.uninstalls {
            Self::install().plan(estate, operator, Mode::Apply).await?;
        }
        Ok(())
    }

    async fn run(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        self.plan(estate, operator, Mode::Apply).await.map(drop)
    }

    async fn held(&self, estate: &Estate<'_>) -> String {
        let mut held = estate.held().await;
        let cluster = managed_cluster(estate).await;
        for kind in KINDS {
            let objects = estate.cloud.emulator.kubernetes_objects(&cluster, kind).await;
            for mut object in objects.expect("the cluster is there") {
                // What controllers write by themselves.
                object["status"] = Value::Null;
                held += &object.to_string();
            }
        }
        held
    }

    async fn watch<'c>(&self, estate: &Estate<'c>) -> Vigil {
        estate.watch(false).await
    }

    async fn read<'c>(
        &self,
        estate: &Estate<'c>,
        reader: &Operator,
        _: &Vigil,
    ) -> std::result::Result<(), String> {
        let foretold = self.plan(estate, reader, Mode::Plan).await;
        let plan = foretold.map_err(|error| format!("what is left to do cannot be told: {error:?}"))?;
        match plan.of(ChangeAction::Block).next() {
            Some(block) => Err(format!("its own leavings stand in the way: {block:?}")),
            None => Ok(()),
        }
    }

    async fn ended(&self, estate: &Estate<'_>, reader: &Operator) -> std::result::Result<(), String> {
        let found = likeness(estate).await;
        self.wanted
            .get_or_init(async || found.clone())
            .await
            .compare(&found)?;
        let Operator { driver, cx } = reader;
        let status = driver
            .clusters()
            .expect("the driver has clusters")
            .status(cx, &estate.cluster)
            .await;
        let status = status.map_err(|error| format!("there is no status: {error:?}"))?;
        if status.installed != Some(!self.uninstalls) {
            return Err(format!(
                "installed is {:?}: {:?}",
                status.installed, status.conditions
            ));
        }
        estate.cloud.emulator.clear_requests();
        let again = self.plan(estate, reader, Mode::Apply).await;
        let again = again.map_err(|error| format!("once more: {error:?}"))?;
        let requests = estate.cloud.emulator.requests();
        // Asking for a kubeconfig is a POST.
        let writes = requests
            .iter()
            .find(|request| !matches!(request.method.as_str(), "GET" | "POST"));
        match writes {
            Some(write) => Err(format!(
                "once more, and it writes: {} {}",
                write.method, write.path
            )),
            None if !again.changes.is_empty() => Err(format!("once more, and something is done: {again:?}")),
            None => Ok(()),
        }
    }
}
