//! What there is of a cluster, read at the same time.

use std::collections::BTreeMap;

use kompox_arm::{ArmError, ArmRequest};
use kompox_domain::Result;
use serde::Deserialize;

use super::managed_cluster::ManagedCluster;
use super::stack::Stack;
use super::windows::MaintenanceConfiguration;
use super::{ProvisionedCluster, locate};
use crate::advice::to_domain;
use crate::api::GROUPS;
use crate::lenient::text_map;

/// What there is of a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObservedCluster {
    pub(crate) stack: Option<Stack>,
    pub(crate) group: Option<ObservedGroup>,
    /// The managed cluster of the stack; not another one in the same group.
    pub(crate) cluster: Option<ManagedCluster>,
    /// When AKS may upgrade it; nothing where the settings do not say when.
    pub(crate) windows: Vec<MaintenanceConfiguration>,
}

/// A resource group.
#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct ObservedGroup {
    #[serde(default)]
    pub(crate) location: String,
    #[serde(default, deserialize_with = "text_map")]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default)]
    properties: GroupProperties,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct GroupProperties {
    #[serde(default)]
    provisioning_state: Option<String>,
}

impl ObservedGroup {
    /// Whether it is on its way out.
    pub(crate) fn is_deleting(&self) -> bool {
        let state = self.properties.provisioning_state.as_deref();
        state.is_some_and(|state| state.eq_ignore_ascii_case("Deleting"))
    }
}

impl ProvisionedCluster<'_> {
    /// Stack, resource group and managed cluster: none depends on another, so it is one step of waiting.
    ///
    /// # Errors
    /// Whatever keeps one of them from being read: that is never the same as absent.
    pub(crate) async fn observe(&self) -> Result<ObservedCluster> {
        let (stack, group, clusters, windows) = futures::try_join!(
            self.stack.get(self.session),
            self.group(),
            self.clusters(),
            self.windows()
        )
        .map_err(to_domain)?;
        let cluster = self.our_cluster(clusters, stack.as_ref()).map_err(to_domain)?;
        Ok(ObservedCluster {
            stack,
            group,
            cluster,
            windows,
        })
    }

    pub(crate) async fn group(&self) -> Result<Option<ObservedGroup>, ArmError> {
        let url = self.session.arm.url(&self.group_path(), GROUPS)?;
        match self
            .session
            .arm
            .send(self.session.cx, &ArmRequest::get(url))
            .await
        {
            Ok(response) => response.resource().map(Some),
            Err(error) if error.is_group_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All managed clusters in the group, with their pools.
    pub(crate) async fn clusters(&self) -> Result<Vec<ManagedCluster>, ArmError> {
        locate::clusters(self.session, &self.group_path()).await
    }

    /// Ours, among the clusters of the group.
    ///
    /// # Errors
    /// [`ArmError::Protocol`] for one that cannot be read: it is not one that is gone.
    pub(crate) fn our_cluster(
        &self,
        clusters: Vec<ManagedCluster>,
        stack: Option<&Stack>,
    ) -> Result<Option<ManagedCluster>, ArmError> {
        locate::ours(self.session.arm, clusters, stack, &self.scope.path())
    }
}
