//! What a check is about.

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckKind {
    /// Who is signed in, and the subscription.
    Identity,
    /// What may be done, by whoever is signed in.
    Permissions,
    /// The resource providers, and where they offer what is needed.
    Providers,
    /// The stack that has the name of this cluster.
    DeploymentStack,
    /// The resource group.
    ResourceGroup,
    /// The managed cluster.
    ManagedCluster,
    /// What the settings say, held against what is there.
    Settings,
    /// The subnet that the settings name.
    Subnet,
    /// The identity that the settings name for the control plane.
    ClusterIdentity,
    /// The private DNS zone that the settings name.
    PrivateDnsZone,
    /// Whether the nodes find their API server by name.
    NodeDns,
    /// Disk encryption sets, of the nodes or of volumes.
    DiskEncryptionSet,
    /// Whether the subscription may encrypt at the host.
    EncryptionAtHost,
    /// The Kubernetes version.
    KubernetesVersion,
    /// By which channels and when AKS upgrades.
    Upgrades,
    /// The network policy, and the data plane that goes with it.
    NetworkPolicy,
    /// The sizes of machines.
    Skus,
    /// The cores that are left.
    Quota,
    /// Names that deleted vaults hold.
    VaultNames,
    /// The DNS zones that the settings name.
    DnsZone,
    /// The container registries that the settings name.
    Registry,
    /// The image of the ingress.
    IngressImage,
}

impl CheckKind {
    /// The stable word that machines read.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Permissions => "permissions",
            Self::Providers => "providers",
            Self::DeploymentStack => "deploymentStack",
            Self::ResourceGroup => "resourceGroup",
            Self::ManagedCluster => "managedCluster",
            Self::Settings => "settings",
            Self::Subnet => "subnet",
            Self::ClusterIdentity => "clusterIdentity",
            Self::PrivateDnsZone => "privateDnsZone",
            Self::NodeDns => "nodeDns",
            Self::DiskEncryptionSet => "diskEncryptionSet",
            Self::EncryptionAtHost => "encryptionAtHost",
            Self::KubernetesVersion => "kubernetesVersion",
            Self::Upgrades => "upgrades",
            Self::NetworkPolicy => "networkPolicy",
            Self::Skus => "skus",
            Self::Quota => "quota",
            Self::VaultNames => "vaultNames",
            Self::DnsZone => "dnsZone",
            Self::Registry => "registry",
            Self::IngressImage => "ingressImage",
        }
    }
}
