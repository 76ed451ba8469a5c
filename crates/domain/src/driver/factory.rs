//! What makes drivers of one kind.

use std::sync::Arc;

use super::provider::ProviderDriver;
use crate::error::Result;
use crate::hint::Hint;
use crate::model::AnyId;
use crate::scope::ProviderScope;
use crate::secret::SecretReader;

/// Something wrong with the settings of a provider, cluster or app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whose settings.
    pub subject: AnyId,
    /// What is wrong, naming the keys.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<Hint>,
}

/// A port: makes drivers of one kind.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait DriverFactory: Send + Sync {
    /// The driver's name, as in the configuration's `driver`.
    ///
    /// # Behavior
    /// Constant, without I/O.
    ///
    /// # Errors
    /// None.
    fn name(&self) -> &'static str;

    /// Everything that is wrong with the settings of a provider, its clusters and apps.
    ///
    /// # Behavior
    /// Without I/O: values that stand elsewhere are not read.
    ///
    /// # Errors
    /// None: what is wrong is the answer.
    fn check(&self, scope: &ProviderScope) -> Vec<Finding>;

    /// Makes a driver.
    ///
    /// # Behavior
    /// Reads secrets and credential files, but sends no request: missing permissions show later.
    ///
    /// # Errors
    /// `InvalidInput`: all missing keys in one error. Settings of clusters and apps are checked when an operation
    /// needs them.
    fn build(&self, scope: &ProviderScope, secrets: &dyn SecretReader) -> Result<Arc<dyn ProviderDriver>>;
}
