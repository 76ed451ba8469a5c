//! Protection: level by level, for everything that may be known about what is there.

use kompox_domain::hint::in_words;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use kompox_domain::cluster::{ChangeAction, ClusterStatus, Plan};
use kompox_domain::driver::{DeprovisionRequest, ProvisionRequest};
use kompox_domain::model::ProtectionLevel;
use kompox_domain::{Cluster, Error, ErrorKind, Mode, Operation, Result};
use kompox_usecase::cluster::{self, Deprovision};

use super::{found, ours, plan_of};
use crate::support::{MockDriver, chain, context, driver, error};

const LEVELS: [ProtectionLevel; 3] = [
    ProtectionLevel::None,
    ProtectionLevel::CannotDelete,
    ProtectionLevel::ReadOnly,
];

/// What a look at the cluster gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    There,
    Missing,
    Unknown,
    Unreadable,
}

const SEEN: [Seen; 4] = [Seen::There, Seen::Missing, Seen::Unknown, Seen::Unreadable];

impl Seen {
    fn status(self) -> Result<ClusterStatus> {
        match self {
            Self::There => Ok(found(Some(true))),
            Self::Missing => Ok(found(Some(false))),
            Self::Unknown => Ok(found(None)),
            Self::Unreadable => Err(error(ErrorKind::PermissionDenied, "not allowed to read")),
        }
    }
}

fn protected(level: ProtectionLevel) -> Cluster {
    let mut scope = ours();
    scope.protection.provisioning = level;
    // What is said about installing has nothing to do with it.
    scope.protection.installation = ProtectionLevel::ReadOnly;
    scope
}

/// A driver of such a cloud, in which this differs, and which counts what it is asked to write.
fn cloud(seen: Seen, differs: &Plan) -> (MockDriver, Arc<AtomicUsize>) {
    let writes = Arc::new(AtomicUsize::new(0));
    let mut driver = driver(Operation::ALL);
    driver
        .on_clusters()
        .expect_status()
        .returning(move |_, _| seen.status());
    driver.on_clusters().expect_check().returning(|_, _| Ok(vec![]));
    let plan = differs.clone();
    driver
        .on_clusters()
        .expect_provision()
        .withf(|_, _, _, mode| *mode == Mode::Plan)
        .returning(move |_, _, _, _| Ok(plan.clone()));
    let (count, plan) = (Arc::clone(&writes), differs.clone());
    driver
        .on_clusters()
        .expect_provision()
        .withf(|_, _, _, mode| *mode == Mode::Apply)
        .returning(move |_, _, _, _| {
            count.fetch_add(1, Relaxed);
            Ok(plan.clone())
        });
    let plan = differs.clone();
    driver
        .on_clusters()
        .expect_deprovision()
        .withf(|_, _, _, mode| *mode == Mode::Plan)
        .returning(move |_, _, _, _| Ok(plan.clone()));
    let (count, plan) = (Arc::clone(&writes), differs.clone());
    driver
        .on_clusters()
        .expect_deprovision()
        .withf(|_, _, _, mode| *mode == Mode::Apply)
        .returning(move |_, _, _, _| {
            count.fetch_add(1, Relaxed);
            Ok(plan.clone())
        });
    (driver, writes)
}

/// Every level, with every state and every flag: the driver may write exactly where this says so.
#[tokio::test]
async fn the_driver_is_asked_to_write_exactly_where_the_table_allows_it() {
    let (cx, _) = context();
    let differs = plan_of(&[ChangeAction::Update]);
    for level in LEVELS {
        for seen in SEEN {
            for force in [false, true] {
                let cluster = protected(level);
                let case = format!("{level:?}, {seen:?}, force {force}");

                let (driver, writes) = cloud(seen, &differs);
                let done = cluster::provision(
                    &driver,
                    &cx,
                    &cluster,
                    &ProvisionRequest {
                        force,
                        ..ProvisionRequest::default()
                    },
                )
                .await;
                let allowed = level != ProtectionLevel::ReadOnly || seen == Seen::Missing;
                assert_eq!(done.is_ok(), allowed, "provision: {case}");
                assert_eq!(writes.load(Relaxed), usize::from(allowed), "provision: {case}");

                let (driver, writes) = cloud(seen, &differs);
                let request = Deprovision {
                    request: DeprovisionRequest {
                        allow_delete: vec!["/r/anything".to_owned()],
                    },
                    force,
                };
                let done = cluster::deprovision(&driver, &cx, &cluster, &request).await;
                let free = level == ProtectionLevel::None;
                assert_eq!(done.is_ok(), free || seen == Seen::Missing, "deprovision: {case}");
                assert_eq!(writes.load(Relaxed), usize::from(free), "deprovision: {case}");
            }
        }
    }
}

