//! Making disks from snapshots.

use kompox_domain::driver::SnapshotRestore;
use kompox_domain::{ByteSize, ErrorKind};

use crate::case::{Suite, cases};
use crate::check::{Stop, Verdict, done, ensure, equal, refused};
use crate::world::{NO_NAMES, World, assigned, disk, disk_names, named, restore, unknown_option};

cases! {
    snapshot_restore_makes_a_disk_that_is_never_assigned: DiskList DiskCreate SnapshotCreate SnapshotRestore;
    snapshot_restore_does_not_assign_even_the_first_disk:
        DiskList DiskCreate DiskDelete SnapshotCreate SnapshotRestore;
    snapshot_restore_is_at_least_as_large_as_the_snapshot: DiskList DiskCreate SnapshotCreate SnapshotRestore;
    snapshot_restore_refuses_a_name_in_use_and_leaves_that_disk_alone:
        DiskList DiskCreate SnapshotCreate SnapshotRestore;
    snapshot_restore_of_a_missing_snapshot_is_not_found: DiskList DiskCreate SnapshotRestore;
    snapshot_restore_refuses_an_unknown_option_before_any_write:
        DiskList DiskCreate SnapshotCreate SnapshotRestore;
    snapshot_restore_goes_on_with_its_own_disk_where_it_is_told_to: DiskList DiskCreate DiskAssign SnapshotCreate SnapshotRestore;
    a_restored_disk_can_be_assigned_and_the_old_one_is_kept:
        DiskList DiskCreate DiskAssign SnapshotCreate SnapshotRestore;
}

/// A volume with disk `first`, assigned, and snapshot `taken` of it.
async fn with_snapshot(suite: &Suite<'_>) -> Result<World, Stop> {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("first")?).await?;
    world.snapshot(&world.one, &named("taken")?).await?;
    Ok(world)
}

async fn snapshot_restore_makes_a_disk_that_is_never_assigned(suite: &Suite<'_>) -> Verdict {
    let world = with_snapshot(suite).await?;
    let request = restore(&named("taken")?, &named("again")?);
    let work = world.try_restore(&world.one, request);
    let restored = world.watched(suite, &world.one, true, work).await?;
    let restored = done(restored, "snapshot_restore")?;
    ensure(!restored.assigned, || "the restored disk is assigned".to_owned())?;
    let listed = world.disk(&world.one, &named("again")?).await?;
    equal(&restored.record.handle, &listed.record.handle, "handle")?;
    let original = world.disk(&world.one, &named("first")?).await?;
    equal(
        &listed.record.zone,
        &original.record.zone,
        "zone, as the source disk's",
    )?;
    world.only_assigned(&world.one, &named("first")?).await
}

async fn snapshot_restore_does_not_assign_even_the_first_disk(suite: &Suite<'_>) -> Verdict {
    let world = with_snapshot(suite).await?;
    world.delete(&world.one, &named("first")?, true).await?;
    let request = restore(&named("taken")?, &named("again")?);
    let restored = done(world.try_restore(&world.one, request).await, "snapshot_restore")?;
    ensure(!restored.assigned, || "the restored disk is assigned".to_owned())?;
    let disks = world.disks(&world.one).await?;
    equal(&disk_names(&disks), &["again"], "disks")?;
    equal(&assigned(&disks), &NO_NAMES, "assigned disks")
}

async fn snapshot_restore_is_at_least_as_large_as_the_snapshot(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let gib = |gib| ByteSize::from_gib(gib).map_err(|error| Stop::Failed(error.to_string()));
    let (app, large) = world.resized(gib(world.one.size.gib_ceil().saturating_add(3))?);
    let made = world
        .driver
        .disk_create(&world.cx, &app, &large, &disk(&named("first")?))
        .await;
    let size = done(made, "disk_create")?.record.size;
    world.snapshot(&world.one, &named("taken")?).await?;
    // The volume is configured smaller now than it was when the snapshot was taken.
    let request = restore(&named("taken")?, &named("again")?);
    let restored = done(world.try_restore(&world.one, request).await, "snapshot_restore")?;
    let listed = world.disk(&world.one, &named("again")?).await?;
    for found in [restored.record.size, listed.record.size] {
        ensure(found.is_some() && found >= size, || {
            format!("{found:?} for a snapshot of {size:?}")
        })?;
    }
    Ok(())
}

