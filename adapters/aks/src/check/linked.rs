//! What the settings name outside of the cluster's resource group, and what that takes of the caller there.
//!
//! A role in the group gives nothing at a subnet, a zone or an identity in another group or subscription: ARM asks at
//! each of them (`LinkedAuthorizationFailed`). So does this check.

use kompox_arm::ResourceId;

use super::findings::Findings;
use super::network::network_of;
use super::permissions::{KIND, lacking_in};
use super::read::{Permission, Read, Reader};
use crate::permissions::{self, ASSIGNMENT_READ, ASSIGNMENT_WRITE, IDENTITY_READ, REGISTRY_READ};
use crate::settings::cluster::{InstallTargets, ProvisionedSettings};

/// A scope that is linked to, and what is done there.
pub(super) struct Link {
    /// As the beginning of a sentence.
    what: String,
    scope: String,
    actions: Vec<&'static str>,
    /// Whether provisioning fails without them; what else there is comes later.
    provisioning: bool,
}

impl Link {
    fn new(what: &str, scope: &impl ToString, actions: &[&'static str], provisioning: bool) -> Self {
        let scope = scope.to_string();
        Self {
            what: format!("{what} {scope}"),
            scope,
            actions: actions.to_vec(),
            provisioning,
        }
    }
}

/// What provisioning links to.
pub(super) fn of_cluster(own: &ProvisionedSettings) -> Vec<Link> {
    let (subnet, zone) = (own.subnet.as_ref(), own.own_dns_zone());
    // The template makes an identity where one is needed and none is given, and gives it its roles.
    let assigns = own.makes_identity();
    let with_role = |actions: &[&'static str], gives: bool| -> Vec<&'static str> {
        let role = gives.then_some(ASSIGNMENT_WRITE);
        actions.iter().copied().chain(role).collect()
    };
    let mut links = Vec::new();
    if let Some(id) = &own.identity {
        let actions = [permissions::ASSIGN_IDENTITY, IDENTITY_READ];
        links.push(Link::new("the identity", id, &actions, true));
    }
    if let Some(id) = subnet {
        // With a zone of one's own the role is given on the whole network: AKS links the zone to it.
        let on_subnet = assigns && zone.is_none();
        let actions = with_role(&[permissions::JOIN_SUBNET, permissions::SUBNET_READ], on_subnet);
        links.push(Link::new("the subnet", id, &actions, true));
        if assigns && zone.is_some() {
            let network = network_of(id);
            links.push(Link::new(
                "the virtual network",
                &network,
                &[ASSIGNMENT_WRITE],
                true,
            ));
        }
    }
    if let Some(id) = zone {
        let actions = with_role(&[permissions::PRIVATE_ZONE_READ], assigns);
        links.push(Link::new("the private DNS zone", id, &actions, true));
    }
    // Of a disk encryption set every identity is a reader, also one that AKS makes.
    let set = own.disk_encryption_set.as_ref();
    let assigns_on_set = own.identity.is_none();
    if let Some(id) = set {
        let actions = with_role(&[permissions::ENCRYPTION_SET_READ], assigns_on_set);
        links.push(Link::new("the disk encryption set", id, &actions, true));
    }
    // A role on something in another group is given by a deployment in that group.
    let own_network = [subnet, zone].into_iter().flatten().filter(|_| assigns);
    for id in own_network.chain(set.filter(|_| assigns_on_set)) {
        let group = group_of(id);
        let is_known = |link: &Link| link.scope.eq_ignore_ascii_case(&group);
        if !links.iter().any(is_known) {
            links.push(Link::new("the resource group", &group, permissions::DEPLOY, true));
        }
    }
    links
}

/// What installing links to.
pub(super) fn of_targets(targets: &InstallTargets) -> Vec<Link> {
    let zones = targets.dns_zones.iter().map(|id| {
        let actions = [ASSIGNMENT_READ, ASSIGNMENT_WRITE];
        Link::new("installing, for the DNS zone", id, &actions, false)
    });
    let registries = targets.registries.iter().map(|id| {
        let actions = [REGISTRY_READ, ASSIGNMENT_READ, ASSIGNMENT_WRITE];
        Link::new("installing, for the registry", id, &actions, false)
    });
    zones.chain(registries).collect()
}

fn group_of(id: &ResourceId) -> String {
    format!("/subscriptions/{}/resourceGroups/{}", id.subscription, id.group)
}

/// What may be done at each scope.
pub(super) async fn read(reader: Reader<'_>, links: Vec<Link>) -> Vec<(Link, Read<Vec<Permission>>)> {
    let reads = links.into_iter().map(|link| async move {
        let read = reader.permissions(&link.scope).await;
        (link, read)
    });
    futures::future::join_all(reads).await
}

pub(super) fn linked(findings: &mut Findings, links: &[(Link, Read<Vec<Permission>>)]) {
    for (link, read) in links {
        match read {
            Ok(Some(permissions)) => {
                let actions = link.actions.iter().copied().collect();
                lacking_in(findings, &link.what, &actions, permissions, link.provisioning);
            }
            // That it is not there is another finding.
            Ok(None) => {}
            Err(error) => findings.unknown(KIND, &format!("what may be done with {}", link.what), error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::own;
    use super::*;

    const SUBNET: &str =
        "/subscriptions/n/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
    const ZONE: &str = "/subscriptions/d/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io";
    const IDENTITY: &str =
        "/subscriptions/i/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/cp";
    const GROUP: (&str, &str) = ("AZURE_RESOURCE_GROUP_NAME", "rg");

    fn asked(settings: &[(&str, &str)]) -> Vec<(String, Vec<&'static str>)> {
        let all: Vec<(&str, &str)> = std::iter::once(GROUP).chain(settings.iter().copied()).collect();
        let links = of_cluster(&own(&all)).into_iter();
        links.map(|link| (link.scope, link.actions)).collect()
    }

    #[test]
    fn a_cluster_in_networks_of_aks_links_to_nothing() {
        assert_eq!(asked(&[]), []);
    }

    #[test]
    fn an_identity_that_is_made_is_given_its_roles_where_it_needs_them() {
        let subnet = ("AZURE_AKS_VNET_SUBNET_ID", SUBNET);
        let network = SUBNET.rsplit_once("/subnets/").unwrap().0;
        let join = [permissions::JOIN_SUBNET, permissions::SUBNET_READ];
        assert_eq!(
            asked(&[subnet]),
            [
                (SUBNET.to_owned(), vec![join[0], join[1], ASSIGNMENT_WRITE]),
                (
                    "/subscriptions/n/resourceGroups/net".to_owned(),
                    permissions::DEPLOY.to_vec()
                ),
            ]
        );
        let private = [
            subnet,
            ("AZURE_AKS_PRIVATE_CLUSTER", "true"),
            ("AZURE_AKS_PRIVATE_DNS_ZONE", ZONE),
        ];
        assert_eq!(
            asked(&private),
            [
                (SUBNET.to_owned(), join.to_vec()),
                (network.to_owned(), vec![ASSIGNMENT_WRITE]),
                (
                    ZONE.to_owned(),
                    vec![permissions::PRIVATE_ZONE_READ, ASSIGNMENT_WRITE]
                ),
                (
                    "/subscriptions/n/resourceGroups/net".to_owned(),
                    permissions::DEPLOY.to_vec()
                ),
                (
                    "/subscriptions/d/resourceGroups/dns".to_owned(),
                    permissions::DEPLOY.to_vec()
                ),
            ]
        );
    }

    #[test]
    fn a_disk_encryption_set_gets_a_reader_unless_an_identity_is_given() {
        let set = "/subscriptions/k/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/e";
        let setting = ("AZURE_AKS_DISK_ENCRYPTION_SET_ID", set);
        assert_eq!(
            asked(&[setting]),
            [
                (
                    set.to_owned(),
                    vec![permissions::ENCRYPTION_SET_READ, ASSIGNMENT_WRITE]
                ),
                (
                    "/subscriptions/k/resourceGroups/keys".to_owned(),
                    permissions::DEPLOY.to_vec()
                ),
            ]
        );
    }

    #[test]
    fn an_identity_that_is_given_is_assigned_and_has_its_roles() {
        let settings = [
            ("AZURE_AKS_VNET_SUBNET_ID", SUBNET),
            ("AZURE_AKS_IDENTITY_RESOURCE_ID", IDENTITY),
        ];
        assert_eq!(
            asked(&settings),
            [
                (
                    IDENTITY.to_owned(),
                    vec![permissions::ASSIGN_IDENTITY, IDENTITY_READ]
                ),
                (
                    SUBNET.to_owned(),
                    vec![permissions::JOIN_SUBNET, permissions::SUBNET_READ]
                ),
            ]
        );
    }
}