#[tokio::test]
async fn a_read_only_cluster_that_is_as_configured_is_left_alone_without_an_error() {
    let (cx, _) = context();
    let cluster = protected(ProtectionLevel::ReadOnly);
    for seen in [Seen::There, Seen::Unknown] {
        let (driver, writes) = cloud(seen, &Plan::default());
        for _ in 0..2 {
            let done = cluster::provision(&driver, &cx, &cluster, &ProvisionRequest::default()).await;
            assert_eq!(done.unwrap(), Plan::default());
        }
        // To put everything again is a change.
        let forced = ProvisionRequest {
            force: true,
            ..ProvisionRequest::default()
        };
        let refused = cluster::provision(&driver, &cx, &cluster, &forced).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Precondition);
        assert_eq!(writes.load(Relaxed), 0);
    }
}

#[tokio::test]
async fn the_error_names_the_field_to_change_and_what_does_not_help() {
    let (cx, _) = context();
    let differs = plan_of(&[ChangeAction::Update]);
    let refused = async |level, seen| -> Error {
        let (driver, _) = cloud(seen, &differs);
        let request = Deprovision::default();
        cluster::deprovision(&driver, &cx, &protected(level), &request)
            .await
            .unwrap_err()
    };
    let error = refused(ProtectionLevel::CannotDelete, Seen::There).await;
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert_eq!(
        error.to_string(),
        "cluster /ws/w/prv/p/cls/c is protected: with protection.provisioning: cannotDelete nobody may delete it"
    );
    assert_eq!(
        in_words(error.hints()),
        "set protection.provisioning of cluster c to none in the configuration, run it again, and set it back; \
         no flag lifts it"
    );
    let error = refused(ProtectionLevel::ReadOnly, Seen::Unknown).await;
    assert!(
        error
            .to_string()
            .ends_with("whether there is anything of it cannot be told, which counts as yes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_state_that_cannot_be_read_keeps_its_own_kind_of_error() {
    let (cx, _) = context();
    let (driver, _) = cloud(Seen::Unreadable, &Plan::default());
    let cluster = protected(ProtectionLevel::ReadOnly);
    let error = cluster::provision(&driver, &cx, &cluster, &ProvisionRequest::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(
        chain(&error),
        [
            "cluster /ws/w/prv/p/cls/c is protected: with protection.provisioning: readOnly nobody may change it, and \
             what there is of it cannot be read",
            "not allowed to read"
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_changed_at_all_is_refused_by_the_protection_and_what_cannot_be_read_is_told() {
    let (cx, _) = context();
    let cluster = protected(ProtectionLevel::ReadOnly);
    let run = async |kind| -> ErrorKind {
        let mut driver = driver(Operation::ALL);
        driver
            .on_clusters()
            .expect_status()
            .returning(|_, _| Ok(found(Some(true))));
        driver
            .on_clusters()
            .expect_provision()
            .withf(|_, _, _, mode| *mode == Mode::Plan)
            .times(1)
            .returning(move |_, _, _, _| Err(error(kind, "no")));
        cluster::provision(&driver, &cx, &cluster, &ProvisionRequest::default())
            .await
            .unwrap_err()
            .kind()
    };
    assert_eq!(run(ErrorKind::Precondition).await, ErrorKind::Precondition);
    assert_eq!(run(ErrorKind::Unavailable).await, ErrorKind::Unavailable);
}

#[tokio::test]
async fn dry_runs_show_the_plan_and_say_where_the_deed_would_be_refused() {
    let differs = plan_of(&[ChangeAction::Update]);
    for level in LEVELS {
        for seen in SEEN {
            let case = format!("{level:?}, {seen:?}");
            let cluster = protected(level);
            let there = seen != Seen::Missing;

            let (cx, recorder) = context();
            let (driver, writes) = cloud(seen, &differs);
            let plan = cluster::plan(&driver, &cx, &cluster, &ProvisionRequest::default()).await;
            assert_eq!(plan.unwrap(), differs, "{case}");
            let warned = level == ProtectionLevel::ReadOnly && there;
            assert_eq!(recorder.warnings().len(), usize::from(warned), "{case}");

            let (cx, recorder) = context();
            let request = Deprovision::default();
            let planned = cluster::deprovision_plan(&driver, &cx, &cluster, &request)
                .await
                .unwrap();
            assert_eq!(planned.plan, differs, "{case}");
            let refused = level != ProtectionLevel::None && there;
            assert_eq!(planned.refusal.is_some(), refused, "{case}");
            assert!(recorder.warnings().is_empty(), "{case}");
            assert_eq!(writes.load(Relaxed), 0);
        }
    }
}
