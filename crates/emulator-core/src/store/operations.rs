//! The table of long-running operations. What an operation is, only its owner knows.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::journal::{Change, Journal};

/// Operation records kept: ARM forgets them after some time, here the oldest go when there are many.
const MAX_OPERATIONS: usize = 20_000;

/// What the store must know of an operation.
pub trait Operation: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Its id, which nobody else has.
    fn id(&self) -> &str;
    /// Lower-cased id of the resource that it works on.
    fn target(&self) -> &str;
    /// Whether it is not finished.
    fn is_running(&self) -> bool;
    /// When it began, in ticks since the epoch.
    fn started(&self) -> i64;
}

/// All operations. Those that are not finished are found by their target.
#[derive(Debug, Clone, Default)]
pub struct Operations {
    filed: HashMap<String, Filed>,
    /// Ids of operations that are not finished, by their target.
    pending: HashMap<String, HashSet<String>>,
    pub(super) journal: Journal,
}

/// An operation as the store sees it.
#[derive(Debug, Clone)]
struct Filed {
    is_running: bool,
    started: i64,
    value: Arc<dyn Any + Send + Sync>,
    /// As it is written to disk; none where nothing is.
    text: Option<Arc<[u8]>>,
}

impl Operations {
    /// The operation with this id, if it is one of this type.
    #[must_use]
    pub fn get<O: Operation>(&self, id: &str) -> Option<&O> {
        self.filed.get(id)?.value.downcast_ref()
    }

    /// Inserts or replaces an operation.
    pub fn put<O: Operation>(&mut self, operation: O) {
        let id = operation.id().to_owned();
        let text = self.index(operation);
        self.journal
            .note(|| Change::PutOperation(id, text.as_deref().unwrap_or_default().to_vec()));
        if self.filed.len() > MAX_OPERATIONS {
            self.forget_oldest();
        }
    }

    pub(super) fn index<O: Operation>(&mut self, operation: O) -> Option<Arc<[u8]>> {
        let target = operation.target().to_owned();
        let id = operation.id().to_owned();
        let is_running = operation.is_running();
        let pending = self.pending.entry(target.clone()).or_default();
        if is_running {
            pending.insert(id.clone());
        } else {
            pending.remove(&id);
        }
        if pending.is_empty() {
            self.pending.remove(&target);
        }
        // A struct of strings and numbers cannot fail to serialise.
        let text: Option<Arc<[u8]>> = self
            .journal
            .durable
            .then(|| serde_json::to_vec(&operation).unwrap_or_default().into());
        let filed = Filed {
            is_running,
            started: operation.started(),
            value: Arc::new(operation),
            text: text.clone(),
        };
        self.filed.insert(id, filed);
        text
    }

    fn forget_oldest(&mut self) {
        let mut finished: Vec<(i64, String)> = self
            .filed
            .iter()
            .filter(|(_, filed)| !filed.is_running)
            .map(|(id, filed)| (filed.started, id.clone()))
            .collect();
        finished.sort_unstable();
        finished.truncate(MAX_OPERATIONS / 2);
        for (_, id) in finished {
            self.filed.remove(&id);
            self.journal.note(|| Change::RemoveOperation(id));
        }
    }

    /// Ids of operations that are not finished.
    #[must_use]
    pub fn running(&self) -> Vec<String> {
        self.pending.values().flatten().cloned().collect()
    }

    /// Ids of unfinished operations on one target.
    #[must_use]
    pub fn running_on(&self, target: &str) -> Vec<String> {
        self.pending
            .get(target)
            .map(|ids| ids.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Makes everything as it was in `kept`.
    pub(super) fn restore(&mut self, kept: &Self) {
        let before = std::mem::replace(self, kept.clone());
        self.journal = before.journal;
        for id in before.filed.into_keys() {
            if !kept.filed.contains_key(&id) {
                self.journal.note(|| Change::RemoveOperation(id));
            }
        }
        for (id, filed) in &kept.filed {
            let text = filed.text.as_deref().unwrap_or_default();
            self.journal
                .note(|| Change::PutOperation(id.clone(), text.to_vec()));
        }
    }
}
