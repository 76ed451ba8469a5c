//! `cluster wait`.

use kompox_domain::error::FailedOperation;
use kompox_domain::{ErrorKind, Operation};
use kompox_usecase::cluster::{self, Waited};

use super::{found, ours, stands};
use crate::support::{chain, context, driver, error};

#[tokio::test]
async fn after_waiting_the_status_is_told_whether_or_not_anything_was_under_way() {
    let (cx, _) = context();
    for what in [Some("deploying"), None] {
        let mut driver = driver(&[Operation::ClusterWait, Operation::ClusterStatus]);
        stands(&mut driver, found(Some(true)));
        driver
            .on_clusters()
            .expect_wait()
            .times(1)
            .returning(move |_, _| Ok(what.map(ToOwned::to_owned)));
        let waited = cluster::wait(&driver, &cx, &ours()).await.unwrap();
        assert_eq!(
            waited,
            Waited {
                what: what.map(ToOwned::to_owned),
                status: found(Some(true)),
            }
        );
    }
}

#[tokio::test]
async fn what_was_waited_for_and_failed_keeps_its_tree_and_no_status_is_asked_for() {
    let (cx, _) = context();
    let run = async |kind| {
        let mut driver = driver(Operation::ALL);
        driver.on_clusters().expect_status().times(0);
        driver
            .on_clusters()
            .expect_wait()
            .times(1)
            .returning(move |_, _| {
                Err(error(kind, "too bad").with_failures(vec![FailedOperation::default()]))
            });
        cluster::wait(&driver, &cx, &ours()).await.unwrap_err()
    };
    let failed = run(ErrorKind::Failed).await;
    assert_eq!(failed.failures().len(), 1);
    assert_eq!(
        chain(&failed),
        [
            "what was under way with cluster /ws/w/prv/p/cls/c has failed",
            "too bad"
        ]
    );
    let late = run(ErrorKind::Timeout).await;
    assert_eq!(late.kind(), ErrorKind::Timeout);
    assert_eq!(
        chain(&late),
        [
            "cannot wait for what is under way with cluster /ws/w/prv/p/cls/c",
            "too bad"
        ]
    );
}
