//! What an operation says of itself is held against what is there: each of its requests, or of its writes, lost or answered
//! in vain, and then refused in every way.

use futures::future::join_all;
use kompox_azure_emulator::{Options, Timing};
use kompox_domain::Result;
use kompox_tests::crash_points::{Operation, Trouble, break_by, claims_at_writes};
use kompox_tests::operations::building::Building;
use kompox_tests::operations::doing::{Doing, Hands, usual_end, writing};
use kompox_tests::operations::installing::Installing;
use kompox_tests::operations::mounting::Mounting;
use kompox_tests::operations::publishing::Publishing;

/// What ARM and Kubernetes refuse with, and trouble on their side.
const STATUSES: [u16; 7] = [400, 403, 404, 409, 412, 429, 500];
/// How often the writes of one operation in a whole Azure are struck at most. Only installing and uninstalling have so
/// many that not each is struck in each way.
const MOST: usize = 130;
/// In how many ways each answer to an operation in a whole Azure is corrupted.
const SEEDS: u64 = 3;

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

/// At each request of an operation; and run again it must lead to the wanted end.
async fn claims_are_true(operation: impl Operation, troubles: &[Trouble]) {
    let report = break_by(&operation, quick(), troubles).await;
    let report = report.unwrap_or_else(|what| panic!("{what}"));
    assert!(
        report.requests > 0 && report.crash_points >= report.requests * troubles.len() * 3 / 4,
        "{report}"
    );
}

async fn all_claims_are_true(operations: Vec<Doing>, troubles: &[Trouble]) {
    let all = operations.into_iter();
    join_all(all.map(|operation| claims_are_true(operation, troubles))).await;
}

/// At each write of an operation in a whole Azure.
async fn claims_of_writes_are_true(operation: impl Operation) {
    let troubles = refused_in_every_way();
    let report = claims_at_writes(&operation, quick(), &troubles, MOST).await;
    let report = report.unwrap_or_else(|what| panic!("{what}"));
    let ways = (report.requests * troubles.len()).min(MOST);
    assert!(
        report.requests > 0
            && report.crash_points * 4 >= ways * 3
            && report.failures * 2 > report.crash_points,
        "{report}"
    );
}

#[tokio::test]
async fn what_is_claimed_of_a_write_on_volumes_that_was_lost_and_then_refused_is_true() {
    all_claims_are_true(writing(), &refused_in_every_way()).await;
}

#[tokio::test]
async fn what_is_claimed_of_a_write_of_provisioning_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Building::provision()).await;
}

#[tokio::test]
async fn what_is_claimed_of_a_write_of_deprovisioning_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Building::deprovision_with_more()).await;
}

#[tokio::test]
async fn what_is_claimed_of_a_write_of_installing_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Installing::install()).await;
}

#[tokio::test]
async fn what_is_claimed_of_a_write_of_uninstalling_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Installing::uninstall()).await;
}

#[tokio::test]
async fn what_is_claimed_of_a_write_of_mounting_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Mounting).await;
}

#[tokio::test]
async fn what_is_claimed_of_a_write_of_publishing_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Publishing::deploy()).await;
}

#[tokio::test]
async fn what_is_claimed_of_a_write_of_taking_names_back_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Publishing::destroy()).await;
}

fn corrupted(seeds: std::ops::Range<u64>) -> Vec<Trouble> {
    seeds.map(Trouble::Corrupted).collect()
}

#[tokio::test]
async fn what_is_claimed_after_a_corrupted_answer_is_true() {
    all_claims_are_true(writing(), &corrupted(0..16)).await;
}

#[tokio::test]
async fn what_is_claimed_of_provisioning_after_a_corrupted_answer_is_true() {
    claims_are_true(Building::provision(), &corrupted(0..SEEDS)).await;
}

#[tokio::test]
async fn what_is_claimed_of_deprovisioning_after_a_corrupted_answer_is_true() {
    claims_are_true(Building::deprovision_with_more(), &corrupted(0..SEEDS)).await;
}

#[tokio::test]
async fn what_is_claimed_of_installing_after_a_corrupted_answer_is_true() {
    claims_are_true(Installing::install(), &corrupted(0..SEEDS)).await;
}

#[tokio::test]
async fn what_is_claimed_of_uninstalling_after_a_corrupted_answer_is_true() {
    claims_are_true(Installing::uninstall(), &corrupted(0..SEEDS)).await;
}

#[tokio::test]
async fn what_is_claimed_of_mounting_after_a_corrupted_answer_is_true() {
    claims_are_true(Mounting, &corrupted(0..SEEDS)).await;
}

#[tokio::test]
async fn what_is_claimed_of_publishing_and_taking_names_back_after_a_corrupted_answer_is_true() {
    claims_are_true(Publishing::deploy(), &corrupted(0..SEEDS)).await;
    claims_are_true(Publishing::destroy(), &corrupted(0..SEEDS)).await;
}

/// So that the tables above can fail: an operation that says nothing of its writes is found out.
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
    let found = claims_at_writes(&silent, quick(), &[Trouble::AnswerLost], MOST).await;
    let what = found.unwrap_err();
    assert!(what.contains("it claims that nothing was done"), "{what}");
}

async fn assign_beside(hands: Hands<'_>) -> Result<()> {
    let cx = hands.operator.cx.beside();
    let (app, volume) = (&hands.world.app, hands.world.volume("db"));
    let two = "two".parse()?;
    let assigned = hands.operator.driver.disk_assign(&cx, app, volume, &two);
    assigned.await.map(drop)
}
