//! What a condition is about.

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConditionKind {
    /// Whether stack and managed cluster succeeded.
    Provisioned,
    /// A stack of this name is not this cluster's.
    StackForeign,
    /// The resource group could not be read.
    ResourceGroup,
    /// Whether the ingress is available.
    Installed,
    /// Whether the API server answers.
    Reachable,
    /// Whether the load balancer of the ingress has an address.
    IngressAddress,
    /// Another IngressClass is the default.
    DefaultIngressClass,
    /// Advisories are published for the ingress that runs.
    IngressAdvisories,
    /// The cluster may not attach the disks of an app.
    AttachRoleMissing,
    /// Node pools wait for an image.
    NodeImagesDue,
    /// Something differs from the configuration.
    Drift,
}

impl ConditionKind {
    /// The stable word that machines read.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::StackForeign => "stackForeign",
            Self::ResourceGroup => "resourceGroup",
            Self::Installed => "installed",
            Self::Reachable => "reachable",
            Self::IngressAddress => "ingressAddress",
            Self::DefaultIngressClass => "defaultIngressClass",
            Self::IngressAdvisories => "ingressAdvisories",
            Self::AttachRoleMissing => "attachRoleMissing",
            Self::NodeImagesDue => "nodeImagesDue",
            Self::Drift => "drift",
        }
    }
}
