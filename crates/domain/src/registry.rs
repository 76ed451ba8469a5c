//! The drivers of this program, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::driver::DriverFactory;
use crate::error::{Error, ErrorKind, Result};
use crate::suggest;

/// Two drivers of one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a driver named {0:?} is registered already")]
pub struct DuplicateDriver(pub &'static str);

/// Driver factories by name.
#[derive(Default, Clone)]
pub struct DriverRegistry(BTreeMap<&'static str, Arc<dyn DriverFactory>>);

impl DriverRegistry {
    /// Adds a driver.
    ///
    /// # Errors
    /// [`DuplicateDriver`]; the one that was there stays.
    pub fn register(&mut self, factory: Arc<dyn DriverFactory>) -> Result<(), DuplicateDriver> {
        let name = factory.name();
        if self.0.contains_key(name) {
            return Err(DuplicateDriver(name));
        }
        self.0.insert(name, factory);
        Ok(())
    }

    /// The driver of that name.
    ///
    /// # Errors
    /// `InvalidInput`, with the names there are.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn DriverFactory>> {
        self.0.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.names().collect();
            let hint = match suggest::nearest(name, known.iter().copied()) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("drivers: {}", known.join(", ")),
            };
            Error::new(ErrorKind::InvalidInput, format!("there is no driver {name:?}")).with_hint(hint)
        })
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}

impl std::fmt::Debug for DriverRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{Finding, ProviderDriver};
    use crate::hint::Hint;
    use crate::scope::ProviderScope;
    use crate::secret::SecretReader;

    struct Named(&'static str);

    impl DriverFactory for Named {
        fn name(&self) -> &'static str {
            self.0
        }
        fn check(&self, _: &ProviderScope) -> Vec<Finding> {
            vec![]
        }
        fn build(&self, _: &ProviderScope, _: &dyn SecretReader) -> Result<Arc<dyn ProviderDriver>> {
            Err(Error::new(ErrorKind::Internal, "not under test"))
        }
    }

    #[test]
    fn a_second_driver_of_one_name_is_refused() {
        let mut registry = DriverRegistry::default();
        registry.register(Arc::new(Named("aks"))).unwrap();
        assert_eq!(
            registry.register(Arc::new(Named("aks"))),
            Err(DuplicateDriver("aks"))
        );
    }

    #[test]
    fn an_unknown_driver_names_the_ones_there_are() {
        let mut registry = DriverRegistry::default();
        registry.register(Arc::new(Named("aks"))).unwrap();
        let error = registry.get("gke").err().unwrap();
        assert_eq!(error.hints(), [Hint::text("drivers: aks")]);
        assert_eq!(
            registry.get("ask").err().unwrap().hints(),
            [Hint::text("did you mean aks?")]
        );
    }
}
