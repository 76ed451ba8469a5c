//! One stored document.

use std::sync::Arc;

use serde_json::Value;

/// A document with its type and its times.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Lower-cased type.
    pub kind: Arc<str>,
    /// The document as it is answered, serialised.
    pub body: Arc<str>,
    /// Ticks of 100 ns since the epoch.
    pub created: i64,
    /// Ticks of 100 ns since the epoch.
    pub changed: i64,
}

impl Resource {
    /// The document, parsed.
    #[must_use]
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}
