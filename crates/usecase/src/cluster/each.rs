//! Asking about every cluster of the configuration.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, StreamExt as _};
use kompox_domain::model::{ClusterId, ProviderId};
use kompox_domain::{
    Catalog, ClusterScope, DriverRegistry, Error, ErrorKind, ProviderDriver, Result, SecretReader,
};

use super::CONCURRENT;
use crate::driver;

/// What became of asking about one cluster.
#[derive(Debug)]
pub struct ClusterOutcome<T> {
    /// The cluster.
    pub cluster: ClusterId,
    /// Whether somebody else made it, as the configuration says.
    pub existing: bool,
    /// The answer, or why there is none.
    pub result: Result<T>,
}

/// Asks about every cluster, some at the same time, and answers in the order of the configuration.
///
/// The driver of a provider is made once for all its clusters. What goes wrong with one cluster, or with the
/// driver of one provider, does not keep the others from being asked about.
pub(crate) async fn each<'a, T: Send + 'a>(
    catalog: &'a Catalog,
    registry: &DriverRegistry,
    secrets: &dyn SecretReader,
    ask: impl Fn(Arc<dyn ProviderDriver>, ClusterScope) -> BoxFuture<'a, Result<T>>,
) -> Vec<ClusterOutcome<T>> {
    let mut drivers: HashMap<&ProviderId, Arc<dyn ProviderDriver>> = HashMap::new();
    let mut asked: Vec<BoxFuture<'a, ClusterOutcome<T>>> = Vec::new();
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
        let answer = match (driver, scope) {
            (Ok(driver), Ok(scope)) => ask(driver, scope),
            (Err(error), _) | (_, Err(error)) => std::future::ready(Err(error)).boxed(),
        };
        let outcome = |result| ClusterOutcome {
            cluster: cluster.id.clone(),
            existing: cluster.existing,
            result,
        };
        asked.push(answer.map(outcome).boxed());
    }
    stream::iter(asked).buffered(CONCURRENT).collect().await
}
