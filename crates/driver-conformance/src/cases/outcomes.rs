//! What a driver tells of its writes, from which the outcome of an operation that failed is known.

use kompox_domain::{Context, ErrorKind, WriteOutcome};

use crate::case::{Suite, cases};
use crate::check::{Verdict, done, ensure, refused};
use crate::world::{World, disk, named, restore, snapshot};

cases! {
    what_only_reads_tells_of_no_write: DiskList DiskCreate SnapshotList;
    what_writes_tells_of_its_writes: DiskList DiskCreate DiskAssign DiskDelete SnapshotCreate SnapshotDelete SnapshotRestore;
    what_is_refused_before_the_first_write_tells_of_none: DiskList DiskCreate DiskAssign DiskDelete SnapshotRestore;
}

/// Demands that an operation told what it is known to have done.
fn told(cx: &Context, outcome: WriteOutcome, what: &str) -> Verdict {
    ensure(cx.outcome() == outcome, || match outcome {
        WriteOutcome::Unknown => format!("{what} told of no write (`Context::write`), though it wrote"),
        WriteOutcome::NotDone => format!("{what} told of a write, though nothing was to be written"),
    })
}

async fn what_only_reads_tells_of_no_write(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    world.create(&world.one, &named("first")?).await?;
    let volumes = std::slice::from_ref(&world.one);
    let cx = &world.cx.within();
    done(world.driver.disk_list(cx, &world.app, volumes).await, "disk_list")?;
    done(
        world.driver.snapshot_list(cx, &world.app, volumes).await,
        "snapshot_list",
    )?;
    told(cx, WriteOutcome::NotDone, "listing")
}

async fn what_writes_tells_of_its_writes(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let World { driver, app, one, .. } = &world;
    let (first, second, shot) = (named("first")?, named("second")?, named("shot")?);
    let wrote = |cx: &Context, what| told(cx, WriteOutcome::Unknown, what);

    let cx = &world.cx.within();
    done(
        driver.disk_create(cx, app, one, &disk(&first)).await,
        "disk_create",
    )?;
    wrote(cx, "disk_create")?;
    let cx = &world.cx.within();
    done(
        driver.snapshot_create(cx, app, one, &snapshot(&shot)).await,
        "snapshot_create",
    )?;
    wrote(cx, "snapshot_create")?;
    let cx = &world.cx.within();
    let request = restore(&shot, &second);
    done(
        driver.snapshot_restore(cx, app, one, &request).await,
        "snapshot_restore",
    )?;
    wrote(cx, "snapshot_restore")?;
    let cx = &world.cx.within();
    done(driver.disk_assign(cx, app, one, &second).await, "disk_assign")?;
    wrote(cx, "disk_assign")?;
    let cx = &world.cx.within();
    done(
        driver.disk_delete(cx, app, one, &first, false).await,
        "disk_delete",
    )?;
    wrote(cx, "disk_delete")?;
    let cx = &world.cx.within();
    done(
        driver.snapshot_delete(cx, app, one, &shot).await,
        "snapshot_delete",
    )?;
    wrote(cx, "snapshot_delete")
}

async fn what_is_refused_before_the_first_write_tells_of_none(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let World { driver, app, one, .. } = &world;
    let (first, missing) = (named("first")?, named("missing")?);
    world.create(one, &first).await?;
    let cx = &world.cx.within();
    let again = driver.disk_create(cx, app, one, &disk(&first)).await;
    refused(again, ErrorKind::Conflict, "disk_create of a name in use")?;
    let unknown = driver.disk_assign(cx, app, one, &missing).await;
    refused(unknown, ErrorKind::NotFound, "disk_assign of a missing disk")?;
    let assigned = driver.disk_delete(cx, app, one, &first, false).await;
    refused(
        assigned,
        ErrorKind::Precondition,
        "disk_delete of the assigned disk",
    )?;
    let shot = named("shot")?;
    let from_nothing = driver
        .snapshot_restore(cx, app, one, &restore(&shot, &missing))
        .await;
    refused(
        from_nothing,
        ErrorKind::NotFound,
        "snapshot_restore of a missing snapshot",
    )?;
    told(cx, WriteOutcome::NotDone, "what was refused")
}
