//! From the text of a setting to its value, or to what is wrong with it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use kompox_arm::ResourceId;
use kompox_domain::{Zone, suggest};
use url::Url;
use uuid::Uuid;

/// Why a text is no value of its setting, without the setting's name: the rest of the sentence, and a hint.
pub(super) type Wrong = (String, String);

pub(super) type Parsed<T> = Result<T, Wrong>;

/// The most that is repeated of a text.
const SHOWN: usize = 100;

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(SHOWN).collect::<String>())
}

pub(super) fn wrong<T>(text: &str, what: &str, hint: impl Into<String>) -> Parsed<T> {
    Err((format!("{} is not {what}", shown(text)), hint.into()))
}

pub(super) fn boolean(text: &str) -> Parsed<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => wrong(text, "true or false", "write true or false"),
    }
}

pub(super) fn one_of<'a>(text: &str, known: &[&'a str]) -> Parsed<&'a str> {
    if let Some(found) = known.iter().find(|known| **known == text) {
        return Ok(found);
    }
    let hint = match suggest::nearest(text, known.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("use one of {}", known.join(", ")),
    };
    wrong(text, "known", hint)
}

pub(crate) const OUTBOUND_TYPES: [&str; 4] = [
    "loadBalancer",
    "managedNATGateway",
    "userAssignedNATGateway",
    "userDefinedRouting",
];

/// Those of AKS that fit what is in a cluster of ours. The others are refused with why
/// (learn.microsoft.com/azure/aks/egress-outboundtype and concepts-network-isolated).
pub(super) fn outbound_type(text: &str) -> Parsed<&'static str> {
    let why = match text {
        "none" => {
            "is only for network isolated clusters: their nodes pull every image through a private registry, and the \
             ingress, the monitoring, the vault and the registry of the cluster are reached through the internet"
        }
        "block" => {
            "is a preview of AKS, for network isolated clusters only: the ingress, the monitoring, the vault and the \
             registry of the cluster are reached through the internet"
        }
        "managedNATGatewayV2" => "is a preview of AKS, behind a feature flag",
        other => return one_of(other, &OUTBOUND_TYPES),
    };
    let hint = if text == "managedNATGatewayV2" {
        "use managedNATGateway"
    } else {
        "to decide what leaves the network use userDefinedRouting, with a firewall that the routes of the subnet lead to"
    };
    Err((format!("{text} cannot be used: it {why}"), hint.to_owned()))
}

/// `1.33` or `1.33.2`.
pub(super) fn version(text: &str) -> Parsed<String> {
    let parts: Vec<&str> = text.split('.').collect();
    let number = |part: &&str| {
        (1..=3).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_digit())
            && (*part == "0" || !part.starts_with('0'))
    };
    if (2..=3).contains(&parts.len()) && parts.iter().all(number) && parts.first() == Some(&"1") {
        Ok(text.to_owned())
    } else {
        wrong(
            text,
            "a version of Kubernetes",
            "write 1.33, or 1.33.2; az aks get-versions prints those that AKS has",
        )
    }
}

pub(super) fn vm_size(text: &str) -> Parsed<String> {
    let name = text.strip_prefix("Standard_").unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && text.len() <= 60 && name.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    wrong(
        text,
        "the size of a machine",
        "write it as Azure does, for example Standard_D4s_v5; az vm list-skus prints them",
    )
}

/// The bounds of AKS for disks of the operating system, in GB.
pub(super) fn disk_size(text: &str) -> Parsed<u32> {
    match text.parse() {
        Ok(size @ 30..=2048) => Ok(size),
        _ => wrong(
            text,
            "a size in GB from 30 to 2048",
            "write a whole number without a unit",
        ),
    }
}

/// What stands between commas and white space.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|part| !part.is_empty())
}

/// Without a region, whatever region a zone names is right.
pub(super) fn zones(text: &str, region: Option<&str>) -> Parsed<Vec<Zone>> {
    let own = |zone: &str| zone.rsplit_once('-').map(|(region, _)| region.to_owned());
    let zones: Result<BTreeSet<Zone>, _> = list(text)
        .map(|zone| match region {
            Some(region) => Zone::parse(zone, region),
            None => Zone::parse(zone, &own(zone).unwrap_or_default()),
        })
        .collect();
    match zones {
        Ok(zones) => Ok(zones.into_iter().collect()),
        Err(error) => Err((
            format!("is not usable: {error}"),
            "write the numbers of zones, for example 1,2,3".to_owned(),
        )),
    }
}

/// IPv4 ranges; an address alone is a range of one.
pub(super) fn ranges(text: &str) -> Parsed<Vec<String>> {
    let mut ranges = BTreeSet::new();
    for part in list(text) {
        let (address, bits) = part.split_once('/').unwrap_or((part, "32"));
        let prefix = bits.parse().ok().filter(|bits: &u32| *bits <= 32);
        match (address.parse::<Ipv4Addr>(), prefix) {
            (Ok(address), Some(bits)) => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                let network = Ipv4Addr::from(u32::from(address) & mask);
                if network != address {
                    return wrong(
                        part,
                        "the beginning of a range",
                        format!("did you mean {network}/{bits}?"),
                    );
                }
                ranges.insert((u32::from(network), bits));
            }
            _ => {
                return wrong(
                    part,
                    "a range of IPv4 addresses",
                    "write ranges such as 203.0.113.0/24, or addresses",
                );
            }
        }
    }
    Ok(ranges
        .into_iter()
        .map(|(network, bits)| format!("{}/{bits}", Ipv4Addr::from(network)))
        .collect())
}

