//! The channels by which AKS upgrades a cluster by itself, held against what the settings say.

use kompox_domain::{Error, ErrorKind, Result};

use crate::observe::ProvisionedCluster;
use crate::observe::managed_cluster::ManagedCluster;
use crate::settings::cluster::ProvisionedSettings;
use crate::settings::cluster::upgrades::NODE_IMAGE;
use crate::template::upgrade_channels::{NO_CHANNEL, brought_along, of_new, passes};

/// The channel that a cluster has, or that it gets.
pub(crate) fn effective<'a>(own: &'a ProvisionedSettings, cluster: Option<&'a ManagedCluster>) -> &'a str {
    match (own.upgrades.channel, cluster) {
        (Some(channel), _) => channel,
        (None, Some(cluster)) => cluster.upgrade_channel().unwrap_or(NO_CHANNEL),
        (None, None) => of_new(own),
    }
}

/// The channel of the nodes that a cluster has, or that it gets; none where it tells none.
pub(crate) fn effective_node_os<'a>(
    own: &'a ProvisionedSettings,
    cluster: Option<&'a ManagedCluster>,
) -> Option<&'a str> {
    own.upgrades
        .node_os_channel
        .or_else(|| brought_along(effective(own, cluster)))
        .or_else(|| match cluster {
            Some(cluster) => cluster.node_os_upgrade_channel(),
            None => Some(own.preset.node_os_upgrade_channel),
        })
}

impl ProvisionedCluster<'_> {
    /// Refuses a channel of the nodes beside which the cluster has one that takes no other. What the settings
    /// contradict themselves in is told where they are read.
    pub(crate) fn refuse_channels(&self, cluster: &ManagedCluster) -> Result<()> {
        let Some(node_os) = self.settings.upgrades.node_os_channel else {
            return Ok(());
        };
        match brought_along(effective(self.settings, Some(cluster))) {
            Some(only) if only != node_os => Err(Error::new(
                ErrorKind::Precondition,
                format!(
                    "cluster {} has the upgrade channel {NODE_IMAGE}, and with it AKS takes no node OS channel but {only}: \
                     not {node_os}",
                    self.scope.id.cluster
                ),
            )
            .with_hint(
                "set AZURE_AKS_UPGRADE_CHANNEL to another one too, or leave AZURE_AKS_NODE_OS_UPGRADE_CHANNEL out",
            )),
            _ => Ok(()),
        }
    }

    /// How a cluster came to run a newer version than the one that the settings name, and the way out.
    pub(crate) fn why_newer(&self, cluster: &ManagedCluster, wanted: &str) -> (String, String) {
        let keep =
            "set AZURE_AKS_KUBERNETES_VERSION to what runs or newer, or leave it out to keep what runs";
        match cluster.upgrade_channel() {
            Some(channel) if passes(channel, wanted) => (
                format!("; its upgrade channel {channel} goes past that version"),
                format!("{keep}; with AZURE_AKS_UPGRADE_CHANNEL: none it stays at a version"),
            ),
            _ => (String::new(), keep.to_owned()),
        }
    }
}
