//! The ability to have clusters.

use async_trait::async_trait;

use super::mode::Mode;
use crate::cluster::{AccessToken, Check, ClusterStatus, Plan};
use crate::context::Context;
use crate::error::Result;
use crate::model::Cluster;
use crate::secret::Secret;

/// How to provision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProvisionRequest {
    /// Put everything again even where nothing differs.
    pub force: bool,
    /// Give nodes a new image where a change needs that to reach them, which drains them. Where none does, nothing.
    pub upgrade_node_images: bool,
}

/// How to deprovision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeprovisionRequest {
    /// Foreign or data-holding resources that may go along, by the cloud's own id.
    pub allow_delete: Vec<String>,
}

/// With whose rights a kubeconfig works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credential {
    /// The cluster's own administrator where it has one, else the user who is signed in to the cloud.
    #[default]
    Auto,
    /// The cluster's own administrator.
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

/// A program that gives out tokens, as Kubernetes clients run it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenCommand {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables it needs beside those of whoever runs it. No secrets: they are written to a file.
    pub env: Vec<(String, String)>,
}

/// Which kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubeconfigRequest {
    /// With whose rights.
    pub credential: Credential,
    /// Naming which address.
    pub address: Address,
    /// What gives out the token of the user who is signed in: it answers with
    /// [`ClusterDriver::token`].
    pub token_command: TokenCommand,
}

/// Clusters, for one configured provider.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ClusterDriver: Send + Sync {
    /// Brings the cluster and all it needs in the cloud into being, or up to date.
    ///
    /// # Behavior
    /// Existing and as configured: nothing is written, unless `force`. Interrupted: the next call goes on.
    /// Held by another operation: waits. For an `existing` cluster nothing happens. Answers with what was
    /// done: empty where nothing had to be. That pools need a new node image for a change is remembered with the
    /// cluster until each has got it, pool after pool, where the request asks for that.
    ///
    /// [`Mode::Plan`] reads only and waits for nobody. It answers with what would be done: empty when everything is as
    /// configured. Pools that need a new node image for a change are in it: to be changed where the request asks for
    /// that, else kept, with a warning.
    ///
    /// # Errors
    /// `Precondition` before any write, in both modes, for what cannot be changed by an update or is not ours;
    /// `Failed` when the cloud could not make something, with the tree of what failed ([`Error::failures`]);
    /// `QuotaExceeded`.
    ///
    /// [`Error::failures`]: crate::Error::failures
    async fn provision(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &ProvisionRequest,
        mode: Mode,
    ) -> Result<Plan>;

    /// Deletes exactly what provisioning made.
    ///
    /// # Behavior
    /// Missing: success. Interrupted: the next call goes on. Fails closed unless ownership is proved. For an
    /// `existing` cluster nothing happens. Answers with what was deleted, and with what is left and why.
    ///
    /// [`Mode::Plan`] reads only. It answers with what would be deleted, kept, and stopped at; missing: empty. That
    /// something stands in the way is in the answer ([`Block`](crate::cluster::ChangeAction::Block)), and no error.
    ///
    /// # Errors
    /// `Precondition`, before any write, when something foreign or data-holding stands there that
    /// `allow_delete` does not name, or when ownership is not proved. `InvalidInput`, in both modes, when
    /// `allow_delete` names what cannot be a resource. What cannot be read is an error, never "already gone".
    /// `Failed` with what could not be deleted.
    async fn deprovision(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &DeprovisionRequest,
        mode: Mode,
    ) -> Result<Plan>;

    /// Waits for what is under way with the cluster, whoever began it.
    ///
    /// # Behavior
    /// Reads only. Nothing under way: returns at once, with `None`; else with what it was, once it has ended well.
    ///
    /// # Errors
    /// `Failed`, with the tree of what failed, when what was waited for failed.
    async fn wait(&self, cx: &Context, cluster: &Cluster) -> Result<Option<String>>;

    /// What would keep the cluster from being provisioned, as far as the cloud tells without being written to.
    ///
    /// # Behavior
    /// Reads only. Everything is looked at, whatever was found before; what may not be read is
    /// [`Unknown`](crate::cluster::Verdict::Unknown). For an `existing` cluster: what is needed to use it.
    ///
    /// # Errors
    /// None of its own: what is wrong is the answer.
    async fn check(&self, cx: &Context, cluster: &Cluster) -> Result<Vec<Check>>;

    /// What is known about the cluster.
    ///
    /// # Behavior
    /// Reads only. A cluster that is missing or cannot be reached is an answer, not an error.
    ///
    /// # Errors
    /// None of its own.
    async fn status(&self, cx: &Context, cluster: &Cluster) -> Result<ClusterStatus>;

    /// A kubeconfig for the cluster: the text of the file.
    ///
    /// # Behavior
    /// Reads only, and writes no file. It has one context, which is the current one.
    ///
    /// # Errors
    /// `NotFound` without a cluster; `Precondition` when the credential or address asked for does not exist.
    async fn kubeconfig(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &KubeconfigRequest,
    ) -> Result<Secret>;

    /// A token of the user who is signed in to the cloud, for the API server of the cluster.
    ///
    /// # Behavior
    /// Made anew each time, or given out again while it is good for some minutes.
    ///
    /// # Errors
    /// None of its own.
    async fn token(&self, cx: &Context, cluster: &Cluster) -> Result<AccessToken>;
}
