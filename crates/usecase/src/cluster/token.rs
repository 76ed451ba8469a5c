//! Tokens for the API server of a cluster.

use kompox_domain::cluster::AccessToken;
use kompox_domain::{ClusterScope, Context, Operation, ProviderDriver, Result};

use crate::support;

/// A token of the user who is signed in to the cloud, for the API server of the cluster.
///
/// # Errors
/// `Unsupported`; those of [`ProviderDriver::cluster_token`].
pub async fn token(driver: &dyn ProviderDriver, cx: &Context, cluster: &ClusterScope) -> Result<AccessToken> {
    support::require(driver, &[Operation::ClusterToken])?;
    driver
        .cluster_token(cx, cluster)
        .await
        .map_err(|error| error.context(format!("cannot get a token for cluster {}", cluster.cluster.id)))
}
