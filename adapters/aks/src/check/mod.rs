//! What would keep a cluster from being provisioned: everything is read at the same time, and all of it is told.

mod deleted_vaults;
mod existing;
mod findings;
mod identity;
mod ingress;
mod kind;
mod linked;
mod machines;
mod network;
mod network_policy;
mod node_encryption;
mod permissions;
mod places;
mod providers;
mod quota;
mod read;
mod upgrades;
mod versions;
mod volume_encryption;

use kompox_arm::ResourceId;
use kompox_domain::Result;
use kompox_domain::cluster::Check;

pub(crate) use existing::check_existing;
pub(crate) use volume_encryption::check_encryption_sets;

use self::deleted_vaults::VaultIdentity;
use self::findings::Findings;
use self::kind::CheckKind;
use self::network::{Link, network_of};
use self::permissions::{FeaturesInUse, Scopes};
use self::places::{There, Unread};
use self::providers::ProviderName;
use self::read::{Read, Reader, is_silence, signed_in};
use self::versions::Versions;
use crate::advice::to_domain;
use crate::api::{
    COMPUTE_SKUS, COMPUTE_USAGES, DELETED_VAULTS, DISK_ENCRYPTION_SETS, DNS_ZONES, FEATURES, IDENTITIES,
    MANAGED_CLUSTERS, NETWORKS, PRIVATE_DNS_ZONES, PROVIDERS, REGISTRIES,
};
use crate::observe::ObservedCluster;
use crate::observe::ProvisionedCluster;
use crate::settings::cluster::InstallTargets;
use crate::settings::ingress::described;
use crate::skus::{Sku, SkuName};
use crate::volumes::EncryptionSet;

