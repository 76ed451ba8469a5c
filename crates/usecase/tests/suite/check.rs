//! `check`, without a cloud.

use std::sync::Arc;

use kompox_domain::driver::{Finding, MockDriverFactory};
use kompox_domain::model::AnyId;
use kompox_domain::{Catalog, DriverRegistry, Provider};
use kompox_usecase::check;

use crate::support::{catalog, provider};

fn finding(provider: &Provider) -> Finding {
    Finding {
        subject: AnyId::Provider(provider.id.clone()),
        message: "AZURE_LOCATION is missing".to_owned(),
        hint: None,
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
        hint: Some("did you mean mock?".to_owned()),
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
