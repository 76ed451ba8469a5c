//! Snapshots of an app's volumes.

#[cfg(doc)]
use kompox_domain::VolumeDriver;
use kompox_domain::driver::{SnapshotCreate, SnapshotRestore};
use kompox_domain::volume::Deletion;
use kompox_domain::{
    AppScope, Argument, Context, DiskName, Error, Hint, Operation, ProviderDriver, Result, SnapshotName,
    Source, VolumeDisk, VolumeName, VolumeOptions, VolumeSnapshot, WriteOutcome,
};

use crate::{ability, disk, support};

/// The snapshots of one volume, or of all volumes of the app.
///
/// A volume of a kind that the driver does not have is an error when it was named, and a warning otherwise.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::snapshot_list`].
pub async fn list(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    volume: Option<&VolumeName>,
) -> Result<Vec<VolumeSnapshot>> {
    let driver = ability::volumes(driver, Operation::SnapshotList)?;
    let what = || match volume {
        Some(volume) => format!("cannot list the snapshots of volume {volume}"),
        None => format!("cannot list the snapshots of app {}", app.app.id),
    };
    let volumes = support::listed(&*driver, cx, app, volume).map_err(|error| error.context(what()))?;
    if volumes.is_empty() {
        return Ok(Vec::new());
    }
    driver
        .snapshot_list(cx, app, &volumes)
        .await
        .map_err(|error| error.context(what()))
}

/// A snapshot to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The volume.
    pub volume: VolumeName,
    /// The name of the snapshot; a new ULID without.
    pub name: Option<SnapshotName>,
    /// What it is taken from; the assigned disk without.
    pub source: Option<Source>,
}

/// Takes a snapshot.
///
/// Without a name every call takes another one. When it is unclear whether it was taken, the error names it and
/// the command that shows whether it exists.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::snapshot_create`].
pub async fn create(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    request: &Create,
) -> Result<VolumeSnapshot> {
    let driver = ability::volumes(driver, Operation::SnapshotCreate)?;
    let volume = support::volume(app, &request.volume)?;
    let name = match &request.name {
        Some(name) => name.clone(),
        None => SnapshotName::from(cx.next_ulid(None)),
    };
    let request = SnapshotCreate {
        name,
        source: request.source.clone(),
    };
    let cx = &cx.within();
    driver
        .snapshot_create(cx, app, volume, &request)
        .await
        .map_err(|error| {
            support::cannot_make(
                error,
                cx.outcome(),
                &format!("create snapshot {} of volume {}", request.name, volume.name),
                &format!("snapshot {}", request.name),
                &volume.name,
                Operation::SnapshotList,
            )
        })
}

/// The snapshot of this name, if there is one.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::snapshot_find`].
pub async fn find(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    volume: &VolumeName,
    snapshot: &SnapshotName,
) -> Result<Option<VolumeSnapshot>> {
    let driver = ability::volumes(driver, Operation::SnapshotList)?;
    let volume = support::volume(app, volume)?;
    let found = driver.snapshot_find(cx, app, volume, snapshot).await;
    found.map_err(|error| {
        error.context(format!(
            "cannot look at snapshot {snapshot} of volume {}",
            volume.name
        ))
    })
}

/// Deletes a snapshot. One that is not there is no error: the answer says so.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::snapshot_delete`].
pub async fn delete(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    volume: &VolumeName,
    snapshot: &SnapshotName,
) -> Result<Deletion> {
    let driver = ability::volumes(driver, Operation::SnapshotDelete)?;
    let volume = support::volume(app, volume)?;
    let cx = &cx.within();
    driver
        .snapshot_delete(cx, app, volume, snapshot)
        .await
        .map_err(|error| {
            let what = format!("delete snapshot {snapshot} of volume {}", volume.name);
            support::cannot_repeatable(error, cx.outcome(), &what)
        })
}

/// A snapshot to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// The volume.
    pub volume: VolumeName,
    /// The snapshot.
    pub snapshot: SnapshotName,
    /// The name of the new disk; a new ULID without.
    pub disk: Option<DiskName>,
    /// The zone asked for, as written.
    pub zone: Option<String>,
    /// Options that win over those of the volume.
    pub options: VolumeOptions,
    /// Whether the new disk becomes the assigned one. The one that was assigned is kept.
    pub assign: bool,
}

/// Makes a disk from a snapshot, and assigns it where that is asked for.
///
/// When only the assignment fails, the error names the new disk and the command that assigns it. Where the disk was named
/// and is to be assigned, the next call goes on with a disk that an earlier one made and did not come to assign.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::snapshot_restore`] and, with `assign`, of
/// [`VolumeDriver::disk_assign`].
pub async fn restore(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    request: &Restore,
) -> Result<VolumeDisk> {
    let driver = ability::volumes(driver, Operation::SnapshotRestore)?;
    let volume = support::volume(app, &request.volume)?;
    let restore = SnapshotRestore {
        snapshot: request.snapshot.clone(),
        disk: disk::name_or_new(cx, request.disk.as_ref()),
        zone: request.zone.clone(),
        options: request.options.clone(),
        resume: request.assign && request.disk.is_some(),
    };
    let watched = &cx.within();
    let restored = driver
        .snapshot_restore(watched, app, volume, &restore)
        .await
        .map_err(|error| {
            let what = format!(
                "restore snapshot {} of volume {} as disk {}",
                restore.snapshot, volume.name, restore.disk
            );
            let disk = format!("disk {}", restore.disk);
            support::cannot_make(
                error,
                watched.outcome(),
                &what,
                &disk,
                &volume.name,
                Operation::DiskList,
            )
        })?;
    if !request.assign {
        return Ok(restored);
    }
    let assigning = &cx.within();
    driver
        .disk_assign(assigning, app, volume, &restore.disk)
        .await
        .map_err(|error| not_assigned(error, assigning.outcome(), &volume.name, &restore.disk))
}

/// The error of a restore whose disk is there and whose assignment is not.
fn not_assigned(error: Error, assigning: WriteOutcome, volume: &VolumeName, disk: &DiskName) -> Error {
    let assign = support::on(Operation::DiskAssign, volume).with(Argument::Name(disk.to_string().into()));
    let message = match assigning {
        WriteOutcome::Unknown => {
            format!("disk {disk} of volume {volume} exists, but cannot tell whether it is assigned")
        }
        WriteOutcome::NotDone => format!("disk {disk} of volume {volume} exists and is not assigned"),
    };
    // Of what was asked for, the disk was made.
    error
        .with_outcome(WriteOutcome::Unknown)
        .context(message)
        .and_hint(Hint::command("assign it", assign))
}
