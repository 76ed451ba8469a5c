//! An app's volumes in its cluster: what mounts them, and what names their disks.

use std::time::{Duration, Instant};

use kompox_domain::cluster::Plan;
use kompox_domain::progress::WarningKind;
use kompox_domain::{DiskName, Error, ErrorKind, Hint, Result, VolumeMount, naming};
use kompox_kube::{DiskReference, KubeClient};

use super::AppVolumes;
use crate::api::Kind;
use crate::kubeconfig::{self, require_running};
use crate::observe::locate::{ClusterRef, locate};
use crate::observe::managed_cluster::ManagedCluster;

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
    /// Whatever keeps it from being looked for: that is never the same as absent.
    pub(super) async fn app_cluster(&self) -> Result<Option<ManagedCluster>> {
        let place = ClusterRef::of(self.session.provider, &self.app.cluster)?;
        locate(self.session, &place).await
    }

    /// Makes the cluster mount disks.
    pub(crate) async fn apply(&self, mounts: &[VolumeMount]) -> Result<Plan> {
        let scope = &self.app.cluster;
        let place = ClusterRef::of(self.session.provider, scope)?;
        let Some(cluster) = locate(self.session, &place).await? else {
            return Err(kubeconfig::missing(scope, &place));
        };
        require_running(&cluster)?;
        let client = self.client(&cluster).await?;
        let changes = client.apply_mounts(self.session.cx, mounts).await?;
        Ok(Plan {
            changes,
            inputs: vec![],
        })
    }

    async fn client(&self, cluster: &ManagedCluster) -> Result<KubeClient> {
        kubeconfig::client(self.session, cluster).await
    }

    /// Which persistent volumes of the app's cluster name a disk. Never fails, and gives up early.
    pub(super) async fn ask_cluster(&self, resource: &str) -> Answer {
        let left = self
            .session
            .cx
            .deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let patience = left.map_or(PATIENCE, |left| PATIENCE.min(left / 2));
        match tokio::time::timeout(patience, self.asked(resource)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::Unknown(error.to_string()),
            Err(_) => Answer::Unknown("it did not answer in time".to_owned()),
        }
    }

    async fn asked(&self, resource: &str) -> Result<Answer> {
        let Some(cluster) = self.app_cluster().await? else {
            return Ok(Answer::NoCluster);
        };
        require_running(&cluster)?;
        let client = self.client(&cluster).await?;
        let handle = self.group.item_path(Kind::Disks, resource);
        Ok(Answer::Named(client.references(self.session.cx, &handle).await?))
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
                self.session.cx.warn(
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
        // By the context that a merge makes, so that no other cluster is asked by mistake.
        let scope = &self.app.cluster;
        let context = naming::kubeconfig_name(&scope.id.cluster, &scope.hash());
        let kubectl = format!("kubectl --context {context}");
        let delete_claim = first
            .claim
            .as_ref()
            .map_or_else(String::new, |(namespace, name)| {
                format!("{kubectl} delete pvc -n {namespace} {name} --ignore-not-found && ")
            });
        Err(Error::new(
            ErrorKind::Precondition,
            format!(
                "cluster {cluster} still has a volume for disk {disk}: {}",
                told.join(", ")
            ),
        )
        .with_hints([
            if is_plain(first) {
                Hint::foreign(
                    WAY_OUT,
                    format!("{delete_claim}{kubectl} delete pv {}", first.volume),
                )
            } else {
                Hint::text(WAY_OUT)
            },
            Hint::text("force does not lift this"),
        ]))
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

/// What is to be done about a volume that names a disk.
const WAY_OUT: &str = "delete it there first, once nothing uses it";

/// Whether the names are what Kubernetes allows: only those stand in a command line that is to be copied.
fn is_plain(reference: &DiskReference) -> bool {
    let claim = reference
        .claim
        .iter()
        .flat_map(|(namespace, name)| [namespace, name]);
    claim.chain([&reference.volume]).all(|name| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
    })
}
