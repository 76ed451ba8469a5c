//! What settings mean to each other: contradictions, and settings that would have no effect.

use kompox_arm::ResourceId;
use kompox_domain::model::Ingress;
use kompox_domain::settings::SettingValue;

use super::model::{ApiServer, InstallTargets, PrivateZone, ProvisionedSettings};
use super::reader::Reader;
use super::values;
use crate::settings::ingress::described;
use crate::settings::keys;

pub(super) const RESOURCE_ID: &str = "AZURE_AKS_RESOURCE_ID";

const INGRESS_CLIENT: &str = "AZURE_INGRESS_CLIENT_ID";

/// What has a meaning for a cluster that somebody else made.
const EXISTING: [&str; 5] = [
    RESOURCE_ID,
    INGRESS_CLIENT,
    "AZURE_AKS_DNS_ZONE_RESOURCE_IDS",
    "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS",
    "AZURE_AKS_COLLECT_SYSTEM_LOGS",
];

const PRIVATE: &str = "AZURE_AKS_PRIVATE_CLUSTER";
const PUBLIC_FQDN: &str = "AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN";
const DNS_ZONE: &str = "AZURE_AKS_PRIVATE_DNS_ZONE";
const RANGES: &str = "AZURE_AKS_AUTHORIZED_IP_RANGES";
const SUBNET: &str = "AZURE_AKS_VNET_SUBNET_ID";
const OUTBOUND: &str = "AZURE_AKS_OUTBOUND_TYPE";
const IDENTITY: &str = "AZURE_AKS_IDENTITY_RESOURCE_ID";
const HTTP: &str = "AZURE_AKS_HTTP_PROXY";
const HTTPS: &str = "AZURE_AKS_HTTPS_PROXY";

/// Refuses what has no meaning for a cluster that somebody else made.
pub(super) fn existing(reader: &mut Reader<'_>) {
    let useless: Vec<&str> = reader
        .keys()
        .filter(|key| keys::CLUSTER.contains(key) && !EXISTING.contains(key))
        .collect();
    for key in useless {
        if reader.is_given(key) {
            reader.problem(
                format!("setting {key} has no effect on a cluster that exists"),
                "remove it, or existing: true",
            );
        }
    }
}

/// The id of a cluster that somebody else made.
pub(super) fn resource_id(reader: &mut Reader<'_>) -> Option<ResourceId> {
    if !reader.is_given(RESOURCE_ID) {
        reader.problem(
            format!("setting {RESOURCE_ID} is missing"),
            "a cluster with existing: true is found by its id; az aks show prints it",
        );
    }
    // Other operations know the cluster by what stands in the configuration.
    if let Some(SettingValue::Reference(reference)) = reader.setting(RESOURCE_ID) {
        let message = format!("setting {RESOURCE_ID} is given as {reference}, but must be written out");
        reader.problem(message, "write the id itself: it is no secret");
    }
    reader.value(RESOURCE_ID, |text| values::resource_id(text, values::CLUSTER))
}

/// Refuses certificates where nothing says as whom the ingress reads them.
pub(super) fn certificates_of_existing(reader: &mut Reader<'_>, installed: &InstallTargets) {
    if !installed.certificates.is_empty() && !reader.is_given(INGRESS_CLIENT) {
        reader.problem(
            format!("setting {INGRESS_CLIENT} is missing: the ingress has certificates to read"),
            "give the client id of a managed identity that has a federated credential for the ingress's service account",
        );
    }
}

/// Refuses what the ingress cannot be.
pub(super) fn ingress(reader: &mut Reader<'_>, ingress: &Ingress) {
    if let Some(controller) = ingress.controller.as_deref().filter(|name| *name != "traefik") {
        reader.problem(
            format!("ingress.controller cannot be {controller:?}"),
            "traefik is the one there is; leave it out, or write traefik",
        );
    }
    if ingress.cert_email.is_none() && ingress.cert_resolver.is_some() {
        reader.problem(
            "ingress.certResolver is set, and ingress.certEmail is not: without an address there is no ACME"
                .to_owned(),
            "give the address that the certificate authority writes to, or remove certResolver",
        );
    }
    // Whose it will be says nothing about whether it can be.
    if let Err(error) = kompox_kube::traefik::check(&described(ingress, "")) {
        reader.problem_of(&error);
    }
}

/// Refuses what has a meaning only for a cluster that somebody else made.
pub(super) fn not_existing(reader: &mut Reader<'_>) {
    for key in [RESOURCE_ID, INGRESS_CLIENT] {
        if reader.is_given(key) {
            reader.problem(
                format!("setting {key} has no effect on a cluster that is provisioned"),
                "remove it, or say existing: true",
            );
        }
    }
}

