//! One cluster that is provisioned: what every operation on it starts from.

use kompox_domain::Cluster;

use super::stack::StackRef;
use crate::session::Session;
use crate::settings::cluster::ProvisionedSettings;

/// One cluster that is provisioned: what every operation on it starts from.
pub(crate) struct ProvisionedCluster<'a> {
    pub(crate) session: Session<'a>,
    pub(crate) scope: &'a Cluster,
    pub(crate) settings: &'a ProvisionedSettings,
    pub(crate) stack: StackRef,
}

impl<'a> ProvisionedCluster<'a> {
    pub(crate) fn new(session: Session<'a>, scope: &'a Cluster, settings: &'a ProvisionedSettings) -> Self {
        Self {
            session,
            scope,
            settings,
            stack: StackRef::of(&session.provider.subscription, scope),
        }
    }

    /// The group's id.
    pub(crate) fn group_path(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            self.session.provider.subscription, self.settings.group
        )
    }
}
