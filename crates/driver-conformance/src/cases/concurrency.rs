//! Several callers at the same time, each with a driver of its own.

use futures::future::join;
use kompox_domain::{DiskName, ErrorKind};

use crate::case::{Suite, cases};
use crate::check::{Stop, Verdict, ensure, equal, words};
use crate::timing::yield_times;
use crate::world::{World, assigned, disk, disk_names, named, volumes};

cases! {
    disks_created_at_the_same_time_leave_exactly_one_assigned_for_every_reader: DiskList DiskCreate;
    disks_created_at_the_same_time_with_one_name_leave_one_disk: DiskList DiskCreate;
    disks_assigned_at_the_same_time_leave_exactly_one_assigned_for_every_reader:
        DiskList DiskCreate DiskAssign;
}

/// By how much the second caller is late: enough to meet the first in different places.
const LATE: [usize; 6] = [0, 1, 2, 3, 5, 8];

async fn disks_created_at_the_same_time_leave_exactly_one_assigned_for_every_reader(
    suite: &Suite<'_>,
) -> Verdict {
    for late in LATE {
        let world = World::new(suite).await?;
        let other = volumes(suite)?;
        let (a, b) = (disk(&named("a")?), disk(&named("b")?));
        let both = join(
            world.driver.disk_create(&world.cx, &world.app, &world.one, &a),
            async {
                yield_times(late).await;
                other.disk_create(&world.cx, &world.app, &world.one, &b).await
            },
        );
        let (a, b) = world.watched(suite, &world.one, false, both).await?;
        for result in [&a, &b] {
            if let Err(error) = result {
                return Err(Stop::Failed(format!("disk_create: {}", words(error))));
            }
        }
        let disks = world.disks(&world.one).await?;
        equal(&disks.len(), &2, "disks")?;
        equal(&assigned(&disks).len(), &1, "assigned disks")?;
    }
    Ok(())
}

async fn disks_created_at_the_same_time_with_one_name_leave_one_disk(suite: &Suite<'_>) -> Verdict {
    for late in LATE {
        let world = World::new(suite).await?;
        let other = volumes(suite)?;
        let request = disk(&named("same")?);
        let both = join(
            world
                .driver
                .disk_create(&world.cx, &world.app, &world.one, &request),
            async {
                yield_times(late).await;
                other
                    .disk_create(&world.cx, &world.app, &world.one, &request)
                    .await
            },
        );
        let (a, b) = world.watched(suite, &world.one, false, both).await?;
        only_conflicts([a, b], "disk_create")?;
        let disks = world.disks(&world.one).await?;
        equal(&disk_names(&disks), &["same"], "disks")?;
        equal(&assigned(&disks).len(), &1, "assigned disks")?;
    }
    Ok(())
}

async fn disks_assigned_at_the_same_time_leave_exactly_one_assigned_for_every_reader(
    suite: &Suite<'_>,
) -> Verdict {
    let world = World::new(suite).await?;
    let (old, a, b): (DiskName, DiskName, DiskName) = (named("old")?, named("a")?, named("b")?);
    for name in [&old, &a, &b] {
        world.create(&world.one, name).await?;
    }
    for late in LATE {
        // Each round begins with one disk marked: what a lost race leaves behind is cleared by the next assignment.
        world.assign(&world.one, &old).await?;
        let other = volumes(suite)?;
        let both = join(
            world.driver.disk_assign(&world.cx, &world.app, &world.one, &a),
            async {
                yield_times(late).await;
                other.disk_assign(&world.cx, &world.app, &world.one, &b).await
            },
        );
        let (first, second) = world.watched(suite, &world.one, true, both).await?;
        only_conflicts([first, second], "disk_assign")?;
        let now = assigned(&world.disks(&world.one).await?);
        ensure(now == ["a"] || now == ["b"], || {
            format!("assigned afterwards are {now:?}")
        })?;
    }
    Ok(())
}

/// Fails unless at least one call did it, and no other failed otherwise than by a conflict.
fn only_conflicts<T>(results: [kompox_domain::Result<T>; 2], what: &str) -> Verdict {
    let mut succeeded = false;
    let mut conflicts = Vec::new();
    for result in results {
        match result {
            Ok(_) => succeeded = true,
            Err(error) if error.kind() == ErrorKind::Conflict => conflicts.push(words(&error)),
            Err(error) => return Err(Stop::Failed(format!("{what}: {}", words(&error)))),
        }
    }
    ensure(succeeded, || format!("{what}: nobody succeeded: {conflicts:?}"))
}
