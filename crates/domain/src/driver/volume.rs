//! The ability to have volumes: disks, snapshots, and which disk is the assigned one.

use async_trait::async_trait;

use crate::context::Context;
use crate::error::Result;
use crate::model::Volume;
use crate::mount::DiskMount;
use crate::name::{DiskName, SnapshotName};
use crate::options::VolumeOptions;
use crate::scope::AppScope;
use crate::source::Source;
use crate::volume::{Deletion, DiskRecord, VolumeClass, VolumeDisk, VolumeSnapshot};

/// An option that the volumes of a driver have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeOption {
    /// Its name, as in the configuration.
    pub name: &'static str,
    /// What it takes, in a few words.
    pub takes: &'static str,
}

/// What a new disk should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskCreate {
    /// Its name in the volume.
    pub name: DiskName,
    /// What it is made from; empty without.
    pub source: Option<Source>,
    /// The zone asked for, as written.
    pub zone: Option<String>,
    /// Options that win over those of the volume.
    pub options: VolumeOptions,
}

/// What a new snapshot should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotCreate {
    /// Its name in the volume.
    pub name: SnapshotName,
    /// What it is taken from; the assigned disk without.
    pub source: Option<Source>,
}

/// What is restored, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRestore {
    /// The snapshot.
    pub snapshot: SnapshotName,
    /// The name of the new disk in the volume.
    pub disk: DiskName,
    /// The zone asked for, as written.
    pub zone: Option<String>,
    /// Options that win over those of the volume.
    pub options: VolumeOptions,
    /// Whether a disk of that name that an earlier call made is gone on with.
    pub resume: bool,
}

/// Disks and snapshots of volumes, for one configured provider.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait VolumeDriver: Send + Sync {
    /// The options that volumes have.
    ///
    /// # Behavior
    /// Constant, without I/O. Any other option is an error wherever it is given.
    ///
    /// # Errors
    /// None.
    fn options(&self) -> &'static [VolumeOption];

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
}
