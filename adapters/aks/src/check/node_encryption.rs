//! Whether the disks of the nodes can be encrypted as the settings say.

use kompox_arm::ResourceId;
use kompox_domain::Hint;
use serde::Deserialize;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::Read;
use crate::volumes::EncryptionSet;

const AT_HOST: CheckKind = CheckKind::EncryptionAtHost;
pub(super) const SET: CheckKind = CheckKind::DiskEncryptionSet;
pub(super) const SET_KEY: &str = "AZURE_AKS_DISK_ENCRYPTION_SET_ID";

/// A feature of a provider that a subscription has to be registered for.
#[derive(Debug, Clone, Deserialize, Default)]
pub(super) struct Feature {
    #[serde(default)]
    properties: FeatureProperties,
}

#[derive(Debug, Clone, Deserialize, Default)]
struct FeatureProperties {
    #[serde(default)]
    state: Option<String>,
}

/// Whether the subscription may encrypt where machines run. Nothing where the settings do not want it.
pub(super) fn at_host(findings: &mut Findings, wanted: bool, read: &Read<Feature>) {
    if !wanted {
        return;
    }
    let feature = match read {
        Ok(Some(feature)) => feature,
        Ok(None) => {
            findings.untold(
                AT_HOST,
                "Azure does not list the feature Microsoft.Compute/EncryptionAtHost",
            );
            return;
        }
        Err(error) => {
            findings.unknown(AT_HOST, "the registration for encryption at host", error);
            return;
        }
    };
    match feature.properties.state.as_deref().unwrap_or_default() {
        "Registered" => findings.pass(AT_HOST, "the subscription is registered for encryption at host"),
        state @ ("Registering" | "Pending") => findings.warn(
            AT_HOST,
            format!("the subscription is not yet registered for encryption at host ({state})"),
            "wait for some minutes",
        ),
        _ => findings.fail(
            AT_HOST,
            "the subscription is not registered for encryption at host, as AZURE_AKS_ENCRYPTION_AT_HOST wants it",
            Hint::foreign(
                "register it once; it takes some minutes",
                "az feature register --namespace Microsoft.Compute --name EncryptionAtHost",
            ),
        ),
    }
}

/// Whether a set lies where disks of the cluster can use it. That it is there at all is another finding.
pub(super) fn lies_right(
    findings: &mut Findings,
    subscription: &str,
    region: &str,
    id: Option<&ResourceId>,
    read: &Read<EncryptionSet>,
) {
    let Some(id) = id else { return };
    if !id.subscription.eq_ignore_ascii_case(subscription) {
        findings.fail(
            SET,
            format!("the disk encryption set of {SET_KEY} lies in subscription {}, and the cluster would lie in {subscription}", id.subscription),
            "name one of the same subscription: disks use no others",
        );
    }
    if let Ok(Some(set)) = read {
        let there = set.region();
        if !there.is_empty() && !there.eq_ignore_ascii_case(region) {
            findings.fail(
                SET,
                format!("the disk encryption set of {SET_KEY} lies in region {there}, and the cluster would lie in {region}"),
                "name one of the same region: disks use no others",
            );
        }
    }
}
