//! What belongs to one volume or app is not seen from another.

use std::collections::BTreeSet;

use kompox_domain::driver::DiskCreate;
use kompox_domain::{ErrorKind, Source, VolumeDisk};

use crate::case::{Suite, cases};
use crate::check::{Verdict, done, ensure, equal, refused};
use crate::world::{NO_NAMES, World, disk, disk_names, named, restore};

cases! {
    volumes_do_not_see_each_others_disks: DiskList DiskCreate;
    assigning_and_deleting_in_one_volume_leaves_the_other_alone: DiskList DiskCreate DiskAssign DiskDelete;
    apps_do_not_see_each_others_disks: DiskList DiskCreate;
    volumes_do_not_see_each_others_snapshots: DiskList DiskCreate SnapshotList SnapshotCreate;
    a_snapshot_of_another_volume_cannot_be_restored_by_name:
        DiskList DiskCreate SnapshotCreate SnapshotRestore;
    apps_do_not_see_each_others_snapshots: DiskCreate SnapshotList SnapshotCreate;
}

fn handles(disks: &[VolumeDisk]) -> BTreeSet<String> {
    disks.iter().map(|disk| disk.record.handle.clone()).collect()
}

async fn volumes_do_not_see_each_others_disks(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    // One name in both, so that only the volume can tell them apart.
    for name in ["same", "other"] {
        world.create(&world.one, &named(name)?).await?;
    }
    world.create(&world.two, &named("same")?).await?;
    let one = world.disks(&world.one).await?;
    let two = world.disks(&world.two).await?;
    for (volume, disks, count) in [(&world.one, &one, 2), (&world.two, &two, 1)] {
        equal(
            &disks.len(),
            &count,
            &format!("disks listed for volume {}", volume.name),
        )?;
        ensure(disks.iter().all(|disk| disk.record.volume == volume.name), || {
            format!("the listing of volume {} shows {disks:?}", volume.name)
        })?;
    }
    let both = world.disks_of(&[world.one.clone(), world.two.clone()]).await?;
    let all: BTreeSet<String> = handles(&one).union(&handles(&two)).cloned().collect();
    equal(&all.len(), &3, "different handles")?;
    equal(&handles(&both), &all, "handles listed for both volumes")?;
    equal(
        &both.iter().filter(|disk| disk.assigned).count(),
        &2,
        "assigned disks of both volumes",
    )
}

async fn assigning_and_deleting_in_one_volume_leaves_the_other_alone(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second) = (named("first")?, named("second")?);
    for volume in [&world.one, &world.two] {
        world.create(volume, &first).await?;
        world.create(volume, &second).await?;
    }
    let before = world.disks(&world.two).await?;
    world.assign(&world.one, &second).await?;
    equal(
        &world.disks(&world.two).await?,
        &before,
        "the other volume after disk_assign",
    )?;
    world.delete(&world.one, &first, false).await?;
    world.delete(&world.one, &second, true).await?;
    equal(
        &world.disks(&world.two).await?,
        &before,
        "the other volume after disk_delete",
    )
}

async fn apps_do_not_see_each_others_disks(suite: &Suite<'_>) -> Verdict {
    let (here, there) = (World::new(suite).await?, World::new(suite).await?);
    let same = named("same")?;
    here.create(&here.one, &same).await?;
    equal(
        &disk_names(&there.disks(&there.one).await?),
        &NO_NAMES,
        "the other app",
    )?;
    let made = there.create(&there.one, &same).await?;
    ensure(made.assigned, || {
        "the first disk of another app is not assigned".to_owned()
    })?;
    let (here, there) = (
        here.disk(&here.one, &same).await?,
        there.disk(&there.one, &same).await?,
    );
    ensure(here.record.handle != there.record.handle, || {
        format!("both apps have disk {}", here.record.handle)
    })
}

async fn volumes_do_not_see_each_others_snapshots(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    for volume in [&world.one, &world.two] {
        world.create(volume, &named("disk")?).await?;
    }
    for name in ["same", "other"] {
        world.snapshot(&world.one, &named(name)?).await?;
    }
    world.snapshot(&world.two, &named("same")?).await?;
    for (volume, count) in [(&world.one, 2), (&world.two, 1)] {
        let listed = world.snapshots(volume).await?;
        equal(
            &listed.len(),
            &count,
            &format!("snapshots of volume {}", volume.name),
        )?;
        ensure(listed.iter().all(|found| found.volume == volume.name), || {
            format!("the listing of volume {} shows {listed:?}", volume.name)
        })?;
    }
    let both = world
        .snapshots_of(&[world.one.clone(), world.two.clone()])
        .await?;
    let handles: BTreeSet<_> = both.iter().map(|found| found.handle.clone()).collect();
    equal(
        &(both.len(), handles.len()),
        &(3, 3),
        "snapshots of both volumes, and their handles",
    )
}

async fn a_snapshot_of_another_volume_cannot_be_restored_by_name(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.two, &named("disk")?).await?;
    let taken = named("taken")?;
    world.snapshot(&world.two, &taken).await?;
    let again = named("again")?;
    refused(
        world.try_restore(&world.one, restore(&taken, &again)).await,
        ErrorKind::NotFound,
        "snapshot_restore of another volume's snapshot",
    )?;
    let request = DiskCreate {
        source: Some(Source::Snapshot(taken)),
        ..disk(&again)
    };
    refused(
        world.try_create(&world.one, request).await,
        ErrorKind::NotFound,
        "disk_create from another volume's snapshot",
    )?;
    equal(&world.disks(&world.one).await?.len(), &0, "disks")
}

async fn apps_do_not_see_each_others_snapshots(suite: &Suite<'_>) -> Verdict {
    let (here, there) = (World::new(suite).await?, World::new(suite).await?);
    for world in [&here, &there] {
        world.create(&world.one, &named("disk")?).await?;
    }
    let same = named("same")?;
    here.snapshot(&here.one, &same).await?;
    equal(
        &there.snapshots(&there.one).await?.len(),
        &0,
        "snapshots of the other app",
    )?;
    done(
        there
            .try_snapshot(&there.one, crate::world::snapshot(&same))
            .await,
        "snapshot_create with a name that another app has",
    )?;
    equal(&here.snapshots(&here.one).await?.len(), &1, "snapshots")
}
