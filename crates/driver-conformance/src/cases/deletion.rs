//! Deleting disks.

use kompox_domain::ErrorKind;
use kompox_domain::volume::Deletion;

use crate::case::{Suite, cases};
use crate::check::{Stop, Verdict, ensure, equal, refused, words};
use crate::world::{NO_NAMES, World, assigned, disk_names, named};

cases! {
    disk_delete_of_a_missing_disk_succeeds: DiskList DiskCreate DiskDelete;
    disk_delete_removes_that_disk_only: DiskList DiskCreate DiskDelete;
    disk_delete_keeps_the_assigned_disk_without_force: DiskList DiskCreate DiskDelete;
    disk_delete_with_force_leaves_none_assigned: DiskList DiskCreate DiskDelete;
    disk_create_assigns_the_first_disk_again_when_all_are_gone: DiskList DiskCreate DiskDelete;
    disk_delete_refuses_an_attached_disk_and_names_the_machine: DiskList DiskCreate DiskDelete;
}

async fn disk_delete_of_a_missing_disk_succeeds(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let missing = named("missing")?;
    for force in [false, true] {
        let answer = world.delete(&world.one, &missing, force).await?;
        equal(&answer, &Deletion::WasNotThere, "answer")?;
    }
    // A disk of that name in another volume is not the one that was meant.
    world.create(&world.two, &missing).await?;
    world.create(&world.one, &named("other")?).await?;
    for force in [false, true] {
        let answer = world.delete(&world.one, &missing, force).await?;
        equal(&answer, &Deletion::WasNotThere, "answer")?;
    }
    equal(&world.disks(&world.one).await?.len(), &1, "disks of the volume")?;
    equal(
        &world.disks(&world.two).await?.len(),
        &1,
        "disks of the other volume",
    )
}

async fn disk_delete_removes_that_disk_only(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second, third) = (named("first")?, named("second")?, named("third")?);
    for name in [&first, &second, &third] {
        world.create(&world.one, name).await?;
    }
    for expected in [Deletion::Deleted, Deletion::WasNotThere] {
        let answer = world.delete(&world.one, &second, false).await?;
        equal(&answer, &expected, "answer")?;
        let mut names = disk_names(&world.disks(&world.one).await?);
        names.sort_unstable();
        equal(&names, &["first", "third"], "disks")?;
    }
    world.only_assigned(&world.one, &first).await
}

async fn disk_delete_keeps_the_assigned_disk_without_force(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second) = (named("first")?, named("second")?);
    world.create(&world.one, &first).await?;
    refused(
        world.try_delete(&world.one, &first, false).await,
        ErrorKind::Precondition,
        "disk_delete of the assigned disk, the only one",
    )?;
    world.create(&world.one, &second).await?;
    let before = world.disks(&world.one).await?;
    refused(
        world.try_delete(&world.one, &first, false).await,
        ErrorKind::Precondition,
        "disk_delete of the assigned disk, one of two",
    )?;
    equal(&world.disks(&world.one).await?, &before, "disks")
}

async fn disk_delete_with_force_leaves_none_assigned(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second) = (named("first")?, named("second")?);
    world.create(&world.one, &first).await?;
    world.create(&world.one, &second).await?;
    world.delete(&world.one, &first, true).await?;
    let disks = world.disks(&world.one).await?;
    equal(&disk_names(&disks), &["second"], "disks")?;
    equal(&assigned(&disks), &NO_NAMES, "assigned disks")?;
    // The volume still has a disk: a new one is not its first, and nobody chose it.
    let made = world.create(&world.one, &named("third")?).await?;
    ensure(!made.assigned, || {
        "a disk that is not the first is assigned".to_owned()
    })?;
    equal(
        &assigned(&world.disks(&world.one).await?),
        &NO_NAMES,
        "assigned disks",
    )
}

async fn disk_create_assigns_the_first_disk_again_when_all_are_gone(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let first = named("first")?;
    // The same name each time: what is gone leaves nothing that is in the way.
    for _ in 0..2 {
        let made = world.create(&world.one, &first).await?;
        ensure(made.assigned, || "the first disk is not assigned".to_owned())?;
        world.delete(&world.one, &first, true).await?;
        equal(&world.disks(&world.one).await?.len(), &0, "disks")?;
    }
    Ok(())
}

async fn disk_delete_refuses_an_attached_disk_and_names_the_machine(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let (first, second) = (named("first")?, named("second")?);
    world.create(&world.one, &first).await?;
    let handle = world.create(&world.one, &second).await?.record.handle;
    if !suite.harness.attach(&handle).await {
        return Err(Stop::Skipped("the harness cannot attach disks".to_owned()));
    }
    let listed = world.disk(&world.one, &second).await?.record.attached_to;
    let Some(machine) = listed.first().and_then(|id| id.rsplit('/').next()) else {
        return Err(Stop::Failed(
            "the listing does not show where the disk is attached".to_owned(),
        ));
    };
    for force in [false, true] {
        let error = refused(
            world.try_delete(&world.one, &second, force).await,
            ErrorKind::Precondition,
            &format!("disk_delete of an attached disk (force: {force})"),
        )?;
        let words = words(&error);
        ensure(words.to_lowercase().contains(&machine.to_lowercase()), || {
            format!("the error does not name machine {machine}: {words}")
        })?;
        world.disk(&world.one, &second).await?;
    }
    if !suite.harness.detach(&handle).await {
        return Err(Stop::Skipped("the harness cannot detach disks".to_owned()));
    }
    world.delete(&world.one, &second, false).await?;
    equal(&disk_names(&world.disks(&world.one).await?), &["first"], "disks")
}
