//! The cluster half of the port: what is asked of a driver about clusters, and what it answers.

/// How to provision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProvisionRequest {
    /// Put everything again even where nothing differs.
    pub force: bool,
}

/// How to deprovision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeprovisionRequest {
    /// Foreign or data-holding resources that may go along, by the cloud's own id.
    pub allow_delete: Vec<String>,
}

/// What would be done to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeAction {
    /// It would be made.
    Create,
    /// It would be changed.
    Update,
    /// It would be deleted.
    Delete,
    /// It stays, and is worth knowing about.
    Keep,
    /// It stands in the way until somebody decides.
    Block,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What would be done.
    pub action: ChangeAction,
    /// The resource, by the cloud's own id or by what it will be called.
    pub resource: String,
    /// Why, or what about it: a few words.
    pub reason: String,
}

/// What an operation would do. An empty one does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The changes, in the order in which they would be made.
    pub changes: Vec<Change>,
}

impl Plan {
    /// Whether carrying it out would change anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes
            .iter()
            .all(|change| change.action == ChangeAction::Keep)
    }
}

/// One statement about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it is about, in camel case: `provisioned`, `attachRoleMissing`.
    pub kind: String,
    /// True, false, or not known.
    pub status: Option<bool>,
    /// Why, as one word in camel case.
    pub reason: String,
    /// Why, as a sentence.
    pub message: String,
}

/// What is known about a cluster. Whatever could not be read is `None`, and a condition says why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterStatus {
    /// Whether somebody else made it.
    pub existing: bool,
    /// Whether everything it needs in the cloud is there and well.
    pub provisioned: Option<bool>,
    /// Whether its ingress is there and available.
    pub installed: Option<bool>,
    /// The ingress's public address.
    pub ingress_global_ip: Option<String>,
    /// The ingress's name.
    pub ingress_fqdn: Option<String>,
    /// The Kubernetes version that runs.
    pub kubernetes_version: Option<String>,
    /// The cloud's word for whether it runs or is stopped.
    pub power_state: Option<String>,
    /// Addresses of the API server: what kind, and the address.
    pub addresses: Vec<(String, String)>,
    /// What differs from the configuration.
    pub drift: Vec<Change>,
    /// Everything that is worth saying.
    pub conditions: Vec<Condition>,
}

/// With whose rights a kubeconfig works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credential {
    /// The cluster's own administrator.
    #[default]
    Admin,
    /// The user who is signed in to the cloud.
    User,
}

/// Which address of the API server a kubeconfig names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Address {
    /// The one that can be reached from here.
    #[default]
    Auto,
    /// The public one.
    Public,
    /// The private one.
    Private,
}

/// Which kubeconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KubeconfigRequest {
    /// With whose rights.
    pub credential: Credential,
    /// Naming which address.
    pub address: Address,
}

/// How to install the ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InstallRequest {
    /// Apply everything even where nothing differs.
    pub force: bool,
}

/// How to uninstall the ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UninstallRequest {
    /// Delete the stored certificates too.
    pub delete_certificates: bool,
}
