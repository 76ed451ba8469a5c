//! A call that is dropped at any moment, and made again, reaches the same end.

use kompox_domain::{DiskName, SnapshotName};

use crate::case::{Suite, cases};
use crate::check::{Stop, Verdict, done, ensure, equal};
use crate::timing::{DROP_AFTER, cancelled_after};
use crate::world::{
    World, disk, disk_names, done_or_conflict, named, restore, snapshot, snapshot_names, volumes,
};

cases! {
    disk_create_dropped_anywhere_and_repeated_leaves_one_disk: DiskList DiskCreate;
    disk_assign_dropped_anywhere_keeps_one_assigned_and_repeated_moves_it: DiskList DiskCreate DiskAssign;
    disk_delete_dropped_anywhere_and_repeated_leaves_no_disk: DiskList DiskCreate DiskDelete;
    snapshot_create_dropped_anywhere_and_repeated_leaves_one_snapshot: DiskCreate SnapshotList SnapshotCreate;
    snapshot_delete_dropped_anywhere_and_repeated_leaves_no_snapshot:
        DiskCreate SnapshotList SnapshotCreate SnapshotDelete;
    snapshot_restore_dropped_anywhere_and_repeated_leaves_one_disk:
        DiskList DiskCreate SnapshotCreate SnapshotRestore;
}

fn once(names: &[String], name: &str, polls: usize) -> Verdict {
    let count = names.iter().filter(|found| *found == name).count();
    ensure(count == 1, || {
        format!("dropped after {polls} polls and repeated: {name} is there {count} times, of {names:?}")
    })
}

async fn disk_create_dropped_anywhere_and_repeated_leaves_one_disk(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let mut first: Option<DiskName> = None;
    for polls in DROP_AFTER {
        let name: DiskName = named(&format!("d{polls}"))?;
        let over = cancelled_after(polls, world.try_create(&world.one, disk(&name))).await;
        let again = volumes(suite)?;
        let again = again
            .disk_create(&world.cx, &world.app, &world.one, &disk(&name))
            .await;
        done_or_conflict(again, &format!("disk_create again after {polls} polls"))?;
        once(
            &disk_names(&world.disks(&world.one).await?),
            &name.to_string(),
            polls,
        )?;
        let first = first.get_or_insert(name);
        world.only_assigned(&world.one, first).await?;
        if let Some(result) = over {
            return done(result, "disk_create that was not dropped").map(|_| ());
        }
    }
    Ok(())
}

async fn disk_assign_dropped_anywhere_keeps_one_assigned_and_repeated_moves_it(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let names: [DiskName; 3] = [named("a")?, named("b")?, named("c")?];
    for name in &names {
        world.create(&world.one, name).await?;
    }
    let targets = names.iter().cycle().skip(1);
    for (polls, name) in DROP_AFTER.into_iter().zip(targets) {
        let work = cancelled_after(polls, world.try_assign(&world.one, name));
        let over = world.watched(suite, &world.one, true, work).await?;
        let again = volumes(suite)?;
        let work = again.disk_assign(&world.cx, &world.app, &world.one, name);
        let again = world.watched(suite, &world.one, true, work).await?;
        done(again, &format!("disk_assign again after {polls} polls"))?;
        world.only_assigned(&world.one, name).await?;
        if let Some(result) = over {
            return done(result, "disk_assign that was not dropped").map(|_| ());
        }
    }
    Ok(())
}

async fn disk_delete_dropped_anywhere_and_repeated_leaves_no_disk(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let first = named("first")?;
    world.create(&world.one, &first).await?;
    for polls in DROP_AFTER {
        let name = named(&format!("d{polls}"))?;
        world.create(&world.one, &name).await?;
        let over = cancelled_after(polls, world.try_delete(&world.one, &name, false)).await;
        world.delete(&world.one, &name, false).await?;
        equal(
            &disk_names(&world.disks(&world.one).await?),
            &["first"],
            &format!("disks after {polls} polls"),
        )?;
        if let Some(result) = over {
            return done(result, "disk_delete that was not dropped").map(|_| ());
        }
    }
    Ok(())
}

async fn snapshot_create_dropped_anywhere_and_repeated_leaves_one_snapshot(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("disk")?).await?;
    for polls in DROP_AFTER {
        let name: SnapshotName = named(&format!("s{polls}"))?;
        let over = cancelled_after(polls, world.try_snapshot(&world.one, snapshot(&name))).await;
        let again = world.try_snapshot(&world.one, snapshot(&name)).await;
        done_or_conflict(again, &format!("snapshot_create again after {polls} polls"))?;
        once(
            &snapshot_names(&world.snapshots(&world.one).await?),
            &name.to_string(),
            polls,
        )?;
        if let Some(result) = over {
            return done(result, "snapshot_create that was not dropped").map(|_| ());
        }
    }
    Ok(())
}

async fn snapshot_delete_dropped_anywhere_and_repeated_leaves_no_snapshot(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("disk")?).await?;
    for polls in DROP_AFTER {
        let name = named(&format!("s{polls}"))?;
        world.snapshot(&world.one, &name).await?;
        let over = cancelled_after(polls, world.try_snapshot_delete(&world.one, &name)).await;
        done(
            world.try_snapshot_delete(&world.one, &name).await,
            &format!("snapshot_delete again after {polls} polls"),
        )?;
        equal(&world.snapshots(&world.one).await?.len(), &0, "snapshots")?;
        if let Some(result) = over {
            return done(result, "snapshot_delete that was not dropped").map(|_| ());
        }
    }
    Ok(())
}

async fn snapshot_restore_dropped_anywhere_and_repeated_leaves_one_disk(
    suite: &Suite<'_>,
) -> Result<(), Stop> {
    let world = World::new(suite).await?;
    let (first, taken) = (named("first")?, named("taken")?);
    world.create(&world.one, &first).await?;
    world.snapshot(&world.one, &taken).await?;
    for polls in DROP_AFTER {
        let name: DiskName = named(&format!("d{polls}"))?;
        let over = cancelled_after(polls, world.try_restore(&world.one, restore(&taken, &name))).await;
        let again = world.try_restore(&world.one, restore(&taken, &name)).await;
        done_or_conflict(again, &format!("snapshot_restore again after {polls} polls"))?;
        once(
            &disk_names(&world.disks(&world.one).await?),
            &name.to_string(),
            polls,
        )?;
        world.only_assigned(&world.one, &first).await?;
        if let Some(result) = over {
            return done(result, "snapshot_restore that was not dropped").map(|_| ());
        }
    }
    Ok(())
}
