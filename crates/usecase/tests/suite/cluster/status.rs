//! `cluster status`, of one and of all.

use std::sync::Arc;

use kompox_domain::driver::MockDriverFactory;
use kompox_domain::secret::MockSecretReader;
use kompox_domain::{DriverRegistry, ErrorKind, Operation};
use kompox_usecase::cluster;

use super::{found, ours};
use crate::support::{catalog, chain, context, driver, error};

#[tokio::test]
async fn a_missing_credential_is_an_error_that_says_what_was_being_done() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    driver
        .on_clusters()
        .expect_status()
        .times(1)
        .returning(|_, _| Err(error(ErrorKind::Unauthenticated, "no credential")));
    let error = cluster::status(&driver, &cx, &ours()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(
        chain(&error),
        [
            "cannot tell how cluster /ws/w/prv/p/cls/c stands",
            "no credential"
        ]
    );
}

/// Two providers, one of which has no credential, and a cluster that fails.
#[tokio::test]
async fn of_all_clusters_one_failure_is_its_own_line_and_each_driver_is_made_once() {
    let (cx, _) = context();
    let catalog = catalog(
        &[],
        &[
            "/ws/w/prv/p/cls/a",
            "/ws/w/prv/p/cls/b",
            "/ws/w/prv/p/cls/c",
            "/ws/w/prv/q/cls/d",
        ],
    );
    let mut factory = MockDriverFactory::new();
    factory.expect_name().return_const("mock");
    factory.expect_build().times(2).returning(|scope, _| {
        if scope.provider.id.provider.as_str() == "q" {
            return Err(error(ErrorKind::InvalidInput, "AZURE_CLIENT_SECRET is missing"));
        }
        let mut driver = driver(Operation::ALL);
        driver
            .on_clusters()
            .expect_status()
            .times(3)
            .returning(|_, scope| match scope.id.cluster.as_str() {
                "b" => Err(error(ErrorKind::Unavailable, "gone")),
                _ => Ok(found(Some(true))),
            });
        Ok(Arc::new(driver))
    });
    let mut registry = DriverRegistry::default();
    registry.register(Arc::new(factory)).unwrap();

    let outcomes = cluster::status_all(&cx, &catalog, &registry, &MockSecretReader::new()).await;
    let told: Vec<String> = outcomes
        .iter()
        .map(|outcome| match &outcome.result {
            Ok(status) => format!("{} {:?}", outcome.cluster, status.found),
            Err(error) => format!(
                "{} {}: {}",
                outcome.cluster,
                error.kind(),
                chain(error).join(", ")
            ),
        })
        .collect();
    assert_eq!(
        told,
        [
            "/ws/w/prv/p/cls/a Some(true)",
            "/ws/w/prv/p/cls/b unavailable: cannot tell how cluster /ws/w/prv/p/cls/b stands, gone",
            "/ws/w/prv/p/cls/c Some(true)",
            "/ws/w/prv/q/cls/d invalidInput: cannot use provider /ws/w/prv/q, AZURE_CLIENT_SECRET is missing",
        ]
    );
}
