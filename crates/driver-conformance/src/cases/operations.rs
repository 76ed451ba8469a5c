//! Every operation on volumes as a call that is sound in itself, for cases that are about all of them.

use kompox_domain::{Context, Error, Operation, Volume};

use crate::check::Stop;
use crate::world::{World, disk, named, restore, snapshot};

/// Calls the operation, on this volume. The answer is a word about what came back.
pub(super) async fn call(
    world: &World,
    cx: &Context,
    volume: &Volume,
    operation: Operation,
) -> Result<Result<String, Error>, Stop> {
    let World { driver, app, .. } = world;
    let volumes = std::slice::from_ref(volume);
    let (disk_name, snapshot_name) = (named("probe-disk")?, named("probe-snapshot")?);
    Ok(match operation {
        Operation::DiskList => word(driver.disk_list(cx, app, volumes).await),
        Operation::DiskCreate => word(driver.disk_create(cx, app, volume, &disk(&disk_name)).await),
        Operation::DiskAssign => word(driver.disk_assign(cx, app, volume, &disk_name).await),
        Operation::DiskDelete => word(driver.disk_delete(cx, app, volume, &disk_name, false).await),
        Operation::SnapshotList => word(driver.snapshot_list(cx, app, volumes).await),
        Operation::SnapshotCreate => {
            let request = snapshot(&snapshot_name);
            word(driver.snapshot_create(cx, app, volume, &request).await)
        }
        Operation::SnapshotDelete => word(driver.snapshot_delete(cx, app, volume, &snapshot_name).await),
        Operation::SnapshotRestore => {
            let request = restore(&snapshot_name, &disk_name);
            word(driver.snapshot_restore(cx, app, volume, &request).await)
        }
        other => return Err(Stop::Failed(format!("{other} is no operation on volumes"))),
    })
}

fn word<T: std::fmt::Debug>(result: Result<T, Error>) -> Result<String, Error> {
    result.map(|value| format!("{value:?}"))
}
