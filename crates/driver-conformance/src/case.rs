//! What a case is.

use std::sync::Arc;

use futures::future::BoxFuture;
use kompox_domain::{Capabilities, Operation};

use crate::check::Verdict;
use crate::events::Recorder;
use crate::harness::Harness;

/// What all cases of a run share.
pub(crate) struct Suite<'h> {
    pub(crate) harness: &'h dyn Harness,
    pub(crate) events: Arc<Recorder>,
    pub(crate) capabilities: Capabilities,
}

/// One case.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// What it proves.
    pub(crate) name: &'static str,
    /// What the driver must declare for it.
    pub(crate) operations: &'static [Operation],
    pub(crate) run: for<'a> fn(&'a Suite<'a>) -> BoxFuture<'a, Verdict>,
}

impl Case {
    /// What the driver would have to declare as well.
    pub(crate) fn missing(&self, capabilities: &Capabilities) -> Vec<Operation> {
        let missing = self.operations.iter().copied();
        missing
            .filter(|operation| !capabilities.supports(*operation))
            .collect()
    }
}

/// A table of cases: the name of each function is the name of the case, and after it stands what the driver must
/// declare.
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