impl ProvisionedCluster<'_> {
    /// What would keep it from being provisioned.
    ///
    /// No read depends on another, so all of them are one step of waiting. What may not be read is unknown.
    ///
    /// # Errors
    /// `Unauthenticated`; `Unavailable` and `Timeout` where nothing at all is answered.
    pub(crate) async fn check(&self) -> Result<Vec<Check>> {
        let reader = Reader {
            session: self.session,
        };
        // The token is needed by every read; where it cannot be had, the first word is the last.
        let who = signed_in(
            self.session
                .arm
                .identity(self.session.cx)
                .await
                .map_err(to_domain),
        )?;
        let (cloud, cluster, named) = futures::join!(
            Box::pin(self.cloud(reader)),
            Box::pin(self.cluster_reads()),
            Box::pin(self.named(reader)),
        );
        let (subscription, stack) = (signed_in(cloud.subscription)?, signed_in(cluster.stack)?);
        let (group, clusters) = (signed_in(cluster.group)?, signed_in(cluster.clusters)?);
        let windows = signed_in(cluster.windows)?;
        if let (Err(_), Err(_), Err(_)) = (&stack, &group, &clusters)
            && let Err(error) = &subscription
            && is_silence(error)
        {
            return subscription.map(|_| Vec::new());
        }
        let known = stack.as_ref().ok().and_then(Option::as_ref);
        let cluster = clusters.and_then(|clusters| self.our_cluster(clusters, known).map_err(to_domain));
        let unread = Unread {
            stack: stack.as_ref().err(),
            group: group.as_ref().err(),
            cluster: cluster.as_ref().err(),
        };
        let observed = ObservedCluster {
            cluster: cluster.as_ref().ok().cloned().flatten(),
            group: group.as_ref().ok().cloned().flatten(),
            stack: known.cloned(),
            windows: windows.as_ref().ok().cloned().unwrap_or_default(),
        };

        let (own, region) = (self.settings, self.session.provider.location.as_str());
        let mut found = Findings::default();
        identity::identity(
            &mut found,
            &who.unwrap_or_default(),
            &self.session.provider.subscription,
            &subscription,
        );
        permissions::permissions(&mut found, &cloud.scopes, self.features_in_use());
        linked::linked(&mut found, &named.links_to);
        permissions::pass(&mut found);
        providers::providers(&mut found, region, &cloud.providers);
        places::places(&mut found, self, &observed, &unread);
        places::needed(
            &mut found,
            CheckKind::Subnet,
            "AZURE_AKS_VNET_SUBNET_ID",
            own.subnet.as_ref(),
            &named.subnet,
        );
        places::network_region(&mut found, region, &named.network);
        places::needed(
            &mut found,
            CheckKind::ClusterIdentity,
            "AZURE_AKS_IDENTITY_RESOURCE_ID",
            own.identity.as_ref(),
            &named.identity,
        );
        places::needed(
            &mut found,
            CheckKind::PrivateDnsZone,
            "AZURE_AKS_PRIVATE_DNS_ZONE",
            own.own_dns_zone(),
            &named.zone,
        );
        places::needed(
            &mut found,
            node_encryption::SET,
            node_encryption::SET_KEY,
            own.disk_encryption_set.as_ref(),
            &named.encryption_set,
        );
        node_encryption::lies_right(
            &mut found,
            &self.session.provider.subscription,
            region,
            own.disk_encryption_set.as_ref(),
            &named.encryption_set,
        );
        node_encryption::at_host(&mut found, own.encryption_at_host, &cloud.encryption_at_host);
        let well = |cluster: &crate::observe::managed_cluster::ManagedCluster| cluster.failed().is_none();
        if !observed.cluster.as_ref().is_some_and(well) {
            // The nodes of a cluster that is well have found their API server.
            network::node_dns(&mut found, own, &named.network, &named.links);
        }
        let runs = observed.cluster.as_ref().and_then(|cluster| cluster.version());
        versions::version(&mut found, region, own, runs, &cloud.versions);
        upgrades::upgrades(&mut found, own, observed.cluster.as_ref(), windows.as_ref().err());
        network_policy::network_policy(&mut found, own, observed.cluster.as_ref());
        machines::machines(&mut found, region, own, &cloud.skus);
        quota::quota(
            &mut found,
            region,
            own,
            observed.cluster.as_ref(),
            &cloud.skus,
            &cloud.usages,
        );
        deleted_vaults::vaults(&mut found, &self.scope.path(), &own.group, &cloud.vaults);
        let (zones, registries) = &named.targets;
        places::targets(&mut found, &own.installed, zones, registries);
        ingress::image(&mut found, &described(&self.scope.ingress, &self.scope.path()));
        Ok(found.into_checks())
    }

    fn features_in_use(&self) -> FeaturesInUse {
        let own = self.settings;
        FeaturesInUse {
            adopt: own.adopt,
            application_insights: own.application_insights,
            makes_identity: own.makes_identity(),
            encryption_at_host: own.encryption_at_host,
            window: own.upgrades.window.is_some(),
        }
    }

    /// What the subscription and the region have, and what may be done there.
    async fn cloud(&self, reader: Reader<'_>) -> Cloud {
        let subscription = format!("/subscriptions/{}", self.session.provider.subscription);
        let region = &self.session.provider.location;
        let below = |path: &str| format!("{subscription}/providers/{path}");
        let (group, in_region) = (self.group_path(), format!("location eq '{region}'"));
        let (versions, usages, skus, vaults, all) = (
            below(&format!(
                "Microsoft.ContainerService/locations/{region}/kubernetesVersions"
            )),
            below(&format!("Microsoft.Compute/locations/{region}/usages")),
            below("Microsoft.Compute/skus"),
            below("Microsoft.KeyVault/deletedVaults"),
            format!("{subscription}/providers"),
        );
        let feature = below("Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost");
        let (
            subscription,
            of_subscription,
            of_group,
            encryption_at_host,
            providers,
            usages,
            skus,
            versions,
            vaults,
        ) = futures::join!(
            reader.subscription(&self.session.provider.subscription),
            reader.permissions(&subscription),
            reader.permissions(&group),
            async {
                if self.settings.encryption_at_host {
                    reader.one(&feature, FEATURES).await
                } else {
                    Ok(None)
                }
            },
            // One list: asking for each provider alone would be a dozen requests of a limit that all share.
            reader.list(&all, PROVIDERS, None, ProviderName::is_needed),
            reader.list(&usages, COMPUTE_USAGES, None, |_| true),
            reader.list(&skus, COMPUTE_SKUS, Some(&in_region), |sku: &SkuName| {
                machines::belongs_to_cluster(sku, self.settings)
            }),
            reader.one(&versions, MANAGED_CLUSTERS),
            reader.list(&vaults, DELETED_VAULTS, None, |vault: &VaultIdentity| vault
                .was_in(&self.settings.group)),
        );
        Cloud {
            subscription,
            scopes: Scopes {
                subscription: of_subscription,
                group: of_group,
            },
            encryption_at_host,
            providers,
            usages,
            skus,
            versions,
            vaults,
        }
    }

    /// What there is of the cluster, each on its own: that one cannot be read says nothing about the others.
    async fn cluster_reads(&self) -> ClusterReads {
        let (stack, group, clusters, windows) = futures::join!(
            self.stack.get(self.session),
            self.group(),
            self.clusters(),
            self.windows()
        );
        ClusterReads {
            stack: stack.map_err(to_domain),
            group: group.map_err(to_domain),
            clusters: clusters.map_err(to_domain),
            windows: windows.map_err(to_domain),
        }
    }

    /// What the settings name by its id.
    async fn named(&self, reader: Reader<'_>) -> Named {
        let own = self.settings;
        let network = own.subnet.as_ref().map(network_of);
        let linked = linked::of_cluster(own).into_iter();
        let linked = linked.chain(linked::of_targets(&own.installed)).collect();
        let (subnet, network, identity, zone, links, encryption_set, targets, links_to) = futures::join!(
            at(reader, own.subnet.as_ref(), NETWORKS),
            at(reader, network.as_ref(), NETWORKS),
            at(reader, own.identity.as_ref(), IDENTITIES),
            at(reader, own.own_dns_zone(), PRIVATE_DNS_ZONES),
            links(reader, own.own_dns_zone()),
            at(reader, own.disk_encryption_set.as_ref(), DISK_ENCRYPTION_SETS),
            target_reads(reader, &own.installed),
            linked::read(reader, linked),
        );
        Named {
            subnet,
            network,
            identity,
            zone,
            links,
            encryption_set,
            targets,
            links_to,
        }
    }
}

