//! Watching: every state that the resources of a scope go through, however short it lasts.

use std::fmt;
use std::sync::Arc;

use kompox_emulator_core::store::State;
use serde_json::Value;

use crate::context::Environment;
use crate::types;

/// Whoever watches. It is called with everything below the scope, in order of id, while nothing else happens.
pub(crate) type Watcher = Arc<dyn Fn(&[Value]) + Send + Sync>;

/// A scope, and who watches it.
#[derive(Clone)]
pub(crate) struct Watch {
    /// Lower-cased id.
    scope: String,
    watcher: Watcher,
}

impl Watch {
    pub(crate) fn new(scope: String, watcher: Watcher) -> Self {
        Self { scope, watcher }
    }

    /// Shows the watcher how things stand.
    pub(crate) fn look(&self, state: &State, environment: &Environment, now: i64) {
        (self.watcher)(&below(state, environment, now, &self.scope));
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// Everything below a lower-cased id, as clients would read it, in order of id.
pub(crate) fn below(state: &State, environment: &Environment, now: i64, scope: &str) -> Vec<Value> {
    let keys = state.documents.below(scope).map(|(key, _)| key);
    keys.filter_map(|key| types::read(state, environment, now, key))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::{Emulator, Options};

    #[tokio::test]
    async fn a_watcher_sees_every_state_of_its_scope_and_nothing_once_it_is_gone() {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let group = format!(
            "/subscriptions/{}/resourceGroups/RG",
            emulator.connection().subscription_id
        );
        let disk = |name: &str| format!("{group}/providers/Microsoft.Compute/disks/{name}");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watcher = seen.clone();
        let look = move |resources: &[Value]| {
            let names: Vec<String> = resources
                .iter()
                .map(|resource| resource["name"].to_string())
                .collect();
            watcher.lock().unwrap().push(names.join(" "));
        };
        emulator.watch(&group, look).unwrap();
        emulator.put_resource(&disk("a"), json!({})).await.unwrap();
        emulator.put_resource(&disk("b"), json!({})).await.unwrap();
        emulator.resource(&disk("a")).await.unwrap();
        emulator.remove_resource(&disk("a")).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [r#""a""#, r#""a" "b""#, r#""b""#]);
        assert_eq!(emulator.resources(&group).await.len(), 1);
        emulator.unwatch();
        emulator.remove_resource(&disk("b")).await.unwrap();
        assert_eq!(seen.lock().unwrap().len(), 3);
        assert!(emulator.watch("no id", |_| ()).is_err());
    }
}
