//! The way into a cluster.

use kompox_domain::cluster::{Credential, KubeconfigRequest};
use kompox_domain::{ClusterScope, Context, Operation, ProviderDriver, Result, Secret};

use crate::support;

/// A kubeconfig for the cluster: the text of a file with one context.
///
/// # Errors
/// `Unsupported`, also for the credential of a user for whom the driver gives out no tokens; those of
/// [`ProviderDriver::cluster_kubeconfig`].
pub async fn kubeconfig(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &ClusterScope,
    request: &KubeconfigRequest,
) -> Result<Secret> {
    support::require(driver, &[Operation::ClusterKubeconfig])?;
    if request.credential == Credential::User {
        support::require(driver, &[Operation::ClusterToken])?;
    }
    driver
        .cluster_kubeconfig(cx, cluster, request)
        .await
        .map_err(|error| {
            error.context(format!(
                "cannot get a kubeconfig of cluster {}",
                cluster.cluster.id
            ))
        })
}
