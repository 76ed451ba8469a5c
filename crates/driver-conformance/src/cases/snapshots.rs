//! Listing, taking and deleting snapshots.

use kompox_domain::driver::SnapshotCreate;
use kompox_domain::volume::Deletion;
use kompox_domain::{DiskName, ErrorKind, Source};

use crate::case::{Suite, cases};
use crate::check::{Verdict, done, ensure, equal, refused};
use crate::world::{NO_NAMES, World, disk_names, named, ordered, snapshot, snapshot_names};

cases! {
    snapshot_list_of_a_new_app_is_empty: SnapshotList;
    snapshot_list_is_newest_first_then_by_name: DiskCreate SnapshotList SnapshotCreate;
    snapshot_find_answers_with_what_is_listed_under_that_name_in_that_volume: DiskCreate SnapshotList SnapshotCreate;
    snapshot_create_returns_what_is_listed_and_can_be_used: DiskCreate SnapshotList SnapshotCreate;
    snapshot_create_is_of_the_assigned_disk_unless_told_otherwise: DiskCreate DiskAssign SnapshotCreate;
    snapshot_create_without_any_disk_is_not_found: SnapshotList SnapshotCreate;
    snapshot_create_without_an_assigned_disk_is_not_found: DiskCreate DiskDelete SnapshotList SnapshotCreate;
    snapshot_create_refuses_a_missing_source_and_makes_nothing: DiskCreate SnapshotList SnapshotCreate;
    snapshot_create_refuses_a_name_in_use_and_leaves_that_snapshot_alone: DiskCreate SnapshotList SnapshotCreate;
    snapshot_delete_of_a_missing_snapshot_succeeds: DiskCreate SnapshotList SnapshotCreate SnapshotDelete;
    snapshot_delete_removes_that_snapshot_only: DiskList DiskCreate SnapshotList SnapshotCreate SnapshotDelete;
}

async fn snapshot_list_of_a_new_app_is_empty(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let one = world.snapshots(&world.one).await?;
    equal(&snapshot_names(&one), &NO_NAMES, "one volume")?;
    let both = world
        .snapshots_of(&[world.one.clone(), world.two.clone()])
        .await?;
    equal(&snapshot_names(&both), &NO_NAMES, "two volumes")
}

async fn snapshot_list_is_newest_first_then_by_name(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("disk")?).await?;
    world.create(&world.two, &named("disk")?).await?;
    for name in ["b", "d", "a", "c"] {
        world.snapshot(&world.one, &named(name)?).await?;
        world.snapshot(&world.two, &named(name)?).await?;
    }
    let key = |snapshot: &kompox_domain::VolumeSnapshot| (snapshot.created_at, snapshot.name.to_string());
    let snapshots = world.snapshots(&world.one).await?;
    equal(&snapshots.len(), &4, "snapshots of one volume")?;
    ordered(&snapshots, key, "the listing of one volume")?;
    let snapshots = world
        .snapshots_of(&[world.two.clone(), world.one.clone()])
        .await?;
    equal(&snapshots.len(), &8, "snapshots of two volumes")?;
    ordered(&snapshots, key, "the listing of two volumes")
}

async fn snapshot_create_returns_what_is_listed_and_can_be_used(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let disk = world.create(&world.one, &named("disk")?).await?;
    let made = world.snapshot(&world.one, &named("taken")?).await?;
    ensure(made.completion_percent.is_done(), || {
        format!("returned at {} percent", made.completion_percent.value())
    })?;
    ensure(made.size == disk.record.size, || {
        format!(
            "of a disk of {:?} the snapshot is {:?}",
            disk.record.size, made.size
        )
    })?;
    equal(&made.handle, &made.handle.to_lowercase(), "handle in lower case")?;
    let listed = world.snapshots(&world.one).await?;
    equal(&listed.as_slice(), &[made], "the listing")
}

async fn snapshot_create_is_of_the_assigned_disk_unless_told_otherwise(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second): (DiskName, DiskName) = (named("first")?, named("second")?);
    world.create(&world.one, &first).await?;
    world.create(&world.one, &second).await?;
    let taken = world.snapshot(&world.one, &named("one")?).await?;
    equal(&taken.source_disk, &Some("first".to_owned()), "source")?;
    world.assign(&world.one, &second).await?;
    let taken = world.snapshot(&world.one, &named("two")?).await?;
    equal(
        &taken.source_disk,
        &Some("second".to_owned()),
        "source after an assignment",
    )?;
    let request = SnapshotCreate {
        source: Some(Source::Disk(first)),
        ..snapshot(&named("three")?)
    };
    let taken = done(world.try_snapshot(&world.one, request).await, "snapshot_create")?;
    equal(
        &taken.source_disk,
        &Some("first".to_owned()),
        "source that was asked for",
    )
}

