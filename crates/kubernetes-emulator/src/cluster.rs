//! What the API server must know of the cluster that it belongs to, and whom it asks.

use std::time::Duration;

use kompox_emulator_core::store::Documents;

/// A cluster as its owner describes it.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Tells this cluster from any other, also from one of the same name that was deleted.
    pub uid: String,
    /// The id by which permissions name it.
    pub id: String,
    /// The names that its endpoint has, in lower case.
    pub hosts: Vec<String>,
    /// The patch version of Kubernetes that it runs.
    pub version: String,
    /// Whether its endpoint answers: it is made, and neither stopped nor on its way out.
    pub answers: bool,
    /// Who may do what besides its own credential.
    pub authorization: Authorization,
    /// The names of its nodes.
    pub nodes: Vec<String>,
    /// The add-ons that are turned on.
    pub add_ons: Vec<String>,
    /// The id of the group in which disks are made for claims; without one none are made.
    pub disk_group: Option<String>,
}

/// Who may do what in a cluster besides its own credential, which may do anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Nobody: tokens of principals are not known.
    #[default]
    LocalAccounts,
    /// The members of these groups may do anything.
    Groups(Vec<String>),
    /// The owner of the clusters decides about each action.
    Owner,
}

/// Whoever owns the clusters: it knows them, and who shows a token.
pub trait ClusterOwner {
    /// The cluster that the owner keeps under this key.
    fn cluster(&self, documents: &Documents, key: &str) -> Option<Cluster>;

    /// The object id of the principal who shows this token, if the token is good.
    fn principal(&self, token: &str, now: i64) -> Option<String>;

    /// Whether a principal may do a data action at a scope or above it, where [`Authorization::Owner`] says so.
    /// `cluster` is the id of the cluster, `namespace` the namespace in it.
    fn allows(
        &self,
        documents: &Documents,
        principal: &str,
        action: &str,
        cluster: &str,
        namespace: Option<&str>,
    ) -> bool;
}

/// How long things take in a cluster. By default they take no time.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// Until a pod is ready.
    pub pod: Duration,
    /// Until a service of type `LoadBalancer` has its address, and until it has let go of it.
    pub load_balancer: Duration,
    /// Until the content of a namespace that is deleted has gone.
    pub namespace: Duration,
    /// How often at least what is under way must be looked at before it ends.
    pub polls: u32,
}
