//! The driver of a configured provider.

use std::sync::Arc;

use kompox_domain::model::ProviderId;
use kompox_domain::{Catalog, DriverRegistry, Error, ErrorKind, ProviderDriver, Result, SecretReader};

use crate::support;

/// Makes the driver of a provider.
///
/// # Errors
/// `NotFound` for a provider that the configuration does not have; `InvalidInput` for a driver that the program
/// does not have; those of [`DriverFactory::build`](kompox_domain::DriverFactory::build).
pub fn build(
    catalog: &Catalog,
    registry: &DriverRegistry,
    provider: &ProviderId,
    secrets: &dyn SecretReader,
) -> Result<Arc<dyn ProviderDriver>> {
    let scope = catalog.provider_scope(provider).ok_or_else(|| {
        let known: Vec<String> = catalog
            .providers()
            .iter()
            .map(|provider| provider.id.to_string())
            .collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        Error::new(
            ErrorKind::NotFound,
            format!("the configuration has no provider {provider}"),
        )
        .with_hint(support::candidates("providers", &provider.to_string(), &known))
    })?;
    registry
        .get(&scope.provider.driver)
        .and_then(|factory| factory.build(&scope, secrets))
        .map_err(|error| error.context(format!("cannot use provider {provider}")))
}
