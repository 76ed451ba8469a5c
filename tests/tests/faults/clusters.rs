//! Provisioning and deprovisioning, broken at every request in every way, and by what fails in Azure itself.

use std::collections::BTreeSet;

use kompox_azure_emulator::{FaultAction, FaultRule, Options, Timing};
use kompox_domain::Error;
use kompox_tests::crash_points::{Estate, Failure, Ground as _, Report, Trouble, fail_everywhere};

use crate::surviving::survive;
use kompox_tests::operations::building::{Building, of_kind, provision};

/// An Azure in which everything takes a look longer than its beginning: it can also break in the middle.
pub(crate) fn slow() -> Options {
    Options {
        timing: Timing {
            polls: 1,
            ..Timing::zero()
        },
        ..Options::default()
    }
}

/// For Azure it is all the same how a client went away: one trouble of each kind (the client lives, or is killed)
/// meets a stack in the middle of its work. The others meet one that is done when it is looked at, which is quicker.
pub(crate) fn options(trouble: Trouble) -> Options {
    match trouble {
        Trouble::AnswerLost | Trouble::KilledAfter => slow(),
        _ => Options::default(),
    }
}

#[tokio::test]
async fn a_cluster_whose_provisioning_broke_anywhere_is_provisioned_once_and_whole_by_the_next_run() {
    survive(Building::provision, options).await;
}

#[tokio::test]
async fn nodes_whose_new_image_broke_off_anywhere_have_it_after_the_next_run_and_nothing_is_due() {
    survive(Building::upgrade_node_images, options).await;
}

#[tokio::test]
async fn a_cluster_whose_deprovisioning_broke_anywhere_is_gone_after_the_next_run() {
    survive(Building::deprovision, options).await;
}

#[tokio::test]
async fn what_goes_along_and_what_has_rights_elsewhere_is_gone_too_whatever_breaks() {
    survive(Building::deprovision_with_more, options).await;
}

/// Resources of the stack, as patterns: names of role assignments are not the same twice.
async fn managed(estate: &Estate<'_>) -> BTreeSet<String> {
    let everything = estate.everything().await;
    let stack = of_kind(&everything, "Microsoft.Resources/deploymentStacks")[0];
    let resources = stack["properties"]["resources"].as_array().unwrap();
    resources
        .iter()
        .map(|resource| resource["id"].as_str().unwrap())
        .map(|id| match id.split_once("/roleAssignments/") {
            Some((scope, _)) => format!("{scope}/roleAssignments/*"),
            None => id.to_owned(),
        })
        .collect()
}

/// That each of them fails once, when it is written or deleted (`method`).
fn failing(method: &str, resources: &BTreeSet<String>) -> Vec<Failure> {
    let actions = [
        (false, FaultAction::fail_late("BrokenLate", "It broke.")),
        (true, FaultAction::respond(409, "BrokenAtOnce", "It broke.")),
    ];
    let of = |resource: &String| {
        actions.clone().map(|(certain, action)| {
            let start = resource.trim_end_matches('*').to_lowercase();
            Failure {
                what: format!("{method} {resource} {action:?}"),
                certain,
                rule: FaultRule::new(method, resource, action).times(1),
                told: Box::new(move |error: &Error| {
                    let leaves = error.failures().iter().flat_map(|failure| failure.leaves());
                    leaves.into_iter().any(|leaf| {
                        leaf.resource.to_lowercase().starts_with(&start) && leaf.code.starts_with("Broken")
                    })
                }),
            }
        })
    };
    resources.iter().flat_map(of).collect()
}

/// Demands that it was survived, and that there was something to survive: what fails at once is always felt.
fn felt(survived: Result<Report, String>) {
    let report = survived.unwrap_or_else(|what| panic!("{what}"));
    assert!(
        report.failures * 2 >= report.crash_points && report.failures > 0,
        "{report}"
    );
}

#[tokio::test]
async fn every_resource_that_could_not_be_made_is_told_and_the_next_run_makes_it() {
    let failures = async |estate: &Estate<'_>| {
        let made = estate.copy().await;
        provision(&made, &made.cloud.operator()).await.unwrap();
        failing("PUT", &managed(&made).await)
    };
    let report = fail_everywhere(&Building::provision(), slow(), failures).await;
    felt(report);
}

#[tokio::test]
async fn every_resource_that_could_not_be_deleted_is_told_and_the_next_run_deletes_it() {
    let failures = async |estate: &Estate<'_>| failing("DELETE", &managed(estate).await);
    let report = fail_everywhere(&Building::deprovision_with_more(), slow(), failures).await;
    felt(report);
}
