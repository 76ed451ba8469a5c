//! What is wrong with a configuration, as far as can be told without a cloud.

use kompox_domain::driver::Finding;
use kompox_domain::model::AnyId;
use kompox_domain::{Catalog, DriverRegistry};

/// Everything that the drivers find wrong with the settings, provider by provider.
///
/// No request is sent and no secret is read. A provider whose driver is not known is a finding too, and does not
/// keep the others from being checked.
#[must_use]
pub fn offline(catalog: &Catalog, registry: &DriverRegistry) -> Vec<Finding> {
    let mut findings = Vec::new();
    for provider in catalog.providers() {
        match registry.get(&provider.driver) {
            Ok(factory) => {
                if let Some(scope) = catalog.provider_scope(&provider.id) {
                    findings.extend(factory.check(&scope));
                }
            }
            Err(error) => findings.push(Finding {
                subject: AnyId::Provider(provider.id.clone()),
                message: error.to_string(),
                hint: error.hint().map(ToOwned::to_owned),
            }),
        }
    }
    findings
}
