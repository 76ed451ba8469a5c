//! The port that a provider driver implements.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::cluster::{
    AccessToken, Check, ClusterStatus, DeprovisionRequest, InstallRequest, KubeconfigRequest, Plan,
    ProvisionRequest, UninstallRequest,
};
use crate::context::Context;
use crate::dns::{DnsReport, DnsRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::hint::Hint;
use crate::model::{AnyId, Volume};
use crate::mount::{DiskMount, VolumeMount};
use crate::name::{DiskName, SnapshotName};
use crate::scope::{AppScope, ClusterScope, ProviderScope};
use crate::secret::SecretReader;
use crate::volume::{Deletion, DiskRecord, VolumeClass, VolumeDisk, VolumeSnapshot};

mod requests;

pub use requests::{DiskCreate, SnapshotCreate, SnapshotRestore};

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident, $word:literal, $minutes:literal;)*) => {
        /// An operation of the port.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {
            $($(#[$doc])* $variant,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its words, as on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// How long it may take unless the user says otherwise.
            #[must_use]
            pub const fn default_timeout(self) -> Duration {
                match self { $(Self::$variant => Duration::from_secs($minutes * 60),)* }
            }
        }
    };
}

operations! {
    /// [`ProviderDriver::cluster_plan`].
    ClusterPlan, "cluster provision --dry-run", 5;
    /// [`ProviderDriver::cluster_provision`].
    ClusterProvision, "cluster provision", 30;
    /// [`ProviderDriver::cluster_deprovision_plan`].
    ClusterDeprovisionPlan, "cluster deprovision --dry-run", 5;
    /// [`ProviderDriver::cluster_deprovision`].
    ClusterDeprovision, "cluster deprovision", 30;
    /// [`ProviderDriver::cluster_wait`].
    ClusterWait, "cluster wait", 30;
    /// [`ProviderDriver::cluster_check`].
    ClusterCheck, "check --online", 2;
    /// [`ProviderDriver::cluster_status`].
    ClusterStatus, "cluster status", 5;
    /// [`ProviderDriver::cluster_install`].
    ClusterInstall, "cluster install", 10;
    /// [`ProviderDriver::cluster_uninstall`].
    ClusterUninstall, "cluster uninstall", 10;
    /// [`ProviderDriver::cluster_kubeconfig`].
    ClusterKubeconfig, "cluster kubeconfig", 2;
    /// [`ProviderDriver::cluster_token`].
    ClusterToken, "cluster token", 1;
    /// [`ProviderDriver::volume_apply`].
    VolumeApply, "volume manifest --apply", 2;
    /// [`ProviderDriver::disk_list`].
    DiskList, "disk list", 1;
    /// [`ProviderDriver::disk_create`].
    DiskCreate, "disk create", 2;
    /// [`ProviderDriver::disk_assign`].
    DiskAssign, "disk assign", 1;
    /// [`ProviderDriver::disk_delete`].
    DiskDelete, "disk delete", 2;
    /// [`ProviderDriver::snapshot_list`].
    SnapshotList, "snapshot list", 1;
    /// [`ProviderDriver::snapshot_create`].
    SnapshotCreate, "snapshot create", 3;
    /// [`ProviderDriver::snapshot_delete`].
    SnapshotDelete, "snapshot delete", 2;
    /// [`ProviderDriver::snapshot_restore`].
    SnapshotRestore, "snapshot restore", 3;
    /// [`ProviderDriver::dns_deploy`].
    DnsDeploy, "dns deploy", 2;
    /// [`ProviderDriver::dns_destroy`].
    DnsDestroy, "dns destroy", 2;
}

impl Operation {
    /// Those on disks and snapshots.
    pub const ON_VOLUMES: &'static [Self] = &[
        Self::DiskList,
        Self::DiskCreate,
        Self::DiskAssign,
        Self::DiskDelete,
        Self::SnapshotList,
        Self::SnapshotCreate,
        Self::SnapshotDelete,
        Self::SnapshotRestore,
    ];
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a driver declares that it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The operations it carries out. All others answer [`ErrorKind::Unsupported`].
    pub operations: Vec<Operation>,
    /// The volume options it understands, each with what it takes.
    pub volume_options: Vec<(&'static str, &'static str)>,
}

