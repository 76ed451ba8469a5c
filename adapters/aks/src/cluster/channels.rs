//! The channels by which AKS upgrades a cluster by itself, held against what the settings say.

use kompox_domain::{Error, ErrorKind, Result};

use super::ClusterWork;
use super::managed::ManagedCluster;
use crate::settings::cluster::OwnCluster;
use crate::settings::cluster::upgrades::{NODE_IMAGE, NODE_OS_IMAGE};

/// What AKS does for a cluster that names no channel.
const NO_CHANNEL: &str = "none";

/// Whether a version names its patch.
fn is_exact(version: &str) -> bool {
    version.matches('.').count() > 1
}

/// Whether a channel takes a cluster past a version that the settings name: patches past one that names its patch,
/// the others past any, as soon as AKS has newer ones.
pub(crate) fn passes(channel: &str, version: &str) -> bool {
    match channel {
        "patch" => is_exact(version),
        "stable" | "rapid" => true,
        _ => false,
    }
}

/// The channel of a new cluster that no setting names: its preset's, unless that would pass the version.
pub(crate) fn of_new(own: &OwnCluster) -> &'static str {
    let channel = own.preset.upgrade_channel;
    match &own.kubernetes_version {
        Some(version) if passes(channel, version) => NO_CHANNEL,
        _ => channel,
    }
}

/// The channel of the nodes that goes with a channel, where no setting names another.
pub(crate) fn brought_along(channel: &str) -> Option<&'static str> {
    (channel == NODE_IMAGE).then_some(NODE_OS_IMAGE)
}

/// The channel that a cluster has, or that it gets.
pub(crate) fn effective<'a>(own: &'a OwnCluster, cluster: Option<&'a ManagedCluster>) -> &'a str {
    match (own.upgrades.channel, cluster) {
        (Some(channel), _) => channel,
        (None, Some(cluster)) => cluster.upgrade_channel().unwrap_or(NO_CHANNEL),
        (None, None) => of_new(own),
    }
}

/// The channel of the nodes that a cluster has, or that it gets; none where it tells none.
pub(crate) fn effective_node_os<'a>(
    own: &'a OwnCluster,
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

impl ClusterWork<'_> {
    /// Refuses a channel of the nodes beside which the cluster has one that takes no other. What the settings
    /// contradict themselves in is told where they are read.
    pub(super) fn refuse_channels(&self, cluster: &ManagedCluster) -> Result<()> {
        let Some(node_os) = self.own.upgrades.node_os_channel else {
            return Ok(());
        };
        match brought_along(effective(self.own, Some(cluster))) {
            Some(only) if only != node_os => Err(Error::new(
                ErrorKind::Precondition,
                format!(
                    "cluster {} has the upgrade channel {NODE_IMAGE}, and with it AKS takes no node OS channel but {only}: \
                     not {node_os}",
                    self.scope.cluster.id.cluster
                ),
            )
            .with_hint(
                "set AZURE_AKS_UPGRADE_CHANNEL to another one too, or leave AZURE_AKS_NODE_OS_UPGRADE_CHANNEL out",
            )),
            _ => Ok(()),
        }
    }

    /// How a cluster came to run a newer version than the one that the settings name, and the way out.
    pub(super) fn why_newer(&self, cluster: &ManagedCluster, wanted: &str) -> (String, String) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_passes_what_it_upgrades() {
        for (channel, minor, patch) in [
            ("none", false, false),
            ("node-image", false, false),
            ("patch", false, true),
            ("stable", true, true),
            ("rapid", true, true),
        ] {
            assert_eq!(passes(channel, "1.36"), minor, "{channel}");
            assert_eq!(passes(channel, "1.36.2"), patch, "{channel}");
        }
    }
}
