//! `cluster deprovision` and its dry run.

use kompox_domain::Hint;
use kompox_domain::cluster::{ChangeAction, ClusterStatus, Plan};
use kompox_domain::driver::DeprovisionRequest;
use kompox_domain::hint::in_words;
use kompox_domain::{ErrorKind, Mode, Operation, WriteOutcome};
use kompox_usecase::cluster::{self, Deprovision};

use super::{ours, plan_of, stands};
use crate::support::{MockDriver, chain, context, driver, error, write};

fn installed(installed: Option<bool>) -> ClusterStatus {
    ClusterStatus {
        found: Some(true),
        installed,
        ..ClusterStatus::default()
    }
}

fn allowing(ids: &[&str]) -> DeprovisionRequest {
    DeprovisionRequest {
        allow_delete: ids.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn deleting(times: usize) -> MockDriver {
    let mut driver = driver(Operation::ALL);
    driver
        .on_clusters()
        .expect_deprovision()
        .withf(|_, _, _, mode| *mode == Mode::Apply)
        .times(times)
        .returning(|_, _, _, _| Ok(plan_of(&[ChangeAction::Delete, ChangeAction::Keep])));
    driver
}

#[tokio::test]
async fn what_may_go_along_reaches_the_driver_and_what_was_deleted_and_left_is_the_answer() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    stands(&mut driver, installed(None));
    driver
        .on_clusters()
        .expect_deprovision()
        .times(1)
        .withf(|_, _, request, mode| request.allow_delete == ["/r/disk"] && *mode == Mode::Apply)
        .returning(|_, _, _, _| Ok(plan_of(&[ChangeAction::Delete, ChangeAction::Keep])));
    let request = Deprovision {
        request: allowing(&["/r/disk"]),
        force: false,
    };
    let done = cluster::deprovision(&driver, &cx, &ours(), &request)
        .await
        .unwrap();
    assert_eq!(done, plan_of(&[ChangeAction::Delete, ChangeAction::Keep]));
}

#[tokio::test]
async fn deprovisioning_twice_is_success() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    stands(&mut driver, installed(Some(false)));
    let mut there = true;
    driver
        .on_clusters()
        .expect_deprovision()
        .withf(|_, _, _, mode| *mode == Mode::Apply)
        .times(2)
        .returning(move |_, _, _, _| {
            let gone = std::mem::take(&mut there);
            Ok(if gone {
                plan_of(&[ChangeAction::Delete])
            } else {
                Plan::default()
            })
        });
    let request = Deprovision::default();
    let first = cluster::deprovision(&driver, &cx, &ours(), &request).await;
    assert_eq!(first.unwrap(), plan_of(&[ChangeAction::Delete]));
    let second = cluster::deprovision(&driver, &cx, &ours(), &request).await;
    assert_eq!(second.unwrap(), Plan::default());
}

#[tokio::test]
async fn what_is_still_installed_stops_the_deed_unless_forced_and_is_then_a_warning() {
    let (cx, recorder) = context();
    let told = "the ingress is still installed on cluster /ws/w/prv/p/cls/c: what it serves ends with it";
    for force in [false, true] {
        let request = Deprovision {
            force,
            ..Deprovision::default()
        };
        let mut planning = driver(Operation::ALL);
        stands(&mut planning, installed(Some(true)));
        planning
            .on_clusters()
            .expect_deprovision()
            .withf(|_, _, _, mode| *mode == Mode::Plan)
            .times(1)
            .returning(|_, _, _, _| Ok(plan_of(&[ChangeAction::Delete])));
        let planned = cluster::deprovision_plan(&planning, &cx, &ours(), &request)
            .await
            .unwrap();
        assert_eq!(planned.plan, plan_of(&[ChangeAction::Delete]));
        assert_eq!(
            planned.refusal.map(|error| error.to_string()),
            (!force).then(|| told.to_owned())
        );
        assert_eq!(recorder.warnings(), if force { vec![told] } else { vec![] });

        let mut deleting = deleting(usize::from(force));
        stands(&mut deleting, installed(Some(true)));
        match cluster::deprovision(&deleting, &cx, &ours(), &request).await {
            Ok(_) => assert!(force),
            Err(error) => {
                assert_eq!(
                    (error.kind(), error.to_string()),
                    (ErrorKind::Precondition, told.to_owned())
                );
                assert!(in_words(error.hints()).ends_with("let it go along with force"));
            }
        }
    }
}

