//! Waiting for what is under way.

#[cfg(doc)]
use kompox_domain::ClusterDriver;
use kompox_domain::cluster::ClusterStatus;
use kompox_domain::{Cluster, Context, ErrorKind, Operation, ProviderDriver, Result};

use crate::ability;

/// What became of waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// What was waited for. None: nothing was under way.
    pub what: Option<String>,
    /// How the cluster stands now.
    pub status: ClusterStatus,
}

/// Waits for what is under way with the cluster, whoever began it, and tells how it stands then.
///
/// # Errors
/// `Unsupported`; those of [`ClusterDriver::wait`] and [`ClusterDriver::status`].
pub async fn wait(driver: &dyn ProviderDriver, cx: &Context, cluster: &Cluster) -> Result<Waited> {
    let clusters = ability::clusters(driver, Operation::ClusterWait)?;
    let what = clusters.wait(cx, cluster).await.map_err(|error| {
        let id = &cluster.id;
        let what = match error.kind() {
            ErrorKind::Failed => format!("what was under way with cluster {id} has failed"),
            _ => format!("cannot wait for what is under way with cluster {id}"),
        };
        error.context(what)
    })?;
    let status = super::status(driver, cx, cluster).await?;
    Ok(Waited { what, status })
}
