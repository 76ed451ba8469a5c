//! What a case is.

use std::sync::Arc;

use futures::future::BoxFuture;
use kompox_domain::{Ability, Operation, ProviderDriver};

use crate::check::Verdict;
use crate::events::Recorder;
use crate::harness::Harness;

/// What all cases of a run share.
pub(crate) struct Suite<'h> {
    pub(crate) harness: &'h dyn Harness,
    pub(crate) events: Arc<Recorder>,
}

/// One case.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// What it proves.
    pub(crate) name: &'static str,
    /// What it is about: the driver must have the abilities that these are part of.
    pub(crate) operations: &'static [Operation],
    pub(crate) run: for<'a> fn(&'a Suite<'a>) -> BoxFuture<'a, Verdict>,
}

impl Case {
    /// The abilities that the driver would have to have as well.
    pub(crate) fn missing(&self, driver: &dyn ProviderDriver) -> Vec<Ability> {
        let needed = self.operations.iter().map(|operation| operation.ability());
        let mut missing: Vec<Ability> = needed.filter(|ability| !ability.is_of(driver)).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }
}

/// A table of cases: the name of each function is the name of the case, and after it stand the operations
/// that it is about.
macro_rules! cases {
    ($($name:ident: $($operation:ident)*;)*) => {
        pub(crate) const CASES: &[$crate::case::Case] = &[$($crate::case::Case {
            name: stringify!($name),
            operations: &[$(kompox_domain::Operation::$operation),*],
            run: |suite| Box::pin($name(suite)),
        }),*];
    };
}
pub(crate) use cases;