#[tokio::test]
async fn that_it_cannot_be_told_what_is_installed_keeps_nobody_from_deleting() {
    let (cx, recorder) = context();
    let request = Deprovision::default();
    let mut unknown = deleting(1);
    stands(&mut unknown, installed(None));
    cluster::deprovision(&unknown, &cx, &ours(), &request)
        .await
        .unwrap();
    let mut unreadable = deleting(1);
    unreadable
        .on_clusters()
        .expect_status()
        .returning(|_, _| Err(error(ErrorKind::Unavailable, "gone")));
    cluster::deprovision(&unreadable, &cx, &ours(), &request)
        .await
        .unwrap();
    assert!(recorder.warnings().is_empty());
}

#[tokio::test]
async fn a_plan_that_cannot_be_read_is_an_error_and_never_already_gone() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    stands(&mut driver, installed(None));
    driver
        .on_clusters()
        .expect_deprovision()
        .withf(|_, _, _, mode| *mode == Mode::Plan)
        .times(1)
        .returning(|_, _, _, _| Err(error(ErrorKind::PermissionDenied, "not allowed")));
    let error = cluster::deprovision_plan(&driver, &cx, &ours(), &Deprovision::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(
        chain(&error),
        [
            "cannot tell what deprovisioning cluster /ws/w/prv/p/cls/c would delete",
            "not allowed"
        ]
    );
}

#[test]
fn everything_that_is_in_the_way_is_told_at_once() {
    let plan = plan_of(&[ChangeAction::Delete, ChangeAction::Keep]);
    assert!(cluster::blocked(&ours(), &plan).is_none());
    let plan = plan_of(&[ChangeAction::Block, ChangeAction::Delete, ChangeAction::Block]);
    let error = cluster::blocked(&ours(), &plan).unwrap();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert_eq!(
        chain(&error),
        [
            "cannot deprovision cluster /ws/w/prv/p/cls/c",
            "2 resources stand in the way, so nothing was deleted"
        ]
    );
    let told: Vec<(&str, &str)> = error
        .failures()
        .iter()
        .map(|failed| (failed.resource.as_str(), failed.message.as_str()))
        .collect();
    assert_eq!(told, [("/r/block", "because"), ("/r/block", "because")]);
}

#[tokio::test]
async fn of_what_is_in_the_way_the_driver_tells_what_a_flag_lets_go_along() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    stands(&mut driver, installed(None));
    // A disk goes along when it is named, a lock never does.
    driver
        .on_clusters()
        .expect_deprovision()
        .withf(|_, _, _, mode| *mode == Mode::Plan)
        .times(2)
        .returning(|_, _, request, _| {
            let mut plan = plan_of(&[ChangeAction::Block, ChangeAction::Block]);
            for (change, id) in plan.changes.iter_mut().zip(["/r/disk", "/r/lock"]) {
                change.resource = id.to_owned();
                if id == "/r/disk" && request.allow_delete.iter().any(|allowed| allowed == id) {
                    change.action = ChangeAction::Delete;
                }
            }
            Ok(plan)
        });
    let planned = cluster::deprovision_plan(&driver, &cx, &ours(), &Deprovision::default())
        .await
        .unwrap();
    assert_eq!(planned.plan.of(ChangeAction::Block).count(), 2);
    assert_eq!(planned.allowable, ["/r/disk"]);
}

#[tokio::test]
async fn an_interruption_says_that_running_it_again_goes_on() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::ClusterDeprovision]);
    stands(&mut driver, ClusterStatus::default());
    driver
        .on_clusters()
        .expect_deprovision()
        .withf(|_, _, _, mode| *mode == Mode::Apply)
        .times(1)
        .returning(|cx, _, _, _| {
            write(cx, WriteOutcome::Unknown);
            Err(error(ErrorKind::Unavailable, "connection reset"))
        });
    let error = cluster::deprovision(&driver, &cx, &ours(), &Deprovision::default())
        .await
        .unwrap_err();
    assert_eq!(
        chain(&error),
        [
            "cannot tell whether this was done: deprovision cluster /ws/w/prv/p/cls/c",
            "connection reset"
        ]
    );
    assert_eq!(
        error.hints(),
        [Hint::text("run the command again: it goes on where it stopped")]
    );
}
