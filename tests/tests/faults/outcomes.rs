//! What an operation says of itself is held against what is there: each request of each operation, lost or answered in
//! vain, and then refused in every way.

use futures::future::join_all;
use kompox_azure_emulator::{Options, Timing};
use kompox_domain::{Result, Source};
use kompox_tests::crash_points::{End, Trouble, break_by};
use kompox_tests::doing::{Doing, usual_end};

/// What ARM refuses with, and trouble on its side.
const STATUSES: [u16; 7] = [400, 403, 404, 409, 412, 429, 500];

fn refused_in_every_way() -> Vec<Trouble> {
    let refused = STATUSES
        .into_iter()
        .flat_map(|status| [Trouble::LostThen(status), Trouble::AnswerLostThen(status)]);
    let unanswered = [
        Trouble::Lost,
        Trouble::AnswerLost,
        Trouble::Overdue { arrives: false },
        Trouble::Overdue { arrives: true },
    ];
    refused.chain(unanswered).collect()
}

/// An Azure that does at once what it is asked for.
fn quick() -> Options {
    Options {
        timing: Timing::zero(),
        ..Options::default()
    }
}

async fn claims_are_true(operations: Vec<Doing>, troubles: &[Trouble]) {
    let all = operations.iter().map(|operation| async move {
        let report = break_by(operation, quick(), troubles).await;
        let report = report.unwrap_or_else(|what| panic!("{what}"));
        assert!(
            report.crash_points >= report.requests * troubles.len() * 3 / 4,
            "{report}"
        );
    });
    join_all(all).await;
}

/// Every operation on volumes that writes.
fn writing() -> Vec<Doing> {
    let create =
        |name, run| Doing::new(name, run, || usual_end(|end| end.disks.push("db/new"))).conflicting();
    let first = Doing::new(
        "disk create, the first",
        |h| Box::pin(h.create("db", "new", None)),
        || End {
            disks: vec!["db/new"],
            assigned: vec!["db/new"],
            ..End::default()
        },
    );
    vec![
        Doing {
            prepare: |_| Box::pin(async { Ok(()) }),
            ..first.conflicting()
        },
        create("disk create, a later one", |h| {
            Box::pin(h.create("db", "new", None))
        }),
        create("disk create from a snapshot", |h| {
            Box::pin(async move {
                h.create("db", "new", Some(Source::Snapshot("snap".parse()?)))
                    .await
            })
        }),
        Doing::new(
            "disk assign",
            |h| Box::pin(h.assign("two")),
            || usual_end(|end| end.assigned = vec!["db/two"]),
        ),
        Doing::new(
            "disk delete",
            |h| Box::pin(h.delete("two", false)),
            || usual_end(|end| end.disks.retain(|disk| *disk != "db/two")),
        ),
        Doing::new(
            "snapshot create",
            |h| Box::pin(h.snapshot("new", None)),
            || usual_end(|end| end.snapshots.push("db/new")),
        )
        .conflicting(),
        Doing::new(
            "snapshot delete",
            |h| Box::pin(h.delete_snapshot("snap")),
            || usual_end(|end| end.snapshots.clear()),
        ),
        create("snapshot restore", |h| Box::pin(h.restore("snap", "new"))),
    ]
}

#[tokio::test]
async fn what_is_claimed_of_a_write_on_volumes_that_was_lost_and_then_refused_is_true() {
    claims_are_true(writing(), &refused_in_every_way()).await;
}

#[tokio::test]
async fn what_is_claimed_after_a_corrupted_answer_is_true() {
    let seeds: Vec<Trouble> = (0..16).map(Trouble::Corrupted).collect();
    claims_are_true(writing(), &seeds).await;
}

/// So that the table above can fail: an operation that says nothing of its writes is found out.
#[tokio::test]
async fn an_operation_that_keeps_its_writes_to_itself_is_found_out() {
    let silent = Doing::new(
        "disk assign, told of by nobody",
        |h| Box::pin(assign_beside(h)),
        || usual_end(|end| end.assigned = vec!["db/two"]),
    );
    let found = break_by(&silent, quick(), &[Trouble::AnswerLost]).await;
    let what = found.unwrap_err();
    assert!(what.contains("it claims that nothing was done"), "{what}");
}

async fn assign_beside(hands: kompox_tests::doing::Hands<'_>) -> Result<()> {
    let cx = hands.operator.cx.beside();
    let (app, volume) = (&hands.world.app, hands.world.volume("db"));
    let two = "two".parse()?;
    let assigned = hands.operator.driver.disk_assign(&cx, app, volume, &two);
    assigned.await.map(drop)
}
