//! What an operation says of itself is held against what is there: each request of each operation, lost or answered in
//! vain, and then refused in every way.

use futures::future::join_all;
use kompox_azure_emulator::{Options, Timing};
use kompox_domain::Result;
use kompox_tests::crash_points::{Trouble, break_by};
use kompox_tests::doing::{Doing, usual_end, writing};

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
