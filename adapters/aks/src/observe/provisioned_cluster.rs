//! One cluster that is provisioned: what every operation on it starts from.

use kompox_arm::{ArmClient, ArmOptions};
use kompox_domain::{Cluster, Context};

use super::stack::StackRef;
use crate::settings::ProviderSettings;
use crate::settings::cluster::OwnCluster;

/// One cluster that is provisioned: what every operation on it starts from.
pub(crate) struct ProvisionedCluster<'a> {
    pub(crate) arm: &'a ArmClient,
    pub(crate) cx: &'a Context,
    pub(crate) provider: &'a ProviderSettings,
    pub(crate) options: ArmOptions,
    pub(crate) scope: &'a Cluster,
    pub(crate) own: &'a OwnCluster,
    pub(crate) stack: StackRef,
}

impl<'a> ProvisionedCluster<'a> {
    pub(crate) fn new(
        arm: &'a ArmClient,
        cx: &'a Context,
        provider: &'a ProviderSettings,
        options: ArmOptions,
        scope: &'a Cluster,
        own: &'a OwnCluster,
    ) -> Self {
        Self {
            arm,
            cx,
            provider,
            options,
            scope,
            own,
            stack: StackRef::of(&provider.subscription, scope),
        }
    }

    /// The group's id.
    pub(crate) fn group_path(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            self.provider.subscription, self.own.group
        )
    }
}
