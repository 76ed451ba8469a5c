//! Every operation with every one of its requests lost, its answer lost, or refused for a while; and run twice.

use futures::future::BoxFuture;
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule};
use kompox_domain::{ErrorKind, Result};

use crate::support::World;

struct Operation {
    name: &'static str,
    run: for<'a> fn(&'a World) -> BoxFuture<'a, Result<()>>,
    /// What comes of running it a second time.
    again: Option<ErrorKind>,
}

fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "disk list",
            run: |w| Box::pin(async { w.disks("db").await.map(drop) }),
            again: None,
        },
        Operation {
            name: "disk create",
            run: |w| Box::pin(async { w.create("db", "new").await.map(drop) }),
            again: Some(ErrorKind::Conflict),
        },
        Operation {
            name: "disk create, the first",
            run: |w| Box::pin(async { w.create("data", "new").await.map(drop) }),
            again: Some(ErrorKind::Conflict),
        },
        Operation {
            name: "disk assign",
            run: |w| Box::pin(async { w.assign("db", "two").await.map(drop) }),
            again: None,
        },
        Operation {
            name: "disk delete",
            run: |w| Box::pin(async { w.delete("db", "two", false).await.map(drop) }),
            again: None,
        },
        Operation {
            name: "snapshot list",
            run: |w| Box::pin(async { w.snapshots("db").await.map(drop) }),
            again: None,
        },
        Operation {
            name: "snapshot create",
            run: |w| Box::pin(async { w.snapshot("db", "new").await.map(drop) }),
            again: Some(ErrorKind::Conflict),
        },
        Operation {
            name: "snapshot delete",
            run: |w| Box::pin(async { w.delete_snapshot("db", "snap").await.map(drop) }),
            again: None,
        },
        Operation {
            name: "snapshot restore",
            run: |w| Box::pin(async { w.restore("db", "snap", "new").await.map(drop) }),
            again: Some(ErrorKind::Conflict),
        },
    ]
}

async fn world() -> World {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    world.snapshot("db", "snap").await.unwrap();
    world.emulator.clear_requests();
    world
}

#[tokio::test]
async fn every_operation_run_twice_says_what_it_should() {
    for operation in operations() {
        let world = world().await;
        (operation.run)(&world).await.unwrap();
        let again = (operation.run)(&world).await.err().map(|error| error.kind());
        assert_eq!(again, operation.again, "{}", operation.name);
        assert_eq!(world.assigned("db").await.len(), 1, "{}", operation.name);
    }
}

#[tokio::test]
async fn a_lost_request_a_lost_answer_and_a_passing_refusal_are_survived_at_every_request() {
    let troubles = [
        FaultAction::ResetBefore,
        FaultAction::ResetAfter,
        FaultAction::respond(500, "InternalServerError", "Oops."),
        FaultAction::respond_retry_after(429, "TooManyRequests", 0),
    ];
    for operation in operations() {
        let clean = world().await;
        (operation.run)(&clean).await.unwrap();
        let requests = u32::try_from(clean.emulator.requests().len()).unwrap();
        for trouble in &troubles {
            let world = world().await;
            for index in 0..requests {
                // Each operation in a world of its own would cost more than it shows: what it makes is removed again.
                world.fault(
                    FaultRule::new("*", "**/resourceGroups/**", trouble.clone())
                        .after(index)
                        .times(1),
                );
                (operation.run)(&world).await.unwrap_or_else(|error| {
                    panic!(
                        "{} with {trouble:?} at request {index}: {error:?}",
                        operation.name
                    )
                });
                assert_eq!(world.assigned("db").await.len(), 1, "{}", operation.name);
                reset(&world).await;
            }
        }
    }
}

/// Back to two disks, of which the first is assigned, and one snapshot.
async fn reset(world: &World) {
    world.emulator.set_faults(FaultPlan::default()).unwrap();
    world.delete("db", "new", true).await.unwrap();
    world.delete("data", "new", true).await.unwrap();
    world.delete_snapshot("db", "new").await.unwrap();
    if world.disks("db").await.unwrap().len() == 1 {
        world.create("db", "two").await.unwrap();
    }
    world.assign("db", "one").await.unwrap();
    if world.snapshots("db").await.unwrap().is_empty() {
        world.snapshot("db", "snap").await.unwrap();
    }
}