/// What the subscription and the region have, and what may be done there.
struct Cloud {
    subscription: Read<read::Subscription>,
    scopes: Scopes,
    /// None where the settings do not want it.
    encryption_at_host: Read<node_encryption::Feature>,
    providers: Read<Vec<providers::Provider>>,
    usages: Read<Vec<quota::Usage>>,
    skus: Read<Vec<Sku>>,
    versions: Read<Versions>,
    vaults: Read<Vec<deleted_vaults::DeletedVault>>,
}

/// What there is of the cluster.
struct ClusterReads {
    stack: Read<crate::observe::stack::Stack>,
    group: Read<crate::observe::ObservedGroup>,
    clusters: Result<Vec<crate::observe::managed_cluster::ManagedCluster>>,
    windows: Result<Vec<crate::observe::windows::MaintenanceConfiguration>>,
}

/// What the settings name by its id.
struct Named {
    subnet: Read<There>,
    network: Read<network::Network>,
    identity: Read<There>,
    zone: Read<There>,
    links: Read<Vec<Link>>,
    encryption_set: Read<EncryptionSet>,
    targets: (Vec<Read<There>>, Vec<Read<There>>),
    /// What may be done with all of it.
    links_to: Vec<(linked::Link, Read<Vec<read::Permission>>)>,
}

/// What is at an id; none where none is named.
async fn at<T: serde::de::DeserializeOwned>(
    reader: Reader<'_>,
    id: Option<&ResourceId>,
    version: &str,
) -> Read<T> {
    match id {
        Some(id) => reader.one(&id.to_string(), version).await,
        None => Ok(None),
    }
}

/// The networks that a private zone is linked to.
async fn links(reader: Reader<'_>, zone: Option<&ResourceId>) -> Read<Vec<Link>> {
    match zone {
        Some(zone) => {
            reader
                .list(
                    &format!("{zone}/virtualNetworkLinks"),
                    PRIVATE_DNS_ZONES,
                    None,
                    |_| true,
                )
                .await
        }
        None => Ok(None),
    }
}

/// The DNS zones and registries that installing gives access to.
async fn target_reads(reader: Reader<'_>, targets: &InstallTargets) -> (Vec<Read<There>>, Vec<Read<There>>) {
    let zone = |id: &ResourceId| {
        let version = if id.is_of("Microsoft.Network", "privateDnsZones") {
            PRIVATE_DNS_ZONES
        } else {
            DNS_ZONES
        };
        let id = id.to_string();
        async move { reader.one::<There>(&id, version).await }
    };
    let registry = |id: &ResourceId| {
        let id = id.to_string();
        async move { reader.one::<There>(&id, REGISTRIES).await }
    };
    futures::join!(
        futures::future::join_all(targets.dns_zones.iter().map(zone)),
        futures::future::join_all(targets.registries.iter().map(registry)),
    )
}

#[cfg(test)]
mod tests {
    use kompox_domain::model::{AnyId, Cluster, Ingress, Protection};
    use kompox_domain::settings::SettingValue;
    use kompox_domain::{Error, ErrorKind, Result, Secret, SecretReader, SecretRef};

    use crate::settings::cluster::{ClusterSettings, ProvisionedSettings};

    struct NoSecrets;

    impl SecretReader for NoSecrets {
        fn read(&self, reference: &SecretRef) -> Result<Secret> {
            Err(Error::new(ErrorKind::InvalidInput, reference.to_string()))
        }
    }

    /// What settings of a cluster mean.
    pub(super) fn own(settings: &[(&str, &str)]) -> ProvisionedSettings {
        let AnyId::Cluster(id) = "/ws/ws1/prv/prv1/cls/c1".parse().unwrap() else {
            unreachable!()
        };
        let cluster = Cluster {
            id,
            existing: false,
            protection: Protection::default(),
            ingress: Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap()),
            settings: settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), SettingValue::Plain((*value).to_owned())))
                .collect(),
        };
        match ClusterSettings::read(&cluster, "japaneast", Some("k"), &NoSecrets) {
            Ok(ClusterSettings::Provisioned(own)) => *own,
            Ok(ClusterSettings::Existing(_)) => unreachable!(),
            Err(problems) => panic!("{}", problems.to_error()),
        }
    }
}
