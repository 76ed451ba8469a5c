//! The ability to make a cluster ready for apps.

use async_trait::async_trait;

use super::mode::Mode;
use crate::cluster::Plan;
use crate::context::Context;
use crate::error::Result;
use crate::model::Cluster;

/// How to install the ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InstallRequest {
    /// Apply everything even where nothing differs, and take back what others have changed of it.
    pub force: bool,
}

/// How to uninstall the ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UninstallRequest {
    /// Delete the stored certificates too.
    pub delete_certificates: bool,
}

/// The ingress of clusters, for one configured provider.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IngressDriver: Send + Sync {
    /// Makes a cluster ready for apps: its ingress, and the rights that its identities need outside of it.
    ///
    /// # Behavior
    /// Installed and as configured: nothing is written, unless `force`. Interrupted: the next call converges. Two at
    /// once: both succeed. Returns when the ingress is available and has an address. A right that cannot be given
    /// does not keep the rest from being done. Answers with what was done.
    ///
    /// [`Mode::Plan`] reads only. It answers with what would be done, and with what stands in the way.
    ///
    /// # Errors
    /// `Precondition`, before any write, when the cluster is not provisioned as configured, or somebody else's
    /// ingress stands there. `Conflict` when somebody else has changed what was installed. `Failed`, after everything
    /// else was done, with each right that could not be given ([`Error::failures`](crate::Error::failures)). `Timeout` with what the ingress
    /// waits for.
    async fn install(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &InstallRequest,
        mode: Mode,
    ) -> Result<Plan>;

    /// Undoes [`install`](Self::install).
    ///
    /// # Behavior
    /// Not installed: success, and empty. Deletes only what installing made, and returns when it is gone. Stored
    /// certificates stay unless told otherwise. Interrupted: the next call goes on. Answers with what was deleted,
    /// and with what stays and why.
    ///
    /// [`Mode::Plan`] reads only. It answers with what would be deleted, and with what would stay.
    ///
    /// # Errors
    /// `NotFound` when there is no cluster to ask. `Failed` with what could not be deleted.
    async fn uninstall(
        &self,
        cx: &Context,
        cluster: &Cluster,
        request: &UninstallRequest,
        mode: Mode,
    ) -> Result<Plan>;
}