/// Of which kind a resource must be: what it is called, and namespace and types from the outermost inwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdOf {
    pub(super) noun: &'static str,
    pub(super) kinds: &'static [(&'static str, &'static [&'static str])],
}

pub(super) const SUBNET: IdOf = IdOf {
    noun: "a subnet",
    kinds: &[("Microsoft.Network", &["virtualNetworks", "subnets"])],
};
pub(super) const PRIVATE_ZONE: IdOf = IdOf {
    noun: "a private DNS zone",
    kinds: &[("Microsoft.Network", &["privateDnsZones"])],
};
pub(super) const ANY_ZONE: IdOf = IdOf {
    noun: "a DNS zone",
    kinds: &[
        ("Microsoft.Network", &["dnsZones"]),
        ("Microsoft.Network", &["privateDnsZones"]),
    ],
};
pub(super) const REGISTRY: IdOf = IdOf {
    noun: "a container registry",
    kinds: &[("Microsoft.ContainerRegistry", &["registries"])],
};
pub(super) const IDENTITY: IdOf = IdOf {
    noun: "a user-assigned identity",
    kinds: &[("Microsoft.ManagedIdentity", &["userAssignedIdentities"])],
};
pub(super) const DISK_ENCRYPTION_SET: IdOf = IdOf {
    noun: "a disk encryption set",
    kinds: &[("Microsoft.Compute", &["diskEncryptionSets"])],
};
pub(super) const CLUSTER: IdOf = IdOf {
    noun: "a managed cluster",
    kinds: &[("Microsoft.ContainerService", &["managedClusters"])],
};

pub(super) fn resource_id(text: &str, of: IdOf) -> Parsed<ResourceId> {
    let is = |id: &ResourceId| {
        of.kinds.iter().any(|(namespace, kinds)| {
            id.namespace.eq_ignore_ascii_case(namespace)
                && id.path.len() == kinds.len()
                && id
                    .path
                    .iter()
                    .zip(*kinds)
                    .all(|((found, _), kind)| found.eq_ignore_ascii_case(kind))
        })
    };
    match text.parse::<ResourceId>() {
        Ok(id) if is(&id) => Ok(id),
        _ => {
            let (namespace, kinds) = of.kinds.first().copied().unwrap_or_default();
            let path: String = kinds.iter().map(|kind| format!("/{kind}/<name>")).collect();
            wrong(
                text,
                &format!("the id of {}", of.noun),
                format!("write /subscriptions/<id>/resourceGroups/<group>/providers/{namespace}{path}"),
            )
        }
    }
}

/// Ids without those that come twice.
pub(super) fn resource_ids(text: &str, of: IdOf) -> Parsed<Vec<ResourceId>> {
    let mut ids: Vec<ResourceId> = Vec::new();
    for part in list(text) {
        let id = resource_id(part, of)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

pub(super) fn guid(text: &str) -> Parsed<String> {
    match Uuid::try_parse(text) {
        Ok(id) => Ok(id.hyphenated().to_string()),
        Err(_) => wrong(
            text,
            "a UUID",
            "write the object or client id that Entra ID shows",
        ),
    }
}

/// What a principal is: ARM wants to be told, because a new one is not known everywhere at once.
pub(super) const PRINCIPAL_TYPES: [(&str, &str); 3] = [
    ("user", "User"),
    ("group", "Group"),
    ("servicePrincipal", "ServicePrincipal"),
];

/// `<object id>` of a user, or `<type>:<object id>`.
pub(super) fn principals(text: &str) -> Parsed<Vec<(String, &'static str)>> {
    let mut principals: Vec<(String, &'static str)> = Vec::new();
    for part in list(text) {
        let (kind, id) = part.split_once(':').unwrap_or(("user", part));
        let word = one_of(kind, &PRINCIPAL_TYPES.map(|(word, _)| word))?;
        let kind = PRINCIPAL_TYPES
            .iter()
            .find_map(|(known, kind)| (*known == word).then_some(*kind))
            .unwrap_or("User");
        let id = guid(id)?;
        if let Some((_, other)) = principals.iter().find(|(known, _)| *known == id) {
            if *other != kind {
                return wrong(part, "of one type", format!("it is there as {other} too"));
            }
            continue;
        }
        principals.push((id, kind));
    }
    Ok(principals)
}

/// A proxy's address. The text may hold a password and is never repeated.
pub(super) fn proxy(text: &str, schemes: &[&str]) -> Parsed<Url> {
    match Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty()) => {
            Ok(url)
        }
        _ => Err((
            format!(
                "is not the address of a proxy that begins with {}://",
                schemes.join(":// or ")
            ),
            "write for example http://proxy.example.com:3128".to_owned(),
        )),
    }
}

/// Names, addresses and ranges; AKS takes no wildcards.
pub(super) fn no_proxy(text: &str) -> Parsed<Vec<String>> {
    let mut entries = Vec::new();
    for part in list(text) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '/');
        if !part.chars().all(allowed) {
            return wrong(
                part,
                "a host, a domain, an address or a range",
                "write .example.com for everything below a domain: AKS takes no wildcards",
            );
        }
        if !entries.iter().any(|known| known == part) {
            entries.push(part.to_owned());
        }
    }
    Ok(entries)
}
