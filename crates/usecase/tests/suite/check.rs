//! `check`, without a cloud and with `--online`.

use std::sync::Arc;

use kompox_domain::cluster::{Check, Verdict};
use kompox_domain::driver::{Finding, MockDriverFactory};
use kompox_domain::model::AnyId;
use kompox_domain::secret::MockSecretReader;
use kompox_domain::{Catalog, DriverRegistry, ErrorKind, Operation, Provider};
use kompox_usecase::check;

use crate::support::{catalog, chain, context, driver, error, provider};

fn finding(provider: &Provider) -> Finding {
    Finding {
        subject: AnyId::Provider(provider.id.clone()),
        message: "AZURE_LOCATION is missing".to_owned(),
        hints: Vec::new(),
    }
}

#[test]
fn an_unknown_driver_is_a_finding_and_the_others_are_still_checked() {
    let mut factory = MockDriverFactory::new();
    factory.expect_name().return_const("mock");
    factory
        .expect_check()
        .times(1)
        .returning(|scope| vec![finding(&scope.provider)]);
    factory.expect_build().times(0);
    let mut registry = DriverRegistry::default();
    registry.register(Arc::new(factory)).unwrap();

    let (bad, good) = (
        provider("/ws/(nil)/prv/x", "mokc"),
        provider("/ws/(nil)/prv/y", "mock"),
    );
    let catalog = Catalog::new(vec![], vec![bad.clone(), good.clone()], vec![], vec![]).unwrap();
    let unknown = Finding {
        subject: AnyId::Provider(bad.id),
        message: "there is no driver \"mokc\"".to_owned(),
        hints: vec!["did you mean mock?".into()],
    };
    assert_eq!(check::offline(&catalog, &registry), [unknown, finding(&good)]);
}

#[test]
fn a_driver_sees_all_clusters_and_apps_of_its_provider_and_no_others() {
    let mut factory = MockDriverFactory::new();
    factory.expect_name().return_const("mock");
    factory
        .expect_check()
        .times(2)
        .withf(|scope| {
            scope.clusters.len() == 1
                && scope.apps.len() == 1
                && scope
                    .clusters
                    .iter()
                    .all(|cluster| cluster.id.provider == scope.provider.id)
        })
        .returning(|_| vec![]);
    let mut registry = DriverRegistry::default();
    registry.register(Arc::new(factory)).unwrap();
    let catalog = catalog(&["/ws/w/prv/p/cls/c/app/a", "/ws/w/prv/q/cls/c/app/a"], &[]);
    assert_eq!(check::offline(&catalog, &registry), []);
    assert_eq!(check::offline(&Catalog::default(), &registry), []);
}

#[tokio::test]
async fn online_every_cluster_is_checked_whatever_comes_of_the_others() {
    let (cx, _) = context();
    let quota = Check {
        kind: "quota".to_owned(),
        verdict: Verdict::Fail,
        message: "4 cores are left".to_owned(),
        hints: Vec::new(),
    };
    let found = quota.clone();
    let mut factory = MockDriverFactory::new();
    factory.expect_name().return_const("mock");
    factory.expect_build().times(2).returning(move |scope, _| {
        if scope.provider.id.provider.as_str() == "q" {
            return Ok(Arc::new(driver(&[])));
        }
        let found = found.clone();
        let mut driver = driver(&[Operation::ClusterCheck]);
        driver
            .on_clusters()
            .expect_check()
            .times(2)
            .returning(move |_, scope| match scope.id.cluster.as_str() {
                "a" => Err(error(ErrorKind::Unauthenticated, "no credential")),
                _ => Ok(vec![found.clone()]),
            });
        Ok(Arc::new(driver))
    });
    let mut registry = DriverRegistry::default();
    registry.register(Arc::new(factory)).unwrap();
    let clusters = ["/ws/w/prv/p/cls/a", "/ws/w/prv/p/cls/b", "/ws/w/prv/q/cls/c"];
    let outcomes = check::online(&cx, &catalog(&[], &clusters), &registry, &MockSecretReader::new()).await;
    let [a, b, c] = outcomes.as_slice() else {
        panic!("{outcomes:?}")
    };
    assert_eq!(
        chain(a.result.as_ref().unwrap_err()),
        ["cannot check cluster /ws/w/prv/p/cls/a", "no credential"]
    );
    assert_eq!(*b.result.as_ref().unwrap(), [quota]);
    let error = c.result.as_ref().unwrap_err();
    assert_eq!(error.to_string(), "driver mock does not support cluster check");
    assert!(
        check::online(&cx, &Catalog::default(), &registry, &MockSecretReader::new())
            .await
            .is_empty()
    );
}
