//! No wait outlasts the deadline.

use std::time::Instant;

use kompox_domain::{Ability, ErrorKind, Operation};

use super::operations::call;
use crate::case::{Suite, cases};
use crate::check::{Verdict, equal, refused};
use crate::world::World;

cases! {
    a_deadline_in_the_past_is_a_timeout_for_every_operation_on_volumes: DiskList;
    a_disk_is_not_made_after_the_deadline: DiskList DiskCreate;
}

/// A moment that has passed on the clock of the runtime, which a test may have stopped, and on the real one.
fn passed() -> Instant {
    Instant::now().min(tokio::time::Instant::now().into_std())
}

async fn a_deadline_in_the_past_is_a_timeout_for_every_operation_on_volumes(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let late = world.cx.clone().with_deadline(passed());
    for operation in Operation::of(Ability::Volumes) {
        let answer = call(&world, &late, &world.one, operation).await?;
        refused(answer, ErrorKind::Timeout, &operation.to_string())?;
    }
    Ok(())
}

async fn a_disk_is_not_made_after_the_deadline(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let late = world.cx.clone().with_deadline(passed());
    let answer = call(&world, &late, &world.one, kompox_domain::Operation::DiskCreate).await?;
    refused(answer, ErrorKind::Timeout, "disk_create")?;
    equal(&world.disks(&world.one).await?.len(), &0, "disks")
}
