//! The table of what is kept about a resource besides its document: how far a deployment has come, and the like.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::journal::{Change, Journal};
use super::kept::Kept;

/// All records, by lower-cased id of the resource.
#[derive(Debug, Clone, Default)]
pub struct Records {
    pub(super) kept: BTreeMap<String, Kept>,
    pub(super) journal: Journal,
}

impl Records {
    /// What is kept about a resource, by lower-cased id.
    #[must_use]
    pub fn get<T: DeserializeOwned + Clone + 'static>(&self, key: &str) -> Option<T> {
        self.kept.get(key).and_then(Kept::get)
    }

    /// Keeps something about a resource.
    pub fn set<T: Serialize + Clone + Send + Sync + 'static>(&mut self, key: &str, record: &T) {
        let kept = Kept::new(record, self.journal.durable);
        let text = kept.text.clone();
        self.kept.insert(key.to_owned(), kept);
        self.journal.note(|| Change::Record(key.to_owned(), text));
    }

    /// Removes what is kept about a resource, if there is anything.
    pub fn remove(&mut self, key: &str) {
        if self.kept.remove(key).is_some() {
            self.journal.note(|| Change::Record(key.to_owned(), None));
        }
    }

    pub(super) fn load(&mut self, records: BTreeMap<String, Arc<str>>) {
        let records = records.into_iter();
        self.kept = records.map(|(key, text)| (key, Kept::loaded(text))).collect();
    }

    /// Makes everything as it was in `kept`.
    pub(super) fn restore(&mut self, kept: &Self) {
        let before = std::mem::replace(self, kept.clone());
        self.journal = before.journal;
        for key in before.kept.into_keys() {
            if !kept.kept.contains_key(&key) {
                self.journal.note(|| Change::Record(key, None));
            }
        }
        for (key, record) in &kept.kept {
            self.journal
                .note(|| Change::Record(key.clone(), record.text.clone()));
        }
    }
}
