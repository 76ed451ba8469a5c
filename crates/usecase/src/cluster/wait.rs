//! Waiting for what is under way.

use kompox_domain::cluster::ClusterStatus;
use kompox_domain::{ClusterScope, Context, ErrorKind, Operation, ProviderDriver, Result};

use crate::support;

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
/// `Unsupported`; those of [`ProviderDriver::cluster_wait`] and [`ProviderDriver::cluster_status`].
pub async fn wait(driver: &dyn ProviderDriver, cx: &Context, cluster: &ClusterScope) -> Result<Waited> {
    support::require(driver, &[Operation::ClusterWait, Operation::ClusterStatus])?;
    let what = driver.cluster_wait(cx, cluster).await.map_err(|error| {
        let id = &cluster.cluster.id;
        let what = match error.kind() {
            ErrorKind::Failed => format!("what was under way with cluster {id} has failed"),
            _ => format!("cannot wait for what is under way with cluster {id}"),
        };
        error.context(what)
    })?;
    let status = super::status(driver, cx, cluster).await?;
    Ok(Waited { what, status })
}
