//! What an operation says of itself is held against what is there: each of its requests, or of its writes, lost or answered
//! in vain, and then refused in every way.

use futures::future::join_all;
use kompox_azure_emulator::{Options, Timing};
use kompox_domain::Result;
use kompox_tests::crash_points::{Counted, Operation, Trouble, break_by, claims_of};
use kompox_tests::operations::building::Building;
use kompox_tests::operations::doing::{Doing, Hands, usual_end, writing};
use kompox_tests::operations::installing::Installing;
use kompox_tests::operations::mounting::Mounting;
use kompox_tests::operations::publishing::Publishing;

/// What ARM and Kubernetes refuse with, and trouble on their side.
const STATUSES: [u16; 7] = [400, 403, 404, 409, 412, 429, 500];
/// How often an operation in a whole Azure is struck at most for one table. Only installing and uninstalling have so many
/// writes that not each is struck in each way.
const MOST: usize = 130;
/// The same for corrupted answers: no operation has more requests than that.
const MOST_CORRUPTED: usize = 80;

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

/// At requests of an operation in a whole Azure.
async fn claims_in_azure_are_true(
    operation: impl Operation,
    troubles: &[Trouble],
    counted: Counted,
    most: usize,
) {
    let report = claims_of(&operation, quick(), troubles, counted, most).await;
    let report = report.unwrap_or_else(|what| panic!("{what}"));
    assert!(report.requests > 0 && report.requests <= most, "{report}");
    let ways = report.requests * troubles.len();
    assert!(report.crash_points * 2 >= ways.min(most), "{report}");
    assert!(report.failures > 0, "{report}");
}

/// At each write.
async fn claims_of_writes_are_true(operation: impl Operation) {
    claims_in_azure_are_true(operation, &refused_in_every_way(), Counted::Writes, MOST).await;
}

/// After an answer that is none.
async fn claims_after_corrupted_answers_are_true(operation: impl Operation) {
    let seeds = corrupted(0..8);
    claims_in_azure_are_true(operation, &seeds, Counted::Requests, MOST_CORRUPTED).await;
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
async fn what_is_claimed_of_a_write_of_upgrading_node_images_that_was_lost_and_then_refused_is_true() {
    claims_of_writes_are_true(Building::upgrade_node_images()).await;
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
    claims_after_corrupted_answers_are_true(Building::provision()).await;
}

#[tokio::test]
async fn what_is_claimed_of_upgrading_node_images_after_a_corrupted_answer_is_true() {
    claims_after_corrupted_answers_are_true(Building::upgrade_node_images()).await;
}

#[tokio::test]
async fn what_is_claimed_of_deprovisioning_after_a_corrupted_answer_is_true() {
    claims_after_corrupted_answers_are_true(Building::deprovision_with_more()).await;
}

#[tokio::test]
async fn what_is_claimed_of_installing_after_a_corrupted_answer_is_true() {
    claims_after_corrupted_answers_are_true(Installing::install()).await;
}

#[tokio::test]
async fn what_is_claimed_of_uninstalling_after_a_corrupted_answer_is_true() {
    claims_after_corrupted_answers_are_true(Installing::uninstall()).await;
}

#[tokio::test]
async fn what_is_claimed_of_mounting_after_a_corrupted_answer_is_true() {
    claims_after_corrupted_answers_are_true(Mounting).await;
}

#[tokio::test]
async fn what_is_claimed_of_publishing_after_a_corrupted_answer_is_true() {
    claims_after_corrupted_answers_are_true(Publishing::deploy()).await;
}

#[tokio::test]
async fn what_is_claimed_of_taking_names_back_after_a_corrupted_answer_is_true() {
    claims_after_corrupted_answers_are_true(Publishing::destroy()).await;
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
    let found = claims_of(&silent, quick(), &[Trouble::AnswerLost], Counted::Writes, MOST).await;
    let what = found.unwrap_err();
    assert!(what.contains("it claims that nothing was done"), "{what}");
}

async fn assign_beside(hands: Hands<'_>) -> Result<()> {
    let cx = hands.operator.cx.beside();
    let (app, volume) = (&hands.world.app, hands.world.volume("db"));
    let two = "two".parse()?;
    let driver = hands.operator.driver.volumes().unwrap();
    driver.disk_assign(&cx, app, volume, &two).await.map(drop)
}
