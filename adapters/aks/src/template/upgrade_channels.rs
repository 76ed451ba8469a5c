//! The channels by which AKS upgrades a cluster by itself: what a new cluster gets, and what a channel brings along.

use crate::settings::cluster::ProvisionedSettings;
use crate::settings::cluster::upgrades::{NODE_IMAGE, NODE_OS_IMAGE};

/// What AKS does for a cluster that names no channel.
pub(crate) const NO_CHANNEL: &str = "none";

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
pub(crate) fn of_new(own: &ProvisionedSettings) -> &'static str {
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
