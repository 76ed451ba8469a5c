//! `cluster provision` and its dry run.

use kompox_domain::Hint;
use kompox_domain::cluster::{ChangeAction, Check, Plan, Verdict};
use kompox_domain::driver::ProvisionRequest;
use kompox_domain::error::FailedOperation;
use kompox_domain::hint::in_words;
use kompox_domain::{Error, ErrorKind, Mode, Operation, WriteOutcome};
use kompox_usecase::cluster;

use super::{found, ours, plan_of, stands};
use crate::support::{chain, context, driver, error, write};

const ONCE: ProvisionRequest = ProvisionRequest {
    force: false,
    upgrade_node_images: false,
};

fn check(kind: &str, verdict: Verdict) -> Check {
    Check {
        kind: kind.to_owned(),
        verdict,
        message: format!("{kind} is {verdict}"),
        hints: vec![format!("look at {kind}").into()],
    }
}

#[tokio::test]
async fn what_was_done_is_the_answer_and_force_reaches_the_driver() {
    let (cx, _) = context();
    for force in [false, true] {
        let mut driver = driver(Operation::ALL);
        stands(&mut driver, found(Some(true)));
        driver
            .on_clusters()
            .expect_provision()
            .times(1)
            .withf(move |_, _, request, mode| request.force == force && *mode == Mode::Apply)
            .returning(|_, _, _, _| Ok(plan_of(&[ChangeAction::Update])));
        let request = ProvisionRequest {
            force,
            ..ProvisionRequest::default()
        };
        let done = cluster::provision(&driver, &cx, &ours(), &request).await;
        assert_eq!(done.unwrap(), plan_of(&[ChangeAction::Update]));
    }
}

#[tokio::test]
async fn a_first_creation_that_would_fail_is_refused_with_all_findings_at_once() {
    let (cx, recorder) = context();
    let mut driver = driver(Operation::ALL);
    stands(&mut driver, found(Some(false)));
    driver.on_clusters().expect_check().times(1).returning(|_, _| {
        Ok(vec![
            check("identity", Verdict::Pass),
            check("quota", Verdict::Fail),
            check("dns", Verdict::Warn),
            check("providers", Verdict::Unknown),
            check("permissions", Verdict::Fail),
        ])
    });
    driver.on_clusters().expect_provision().times(0);
    let error = cluster::provision(&driver, &cx, &ours(), &ONCE)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert_eq!(
        chain(&error),
        [
            "cannot provision cluster /ws/w/prv/p/cls/c",
            "2 checks before the first write failed, so nothing was begun"
        ]
    );
    assert!(in_words(error.hints()).contains("cluster check"));
    let told: Vec<(&str, &str, String)> = error
        .failures()
        .iter()
        .map(|failed| {
            (
                failed.code.as_str(),
                failed.message.as_str(),
                in_words(&failed.hints),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("quota", "quota is fail", "look at quota".to_owned()),
            (
                "permissions",
                "permissions is fail",
                "look at permissions".to_owned()
            ),
        ]
    );
    assert_eq!(recorder.warnings(), ["dns: dns is warn (look at dns)"]);
}

#[tokio::test]
async fn what_could_not_be_looked_at_keeps_nobody_from_the_first_creation() {
    let (cx, recorder) = context();
    let unknown = || Ok(vec![check("quota", Verdict::Unknown)]);
    let broken = || Err(error(ErrorKind::Unavailable, "gone"));
    for answer in [unknown(), broken()] {
        let mut driver = driver(Operation::ALL);
        stands(&mut driver, found(Some(false)));
        let mut answer = Some(answer);
        driver
            .on_clusters()
            .expect_check()
            .times(1)
            .returning(move |_, _| answer.take().unwrap());
        driver
            .on_clusters()
            .expect_provision()
            .withf(|_, _, _, mode| *mode == Mode::Apply)
            .times(1)
            .returning(|_, _, _, _| Ok(plan_of(&[ChangeAction::Create])));
        let done = cluster::provision(&driver, &cx, &ours(), &ONCE).await.unwrap();
        assert_eq!(done.of(ChangeAction::Create).count(), 1);
    }
    assert_eq!(
        recorder.warnings(),
        ["the checks before the first write could not be made: gone"]
    );
}

#[tokio::test]
async fn only_a_first_creation_is_checked_before() {
    let (cx, _) = context();
    for found_there in [Some(true), None] {
        let mut driver = driver(Operation::ALL);
        stands(&mut driver, found(found_there));
        driver.on_clusters().expect_check().times(0);
        driver
            .on_clusters()
            .expect_provision()
            .withf(|_, _, _, mode| *mode == Mode::Apply)
            .times(1)
            .returning(|_, _, _, _| Ok(Plan::default()));
        cluster::provision(&driver, &cx, &ours(), &ONCE).await.unwrap();
    }
}

#[tokio::test]
async fn a_cluster_whose_status_cannot_be_read_is_provisioned_all_the_same() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::ClusterProvision]);
    driver
        .on_clusters()
        .expect_status()
        .times(2)
        .returning(|_, _| Err(error(ErrorKind::Unavailable, "gone")));
    driver
        .on_clusters()
        .expect_provision()
        .withf(|_, _, _, mode| *mode == Mode::Apply)
        .times(2)
        .returning(|_, _, _, _| Ok(Plan::default()));
    for _ in 0..2 {
        let done = cluster::provision(&driver, &cx, &ours(), &ONCE).await.unwrap();
        assert!(done.is_empty());
    }
}

