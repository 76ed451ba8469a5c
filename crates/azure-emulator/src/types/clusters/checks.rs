//! What AKS refuses of a cluster: what cannot be together, and what cannot change.

use serde_json::{Map, Value};

use super::refusal;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers::find_region;
use crate::context::RequestContext;

/// What a cluster is made with and keeps, as paths below `properties`.
const IMMUTABLE: &[&str] = &[
    "apiServerAccessProfile.enablePrivateCluster",
    PRIVATE_ZONE,
    "diskEncryptionSetID",
    "dnsPrefix",
    "enableRBAC",
    "fqdnSubdomain",
    "networkProfile.dnsServiceIP",
    "networkProfile.loadBalancerSku",
    "networkProfile.networkPlugin",
    "networkProfile.networkPluginMode",
    "networkProfile.podCidr",
    "networkProfile.serviceCidr",
    "nodeResourceGroup",
];

const PRIVATE_ZONE: &str = "apiServerAccessProfile.privateDNSZone";

/// From which outbound type a cluster goes to which in a network that AKS has made, and in one's own.
const MIGRATIONS: [&[(&str, &[&str])]; 2] = [
    &[
        ("loadBalancer", &["managedNATGateway", "none"]),
        ("managedNATGateway", &["none"]),
        ("none", &["loadBalancer", "managedNATGateway"]),
    ],
    &[
        (
            "loadBalancer",
            &["userAssignedNATGateway", "userDefinedRouting", "none"],
        ),
        (
            "userAssignedNATGateway",
            &["loadBalancer", "userDefinedRouting", "none"],
        ),
        (
            "userDefinedRouting",
            &["loadBalancer", "userAssignedNATGateway", "none"],
        ),
        (
            "none",
            &["loadBalancer", "userAssignedNATGateway", "userDefinedRouting"],
        ),
    ],
];

/// Refuses a migration that AKS does not make. What needs a feature that nobody has registered is refused elsewhere.
pub(super) fn migration(before: &Value, after: &Value) -> ArmResult<()> {
    let kind = |cluster: &Value| {
        let kind = cluster["properties"]["networkProfile"]["outboundType"].as_str();
        kind.unwrap_or("loadBalancer").to_owned()
    };
    let (from, to) = (kind(before), kind(after));
    let pools = after["properties"]["agentPoolProfiles"].as_array();
    let own = pools.is_some_and(|pools| pools.iter().any(|pool| pool["vnetSubnetID"].is_string()));
    let ways = MIGRATIONS[usize::from(own)].iter();
    let goals = ways.filter(|(known, _)| known.eq_ignore_ascii_case(&from));
    let allowed = goals
        .flat_map(|(_, goals)| goals.iter())
        .any(|goal| goal.eq_ignore_ascii_case(&to));
    if allowed || from.eq_ignore_ascii_case(&to) {
        return Ok(());
    }
    let network = if own { "BYO" } else { "managed" };
    Err(refusal(
        400,
        "PropertyChangeNotAllowed",
        format!(
            "Changing property 'properties.networkProfile.outboundType' from '{from}' to '{to}' is not allowed for \
             clusters with a {network} virtual network."
        ),
    )
    .target("properties.networkProfile.outboundType"))
}

fn at<'a>(properties: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = properties.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// Refuses a change of what cannot change. What is not sent stays.
pub(super) fn immutable(existing: &Map<String, Value>, sent: &Map<String, Value>) -> ArmResult<()> {
    for path in IMMUTABLE {
        let (there, wanted) = (at(existing, path), at(sent, path));
        let Some(wanted) = wanted else { continue };
        let same = match (there, wanted) {
            (Some(Value::String(there)), Value::String(wanted)) => {
                there.eq_ignore_ascii_case(wanted)
                    // The one update that there is: nodes use the public name once they have a new image.
                    || (*path == PRIVATE_ZONE && wanted.eq_ignore_ascii_case("none"))
            }
            (None, Value::Bool(false)) => true,
            // Nodes of a cluster without it can be given an overlay network later.
            (None, Value::String(mode)) if *path == "networkProfile.networkPluginMode" => mode == "overlay",
            (there, wanted) => there == Some(wanted),
        };
        if !same {
            return Err(refusal(
                400,
                "PropertyChangeNotAllowed",
                format!("Changing property 'properties.{path}' is not allowed."),
            )
            .target(&format!("properties.{path}")));
        }
    }
    Ok(())
}

fn invalid(target: &str, message: impl Into<String>) -> Box<ArmError> {
    ArmError::invalid_parameter(target, message).bare()
}

