//! Tokens for the API server of a cluster.

#[cfg(doc)]
use kompox_domain::ClusterDriver;
use kompox_domain::cluster::AccessToken;
use kompox_domain::{Cluster, Context, Operation, ProviderDriver, Result};

use crate::ability;

/// A token of the user who is signed in to the cloud, for the API server of the cluster.
///
/// # Errors
/// `Unsupported`; those of [`ClusterDriver::token`].
pub async fn token(driver: &dyn ProviderDriver, cx: &Context, cluster: &Cluster) -> Result<AccessToken> {
    let driver = ability::clusters(driver, Operation::ClusterToken)?;
    driver
        .token(cx, cluster)
        .await
        .map_err(|error| error.context(format!("cannot get a token for cluster {}", cluster.id)))
}
