//! Finding the managed cluster, whether ours or one that exists.

use kompox_arm::{ArmClient, ArmError, ArmRequest, ResourceId};
use kompox_domain::{Context, Result};

use super::managed::ManagedCluster;
use super::{ClusterWork, domain};
use crate::api::MANAGED_CLUSTERS;

/// Where a managed cluster is to be found.
pub(crate) enum Place<'a> {
    /// In a stack of ours, or by its tags in the stack's group.
    Own(ClusterWork<'a>),
    /// Where the configuration says.
    Existing(&'a ResourceId),
}

/// The managed cluster; none where there is none. One step of waiting.
///
/// # Errors
/// Whatever keeps it from being looked for: that is never the same as absent.
pub(crate) async fn locate(
    arm: &ArmClient,
    cx: &Context,
    place: &Place<'_>,
) -> Result<Option<ManagedCluster>> {
    match place {
        Place::Own(work) => Ok(work.see().await?.cluster),
        Place::Existing(id) => read(arm, cx, &id.to_string()).await.map_err(domain),
    }
}

/// The managed cluster with this id.
pub(crate) async fn read(
    arm: &ArmClient,
    cx: &Context,
    id: &str,
) -> Result<Option<ManagedCluster>, ArmError> {
    let request = ArmRequest::get(arm.url(id, MANAGED_CLUSTERS)?);
    match arm.send(cx, &request).await {
        Ok(response) => response.resource().map(Some),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