/// Refuses what does not go together.
pub(super) fn consistent(cx: &RequestContext<'_>, cluster: &Value, region: &str) -> ArmResult<()> {
    let properties = &cluster["properties"];
    let access = &properties["apiServerAccessProfile"];
    let private = access["enablePrivateCluster"].as_bool() == Some(true);
    let user_assigned = cluster["identity"]["type"].as_str() == Some("UserAssigned");
    let ranges = access["authorizedIPRanges"]
        .as_array()
        .is_some_and(|ranges| !ranges.is_empty());
    if private && ranges {
        return Err(invalid(
            "apiServerAccessProfile.authorizedIPRanges",
            "Private cluster cannot be enabled with AuthorizedIPRanges.",
        ));
    }
    let zone = access["privateDNSZone"].as_str();
    if !private && (zone.is_some() || access["enablePrivateClusterPublicFQDN"].as_bool() == Some(true)) {
        return Err(invalid(
            "apiServerAccessProfile.privateDNSZone",
            "privateDNSZone and enablePrivateClusterPublicFQDN require a private cluster.",
        ));
    }
    let hidden = access["enablePrivateClusterPublicFQDN"].as_bool() == Some(false);
    match zone {
        Some(zone) if zone.eq_ignore_ascii_case("none") && hidden => {
            return Err(invalid(
                "apiServerAccessProfile.enablePrivateClusterPublicFQDN",
                "A private cluster without private DNS zone (privateDNSZone none) needs its public FQDN.",
            ));
        }
        Some(zone) if is_id(zone) => own_zone(cx, zone, region, user_assigned)?,
        Some(zone)
            if !["none", "system"]
                .iter()
                .any(|known| zone.eq_ignore_ascii_case(known)) =>
        {
            return Err(invalid(
                "apiServerAccessProfile.privateDNSZone",
                format!(
                    "The private DNS zone '{zone}' is invalid: 'system', 'none' or a resource id is expected."
                ),
            ));
        }
        _ => {}
    }
    if properties.get("fqdnSubdomain").is_some() && !zone.is_some_and(is_id) {
        return Err(invalid(
            "fqdnSubdomain",
            "fqdnSubdomain requires a private DNS zone of one's own.",
        ));
    }
    encryption_set(cx, properties, region)?;
    subnets(cx, properties, user_assigned)?;
    outbound(properties)?;
    addons(cx, properties)
}

fn is_id(zone: &str) -> bool {
    zone.starts_with('/')
}

/// A zone of one's own has to be writable for the cluster before there is one.
fn own_zone(cx: &RequestContext<'_>, zone: &str, region: &str, user_assigned: bool) -> ArmResult<()> {
    const TARGET: &str = PRIVATE_ZONE;
    if !user_assigned {
        return Err(invalid(
            TARGET,
            "A private DNS zone of one's own requires a user-assigned identity of the cluster.",
        ));
    }
    let id = ResourceId::parse(zone)
        .filter(|id| {
            id.kind()
                .eq_ignore_ascii_case("Microsoft.Network/privateDnsZones")
        })
        .ok_or_else(|| invalid(TARGET, format!("'{zone}' is no id of a private DNS zone.")))?;
    let name = id.name().to_lowercase();
    let fits = ["privatelink", "private"].iter().any(|kind| {
        let wanted = format!("{kind}.{region}.azmk8s.io");
        name == wanted || name.ends_with(&format!(".{wanted}"))
    });
    if !fits {
        return Err(invalid(
            TARGET,
            format!("The private DNS zone must be named [subzone.]privatelink.{region}.azmk8s.io."),
        ));
    }
    if cx.state.documents.get(&id.key()).is_none() {
        return Err(missing(&id));
    }
    Ok(())
}

/// 404 for what another resource names.
fn missing(id: &ResourceId) -> Box<ArmError> {
    refusal(
        404,
        "LinkedResourceNotFound",
        format!("The linked resource '{id}' was not found."),
    )
}

/// The set whose key encrypts the disks of the nodes is there, in the region of the cluster.
fn encryption_set(cx: &RequestContext<'_>, properties: &Value, region: &str) -> ArmResult<()> {
    const TARGET: &str = "diskEncryptionSetID";
    let Some(set) = properties[TARGET].as_str() else {
        return Ok(());
    };
    let id = ResourceId::parse(set)
        .filter(|id| {
            id.kind()
                .eq_ignore_ascii_case("Microsoft.Compute/diskEncryptionSets")
        })
        .ok_or_else(|| invalid(TARGET, format!("'{set}' is no id of a disk encryption set.")))?;
    let Some(found) = cx.state.documents.document(&id.key()) else {
        return Err(missing(&id));
    };
    let lies_in = found["location"].as_str().and_then(find_region);
    if lies_in.is_none_or(|lies_in| lies_in.name != region) {
        return Err(refusal(
            400,
            "DiskEncryptionSetError",
            format!("The disk encryption set '{id}' must be in the region of the cluster, '{region}'."),
        )
        .target(TARGET));
    }
    Ok(())
}

