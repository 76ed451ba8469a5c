//! The ability to let a cluster mount disks.

use async_trait::async_trait;

use crate::cluster::Plan;
use crate::context::Context;
use crate::error::Result;
use crate::mount::VolumeMount;
use crate::scope::AppScope;

/// What mounts disks in clusters, for one configured provider.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait MountDriver: Send + Sync {
    /// Lets the app's cluster mount disks: a persistent volume and a claim for each, as they were worked out from
    /// [`volume_class`](crate::VolumeDriver::volume_class) and [`disk_mount`](crate::VolumeDriver::disk_mount).
    ///
    /// # Behavior
    /// Everything is looked at before the first write. There as wanted: nothing is written. A namespace that is
    /// missing is made. A volume whose claim has gone is given to the new one. A claim is never resized. What mounts
    /// another disk of the same volume stays, and is told ([`Keep`](crate::cluster::ChangeAction::Keep)) with how to
    /// remove it. Interrupted: the next call goes on. Two at once: both succeed. Does not wait for claims to be bound.
    /// No mounts: nothing is asked. Answers with what was done.
    ///
    /// # Errors
    /// `NotFound` without a cluster. `Precondition`, before any write, for what is somebody else's, is being deleted,
    /// or is in use by another claim or volume; for a cluster that is stopped.
    async fn apply(&self, cx: &Context, app: &AppScope, mounts: &[VolumeMount]) -> Result<Plan>;
}
