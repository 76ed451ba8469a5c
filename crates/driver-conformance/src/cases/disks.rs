//! Listing and making disks.

use kompox_domain::driver::DiskCreate;
use kompox_domain::{ByteSize, DiskName, ErrorKind, Source};

use crate::case::{Suite, cases};
use crate::check::{Stop, Verdict, done, ensure, equal, refused};
use crate::world::{
    NO_NAMES, World, assigned, disk, disk_names, named, ordered, snapshot, unknown_option, volumes,
};

cases! {
    disk_list_of_a_new_app_is_empty: DiskList;
    disk_list_is_newest_first_then_by_name: DiskList DiskCreate;
    disk_find_answers_with_what_is_listed_under_that_name_in_that_volume: DiskList DiskCreate;
    disk_create_assigns_the_first_disk_of_a_volume_and_no_later_one: DiskList DiskCreate;
    disk_create_answers_with_what_is_listed: DiskList DiskCreate;
    disk_create_rounds_sizes_up: DiskList DiskCreate;
    disk_create_refuses_a_name_in_use_and_leaves_that_disk_alone: DiskList DiskCreate;
    disk_create_refuses_an_unknown_option_before_any_write: DiskList DiskCreate;
    disk_create_refuses_a_missing_source_and_makes_nothing: DiskList DiskCreate;
    disk_create_takes_disks_and_snapshots_as_sources: DiskList DiskCreate SnapshotCreate;
}

async fn disk_list_of_a_new_app_is_empty(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    equal(
        &disk_names(&world.disks(&world.one).await?),
        &NO_NAMES,
        "one volume",
    )?;
    let both = world.disks_of(&[world.one.clone(), world.two.clone()]).await?;
    equal(&disk_names(&both), &NO_NAMES, "two volumes")
}

async fn disk_list_is_newest_first_then_by_name(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    // Made in an order that is neither that of the names nor its opposite.
    for name in ["b", "d", "a", "c"] {
        world.create(&world.one, &named(name)?).await?;
        world.create(&world.two, &named(name)?).await?;
    }
    let key = |disk: &kompox_domain::VolumeDisk| (disk.record.created_at, disk.record.name.to_string());
    let disks = world.disks(&world.one).await?;
    equal(&disks.len(), &4, "disks of one volume")?;
    ordered(&disks, key, "the listing of one volume")?;
    let disks = world.disks_of(&[world.two.clone(), world.one.clone()]).await?;
    equal(&disks.len(), &8, "disks of two volumes")?;
    ordered(&disks, key, "the listing of two volumes")
}

async fn disk_find_answers_with_what_is_listed_under_that_name_in_that_volume(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (here, elsewhere) = (named("here")?, named("elsewhere")?);
    equal(
        &world.find(&world.one, &here).await?,
        &None,
        "before anything is made",
    )?;
    world.create(&world.one, &here).await?;
    world.create(&world.two, &elsewhere).await?;
    let listed = world.disks(&world.one).await?;
    equal(
        &world.find(&world.one, &here).await?.as_ref(),
        &listed.first(),
        "found",
    )?;
    equal(
        &world.find(&world.one, &elsewhere).await?,
        &None,
        "a disk of another volume",
    )
}

async fn disk_create_assigns_the_first_disk_of_a_volume_and_no_later_one(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let first = named("first")?;
    let made = world.create(&world.one, &first).await?;
    ensure(made.assigned, || "the first disk is not assigned".to_owned())?;
    world.only_assigned(&world.one, &first).await?;
    for name in ["later", "latest"] {
        let made = world.create(&world.one, &named(name)?).await?;
        ensure(!made.assigned, || format!("disk {name} is assigned"))?;
        world.only_assigned(&world.one, &first).await?;
    }
    // What counts is the volume, not the app.
    let other = world.create(&world.two, &named("other")?).await?;
    ensure(other.assigned, || {
        "the first disk of another volume is not assigned".to_owned()
    })
}

async fn disk_create_answers_with_what_is_listed(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    for text in ["one", "two"] {
        let name = named(text)?;
        let made = world.create(&world.one, &name).await?;
        let listed = world.disk(&world.one, &name).await?;
        equal(&made.assigned, &listed.assigned, "assigned")?;
        let (made, listed) = (made.record, listed.record);
        equal(&made.handle, &listed.handle, "handle")?;
        equal(&made.handle, &made.handle.to_lowercase(), "handle in lower case")?;
        ensure(!made.handle.is_empty(), || "the handle is empty".to_owned())?;
        equal(&made.size, &listed.size, "size")?;
        equal(&made.zone, &listed.zone, "zone")?;
        equal(&made.options, &listed.options, "options")?;
        equal(&made.created_at, &listed.created_at, "creation time")?;
    }
    Ok(())
}