/// What the settings of a cluster that is provisioned mean to each other.
pub(super) fn together(reader: &mut Reader<'_>, own: &ProvisionedSettings, region: Option<&str>) {
    if own.system.priority == "Spot" {
        reader.problem(
            "setting AZURE_AKS_SYSTEM_VM_PRIORITY cannot be Spot: system pools are never Spot in AKS"
                .to_owned(),
            "remove it; user pools may be Spot",
        );
    }
    if own.user.ultra_ssd && own.user.zones.is_empty() && !reader.is_unread("AZURE_AKS_USER_VM_ZONES") {
        // use-ultra-disks.md of AKS.
        reader.problem(
            "setting AZURE_AKS_USER_VM_ULTRA_SSD needs AZURE_AKS_USER_VM_ZONES: AKS attaches Ultra disks in zones only"
                .to_owned(),
            "set zones in which the machines attach them; az vm list-skus tells which",
        );
    }
    api_server(reader, own, region);
    network(reader, own);
    let proxied = reader.is_given(HTTP) || reader.is_given(HTTPS);
    for key in ["AZURE_AKS_NO_PROXY", "AZURE_AKS_PROXY_CA_FILE"] {
        if reader.is_given(key) && !proxied {
            useless(reader, key, &format!("{HTTP} or {HTTPS}"));
        }
    }
}

fn api_server(reader: &mut Reader<'_>, own: &ProvisionedSettings, region: Option<&str>) {
    match &own.api_server {
        ApiServer::Public { .. } if !reader.is_unread(PRIVATE) => {
            for key in [PUBLIC_FQDN, DNS_ZONE] {
                if reader.is_given(key) {
                    useless(reader, key, &format!("{PRIVATE}: true"));
                }
            }
        }
        ApiServer::Public { .. } => {}
        ApiServer::Private { zone, public_fqdn } => {
            if reader.is_given(RANGES) {
                reader.problem(
                    format!(
                        "setting {RANGES} contradicts {PRIVATE}: a private API server has no public address"
                    ),
                    "remove one of them",
                );
            }
            match zone {
                PrivateZone::None if !public_fqdn => reader.problem(
                    format!("setting {DNS_ZONE} none contradicts {PUBLIC_FQDN} false: nothing would know the API server's address"),
                    "keep one of the two names",
                ),
                PrivateZone::Own(zone) if !named_for(zone.name(), region) => {
                    let region = region.unwrap_or("<region>");
                    reader.problem(
                        format!("setting {DNS_ZONE} names the zone {:?}, which AKS does not take", zone.name()),
                        format!("its name must be privatelink.{region}.azmk8s.io, or end with it after one label"),
                    );
                }
                _ => {}
            }
        }
    }
}

/// `privatelink.<region>.<suffix>` or `<label>.privatelink.<region>.<suffix>`; the suffix is the cloud's.
fn named_for(zone: &str, region: Option<&str>) -> bool {
    let zone = zone.to_ascii_lowercase();
    let labels: Vec<&str> = zone.split('.').collect();
    let link = labels.iter().take(2).position(|label| *label == "privatelink");
    let Some(at) = link else {
        return false;
    };
    match labels.get(at + 1) {
        Some(found) => {
            region.is_none_or(|region| found.eq_ignore_ascii_case(region)) && labels.len() > at + 2
        }
        None => false,
    }
}

fn network(reader: &mut Reader<'_>, own: &ProvisionedSettings) {
    let subnet = reader.is_given(SUBNET);
    match own.outbound_type {
        kind @ ("userDefinedRouting" | "userAssignedNATGateway") if !subnet => reader.problem(
            format!("setting {OUTBOUND} {kind} needs {SUBNET}: routes and gateways belong to a subnet of your own"),
            format!("set {SUBNET}, or leave {OUTBOUND} out"),
        ),
        kind @ "managedNATGateway" if subnet => reader.problem(
            format!("setting {OUTBOUND} {kind} contradicts {SUBNET}: AKS puts its gateway into networks of its own only"),
            "use userAssignedNATGateway with a gateway of your own",
        ),
        _ => {}
    }
    let unread = [PRIVATE, DNS_ZONE].iter().any(|key| reader.is_unread(key));
    if reader.is_given(IDENTITY) && !subnet && own.own_dns_zone().is_none() && !unread {
        useless(reader, IDENTITY, &format!("{SUBNET} or a zone in {DNS_ZONE}"));
    }
}

fn useless(reader: &mut Reader<'_>, key: &str, without: &str) {
    reader.problem(
        format!("setting {key} has no effect without {without}"),
        "set that too, or remove it",
    );
}
