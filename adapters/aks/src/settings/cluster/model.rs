//! What the settings of a cluster say, once they are read.

use kompox_arm::ResourceId;
use kompox_domain::{Secret, Zone};

use super::certificates::VaultCertificate;
use super::preset::Preset;
use super::upgrades::Upgrades;

/// What the settings of a cluster say.
#[derive(Debug, Clone)]
pub(crate) enum ClusterSettings {
    /// A cluster that is provisioned.
    Provisioned(Box<ProvisionedSettings>),
    /// One that somebody else made.
    Existing(ExistingSettings),
}

/// A cluster that is provisioned.
#[derive(Debug, Clone)]
pub(crate) struct ProvisionedSettings {
    /// Its resource group, as set or made from the prefix.
    pub(crate) group: String,
    /// Whether that group is somebody else's: then it is neither made, tagged nor deleted.
    pub(crate) adopt: bool,
    pub(crate) preset: &'static Preset,
    /// None: AKS's default for a new cluster, what runs for one that is there.
    pub(crate) kubernetes_version: Option<String>,
    pub(crate) upgrades: Upgrades,
    pub(crate) sku_tier: &'static str,
    pub(crate) system: Pool,
    /// One pool for each of its zones, or a single one in no zone.
    pub(crate) user: Pool,
    /// Object id and type of each.
    pub(crate) admins: Vec<(String, &'static str)>,
    pub(crate) api_server: ApiServer,
    pub(crate) subnet: Option<ResourceId>,
    pub(crate) outbound_type: &'static str,
    /// None: Cilium's for a new cluster, what it has for one that is there.
    pub(crate) network_policy: Option<&'static str>,
    /// Whether disks and caches of the nodes are encrypted where the machines run.
    pub(crate) encryption_at_host: bool,
    /// With whose key the disks of the nodes are encrypted.
    pub(crate) disk_encryption_set: Option<ResourceId>,
    pub(crate) proxy: Option<Proxy>,
    /// Given, and needed by a DNS zone or a subnet of one's own.
    pub(crate) identity: Option<ResourceId>,
    pub(crate) disable_local_accounts: bool,
    pub(crate) disable_run_command: bool,
    pub(crate) vault_purge_protection: bool,
    pub(crate) application_insights: bool,
    pub(crate) installed: InstallTargets,
}

/// A cluster that somebody else made.
#[derive(Debug, Clone)]
pub(crate) struct ExistingSettings {
    pub(crate) id: ResourceId,
    /// The client id of the identity that the ingress's service account stands for.
    pub(crate) ingress_client_id: Option<String>,
    pub(crate) installed: InstallTargets,
}

/// By what a cluster is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FoundBy {
    /// One that is provisioned: by its resource group, as set or made from the prefix.
    Group(String),
    /// One that somebody else made.
    Id(ResourceId),
}

/// What installing gives the cluster's identities access to, and what it tells the agent; no part of the template.
#[derive(Debug, Clone, Default)]
pub(crate) struct InstallTargets {
    pub(crate) dns_zones: Vec<ResourceId>,
    pub(crate) registries: Vec<ResourceId>,
    pub(crate) certificates: Vec<VaultCertificate>,
    /// Whether Container insights collects the logs of the system's namespaces too.
    pub(crate) system_logs: bool,
}

/// The machines of one kind of pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(crate) vm_size: String,
    pub(crate) disk_type: &'static str,
    pub(crate) disk_size_gb: u32,
    pub(crate) priority: &'static str,
    pub(crate) zones: Vec<Zone>,
    /// Whether its nodes can attach Ultra disks.
    pub(crate) ultra_ssd: bool,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// From where the API server is reached.
#[derive(Debug, Clone)]
pub(crate) enum ApiServer {
    /// From everywhere, or from these ranges.
    Public { ranges: Vec<String> },
    /// From the cluster's network.
    Private { zone: PrivateZone, public_fqdn: bool },
}

/// Who keeps the private name of an API server.
#[derive(Debug, Clone)]
pub(crate) enum PrivateZone {
    /// A zone that AKS makes.
    System,
    /// Nobody.
    None,
    /// This zone.
    Own(ResourceId),
}

/// How the nodes reach the outside.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    /// May hold a password.
    pub(crate) http: Option<Secret>,
    /// May hold a password.
    pub(crate) https: Option<Secret>,
    pub(crate) no_proxy: Vec<String>,
    /// PEM in base64.
    pub(crate) ca: Option<String>,
}

impl ClusterSettings {
    /// What installing gives access to, whoever made the cluster.
    pub(crate) fn targets(&self) -> &InstallTargets {
        match self {
            Self::Provisioned(own) => &own.installed,
            Self::Existing(existing) => &existing.installed,
        }
    }
}

impl ProvisionedSettings {
    /// The zone of one's own that holds the API server's private name.
    pub(crate) fn own_dns_zone(&self) -> Option<&ResourceId> {
        match &self.api_server {
            ApiServer::Private {
                zone: PrivateZone::Own(zone),
                ..
            } => Some(zone),
            _ => None,
        }
    }

    /// Whether the template makes an identity for the control plane: a subnet or a private zone of one's own needs
    /// one, and none is given.
    pub(crate) fn makes_identity(&self) -> bool {
        self.identity.is_none() && (self.subnet.is_some() || self.own_dns_zone().is_some())
    }

    /// Names of the user pools, each with its zone. One for each zone: only then can the autoscaler add a node where
    /// a zonal disk is.
    pub(crate) fn user_pools(&self) -> Vec<(String, Option<Zone>)> {
        if self.user.zones.is_empty() {
            return vec![("user".to_owned(), None)];
        }
        let named = |zone: &Zone| (format!("user{zone}"), Some(*zone));
        self.user.zones.iter().map(named).collect()
    }
}

/// The name of the system pool.
pub(crate) const SYSTEM_POOL: &str = "system";