/// Subnets of one's own are there, and joined by an identity that can be given the right to before.
fn subnets(cx: &RequestContext<'_>, properties: &Value, user_assigned: bool) -> ArmResult<()> {
    for pool in properties["agentPoolProfiles"].as_array().into_iter().flatten() {
        for name in ["vnetSubnetID", "podSubnetID"] {
            let Some(subnet) = pool[name].as_str() else {
                continue;
            };
            let id = ResourceId::parse(subnet)
                .filter(|id| {
                    id.kind()
                        .eq_ignore_ascii_case("Microsoft.Network/virtualNetworks/subnets")
                })
                .ok_or_else(|| {
                    invalid(
                        &format!("agentPoolProfile.{name}"),
                        format!("'{subnet}' is no id of a subnet."),
                    )
                })?;
            if cx.state.documents.get(&id.key()).is_none() {
                return Err(missing(&id));
            }
            if !user_assigned {
                return Err(invalid(
                    &format!("agentPoolProfile.{name}"),
                    "A subnet of one's own requires a user-assigned identity of the cluster.",
                ));
            }
        }
    }
    Ok(())
}

fn outbound(properties: &Value) -> ArmResult<()> {
    // Those that need a preview feature are as unknown as any other.
    const KNOWN: [&str; 5] = [
        "loadBalancer",
        "managedNATGateway",
        "none",
        "userAssignedNATGateway",
        "userDefinedRouting",
    ];
    let outbound = properties["networkProfile"]["outboundType"]
        .as_str()
        .unwrap_or_default();
    if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(outbound)) {
        return Err(refusal(
            400,
            "UnsupportedOutboundType",
            format!("The outbound type '{outbound}' is not supported."),
        ));
    }
    let cached = properties["bootstrapProfile"]["artifactSource"].as_str() == Some("Cache");
    if outbound.eq_ignore_ascii_case("none") && !cached {
        return Err(refusal(
            400,
            "UnsupportedOutboundType",
            "The outbound type 'none' requires a network isolated cluster: bootstrapProfile.artifactSource must be \
             'Cache'.",
        ));
    }
    // Routes and gateways of one's own are those of a subnet.
    let own = ["userAssignedNATGateway", "userDefinedRouting"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(outbound));
    let subnets = properties["agentPoolProfiles"]
        .as_array()
        .is_some_and(|pools| pools.iter().all(|pool| pool["vnetSubnetID"].is_string()));
    let managed = outbound.eq_ignore_ascii_case("managedNATGateway");
    let any_subnet = properties["agentPoolProfiles"]
        .as_array()
        .is_some_and(|pools| pools.iter().any(|pool| pool["vnetSubnetID"].is_string()));
    if managed && any_subnet {
        return Err(refusal(
            400,
            "UnsupportedOutboundType",
            "The outbound type 'managedNATGateway' requires a virtual network that AKS manages.",
        ));
    }
    if own && !subnets {
        return Err(refusal(
            400,
            "UnsupportedOutboundType",
            format!(
                "The outbound type '{outbound}' requires all agent pools to have a subnet (vnetSubnetID)."
            ),
        ));
    }
    Ok(())
}

/// Add-ons that need something of one's own.
fn addons(cx: &RequestContext<'_>, properties: &Value) -> ArmResult<()> {
    let Some(addons) = properties["addonProfiles"].as_object() else {
        return Ok(());
    };
    for (name, addon) in addons {
        if !name.eq_ignore_ascii_case("omsagent") || addon["enabled"].as_bool() != Some(true) {
            continue;
        }
        let workspace = addon["config"].as_object().and_then(|config| {
            let (_, id) = config
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case("logAnalyticsWorkspaceResourceID"))?;
            id.as_str()
        });
        let Some(workspace) = workspace else {
            return Err(refusal(
                400,
                "LogAnalyticsWorkspaceNotSet",
                "The add-on omsagent requires config.logAnalyticsWorkspaceResourceID.",
            ));
        };
        let there =
            ResourceId::parse(workspace).is_some_and(|id| cx.state.documents.get(&id.key()).is_some());
        if !there {
            return Err(refusal(
                400,
                "LogAnalyticsWorkspaceNotFound",
                format!("The Log Analytics workspace '{workspace}' was not found."),
            ));
        }
    }
    Ok(())
}
