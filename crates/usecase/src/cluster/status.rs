//! What is known about one cluster, or about all of them.

use std::sync::Arc;

use futures::future::FutureExt as _;
#[cfg(doc)]
use kompox_domain::ClusterDriver;
use kompox_domain::cluster::ClusterStatus;
use kompox_domain::{
    Catalog, Cluster, Context, DriverRegistry, Operation, ProviderDriver, Result, SecretReader,
};

use super::{ClusterOutcome, each};
use crate::ability;

/// What is known about one cluster. That it is missing or cannot be reached is an answer.
///
/// # Errors
/// `Unsupported`; those of [`ClusterDriver::status`].
pub async fn status(driver: &dyn ProviderDriver, cx: &Context, cluster: &Cluster) -> Result<ClusterStatus> {
    let driver = ability::clusters(driver, Operation::ClusterStatus)?;
    driver
        .status(cx, cluster)
        .await
        .map_err(|error| error.context(format!("cannot tell how cluster {} stands", cluster.id)))
}

/// What is known about every cluster of the configuration, in its order.
///
/// At most [`CONCURRENT`](super::CONCURRENT) are asked about at the same time. What goes wrong with one cluster,
/// or with the driver of one provider, does not keep the others from being asked about.
pub async fn status_all(
    cx: &Context,
    catalog: &Catalog,
    registry: &DriverRegistry,
    secrets: &dyn SecretReader,
) -> Vec<ClusterOutcome<ClusterStatus>> {
    let ask = |driver: Arc<dyn ProviderDriver>, cluster: Cluster| {
        async move { status(&*driver, cx, &cluster).await }.boxed()
    };
    each::each(catalog, registry, secrets, ask).await
}