async fn snapshot_restore_refuses_a_name_in_use_and_leaves_that_disk_alone(suite: &Suite<'_>) -> Verdict {
    let world = with_snapshot(suite).await?;
    let again = restore(&named("taken")?, &named("again")?);
    done(
        world.try_restore(&world.one, again.clone()).await,
        "snapshot_restore",
    )?;
    let before = world.disks(&world.one).await?;
    refused(
        world.try_restore(&world.one, again).await,
        ErrorKind::Conflict,
        "snapshot_restore a second time",
    )?;
    let onto = restore(&named("taken")?, &named("first")?);
    refused(
        world.try_restore(&world.one, onto).await,
        ErrorKind::Conflict,
        "snapshot_restore with the name of the assigned disk",
    )?;
    equal(&world.disks(&world.one).await?, &before, "disks")
}

async fn snapshot_restore_of_a_missing_snapshot_is_not_found(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let request = restore(&named("missing")?, &named("again")?);
    refused(
        world.try_restore(&world.one, request.clone()).await,
        ErrorKind::NotFound,
        "snapshot_restore where there is nothing",
    )?;
    world.create(&world.one, &named("first")?).await?;
    refused(
        world.try_restore(&world.one, request).await,
        ErrorKind::NotFound,
        "snapshot_restore of a missing snapshot",
    )?;
    equal(&world.disks(&world.one).await?.len(), &1, "disks")
}

async fn snapshot_restore_refuses_an_unknown_option_before_any_write(suite: &Suite<'_>) -> Verdict {
    let world = with_snapshot(suite).await?;
    let request = SnapshotRestore {
        options: unknown_option(),
        ..restore(&named("taken")?, &named("again")?)
    };
    refused(
        world.try_restore(&world.one, request).await,
        ErrorKind::InvalidInput,
        "snapshot_restore with an unknown option",
    )?;
    equal(&world.disks(&world.one).await?.len(), &1, "disks")
}

async fn snapshot_restore_goes_on_with_its_own_disk_where_it_is_told_to(suite: &Suite<'_>) -> Verdict {
    let world = with_snapshot(suite).await?;
    world.snapshot(&world.one, &named("other")?).await?;
    let resumed = |snapshot: &str, disk: &str| -> Result<SnapshotRestore, Stop> {
        Ok(SnapshotRestore {
            resume: true,
            ..restore(&named(snapshot)?, &named(disk)?)
        })
    };
    let made = world.try_restore(&world.one, resumed("taken", "again")?).await;
    let made = done(
        made,
        "snapshot_restore that is told to go on, where there is nothing",
    )?;
    let before = world.disks(&world.one).await?;
    let again = world.try_restore(&world.one, resumed("taken", "again")?).await;
    let again = done(again, "snapshot_restore that is told to go on")?;
    equal(&again.record.handle, &made.record.handle, "handle")?;
    equal(&world.disks(&world.one).await?, &before, "disks")?;
    for (snapshot, disk) in [("other", "again"), ("taken", "first")] {
        refused(
            world.try_restore(&world.one, resumed(snapshot, disk)?).await,
            ErrorKind::Conflict,
            &format!("snapshot_restore of {snapshot} that is told to go on with {disk}"),
        )?;
    }
    // What was ever assigned may hold data of its own.
    world.assign(&world.one, &named("again")?).await?;
    world.assign(&world.one, &named("first")?).await?;
    refused(
        world.try_restore(&world.one, resumed("taken", "again")?).await,
        ErrorKind::Conflict,
        "snapshot_restore that is told to go on with a disk that was assigned",
    )
    .map(|_| ())
}

async fn a_restored_disk_can_be_assigned_and_the_old_one_is_kept(suite: &Suite<'_>) -> Verdict {
    let world = with_snapshot(suite).await?;
    let again = named("again")?;
    let request = restore(&named("taken")?, &again);
    done(world.try_restore(&world.one, request).await, "snapshot_restore")?;
    world.assign(&world.one, &again).await?;
    world.only_assigned(&world.one, &again).await?;
    equal(&world.disks(&world.one).await?.len(), &2, "disks")
}
