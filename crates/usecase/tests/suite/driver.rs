//! The driver of a configured provider.

use kompox_domain::Hint;
use std::sync::Arc;

use kompox_domain::driver::MockDriverFactory;
use kompox_domain::secret::MockSecretReader;
use kompox_domain::{DriverRegistry, ErrorKind};
use kompox_usecase::driver;

use crate::support::{catalog, chain, driver as a_driver, error, provider_id};

fn registry(factory: MockDriverFactory) -> DriverRegistry {
    let mut registry = DriverRegistry::default();
    registry.register(Arc::new(factory)).unwrap();
    registry
}

fn factory(name: &'static str) -> MockDriverFactory {
    let mut factory = MockDriverFactory::new();
    factory.expect_name().return_const(name);
    factory
}

#[test]
fn a_driver_is_made_of_its_provider_with_everything_under_it() {
    let mut factory = factory("mock");
    factory
        .expect_build()
        .times(1)
        .withf(|scope, _| scope.apps.len() == 1 && scope.provider.id.to_string() == "/ws/w/prv/p")
        .returning(|_, _| Ok(Arc::new(a_driver(&[]))));
    let catalog = catalog(&["/ws/w/prv/p/cls/c/app/a", "/ws/w/prv/q/cls/c/app/a"], &[]);
    let made = driver::build(
        &catalog,
        &registry(factory),
        &provider_id("/ws/w/prv/p"),
        &MockSecretReader::new(),
    );
    assert_eq!(made.unwrap().name(), "mock");
}

#[test]
fn an_unknown_provider_or_driver_says_what_there_is() {
    let catalog = catalog(&["/ws/w/prv/prod/cls/c/app/a"], &[]);
    let build = |registry: &DriverRegistry, id: &str| {
        driver::build(&catalog, registry, &provider_id(id), &MockSecretReader::new())
            .err()
            .unwrap()
    };
    let unknown = build(&registry(factory("mock")), "/ws/w/prv/prd");
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    assert_eq!(
        unknown.hints(),
        [Hint::text(
            "did you mean /ws/w/prv/prod? providers: /ws/w/prv/prod"
        )]
    );
    let unknown = build(&registry(factory("other")), "/ws/w/prv/prod");
    assert_eq!(unknown.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        chain(&unknown),
        [
            "cannot use provider /ws/w/prv/prod",
            "there is no driver \"mock\""
        ]
    );
    assert_eq!(unknown.hints(), [Hint::text("drivers: other")]);
}

#[test]
fn a_driver_that_cannot_be_made_says_whose_it_is() {
    let mut factory = factory("mock");
    factory
        .expect_build()
        .times(1)
        .returning(|_, _| Err(error(ErrorKind::InvalidInput, "AZURE_LOCATION is missing")));
    let catalog = catalog(&["/ws/w/prv/p/cls/c/app/a"], &[]);
    let error = driver::build(
        &catalog,
        &registry(factory),
        &provider_id("/ws/w/prv/p"),
        &MockSecretReader::new(),
    )
    .err()
    .unwrap();
    assert_eq!(
        chain(&error),
        ["cannot use provider /ws/w/prv/p", "AZURE_LOCATION is missing"]
    );
}
