//! The way into a cluster.

#[cfg(doc)]
use kompox_domain::ClusterDriver;
use kompox_domain::driver::KubeconfigRequest;
use kompox_domain::{Cluster, Context, Operation, ProviderDriver, Result, Secret};

use crate::ability;

/// A kubeconfig for the cluster: the text of a file with one context.
///
/// # Errors
/// `Unsupported`; those of
/// [`ClusterDriver::kubeconfig`].
pub async fn kubeconfig(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &KubeconfigRequest,
) -> Result<Secret> {
    let driver = ability::clusters(driver, Operation::ClusterKubeconfig)?;
    driver
        .kubeconfig(cx, cluster, request)
        .await
        .map_err(|error| error.context(format!("cannot get a kubeconfig of cluster {}", cluster.id)))
}
