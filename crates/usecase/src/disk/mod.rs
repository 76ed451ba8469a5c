//! Disks of an app's volumes.

mod bootstrap;

use kompox_domain::driver::DiskCreate;
use kompox_domain::volume::Deletion;
use kompox_domain::{
    AppScope, Context, DiskName, Operation, ProviderDriver, Result, Source, Volume, VolumeDisk, VolumeDriver,
    VolumeName, VolumeOptions,
};

pub use bootstrap::{BootstrapOutcome, Bootstrapped, bootstrap};

use crate::{ability, support};

/// The disks of one volume, or of all volumes of the app.
///
/// A volume of a kind that the driver does not have is an error when it was named, and a warning otherwise.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::disk_list`].
pub async fn list(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    volume: Option<&VolumeName>,
) -> Result<Vec<VolumeDisk>> {
    let driver = ability::volumes(driver, Operation::DiskList)?;
    let what = || match volume {
        Some(volume) => format!("cannot list the disks of volume {volume}"),
        None => format!("cannot list the disks of app {}", app.app.id),
    };
    let volumes = support::listed(&*driver, cx, app, volume).map_err(|error| error.context(what()))?;
    if volumes.is_empty() {
        return Ok(Vec::new());
    }
    driver
        .disk_list(cx, app, &volumes)
        .await
        .map_err(|error| error.context(what()))
}

/// A disk to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The volume.
    pub volume: VolumeName,
    /// The name of the disk; a new ULID without.
    pub name: Option<DiskName>,
    /// What it is made from; empty without.
    pub source: Option<Source>,
    /// The zone asked for, as written.
    pub zone: Option<String>,
    /// Options that win over those of the volume.
    pub options: VolumeOptions,
}

/// Makes a disk: the first of its volume is assigned, later ones are not.
///
/// Without a name every call makes another disk. When it is unclear whether the disk was made, the error names it
/// and the command that shows whether it exists.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::disk_create`].
pub async fn create(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    request: &Create,
) -> Result<VolumeDisk> {
    let driver = ability::volumes(driver, Operation::DiskCreate)?;
    let volume = support::volume(app, &request.volume)?;
    let request = DiskCreate {
        name: name_or_new(cx, request.name.as_ref()),
        source: request.source.clone(),
        zone: request.zone.clone(),
        options: request.options.clone(),
    };
    make(&*driver, cx, app, volume, &request).await
}

/// Makes a disk the assigned one of its volume. The one that was assigned is kept.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::disk_assign`].
pub async fn assign(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    volume: &VolumeName,
    disk: &DiskName,
) -> Result<VolumeDisk> {
    let driver = ability::volumes(driver, Operation::DiskAssign)?;
    let volume = support::volume(app, volume)?;
    let cx = &cx.within();
    driver.disk_assign(cx, app, volume, disk).await.map_err(|error| {
        let what = format!("assign disk {disk} of volume {}", volume.name);
        support::cannot_repeatable(error, cx.outcome(), &what)
    })
}

/// Deletes a disk; the assigned one only with `force`. One that is not there is no error: the answer says so.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::disk_delete`].
pub async fn delete(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    volume: &VolumeName,
    disk: &DiskName,
    force: bool,
) -> Result<Deletion> {
    let driver = ability::volumes(driver, Operation::DiskDelete)?;
    let volume = support::volume(app, volume)?;
    let cx = &cx.within();
    driver
        .disk_delete(cx, app, volume, disk, force)
        .await
        .map_err(|error| {
            let what = format!("delete disk {disk} of volume {}", volume.name);
            support::cannot_repeatable(error, cx.outcome(), &what)
        })
}

/// The disk of this name, if there is one.
///
/// # Errors
/// `NotFound` for an unknown volume; those of [`VolumeDriver::disk_find`].
pub async fn find(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    volume: &VolumeName,
    disk: &DiskName,
) -> Result<Option<VolumeDisk>> {
    let driver = ability::volumes(driver, Operation::DiskList)?;
    let volume = support::volume(app, volume)?;
    driver
        .disk_find(cx, app, volume, disk)
        .await
        .map_err(|error| error.context(format!("cannot look at disk {disk} of volume {}", volume.name)))
}

/// The name asked for, or a new one that is greater than all before.
pub(crate) fn name_or_new(cx: &Context, name: Option<&DiskName>) -> DiskName {
    name.cloned()
        .unwrap_or_else(|| DiskName::from(cx.next_ulid(None)))
}

async fn make(
    driver: &dyn VolumeDriver,
    cx: &Context,
    app: &AppScope,
    volume: &Volume,
    request: &DiskCreate,
) -> Result<VolumeDisk> {
    let cx = &cx.within();
    driver
        .disk_create(cx, app, volume, request)
        .await
        .map_err(|error| {
            support::cannot_make(
                error,
                cx.outcome(),
                &format!("create disk {} of volume {}", request.name, volume.name),
                &format!("disk {}", request.name),
                &volume.name,
                Operation::DiskList,
            )
        })
}