async fn disk_create_rounds_sizes_up(suite: &Suite<'_>) -> Verdict {
    const MIB: u64 = 1 << 20;
    let world = World::new(suite).await?;
    for (text, bytes) in [
        ("tiny", 1),
        ("odd", 1024 * MIB + 1),
        ("half", 1536 * MIB),
        ("even", 2048 * MIB),
    ] {
        let name = named(text)?;
        let size = ByteSize::from_bytes(bytes).map_err(|error| Stop::Failed(error.to_string()))?;
        let (app, volume) = world.resized(size);
        let made = world
            .driver
            .disk_create(&world.cx, &app, &volume, &disk(&name))
            .await;
        let made = done(made, &format!("disk_create of {bytes} bytes"))?;
        let listed = world.disk(&world.one, &name).await?;
        for found in [made.record.size, listed.record.size] {
            let found = found.map(ByteSize::bytes);
            ensure(found >= Some(bytes), || {
                format!("{bytes} bytes asked for, a disk of {found:?} made")
            })?;
        }
    }
    Ok(())
}

async fn disk_create_refuses_a_name_in_use_and_leaves_that_disk_alone(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second): (DiskName, DiskName) = (named("first")?, named("second")?);
    world.create(&world.one, &first).await?;
    world.create(&world.one, &second).await?;
    let before = world.disks(&world.one).await?;
    // A larger one, because a cloud may take the second request for an update.
    let size = ByteSize::from_bytes(world.one.size.bytes().saturating_mul(2))
        .map_err(|error| Stop::Failed(error.to_string()))?;
    let (app, volume) = world.resized(size);
    for name in [&first, &second] {
        let again = volumes(suite)?;
        let again = again.disk_create(&world.cx, &app, &volume, &disk(name)).await;
        refused(again, ErrorKind::Conflict, &format!("disk_create {name} again"))?;
    }
    equal(&world.disks(&world.one).await?, &before, "disks")
}

async fn disk_create_refuses_an_unknown_option_before_any_write(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let request = DiskCreate {
        options: unknown_option(),
        ..disk(&named("one")?)
    };
    refused(
        world.try_create(&world.one, request).await,
        ErrorKind::InvalidInput,
        "disk_create with an unknown option",
    )?;
    let (app, volume) = world.with_one(|volume| volume.options = unknown_option());
    let request = disk(&named("two")?);
    refused(
        world.driver.disk_create(&world.cx, &app, &volume, &request).await,
        ErrorKind::InvalidInput,
        "disk_create in a volume with an unknown option",
    )?;
    equal(&disk_names(&world.disks(&world.one).await?), &NO_NAMES, "disks")
}

async fn disk_create_refuses_a_missing_source_and_makes_nothing(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    for source in [
        Source::Disk(named("missing")?),
        Source::Snapshot(named("missing")?),
    ] {
        let what = format!("disk_create from {source}");
        let request = DiskCreate {
            source: Some(source),
            ..disk(&named("copy")?)
        };
        refused(
            world.try_create(&world.one, request).await,
            ErrorKind::NotFound,
            &what,
        )?;
    }
    equal(&disk_names(&world.disks(&world.one).await?), &NO_NAMES, "disks")
}

async fn disk_create_takes_disks_and_snapshots_as_sources(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, taken) = (named("first")?, named("taken")?);
    let original = world.create(&world.one, &first).await?;
    done(
        world.try_snapshot(&world.one, snapshot(&taken)).await,
        "snapshot_create",
    )?;
    for (text, source) in [
        ("of-disk", Source::Disk(first.clone())),
        ("of-snapshot", Source::Snapshot(taken)),
        ("of-handle", Source::Resource(original.record.handle)),
    ] {
        let request = DiskCreate {
            source: Some(source.clone()),
            ..disk(&named(text)?)
        };
        done(
            world.try_create(&world.one, request).await,
            &format!("disk_create from {source}"),
        )?;
    }
    let disks = world.disks(&world.one).await?;
    equal(&disks.len(), &4, "disks")?;
    equal(&assigned(&disks), &["first"], "assigned disks")
}
