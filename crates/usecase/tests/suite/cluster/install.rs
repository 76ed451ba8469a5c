//! Installing and uninstalling: protection, dry runs, and what an unclear end says.

use kompox_domain::Hint;
use kompox_domain::hint::in_words;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use kompox_domain::cluster::{ChangeAction, ClusterStatus, Plan};
use kompox_domain::driver::{InstallRequest, UninstallRequest};
use kompox_domain::model::ProtectionLevel;
use kompox_domain::{Cluster, ErrorKind, Mode, Operation};
use kompox_usecase::cluster;

use super::{existing, ours, plan_of};
use crate::support::{MockDriver, chain, context, driver, error};

const LEVELS: [ProtectionLevel; 3] = [
    ProtectionLevel::None,
    ProtectionLevel::CannotDelete,
    ProtectionLevel::ReadOnly,
];

fn protected(level: ProtectionLevel) -> Cluster {
    let mut scope = ours();
    scope.protection.installation = level;
    // What is said about provisioning has nothing to do with it.
    scope.protection.provisioning = ProtectionLevel::ReadOnly;
    scope
}

/// A driver of a cloud in which this differs, which counts what it is asked to write.
fn cloud(installed: Option<bool>, differs: &Plan) -> (MockDriver, Arc<AtomicUsize>) {
    let writes = Arc::new(AtomicUsize::new(0));
    let mut driver = driver(Operation::ALL);
    driver.on_clusters().expect_status().returning(move |_, _| {
        Ok(ClusterStatus {
            installed,
            ..ClusterStatus::default()
        })
    });
    let (count, plan) = (Arc::clone(&writes), differs.clone());
    driver
        .on_ingress()
        .expect_install()
        .returning(move |_, _, _, mode| {
            count.fetch_add(usize::from(mode == Mode::Apply), Relaxed);
            Ok(plan.clone())
        });
    let (count, plan) = (Arc::clone(&writes), differs.clone());
    driver
        .on_ingress()
        .expect_uninstall()
        .returning(move |_, _, _, mode| {
            count.fetch_add(usize::from(mode == Mode::Apply), Relaxed);
            Ok(plan.clone())
        });
    (driver, writes)
}

#[tokio::test]
async fn the_driver_is_asked_to_write_exactly_where_the_protection_allows_it() {
    let (cx, _) = context();
    let cases = [
        (ChangeAction::Create, Some(true), false),
        (ChangeAction::Create, Some(false), true),
        (ChangeAction::Create, None, false),
        (ChangeAction::Update, Some(true), false),
        (ChangeAction::Update, Some(false), false),
        (ChangeAction::Delete, Some(false), false),
    ];
    for level in LEVELS {
        for (action, installed, is_new) in cases {
            let cluster = protected(level);
            let case = format!("{level:?}, {action}, installed {installed:?}");
            let differs = plan_of(&[action]);

            let (driver, writes) = cloud(installed, &differs);
            let done =
                cluster::install(&driver, &cx, &cluster, &InstallRequest::default(), Mode::Apply).await;
            let allowed = level != ProtectionLevel::ReadOnly || is_new;
            assert_eq!(done.is_ok(), allowed, "install: {case}");
            assert_eq!(writes.load(Relaxed), usize::from(allowed), "install: {case}");

            let (driver, writes) = cloud(installed, &differs);
            let done = cluster::uninstall(&driver, &cx, &cluster, &UninstallRequest::default()).await;
            let allowed = level == ProtectionLevel::None;
            assert_eq!(done.is_ok(), allowed, "uninstall: {case}");
            assert_eq!(writes.load(Relaxed), usize::from(allowed), "uninstall: {case}");
        }
    }
}

#[tokio::test]
async fn what_is_as_configured_is_left_alone_under_every_protection() {
    let (cx, _) = context();
    for level in LEVELS {
        let cluster = protected(level);
        let (driver, _) = cloud(Some(true), &Plan::default());
        let done = cluster::install(&driver, &cx, &cluster, &InstallRequest::default(), Mode::Apply).await;
        assert_eq!(done.unwrap(), Plan::default(), "{level:?}");
        let done = cluster::uninstall(&driver, &cx, &cluster, &UninstallRequest::default()).await;
        assert_eq!(done.unwrap(), Plan::default(), "{level:?}");
    }
}

#[tokio::test]
async fn a_dry_run_only_asks_for_one_and_warns_of_what_would_be_refused() {
    let (cx, events) = context();
    let cluster = protected(ProtectionLevel::ReadOnly);
    let differs = plan_of(&[ChangeAction::Update]);
    let (driver, writes) = cloud(Some(true), &differs);
    let install = InstallRequest::default();
    assert_eq!(
        cluster::install(&driver, &cx, &cluster, &install, Mode::Plan)
            .await
            .unwrap(),
        differs
    );
    let request = UninstallRequest::default();
    let planned = cluster::uninstall_plan(&driver, &cx, &cluster, &request)
        .await
        .unwrap();
    assert_eq!(planned.plan, differs);
    assert_eq!(
        planned.refusal.unwrap().to_string(),
        "cluster /ws/w/prv/p/cls/c is protected: with protection.installation: readOnly nobody may take its ingress off"
    );
    assert_eq!(writes.load(Relaxed), 0);
    assert_eq!(
        events.warnings(),
        [
            "it would be refused: cluster /ws/w/prv/p/cls/c is protected: with protection.installation: readOnly \
             nobody may change its ingress"
        ]
    );
}

#[tokio::test]
async fn a_protected_ingress_says_which_field_to_change() {
    let (cx, _) = context();
    let cluster = protected(ProtectionLevel::CannotDelete);
    let (driver, _) = cloud(Some(true), &plan_of(&[ChangeAction::Delete]));
    let refused = cluster::uninstall(&driver, &cx, &cluster, &UninstallRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Precondition);
    assert!(in_words(refused.hints()).starts_with("set protection.installation of cluster"));
}

#[tokio::test]
async fn a_cluster_that_somebody_else_made_is_installed_on_all_the_same() {
    let (cx, _) = context();
    let cluster = existing();
    let (driver, writes) = cloud(Some(false), &plan_of(&[ChangeAction::Create]));
    let done = cluster::install(&driver, &cx, &cluster, &InstallRequest::default(), Mode::Apply).await;
    assert!(!done.unwrap().is_empty());
    assert_eq!(writes.load(Relaxed), 1);
}

#[tokio::test]
async fn rights_that_could_not_be_given_are_told_and_the_next_run_goes_on() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::ClusterInstall]);
    driver
        .on_ingress()
        .expect_install()
        .returning(|_, _, _, _| Err(error(ErrorKind::Failed, "one right could not be given")));
    let failed = cluster::install(&driver, &cx, &ours(), &InstallRequest::default(), Mode::Apply)
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Failed);
    assert_eq!(
        chain(&failed),
        [
            "cannot install the ingress of cluster /ws/w/prv/p/cls/c",
            "one right could not be given"
        ]
    );
    assert_eq!(
        failed.hints(),
        [Hint::text("the next run goes on where this one stopped")]
    );
}

#[tokio::test]
async fn a_driver_that_does_not_install_is_not_called() {
    let (cx, _) = context();
    let (cluster, driver) = (ours(), driver(&[]));
    let install = cluster::install(&driver, &cx, &cluster, &InstallRequest::default(), Mode::Apply).await;
    let uninstall = cluster::uninstall(&driver, &cx, &cluster, &UninstallRequest::default()).await;
    for refused in [install, uninstall] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