async fn snapshot_create_without_any_disk_is_not_found(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    refused(
        world.try_snapshot(&world.one, snapshot(&named("taken")?)).await,
        ErrorKind::NotFound,
        "snapshot_create where there is nothing",
    )?;
    equal(&world.snapshots(&world.one).await?.len(), &0, "snapshots")
}

async fn snapshot_create_without_an_assigned_disk_is_not_found(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let first = named("first")?;
    world.create(&world.one, &first).await?;
    world.create(&world.one, &named("second")?).await?;
    world.delete(&world.one, &first, true).await?;
    refused(
        world.try_snapshot(&world.one, snapshot(&named("taken")?)).await,
        ErrorKind::NotFound,
        "snapshot_create with no disk assigned",
    )?;
    equal(&world.snapshots(&world.one).await?.len(), &0, "snapshots")
}

async fn snapshot_create_refuses_a_missing_source_and_makes_nothing(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("disk")?).await?;
    for source in [
        Source::Disk(named("missing")?),
        Source::Snapshot(named("missing")?),
    ] {
        let what = format!("snapshot_create from {source}");
        let request = SnapshotCreate {
            source: Some(source),
            ..snapshot(&named("taken")?)
        };
        refused(
            world.try_snapshot(&world.one, request).await,
            ErrorKind::NotFound,
            &what,
        )?;
    }
    equal(&world.snapshots(&world.one).await?.len(), &0, "snapshots")
}

async fn snapshot_create_refuses_a_name_in_use_and_leaves_that_snapshot_alone(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("disk")?).await?;
    let taken = named("taken")?;
    world.snapshot(&world.one, &taken).await?;
    let before = world.snapshots(&world.one).await?;
    refused(
        world.try_snapshot(&world.one, snapshot(&taken)).await,
        ErrorKind::Conflict,
        "snapshot_create again",
    )?;
    equal(&world.snapshots(&world.one).await?, &before, "snapshots")
}

async fn snapshot_find_answers_with_what_is_listed_under_that_name_in_that_volume(
    suite: &Suite<'_>,
) -> Verdict {
    let world = World::new(suite).await?;
    let (here, elsewhere) = (named("here")?, named("elsewhere")?);
    equal(
        &world.find_snapshot(&world.one, &here).await?,
        &None,
        "before anything is made",
    )?;
    for (volume, name) in [(&world.one, &here), (&world.two, &elsewhere)] {
        world.create(volume, &named("disk")?).await?;
        world.snapshot(volume, name).await?;
    }
    let listed = world.snapshots(&world.one).await?;
    let found = world.find_snapshot(&world.one, &here).await?;
    equal(&found.as_ref(), &listed.first(), "found")?;
    equal(
        &world.find_snapshot(&world.one, &elsewhere).await?,
        &None,
        "a snapshot of another volume",
    )
}

async fn snapshot_delete_of_a_missing_snapshot_succeeds(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let missing = named("missing")?;
    let delete = || world.try_snapshot_delete(&world.one, &missing);
    let answer = done(delete().await, "snapshot_delete where there is nothing")?;
    equal(&answer, &Deletion::WasNotThere, "answer")?;
    world.create(&world.two, &named("disk")?).await?;
    world.snapshot(&world.two, &missing).await?;
    let answer = done(
        delete().await,
        "snapshot_delete of a name that another volume has",
    )?;
    equal(&answer, &Deletion::WasNotThere, "answer")?;
    equal(
        &world.snapshots(&world.two).await?.len(),
        &1,
        "snapshots of the other volume",
    )
}

async fn snapshot_delete_removes_that_snapshot_only(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("disk")?).await?;
    for name in ["one", "two"] {
        world.snapshot(&world.one, &named(name)?).await?;
    }
    for expected in [Deletion::Deleted, Deletion::WasNotThere] {
        let answer = world.try_snapshot_delete(&world.one, &named("one")?).await;
        equal(&done(answer, "snapshot_delete")?, &expected, "answer")?;
        equal(
            &snapshot_names(&world.snapshots(&world.one).await?),
            &["two"],
            "snapshots",
        )?;
    }
    equal(&disk_names(&world.disks(&world.one).await?), &["disk"], "disks")
}
