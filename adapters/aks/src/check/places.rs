//! Whether the places are there that the settings name, and ours to use.

use kompox_arm::ResourceId;
use kompox_domain::{Hint, Operation};
use serde::de::IgnoredAny;

use super::findings::Findings;
use super::kind::CheckKind;
use super::network::Network;
use super::read::Read;
use crate::observe::ObservedCluster;
use crate::observe::ProvisionedCluster;
use crate::observe::stack::StackState;
use crate::provision::refusals::About;
use crate::resource_name::title;
use crate::settings::cluster::InstallTargets;

const GROUP: CheckKind = CheckKind::ResourceGroup;
const STACK: CheckKind = CheckKind::DeploymentStack;

/// Anything that is there: only that it can be read counts.
pub(super) type There = IgnoredAny;

/// What of a cluster could not be read.
pub(super) struct Unread<'a> {
    pub(super) stack: Option<&'a kompox_domain::Error>,
    pub(super) group: Option<&'a kompox_domain::Error>,
    pub(super) cluster: Option<&'a kompox_domain::Error>,
}

/// Stack, group, and what cannot be changed any more.
pub(super) fn places(
    findings: &mut Findings,
    work: &ProvisionedCluster<'_>,
    observed: &ObservedCluster,
    unread: &Unread<'_>,
) {
    let name = &work.settings.group;
    for (about, error) in work.refusals(observed) {
        let kind = match about {
            About::Stack => STACK,
            About::Group => GROUP,
            About::Settings => CheckKind::Settings,
            About::Version => super::versions::KIND,
            About::Upgrades => super::upgrades::KIND,
        };
        findings.refused(kind, &error);
    }
    if let Some(error) = unread.stack {
        findings.unknown(STACK, "the deployment stack", error);
    }
    match &observed.stack {
        Some(stack) if stack.state() == StackState::Busy => findings.warn(
            STACK,
            format!(
                "another operation holds the deployment stack ({})",
                stack.state_word()
            ),
            Hint::command(
                "provisioning waits for it; or wait for it now",
                Operation::ClusterWait,
            ),
        ),
        Some(_) => findings.otherwise_pass(
            STACK,
            format!("deployment stack {} is this cluster's", work.stack.name),
        ),
        None => findings.otherwise_pass(
            STACK,
            format!("deployment stack {} is still to be made", work.stack.name),
        ),
    }
    if let Some(error) = unread.group {
        findings.unknown(GROUP, "the resource group", error);
    }
    if let Some(error) = unread.cluster {
        findings.unknown(
            CheckKind::ManagedCluster,
            "what managed clusters there are",
            error,
        );
    }
    match (&observed.group, work.settings.adopt) {
        (Some(_), true) => {
            findings.otherwise_pass(GROUP, format!("resource group {name} is there to be used"));
        }
        (Some(_), false) => {
            findings.otherwise_pass(GROUP, format!("resource group {name} is this cluster's"));
        }
        (None, true) if unread.group.is_none() => findings.fail(
            GROUP,
            format!("there is no resource group {name}, and AZURE_RESOURCE_GROUP_ADOPT says to use it"),
            "make it, or remove AZURE_RESOURCE_GROUP_ADOPT: then it is made",
        ),
        (None, _) => findings.otherwise_pass(GROUP, format!("resource group {name} is still to be made")),
    }
}

/// Of a resource that must be there for the cluster to be made.
pub(super) fn needed<T>(
    findings: &mut Findings,
    kind: CheckKind,
    key: &str,
    id: Option<&ResourceId>,
    read: &Read<T>,
) {
    named(findings, kind, key, id, read, true);
}

/// Of the zones and registries that installing gives access to.
pub(super) fn targets(
    findings: &mut Findings,
    targets: &InstallTargets,
    zones: &[Read<There>],
    registries: &[Read<There>],
) {
    for (id, read) in targets.dns_zones.iter().zip(zones) {
        named(
            findings,
            CheckKind::DnsZone,
            "AZURE_AKS_DNS_ZONE_RESOURCE_IDS",
            Some(id),
            read,
            false,
        );
    }
    let key = "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS";
    for (id, read) in targets.registries.iter().zip(registries) {
        named(findings, CheckKind::Registry, key, Some(id), read, false);
    }
}

fn named<T>(
    findings: &mut Findings,
    kind: CheckKind,
    key: &str,
    id: Option<&ResourceId>,
    read: &Read<T>,
    fails: bool,
) {
    let Some(id) = id else { return };
    let what = title(&id.to_string());
    match read {
        Ok(Some(_)) => findings.pass(kind, format!("{what} is there")),
        Ok(None) => {
            let message = format!("there is no {what} in resource group {}, as {key} says", id.group);
            let hint = format!("make it, or set {key} to one that is there");
            if fails {
                findings.fail(kind, message, hint);
            } else {
                findings.warn(kind, message, hint);
            }
        }
        Err(error) => findings.unknown(kind, &what, error),
    }
}

/// A cluster lies in the region of its network.
pub(super) fn network_region(findings: &mut Findings, region: &str, network: &Read<Network>) {
    if let Ok(Some(network)) = network {
        let there = network.location.replace(' ', "").to_lowercase();
        if !there.is_empty() && !there.eq_ignore_ascii_case(region) {
            findings.fail(
                CheckKind::Subnet,
                format!("the network of AZURE_AKS_VNET_SUBNET_ID lies in region {there}, and the cluster would lie in {region}"),
                "a cluster and its network lie in one region: change AZURE_LOCATION, or name another subnet",
            );
        }
    }
}