impl Capabilities {
    /// Whether the driver carries out the operation.
    #[must_use]
    pub fn supports(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }
}

/// The error of a driver that does not do something: the same words for all of them.
#[must_use]
pub fn unsupported(driver: &str, operation: Operation) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("driver {driver} does not support {operation}"),
    )
}

/// The contract of a provider driver, for one configured provider.
///
/// All methods are required: a driver that does not do something says so in [`capabilities`] and answers
/// [`unsupported`], without a request. Every method may be called at the same time as any other, from this
/// process and from others; there is no lock. A method is cancelled by dropping its future; what it had asked
/// the cloud for by then goes on there, and calling it again must lead to the same end. No wait outlasts
/// [`Context::deadline`]: then the error is [`ErrorKind::Timeout`]. Every write is told of ([`Context::write`]): from
/// that it is known whether an operation that failed may have been done all the same.
///
/// Besides the errors each method names, all can give `Unauthenticated`, `PermissionDenied`, `Throttled`,
/// `Unavailable`, `Timeout`, `Internal`, and `InvalidInput` for settings that cannot be meant.
///
/// [`capabilities`]: ProviderDriver::capabilities
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ProviderDriver: Send + Sync {
    /// The driver's name.
    ///
    /// # Behavior
    /// Constant, without I/O.
    ///
    /// # Errors
    /// None.
    fn name(&self) -> &'static str;

    /// What the driver does.
    ///
    /// # Behavior
    /// Constant, without I/O.
    ///
    /// # Errors
    /// None.
    fn capabilities(&self) -> Capabilities;

    /// What [`cluster_provision`](Self::cluster_provision) would do.
    ///
    /// # Behavior
    /// Reads only. Empty when everything is as configured. For an `existing` cluster always empty. Pools that need a new
    /// node image for a change are in it: to be changed where the request asks for that, else kept, with a warning.
    ///
    /// # Errors
    /// `Precondition` for a difference that cannot be made by an update, or for a place that is not ours.
    async fn cluster_plan(
        &self,
        cx: &Context,
        cluster: &ClusterScope,
        request: &ProvisionRequest,
    ) -> Result<Plan>;

    /// Brings the cluster and all it needs in the cloud into being, or up to date.
    ///
    /// # Behavior
    /// Existing and as configured: nothing is written, unless `force`. Interrupted: the next call goes on.
    /// Held by another operation: waits. For an `existing` cluster nothing happens. Answers with what was
    /// done: empty where nothing had to be. That pools need a new node image for a change is remembered with the
    /// cluster until each has got it, pool after pool, where the request asks for that.
    ///
    /// # Errors
    /// `Precondition` before any write for what cannot be changed or is not ours; `Failed` when the cloud could
    /// not make something, with the tree of what failed ([`Error::failures`]); `QuotaExceeded`.
    async fn cluster_provision(
        &self,
        cx: &Context,
        cluster: &ClusterScope,
        request: &ProvisionRequest,
    ) -> Result<Plan>;

    /// What [`cluster_deprovision`](Self::cluster_deprovision) would delete, keep, and stop at.
    ///
    /// # Behavior
    /// Reads only. Missing: empty.
    ///
    /// # Errors
    /// `InvalidInput` when `allow_delete` names what cannot be a resource. What cannot be read is an error, never
    /// "already gone".
    async fn cluster_deprovision_plan(
        &self,
        cx: &Context,
        cluster: &ClusterScope,
        request: &DeprovisionRequest,
    ) -> Result<Plan>;

    /// Deletes exactly what provisioning made.
    ///
    /// # Behavior
    /// Missing: success. Interrupted: the next call goes on. Fails closed unless ownership is proved. For an
    /// `existing` cluster nothing happens. Answers with what was deleted, and with what is left and why.
    ///
    /// # Errors
    /// `Precondition`, before any write, when something foreign or data-holding stands there that
    /// `allow_delete` does not name, or when ownership is not proved. `InvalidInput` as for the plan. `Failed` with
    /// what could not be deleted.
    async fn cluster_deprovision(
        &self,
        cx: &Context,
        cluster: &ClusterScope,
        request: &DeprovisionRequest,
    ) -> Result<Plan>;

    /// Waits for what is under way with the cluster, whoever began it.
    ///
    /// # Behavior
    /// Reads only. Nothing under way: returns at once, with `None`; else with what it was, once it has ended well.
    ///
    /// # Errors
    /// `Failed`, with the tree of what failed, when what was waited for failed.
    async fn cluster_wait(&self, cx: &Context, cluster: &ClusterScope) -> Result<Option<String>>;

    /// What would keep the cluster from being provisioned, as far as the cloud tells without being written to.
    ///
    /// # Behavior
    /// Reads only. Everything is looked at, whatever was found before; what may not be read is
    /// [`Unknown`](crate::cluster::Verdict::Unknown). For an `existing` cluster: what is needed to use it.
    ///
    /// # Errors
    /// None of its own: what is wrong is the answer.
    async fn cluster_check(&self, cx: &Context, cluster: &ClusterScope) -> Result<Vec<Check>>;

    /// What is known about the cluster.
    ///
    /// # Behavior
    /// Reads only. A cluster that is missing or cannot be reached is an answer, not an error.
    ///
    /// # Errors
    /// None of its own.
    async fn cluster_status(&self, cx: &Context, cluster: &ClusterScope) -> Result<ClusterStatus>;

    /// Makes a cluster ready for apps: its ingress, and the rights that its identities need outside of it.
    ///
    /// # Behavior
    /// Installed and as configured: nothing is written, unless `force`. Interrupted: the next call converges. Two at
    /// once: both succeed. Returns when the ingress is available and has an address. A right that cannot be given
    /// does not keep the rest from being done. Answers with what was done, and with what stands in the way of a dry
    /// run, which only reads.
    ///
    /// # Errors
    /// `Precondition`, before any write, when the cluster is not provisioned as configured, or somebody else's
    /// ingress stands there. `Conflict` when somebody else has changed what was installed. `Failed`, after everything
    /// else was done, with each right that could not be given ([`Error::failures`]). `Timeout` with what the ingress
    /// waits for.
    async fn cluster_install(
        &self,
        cx: &Context,
        cluster: &ClusterScope,
        request: &InstallRequest,
    ) -> Result<Plan>;

    /// Undoes [`cluster_install`](Self::cluster_install).
    ///
    /// # Behavior
    /// Not installed: success, and empty. Deletes only what installing made, and returns when it is gone. Stored
    /// certificates stay unless told otherwise. Interrupted: the next call goes on. Answers with what was deleted,
    /// and with what stays and why; a dry run only reads, and answers with what would be.
    ///
    /// # Errors
    /// `NotFound` when there is no cluster to ask. `Failed` with what could not be deleted.
    async fn cluster_uninstall(
        &self,
        cx: &Context,
        cluster: &ClusterScope,
        request: &UninstallRequest,
    ) -> Result<Plan>;

    /// A kubeconfig for the cluster: the text of the file.
    ///
    /// # Behavior
    /// Reads only, and writes no file. It has one context, which is the current one.
    ///
    /// # Errors
    /// `NotFound` without a cluster; `Precondition` when the credential or address asked for does not exist.
    async fn cluster_kubeconfig(
        &self,
        cx: &Context,
        cluster: &ClusterScope,
        request: &KubeconfigRequest,
    ) -> Result<crate::secret::Secret>;

    /// A token of the user who is signed in to the cloud, for the API server of the cluster.
    ///
    /// # Behavior
    /// Made anew each time, or given out again while it is good for some minutes.
    ///
    /// # Errors
    /// None of its own.
    async fn cluster_token(&self, cx: &Context, cluster: &ClusterScope) -> Result<AccessToken>;

    /// How Kubernetes sees the disks of a volume.
    ///
    /// # Behavior
    /// Without I/O.
    ///
    /// # Errors
    /// `Unsupported` for a kind of volume that the driver does not have.
    fn volume_class(&self, app: &AppScope, volume: &Volume) -> Result<VolumeClass>;

    /// How a cluster finds and attaches one disk of a volume, as it was listed.
    ///
    /// # Behavior
    /// Without I/O. The same disk gives the same answer, another disk another handle. A disk that not every node of
    /// a cluster can attach says by labels which can: those that the CSI driver gives its nodes.
    ///
    /// # Errors
    /// `Unsupported` for a kind of volume that the driver does not have.
    fn disk_mount(&self, app: &AppScope, volume: &Volume, disk: &DiskRecord) -> Result<DiskMount>;

    /// Lets the app's cluster mount disks: a persistent volume and a claim for each, as they were worked out from
    /// [`volume_class`](Self::volume_class) and [`disk_mount`](Self::disk_mount).
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
    async fn volume_apply(&self, cx: &Context, app: &AppScope, mounts: &[VolumeMount]) -> Result<Plan>;

    /// The disks of some volumes of an app.
    ///
    /// # Behavior
    /// Newest first, then by name. What was never made, or is still being made, is listed too and says so
    /// ([`Creation`](crate::volume::Creation)). Nothing there yet, not even the place for it: empty. A resource belongs to
    /// a volume only if place, tag and name all agree; whatever else is there is skipped. At most one disk of each
    /// volume is assigned, at every moment ([`assigned_index`](crate::volume::assigned_index)).
    ///
    /// # Errors
    /// `Unsupported` for a kind of volume that the driver does not have.
    async fn disk_list(&self, cx: &Context, app: &AppScope, volumes: &[Volume]) -> Result<Vec<VolumeDisk>>;

    /// The disk of this name, if there is one.
    ///
    /// # Behavior
    /// As it is listed. None: nothing has its name. It changes nothing.
    ///
    /// # Errors
    /// As [`disk_list`](Self::disk_list); `Conflict` where somebody else's has the name.
    async fn disk_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<Option<VolumeDisk>>;

    /// Makes a disk.
    ///
    /// # Behavior
    /// The first disk of a volume is assigned, later ones are not. The place for it is made where it is missing,
    /// and left as it is otherwise. Called twice with one name: `Conflict` the second time; where the first creation
    /// failed, it is gone on with if it is for the same source, size, kind and zone. Two calls at the same
    /// time may both leave a disk; every reader still sees one assigned, and the loser warns
    /// ([`LostRace`](crate::progress::WarningKind::LostRace)).
    /// The answer may differ from the request: sizes are rounded up.
    ///
    /// # Errors
    /// `Conflict` for a name in use, or one that is somebody else's; `NotFound` for a missing source;
    /// `InvalidInput` for an unknown option, a size the cloud does not have, or a zone that must be given;
    /// `Precondition` for a source that is not ready, or was never made; `Unsupported` for the kind of volume.
    async fn disk_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &DiskCreate,
    ) -> Result<VolumeDisk>;

    /// Makes a disk the assigned one.
    ///
    /// # Behavior
    /// Already the only one: nothing is written. No moment shows none or two, once there was one. Interrupted: the
    /// next call goes on. If another disk was assigned meanwhile: `Conflict` that names it.
    ///
    /// # Errors
    /// `NotFound` for a missing disk; `Precondition` for one that was never made, or is still being made; `Conflict`.
    async fn disk_assign(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<VolumeDisk>;

    /// Deletes a disk.
    ///
    /// # Behavior
    /// Missing: success, and the answer says so. The assigned disk only with `force`; none is assigned afterwards. The
    /// app's cluster is asked whether a persistent volume still names the disk. Where there is no cluster there is nobody
    /// to ask; where it does not answer, a warning says that it was not asked ([`Unchecked`](crate::progress::WarningKind::Unchecked)).
    ///
    /// # Errors
    /// `Precondition` for the assigned disk without `force`; with and without it for one that is attached, naming the
    /// machine, and for one that a persistent volume names, naming volume and claim.
    async fn disk_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
        force: bool,
    ) -> Result<Deletion>;

    /// The snapshots of some volumes of an app.
    ///
    /// # Behavior
    /// As [`disk_list`](Self::disk_list).
    ///
    /// # Errors
    /// As [`disk_list`](Self::disk_list).
    async fn snapshot_list(
        &self,
        cx: &Context,
        app: &AppScope,
        volumes: &[Volume],
    ) -> Result<Vec<VolumeSnapshot>>;

    /// The snapshot of this name, if there is one.
    ///
    /// # Behavior
    /// As [`disk_find`](Self::disk_find).
    ///
    /// # Errors
    /// As [`disk_find`](Self::disk_find).
    async fn snapshot_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Option<VolumeSnapshot>>;

    /// Takes a snapshot.
    ///
    /// # Behavior
    /// Returns when the snapshot can be used, not earlier. Called twice with one name: `Conflict` the second time;
    /// where the first creation failed, it is gone on with if it is for the same source.
    ///
    /// # Errors
    /// `NotFound` for a missing source, or without one when no disk is assigned; `Precondition` for a source that was
    /// never made; `Conflict` for a name in use.
    async fn snapshot_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotCreate,
    ) -> Result<VolumeSnapshot>;

    /// Deletes a snapshot.
    ///
    /// # Behavior
    /// Missing: success, and the answer says so.
    ///
    /// # Errors
    /// None of its own.
    async fn snapshot_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Deletion>;

    /// Makes a disk from a snapshot.
    ///
    /// # Behavior
    /// At least as large as the snapshot; never assigned, not even as the first. Zone as asked, else as the disk
    /// the snapshot was taken from. Called twice with one name: `Conflict` the second time, unless `resume` says to
    /// go on: then the disk of that name is the answer, if it is the one that this call would make and was never
    /// assigned or attached.
    ///
    /// # Errors
    /// As [`disk_create`](Self::disk_create).
    async fn snapshot_restore(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotRestore,
    ) -> Result<VolumeDisk>;

    /// Publishes the names that an app is served under: records that lead to its ingress.
    ///
    /// # Behavior
    /// Names and addresses are those that the cluster serves right now. What is missing is made, what is this app's
    /// ([`Owner::owns`](crate::dns::Owner::owns)) is brought up to date, and deleted when the app is no longer served
    /// under it; nothing is deleted when some namespaces only are looked at, or when the app is served under no name
    /// at all. A record of anybody else is neither changed nor deleted, whatever it says: it is told as in the way
    /// unless it says the same. What somebody writes at the same time is found, and judged anew once. As it should be:
    /// nothing is written. With `dry_run` nothing is written, ever. A name that cannot be published is told, and keeps
    /// no other from being published.
    ///
    /// # Errors
    /// `NotFound` without a cluster; `InvalidInput` when no zone is configured; what keeps the cluster from being read,
    /// before anything is written. A zone that cannot be read and a record that cannot be written keep no other from
    /// being tried: [`Error::failures`] names each, and the kind is theirs, or `Failed` where they differ.
    async fn dns_deploy(&self, cx: &Context, app: &AppScope, request: &DnsRequest) -> Result<DnsReport>;

    /// Undoes [`dns_deploy`](Self::dns_deploy).
    ///
    /// # Behavior
    /// Deletes exactly the records that are this app's, in every configured zone; the cluster is not asked. Nothing
    /// there: success. Records of anybody else under the same names are told as kept. With `dry_run` nothing is written.
    ///
    /// # Errors
    /// What cannot be read or deleted, as for [`dns_deploy`](Self::dns_deploy).
    async fn dns_destroy(&self, cx: &Context, app: &AppScope, dry_run: bool) -> Result<DnsReport>;
}

/// Something wrong with the settings of a provider, cluster or app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whose settings.
    pub subject: AnyId,
    /// What is wrong, naming the keys.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<Hint>,
}

/// A port: makes drivers of one kind.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait DriverFactory: Send + Sync {
    /// The driver's name, as in the configuration's `driver`.
    ///
    /// # Behavior
    /// Constant, without I/O.
    ///
    /// # Errors
    /// None.
    fn name(&self) -> &'static str;

    /// Everything that is wrong with the settings of a provider, its clusters and apps.
    ///
    /// # Behavior
    /// Without I/O: values that stand elsewhere are not read.
    ///
    /// # Errors
    /// None: what is wrong is the answer.
    fn check(&self, scope: &ProviderScope) -> Vec<Finding>;

    /// Makes a driver.
    ///
    /// # Behavior
    /// Reads secrets and credential files, but sends no request: missing permissions show later.
    ///
    /// # Errors
    /// `InvalidInput`: all missing keys in one error. Settings of clusters and apps are checked when an operation
    /// needs them.
    fn build(&self, scope: &ProviderScope, secrets: &dyn SecretReader) -> Result<Arc<dyn ProviderDriver>>;
}
