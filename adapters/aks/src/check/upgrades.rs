//! By which channels AKS upgrades a cluster by itself, and whether one of them goes past a version that is named.

use kompox_domain::Error;

use super::findings::Findings;
use super::kind::CheckKind;
use crate::observe::managed_cluster::ManagedCluster;
use crate::provision::upgrade_channels::{effective, effective_node_os};
use crate::settings::cluster::ProvisionedSettings;
use crate::template::upgrade_channels::passes;

pub(super) const KIND: CheckKind = CheckKind::Upgrades;
const VERSION: &str = "AZURE_AKS_KUBERNETES_VERSION";
const CHANNEL: &str = "AZURE_AKS_UPGRADE_CHANNEL";

pub(super) fn upgrades(
    findings: &mut Findings,
    own: &ProvisionedSettings,
    cluster: Option<&ManagedCluster>,
    unread: Option<&Error>,
) {
    let channel = effective(own, cluster);
    if let Some(version) = own
        .kubernetes_version
        .as_deref()
        .filter(|version| passes(channel, version))
    {
        let minor: Vec<&str> = version.splitn(3, '.').take(2).collect();
        let minor = minor.join(".");
        let message = format!(
            "the upgrade channel {channel} goes past Kubernetes {version}, which {VERSION} names: from then on provisioning is refused"
        );
        let hint = if channel == "patch" {
            format!("set {VERSION} to {minor}, whose patches the channel brings, or {CHANNEL}: none")
        } else {
            format!("leave {VERSION} out, or set it to {minor} and {CHANNEL} to patch or none")
        };
        findings.warn(KIND, message, hint);
    }
    if let Some(error) = unread {
        findings.unknown(KIND, "the maintenance windows of the cluster", error);
    }
    let node_os = effective_node_os(own, cluster).unwrap_or("of AKS's own choice");
    let when = match &own.upgrades.window {
        Some(window) => format!(
            "every {} from {} {} for {} h",
            window.day, window.start, window.utc_offset, window.hours
        ),
        None => "whenever AKS comes to it, unless AZURE_AKS_MAINTENANCE_WINDOW or somebody else says when"
            .to_owned(),
    };
    findings.otherwise_pass(
        KIND,
        format!("Kubernetes by channel {channel}, nodes by channel {node_os}, {when}"),
    );
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;
    use kompox_domain::hint::in_words;
    use serde_json::json;

    use super::super::tests::own;
    use super::*;

    fn found(settings: &[(&str, &str)], channel: Option<&str>) -> (Verdict, String) {
        let cluster: Option<ManagedCluster> = channel.map(|channel| {
            serde_json::from_value(json!({"properties": {"autoUpgradeProfile": {"upgradeChannel": channel}}}))
                .unwrap()
        });
        let mut findings = Findings::default();
        upgrades(&mut findings, &own(settings), cluster.as_ref(), None);
        let check = findings.checks().first().unwrap();
        (
            check.verdict,
            format!("{}; {}", check.message, in_words(&check.hints)),
        )
    }

    #[test]
    fn a_version_that_a_channel_would_pass_is_told_with_both_ways_out() {
        let version = |text: &'static str| (VERSION, text);
        let channel = |text: &'static str| (CHANNEL, text);
        for (settings, there) in [
            (&[version("1.36.2"), channel("patch")][..], None),
            (&[version("1.36"), channel("stable")], None),
            (&[version("1.36"), channel("rapid")], Some("none")),
            // The channel is the cluster's own.
            (&[version("1.36.2")], Some("patch")),
            (&[version("1.36")], Some("stable")),
        ] {
            let (verdict, message) = found(settings, there);
            assert_eq!(verdict, Verdict::Warn, "{settings:?} {there:?}: {message}");
            assert!(
                message.contains("goes past") && message.contains("1.36"),
                "{message}"
            );
            assert!(message.contains(CHANNEL), "{message}");
        }
        for (settings, there) in [
            (&[][..], None),
            (&[version("1.36")][..], None),
            // A new cluster with its version named to the patch has no channel that would pass it.
            (&[version("1.36.2")], None),
            (&[version("1.36.2"), channel("none")], Some("patch")),
            (&[version("1.36.2"), channel("node-image")], None),
            (&[version("1.36"), channel("patch")], Some("rapid")),
            (&[], Some("rapid")),
        ] {
            assert_eq!(found(settings, there).0, Verdict::Pass, "{settings:?} {there:?}");
        }
    }

    #[test]
    fn what_a_new_cluster_follows_is_told() {
        let (_, message) = found(&[], None);
        assert!(
            message.contains("channel patch, nodes by channel NodeImage"),
            "{message}"
        );
        let (_, message) = found(&[("AZURE_AKS_MAINTENANCE_WINDOW", "Sat 01:00 4h +09:00")], None);
        assert!(
            message.contains("every Saturday from 01:00 +09:00 for 4 h"),
            "{message}"
        );
    }
}
