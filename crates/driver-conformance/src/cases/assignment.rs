//! Which disk is the assigned one.

use kompox_domain::ErrorKind;

use crate::case::{Suite, cases};
use crate::check::{Verdict, done, ensure, equal, refused};
use crate::world::{World, named, volumes};

cases! {
    disk_assign_moves_the_assignment_and_keeps_the_disks: DiskList DiskCreate DiskAssign;
    disk_assign_of_the_assigned_disk_writes_nothing: DiskList DiskCreate DiskAssign;
    disk_assign_of_a_missing_disk_is_not_found_and_changes_nothing: DiskList DiskCreate DiskAssign;
    disk_assign_shows_every_reader_exactly_one_assigned_disk: DiskList DiskCreate DiskAssign;
    disk_create_shows_every_reader_at_most_one_assigned_disk: DiskList DiskCreate;
}

async fn disk_assign_moves_the_assignment_and_keeps_the_disks(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let names = [named("a")?, named("b")?, named("c")?];
    for name in &names {
        world.create(&world.one, name).await?;
    }
    // There and back, so that neither the newest nor the greatest name is what decides.
    let [a, b, c] = &names;
    for name in [b, c, a, c, b, a] {
        let answer = world.assign(&world.one, name).await?;
        equal(&answer.record.name, name, "the answer's name")?;
        ensure(answer.assigned, || {
            format!("disk_assign {name} answered a disk that is not assigned")
        })?;
        world.only_assigned(&world.one, name).await?;
    }
    equal(&world.disks(&world.one).await?.len(), &3, "disks")
}

async fn disk_assign_of_the_assigned_disk_writes_nothing(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second) = (named("first")?, named("second")?);
    world.create(&world.one, &first).await?;
    world.create(&world.one, &second).await?;
    for name in [&first, &second] {
        world.assign(&world.one, name).await?;
        let before = world.disks(&world.one).await?;
        let again = done(
            volumes(suite)?
                .disk_assign(&world.cx, &world.app, &world.one, name)
                .await,
            "disk_assign again",
        )?;
        ensure(again.assigned, || {
            format!("disk_assign {name} again answered a disk that is not assigned")
        })?;
        equal(&world.disks(&world.one).await?, &before, "disks")?;
    }
    Ok(())
}

async fn disk_assign_of_a_missing_disk_is_not_found_and_changes_nothing(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let missing = named("missing")?;
    refused(
        world.try_assign(&world.one, &missing).await,
        ErrorKind::NotFound,
        "disk_assign where there is nothing",
    )?;
    world.create(&world.one, &named("first")?).await?;
    // A disk of that name in another volume is not the one that was meant.
    world.create(&world.two, &missing).await?;
    let before = world.disks(&world.one).await?;
    refused(
        world.try_assign(&world.one, &missing).await,
        ErrorKind::NotFound,
        "disk_assign of a missing disk",
    )?;
    equal(&world.disks(&world.one).await?, &before, "disks")
}

async fn disk_assign_shows_every_reader_exactly_one_assigned_disk(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let names = [named("a")?, named("b")?, named("c")?];
    for name in &names {
        world.create(&world.one, name).await?;
    }
    for _ in 0..3 {
        for name in &names {
            let work = world.try_assign(&world.one, name);
            let result = world.watched(suite, &world.one, true, work).await?;
            done(result, "disk_assign")?;
            world.only_assigned(&world.one, name).await?;
        }
    }
    Ok(())
}

async fn disk_create_shows_every_reader_at_most_one_assigned_disk(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    for (text, had_one) in [("first", false), ("second", true), ("third", true)] {
        let name = named(text)?;
        let work = world.try_create(&world.one, crate::world::disk(&name));
        let result = world.watched(suite, &world.one, had_one, work).await?;
        done(result, "disk_create")?;
    }
    world.only_assigned(&world.one, &named("first")?).await
}