#[tokio::test]
async fn a_failure_keeps_its_tree_and_says_that_running_it_again_goes_on() {
    let (cx, _) = context();
    // Where the cloud tells what failed, its end is known whatever kind of error that is.
    for kind in [
        ErrorKind::Failed,
        ErrorKind::QuotaExceeded,
        ErrorKind::Precondition,
    ] {
        let mut driver = driver(&[Operation::ClusterProvision]);
        stands(&mut driver, found(None));
        driver
            .on_clusters()
            .expect_provision()
            .withf(|_, _, _, mode| *mode == Mode::Apply)
            .times(1)
            .returning(move |cx, _, _, _| {
                let failed = FailedOperation {
                    resource: "/r/cluster".to_owned(),
                    code: "QuotaExceeded".to_owned(),
                    ..FailedOperation::default()
                };
                let error = error(kind, "the deployment failed").with_failures(vec![failed]);
                let step = cx.begin("deploy");
                step.state("deploying", None);
                step.end(Err(error))
            });
        let error = cluster::provision(&driver, &cx, &ours(), &ONCE)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(
            chain(&error),
            [
                "cannot provision cluster /ws/w/prv/p/cls/c",
                "the deployment failed"
            ]
        );
        assert_eq!(
            error.failures().first().map(|failed| failed.code.as_str()),
            Some("QuotaExceeded")
        );
        assert_eq!(
            error.hints(),
            [Hint::text("the next run goes on where this one stopped")]
        );
    }
}

#[tokio::test]
async fn a_deadline_says_that_the_cloud_goes_on_only_where_something_was_written() {
    let (cx, _) = context();
    let run = async |outcome: WriteOutcome| -> Error {
        let mut driver = driver(&[Operation::ClusterProvision]);
        stands(&mut driver, found(None));
        driver
            .on_clusters()
            .expect_provision()
            .withf(|_, _, _, mode| *mode == Mode::Apply)
            .times(1)
            .returning(move |cx, _, _, _| {
                write(cx, outcome);
                Err(error(ErrorKind::Timeout, "too slow"))
            });
        cluster::provision(&driver, &cx, &ours(), &ONCE)
            .await
            .unwrap_err()
    };
    assert_eq!(
        chain(&run(WriteOutcome::Unknown).await),
        [
            "there was not enough time to provision cluster /ws/w/prv/p/cls/c; it goes on in the cloud",
            "too slow"
        ]
    );
    assert_eq!(
        chain(&run(WriteOutcome::NotDone).await),
        ["cannot provision cluster /ws/w/prv/p/cls/c", "too slow"]
    );
}

#[tokio::test]
async fn a_dry_run_is_the_drivers_plan_and_reads_nothing_else() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    driver
        .on_clusters()
        .expect_provision()
        .times(1)
        .withf(|_, _, request, mode| request.force && *mode == Mode::Plan)
        .returning(|_, _, _, _| Ok(plan_of(&[ChangeAction::Create, ChangeAction::Keep])));
    let forced = ProvisionRequest {
        force: true,
        ..ProvisionRequest::default()
    };
    let plan = cluster::plan(&driver, &cx, &ours(), &forced).await.unwrap();
    assert_eq!(plan, plan_of(&[ChangeAction::Create, ChangeAction::Keep]));
}

#[tokio::test]
async fn what_a_plan_cannot_do_is_told_with_what_was_being_done() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    driver
        .on_clusters()
        .expect_provision()
        .withf(|_, _, _, mode| *mode == Mode::Plan)
        .times(1)
        .returning(|_, _, _, _| Err(error(ErrorKind::Precondition, "the region cannot be changed")));
    let error = cluster::plan(&driver, &cx, &ours(), &ONCE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert_eq!(
        chain(&error),
        [
            "cannot tell what provisioning cluster /ws/w/prv/p/cls/c would do",
            "the region cannot be changed"
        ]
    );
}
