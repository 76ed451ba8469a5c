//! `cluster provision`, `deprovision`, `status`, `wait`, `kubeconfig`, `token`: helpers, and what all of them have in common.

mod access;
mod deprovision;
mod install;
mod protection;
mod provision;
mod status;
mod wait;

use kompox_domain::cluster::{Change, ChangeAction, ClusterStatus, Plan};
use kompox_domain::driver::ProvisionRequest;
use kompox_domain::{Cluster, ErrorKind, Operation};
use kompox_usecase::cluster::{self, Deprovision};

use crate::support::{MockDriver, context, driver, scope};

/// A cluster of ours without protection.
fn ours() -> Cluster {
    scope(&[]).cluster
}

/// A cluster that somebody else made.
fn existing() -> Cluster {
    let mut scope = ours();
    scope.existing = true;
    scope
}

/// A status that says whether there is anything of the cluster.
fn found(found: Option<bool>) -> ClusterStatus {
    ClusterStatus {
        found,
        ..ClusterStatus::default()
    }
}

fn plan_of(actions: &[ChangeAction]) -> Plan {
    let change = |action: &ChangeAction| Change {
        action: *action,
        resource: format!("/r/{action}"),
        reason: "because".to_owned(),
    };
    Plan {
        changes: actions.iter().map(change).collect(),
        inputs: vec![],
    }
}

/// The driver answers every question about what is there with this.
fn stands(driver: &mut MockDriver, status: ClusterStatus) {
    driver
        .on_clusters()
        .expect_status()
        .returning(move |_, _| Ok(status.clone()));
}

#[tokio::test]
async fn nothing_is_called_that_the_driver_does_not_declare() {
    let (cx, _) = context();
    let (cluster, driver) = (ours(), driver(&[]));
    let request = ProvisionRequest::default();
    let down = Deprovision::default();
    let errors = [
        cluster::plan(&driver, &cx, &cluster, &request).await.err(),
        cluster::provision(&driver, &cx, &cluster, &request).await.err(),
        cluster::deprovision_plan(&driver, &cx, &cluster, &down)
            .await
            .err(),
        cluster::deprovision(&driver, &cx, &cluster, &down).await.err(),
        cluster::wait(&driver, &cx, &cluster).await.err(),
        cluster::status(&driver, &cx, &cluster).await.err(),
    ];
    let messages: Vec<String> = errors
        .into_iter()
        .map(|error| {
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            error.to_string()
        })
        .collect();
    assert_eq!(
        messages,
        [
            "driver mock does not support cluster provision",
            "driver mock does not support cluster provision",
            "driver mock does not support cluster deprovision",
            "driver mock does not support cluster deprovision",
            "driver mock does not support cluster wait",
            "driver mock does not support cluster status",
        ]
    );
}

#[tokio::test]
async fn nothing_is_done_to_an_existing_cluster_forced_or_not_however_often() {
    let (cx, recorder) = context();
    // Without expectations every call of the port would panic.
    let driver = driver(Operation::ALL);
    for force in [false, true, true] {
        let request = ProvisionRequest {
            force,
            ..ProvisionRequest::default()
        };
        let down = Deprovision {
            force,
            ..Deprovision::default()
        };
        let plans = [
            cluster::plan(&driver, &cx, &existing(), &request).await,
            cluster::provision(&driver, &cx, &existing(), &request).await,
            cluster::deprovision_plan(&driver, &cx, &existing(), &down)
                .await
                .map(|planned| planned.plan),
            cluster::deprovision(&driver, &cx, &existing(), &down).await,
        ];
        for plan in plans {
            assert_eq!(plan.unwrap(), Plan::default());
        }
    }
    assert!(recorder.warnings().is_empty());
}
