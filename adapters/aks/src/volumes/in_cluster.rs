//! An app's volumes in its cluster: what mounts them, and what names their disks.

use std::time::{Duration, Instant};

use kompox_arm::{ArmError, ArmRequest, ResourceId};
use kompox_domain::cluster::Plan;
use kompox_domain::progress::WarningKind;
use kompox_domain::{DiskName, Error, ErrorKind, Result, SettingValue, VolumeMount, tags};
use kompox_kube::{DiskReference, KubeClient, Resolver};

use super::AppVolumes;
use crate::api::{Kind, MANAGED_CLUSTERS};
use crate::cluster::kubeconfig::{self, require_running};
use crate::cluster::locate;
use crate::cluster::managed::ManagedCluster;
use crate::cluster::stack;
use crate::settings::cluster_group;

/// How long a disk that is to be deleted waits for what its cluster says. A private API server outside of our network
/// drops every packet, and the disk can be deleted without its word.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a cluster says of a disk.
#[derive(Debug)]
pub(super) enum Answer {
    /// There is none to ask.
    NoCluster,
    /// These persistent volumes name it.
    Named(Vec<DiskReference>),
    /// It cannot be asked; why.
    Unknown(String),
}

impl AppVolumes<'_> {
    /// The app's cluster, if there is one. One step of waiting.
    ///
    /// # Errors
    /// Those of reading it.
    pub(super) async fn app_cluster(&self) -> Result<Option<ManagedCluster>> {
        let scope = self.app.cluster_scope();
        if scope.cluster.existing {
            let Some(SettingValue::Plain(id)) = scope.cluster.settings.get("AZURE_AKS_RESOURCE_ID") else {
                return Ok(None);
            };
            let id: ResourceId = id.parse().map_err(|error| {
                Error::new(
                    ErrorKind::InvalidInput,
                    "setting AZURE_AKS_RESOURCE_ID is not usable",
                )
                .with_source(error)
            })?;
            return Ok(locate::read(self.arm, self.cx, &id.to_string()).await?);
        }
        // Without a group of its own a cluster cannot be there yet.
        let Ok(group) = cluster_group(&scope, self.settings.prefix.as_deref()) else {
            return Ok(None);
        };
        let path = format!(
            "/subscriptions/{}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters",
            self.settings.subscription
        );
        let mut clusters: Vec<ManagedCluster> = Vec::new();
        let request = ArmRequest::get(self.arm.url(&path, MANAGED_CLUSTERS)?);
        let read: Result<(), ArmError> = self
            .arm
            .list(self.cx, request, |element| {
                clusters.extend(serde_json::from_str(element.get()).ok());
            })
            .await;
        match read {
            Err(error) if !error.is_not_found() && !is_unregistered(&error) => Err(error.into()),
            _ => Ok(ours(clusters, &scope.path())),
        }
    }

    /// Makes the cluster mount disks.
    pub(crate) async fn apply(&self, resolver: &dyn Resolver, mounts: &[VolumeMount]) -> Result<Plan> {
        let Some(cluster) = self.app_cluster().await? else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("cluster {} is not there yet", self.app.cluster.id),
            )
            .with_hint("run `kompoxops cluster provision`"));
        };
        require_running(&cluster)?;
        let client = self.client(resolver, &cluster).await?;
        let changes = client.apply_mounts(self.cx, mounts).await?;
        Ok(Plan {
            changes,
            inputs: vec![],
        })
    }

    async fn client(&self, resolver: &dyn Resolver, cluster: &ManagedCluster) -> Result<KubeClient> {
        kubeconfig::client(self.arm, self.cx, resolver, cluster).await
    }

    /// Which persistent volumes of the app's cluster name a disk. Never fails, and gives up early.
    pub(super) async fn ask_cluster(&self, resolver: &dyn Resolver, resource: &str) -> Answer {
        let left = self
            .cx
            .deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let patience = left.map_or(PATIENCE, |left| PATIENCE.min(left / 2));
        match tokio::time::timeout(patience, self.asked(resolver, resource)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::Unknown(error.to_string()),
            Err(_) => Answer::Unknown("it did not answer in time".to_owned()),
        }
    }

    async fn asked(&self, resolver: &dyn Resolver, resource: &str) -> Result<Answer> {
        let Some(cluster) = self.app_cluster().await? else {
            return Ok(Answer::NoCluster);
        };
        require_running(&cluster)?;
        let client = self.client(resolver, &cluster).await?;
        let handle = self.group.item_path(Kind::Disks, resource);
        Ok(Answer::Named(client.references(self.cx, &handle).await?))
    }

    /// Refuses a disk that the cluster names. Where it could not be asked, that is told.
    ///
    /// # Errors
    /// `Precondition`.
    pub(super) fn require_unnamed(&self, disk: &DiskName, answer: Answer) -> Result<()> {
        let cluster = &self.app.cluster.id.cluster;
        let references = match answer {
            Answer::NoCluster => return Ok(()),
            Answer::Unknown(why) => {
                self.cx.warn(
                    WarningKind::Unchecked,
                    format!(
                        "it was not checked whether cluster {cluster} still has a volume for disk {disk}: {why}"
                    ),
                );
                return Ok(());
            }
            Answer::Named(references) => references,
        };
        let Some(first) = references.first() else {
            return Ok(());
        };
        let told: Vec<String> = references.iter().map(title).collect();
        let delete_claim = first
            .claim
            .as_ref()
            .map_or_else(String::new, |(namespace, name)| {
                format!("kubectl delete pvc -n {namespace} {name} --ignore-not-found && ")
            });
        Err(Error::new(
            ErrorKind::Precondition,
            format!("cluster {cluster} still has a volume for disk {disk}: {}", told.join(", ")),
        )
        .with_hint(format!(
            "delete it there first, once nothing uses it: {delete_claim}kubectl delete pv {}; --force does not lift this",
            first.volume
        )))
    }
}

/// `PersistentVolume v, for claim n/c`.
fn title(reference: &DiskReference) -> String {
    let volume = format!("PersistentVolume {}", reference.volume);
    match &reference.claim {
        Some((namespace, name)) => format!("{volume} (of claim {namespace}/{name})"),
        None => volume,
    }
}

/// Where nobody has ever made a cluster.
fn is_unregistered(error: &ArmError) -> bool {
    error.code() == Some("MissingSubscriptionRegistration")
}

/// Ours, among the clusters of a group.
fn ours(clusters: Vec<ManagedCluster>, path: &str) -> Option<ManagedCluster> {
    clusters
        .into_iter()
        .find(|cluster| stack::tag(&cluster.tags, tags::CLUSTER) == Some(path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn somebody_elses_cluster_in_the_group_is_not_the_apps() {
        let cluster = |tags: serde_json::Value| -> ManagedCluster {
            serde_json::from_value(json!({"tags": tags, "properties": {}})).unwrap()
        };
        let theirs = || cluster(json!({"kompox-cluster": "w/p/other"}));
        assert!(ours(vec![cluster(json!({})), theirs()], "w/p/c").is_none());
        let found = ours(
            vec![theirs(), cluster(json!({"KOMPOX-cluster": "w/p/c"}))],
            "w/p/c",
        );
        assert!(found.is_some());
    }
}
