//! What is known about one cluster, or about all of them.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, StreamExt as _};
use kompox_domain::cluster::ClusterStatus;
use kompox_domain::model::{ClusterId, ProviderId};
use kompox_domain::{
    Catalog, ClusterScope, Context, DriverRegistry, Error, ErrorKind, Operation, ProviderDriver, Result,
    SecretReader,
};

use crate::{driver, support};

/// How many clusters are asked about at the same time.
const CONCURRENT: usize = 8;

/// What is known about one cluster. That it is missing or cannot be reached is an answer.
///
/// # Errors
/// `Unsupported`; those of [`ProviderDriver::cluster_status`].
pub async fn status(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &ClusterScope,
) -> Result<ClusterStatus> {
    support::require(driver, &[Operation::ClusterStatus])?;
    driver
        .cluster_status(cx, cluster)
        .await
        .map_err(|error| error.context(format!("cannot tell how cluster {} stands", cluster.cluster.id)))
}

/// What became of asking about one cluster.
#[derive(Debug)]
pub struct ClusterOutcome {
    /// The cluster.
    pub cluster: ClusterId,
    /// What is known about it, or why nothing is.
    pub result: Result<ClusterStatus>,
}

/// What is known about every cluster of the configuration, in its order.
///
/// The driver of a provider is made once for all its clusters. What goes wrong with one cluster, or with the
/// driver of one provider, does not keep the others from being asked about.
pub async fn status_all(
    cx: &Context,
    catalog: &Catalog,
    registry: &DriverRegistry,
    secrets: &dyn SecretReader,
) -> Vec<ClusterOutcome> {
    let mut drivers: HashMap<&ProviderId, Arc<dyn ProviderDriver>> = HashMap::new();
    // Boxed, so that the whole can be sent to another thread: the compiler does not see it otherwise.
    let mut asked: Vec<BoxFuture<'_, ClusterOutcome>> = Vec::new();
    for cluster in catalog.clusters() {
        let provider = &cluster.id.provider;
        let driver = match drivers.get(provider) {
            Some(driver) => Ok(Arc::clone(driver)),
            // One that cannot be made is tried again for each of its clusters: each has its own error then.
            None => driver::build(catalog, registry, provider, secrets).inspect(|driver| {
                drivers.insert(provider, Arc::clone(driver));
            }),
        };
        let scope = catalog.cluster_scope(&cluster.id).ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                format!(
                    "{} is in the configuration and cannot be read from it",
                    cluster.id
                ),
            )
        });
        asked.push(
            async move {
                let result = match (driver, scope) {
                    (Ok(driver), Ok(scope)) => status(&*driver, cx, &scope).await,
                    (Err(error), _) | (_, Err(error)) => Err(error),
                };
                ClusterOutcome {
                    cluster: cluster.id.clone(),
                    result,
                }
            }
            .boxed(),
        );
    }
    stream::iter(asked).buffered(CONCURRENT).collect().await
}
