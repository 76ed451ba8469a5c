//! What is kept besides the documents, as the structs it is worked with: reading and writing it as text each time
//! would cost more than all the rest of a deployment.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// One record. At least one of both is there.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// As it is written to disk; none where nothing is.
    pub(super) text: Option<Arc<str>>,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl Kept {
    /// From disk.
    pub(super) fn loaded(text: Arc<str>) -> Self {
        Self {
            text: Some(text),
            value: None,
        }
    }

    /// A new one.
    pub(super) fn new<T: Serialize + Clone + Send + Sync + 'static>(record: &T, durable: bool) -> Self {
        // A struct of strings and numbers cannot fail to serialise.
        let text = durable.then(|| serde_json::to_string(record).unwrap_or_default().into());
        Self {
            text,
            value: Some(Arc::new(record.clone())),
        }
    }

    /// The record.
    pub(super) fn get<T: DeserializeOwned + Clone + 'static>(&self) -> Option<T> {
        let value = self.value.as_ref().and_then(|value| value.downcast_ref::<T>());
        match value {
            Some(value) => Some(value.clone()),
            None => serde_json::from_str(self.text.as_ref()?).ok(),
        }
    }
}
