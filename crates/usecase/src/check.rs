//! What is wrong with a configuration: as far as can be told without a cloud, and as far as the cloud tells.

use std::sync::Arc;

use futures::future::FutureExt as _;
use kompox_domain::cluster::Check;
use kompox_domain::driver::Finding;
use kompox_domain::model::AnyId;
use kompox_domain::{
    Catalog, Cluster, Context, DriverRegistry, Operation, ProviderDriver, Result, SecretReader,
};

use crate::ability;
use crate::cluster::{ClusterOutcome, each};

/// Everything that the drivers find wrong with the settings, provider by provider.
///
/// No request is sent and no secret is read. A provider whose driver is not known is a finding too, and does not
/// keep the others from being checked.
#[must_use]
pub fn offline(catalog: &Catalog, registry: &DriverRegistry) -> Vec<Finding> {
    let mut findings = Vec::new();
    for provider in catalog.providers() {
        match registry.get(&provider.driver) {
            Ok(factory) => {
                if let Some(scope) = catalog.provider_scope(&provider.id) {
                    findings.extend(factory.check(&scope));
                }
            }
            Err(error) => findings.push(Finding {
                subject: AnyId::Provider(provider.id.clone()),
                message: error.to_string(),
                hints: error.hints().to_vec(),
            }),
        }
    }
    findings
}

/// What would keep each cluster from being provisioned, as the cloud tells, in the order of the configuration.
///
/// Nothing is written. At most [`CONCURRENT`](crate::cluster::CONCURRENT) clusters are checked at the same time,
/// and none keeps the others from being checked.
pub async fn online(
    cx: &Context,
    catalog: &Catalog,
    registry: &DriverRegistry,
    secrets: &dyn SecretReader,
) -> Vec<ClusterOutcome<Vec<Check>>> {
    let ask = |driver: Arc<dyn ProviderDriver>, cluster: Cluster| {
        async move { one(&*driver, cx, &cluster).await }.boxed()
    };
    each::each(catalog, registry, secrets, ask).await
}

async fn one(driver: &dyn ProviderDriver, cx: &Context, cluster: &Cluster) -> Result<Vec<Check>> {
    let driver = ability::clusters(driver, Operation::ClusterCheck)?;
    driver
        .check(cx, cluster)
        .await
        .map_err(|error| error.context(format!("cannot check cluster {}", cluster.id)))
}
