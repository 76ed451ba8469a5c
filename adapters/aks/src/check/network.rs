//! Whether the nodes of a private cluster will resolve the name of its API server.
//!
//! Nodes ask the DNS servers of their network. Azure's own answers from the private zones that are linked to the
//! network it is asked from; AKS links its zone to the cluster's network only. A server of one's own can answer only if
//! it asks Azure's from a network that is linked too.

use kompox_domain::Hint;
use std::net::Ipv4Addr;

use kompox_arm::ResourceId;
use serde::Deserialize;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Element, Read};
use crate::lenient::list;
use crate::settings::cluster::{ApiServer, PrivateZone, ProvisionedSettings};

const KIND: CheckKind = CheckKind::NodeDns;
/// Azure's own DNS server, in every network.
const AZURE: &str = "168.63.129.16";

/// A virtual network.
#[derive(Debug, Clone, Deserialize, Default)]
pub(super) struct Network {
    #[serde(default)]
    pub(super) location: String,
    #[serde(default)]
    properties: NetworkProperties,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct NetworkProperties {
    #[serde(default)]
    address_space: AddressSpace,
    #[serde(default)]
    dhcp_options: DhcpOptions,
    #[serde(default, rename = "virtualNetworkPeerings", deserialize_with = "list")]
    peerings: Vec<Peering>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct AddressSpace {
    #[serde(default)]
    address_prefixes: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct DhcpOptions {
    #[serde(default)]
    dns_servers: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Peering {
    properties: PeeringProperties,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeeringProperties {
    remote_virtual_network: Reference,
    #[serde(default)]
    remote_address_space: AddressSpace,
}

#[derive(Debug, Clone, Deserialize)]
struct Reference {
    id: String,
}

/// A link of a private zone to a network.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Link {
    properties: LinkProperties,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkProperties {
    virtual_network: Reference,
}

/// Which link it is.
#[derive(Deserialize)]
pub(super) struct LinkName {
    #[serde(rename = "name")]
    _name: String,
}

impl Element for Link {
    type Identity = LinkName;
}

impl AddressSpace {
    fn holds(&self, address: &str) -> bool {
        self.address_prefixes
            .iter()
            .any(|prefix| is_in(address, prefix).unwrap_or(false))
    }
}

fn is_in(address: &str, prefix: &str) -> Option<bool> {
    let (network, bits) = prefix.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    let number = |text: &str| text.parse::<Ipv4Addr>().ok().map(u32::from);
    Some(number(address)? & mask == number(network)? & mask)
}

/// The network of a subnet.
pub(super) fn network_of(subnet: &ResourceId) -> ResourceId {
    let mut network = subnet.clone();
    network.path.truncate(1);
    network
}

/// Where a DNS server of the network lies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the cluster's own network.
    Here,
    /// In a network that is peered with it.
    There(String),
    /// Nobody knows.
    Elsewhere,
}

impl Network {
    fn place(&self, server: &str) -> Place {
        if self.properties.address_space.holds(server) {
            return Place::Here;
        }
        self.properties
            .peerings
            .iter()
            .find(|peering| peering.properties.remote_address_space.holds(server))
            .map_or(Place::Elsewhere, |peering| {
                Place::There(peering.properties.remote_virtual_network.id.clone())
            })
    }
}

pub(super) fn node_dns(
    findings: &mut Findings,
    own: &ProvisionedSettings,
    network: &Read<Network>,
    links: &Read<Vec<Link>>,
) {
    let ApiServer::Private { zone, .. } = &own.api_server else {
        return;
    };
    if own.subnet.is_none() {
        findings.pass(KIND, "AKS makes the network, and its nodes ask Azure's own DNS");
        return;
    }
    let network = match network {
        Ok(Some(network)) => network,
        // That it is not there is another finding.
        Ok(None) => return,
        Err(error) => {
            findings.unknown(KIND, "which DNS servers the network has", error);
            return;
        }
    };
    let servers: Vec<&str> = network
        .properties
        .dhcp_options
        .dns_servers
        .iter()
        .map(String::as_str)
        .filter(|server| *server != AZURE)
        .collect();
    if servers.is_empty() {
        findings.pass(KIND, "the nodes ask Azure's own DNS");
        return;
    }
    if matches!(zone, PrivateZone::None) {
        findings.pass(
            KIND,
            "the nodes use the public name, which any DNS server can resolve that reaches the internet",
        );
        return;
    }
    for server in servers {
        match network.place(server) {
            Place::Here => findings.warn(
                KIND,
                format!("the nodes ask the DNS server {server} in their own network, which must know the API server's private name"),
                format!("let it forward azmk8s.io to {AZURE}"),
            ),
            Place::There(id) => in_other_network(findings, server, &id, zone, links),
            Place::Elsewhere => findings.warn(
                KIND,
                format!("the nodes ask the DNS server {server}, and where it lies cannot be told; it must know the API server's private name"),
                format!(
                    "let it forward azmk8s.io to a resolver in a network that the private zone is linked to, which asks {AZURE}; \
                     or set AZURE_AKS_PRIVATE_DNS_ZONE: none"
                ),
            ),
        }
    }
}

fn in_other_network(
    findings: &mut Findings,
    server: &str,
    id: &str,
    zone: &PrivateZone,
    links: &Read<Vec<Link>>,
) {
    let name = id.rsplit('/').next().unwrap_or(id);
    let PrivateZone::Own(zone) = zone else {
        findings.fail(
            KIND,
            format!(
                "the nodes ask the DNS server {server} in network {name}, and the zone that AKS makes is linked to the \
                 cluster's network only: they would not resolve the API server"
            ),
            format!(
                "make a private zone, link it to {name}, name it in AZURE_AKS_PRIVATE_DNS_ZONE, and let the server \
                 forward azmk8s.io to {AZURE}; or set AZURE_AKS_PRIVATE_DNS_ZONE: none"
            ),
        );
        return;
    };
    let links = match links {
        Ok(Some(links)) => links,
        // That the zone is not there is another finding.
        Ok(None) => return,
        Err(error) => {
            findings.unknown(KIND, "which networks the private DNS zone is linked to", error);
            return;
        }
    };
    if links
        .iter()
        .any(|link| link.properties.virtual_network.id.eq_ignore_ascii_case(id))
    {
        findings.warn(
            KIND,
            format!(
                "the nodes ask the DNS server {server} in network {name}, to which the private zone is linked"
            ),
            format!("see that it forwards azmk8s.io to {AZURE}: that cannot be told from here"),
        );
        return;
    }
    findings.fail(
        KIND,
        format!(
            "the nodes ask the DNS server {server} in network {name}, to which the private zone {} is not linked: they \
             would not resolve the API server",
            zone.name()
        ),
        Hint::foreign(
            format!("let the server forward azmk8s.io to {AZURE}, and link the zone"),
            format!(
                "az network private-dns link vnet create --resource-group {} --zone-name {} --name {name} \
                 --virtual-network {id} --registration-enabled false",
                zone.group,
                zone.name()
            ),
        ),
    );
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;
    use serde_json::json;

    use super::super::tests::own;
    use super::*;

    const GROUP: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";

    fn found(zone: &str, servers: &[&str], linked: &[&str]) -> Vec<Verdict> {
        let subnet = format!("{GROUP}/virtualNetworks/spoke/subnets/nodes");
        let settings = [
            ("AZURE_AKS_PRIVATE_CLUSTER", "true"),
            ("AZURE_AKS_PRIVATE_DNS_ZONE", zone),
            ("AZURE_AKS_VNET_SUBNET_ID", subnet.as_str()),
        ];
        let network = serde_json::from_value(json!({"location": "japaneast", "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "dhcpOptions": {"dnsServers": servers},
            "virtualNetworkPeerings": [{"properties": {
                "remoteVirtualNetwork": {"id": format!("{GROUP}/virtualNetworks/hub")},
                "remoteAddressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}]}}))
        .unwrap();
        let link = |name: &&str| {
            serde_json::from_value(
                json!({"properties": {"virtualNetwork": {"id": format!("{GROUP}/virtualnetworks/{name}")}}}),
            )
            .unwrap()
        };
        let links = linked.iter().map(link).collect();
        let mut findings = Findings::default();
        node_dns(
            &mut findings,
            &own(&settings),
            &Ok(Some(network)),
            &Ok(Some(links)),
        );
        findings.checks().iter().map(|check| check.verdict).collect()
    }

    #[test]
    fn servers_in_another_network_must_be_where_the_zone_is_linked() {
        let own = format!("{GROUP}/privateDnsZones/privatelink.japaneast.azmk8s.io");
        let hub = ["10.0.0.4", "10.0.0.5"];
        assert_eq!(found("system", &[], &[]), [Verdict::Pass]);
        assert_eq!(found("system", &[AZURE], &[]), [Verdict::Pass]);
        assert_eq!(found("system", &hub, &[]), [Verdict::Fail, Verdict::Fail]);
        assert_eq!(found("none", &hub, &[]), [Verdict::Pass]);
        assert_eq!(found(&own, &hub[..1], &["other"]), [Verdict::Fail]);
        assert_eq!(found(&own, &hub[..1], &["other", "HUB"]), [Verdict::Warn]);
    }

    #[test]
    fn what_cannot_be_told_is_a_warning() {
        assert_eq!(found("system", &["10.1.0.4"], &[]), [Verdict::Warn]);
        assert_eq!(found("system", &["192.168.0.1"], &[]), [Verdict::Warn]);
    }

    #[test]
    fn an_address_is_in_a_range_by_its_first_bits() {
        assert_eq!(is_in("10.1.2.3", "10.0.0.0/8"), Some(true));
        assert_eq!(is_in("10.1.2.3", "10.2.0.0/16"), Some(false));
        assert_eq!(is_in("10.1.2.3", "0.0.0.0/0"), Some(true));
        assert_eq!(is_in("10.1.2.3", "10.1.2.3/32"), Some(true));
        assert_eq!(is_in("::1", "10.1.2.3/32"), None);
        assert_eq!(is_in("10.1.2.3", "10.0.0.0/33"), None);
    }
}
