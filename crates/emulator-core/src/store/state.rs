//! What an emulator knows: four tables, each reached by a handle of its own, and what is remembered in memory only.

use http::Extensions;

use super::documents::Documents;
use super::journal::Change;
use super::operations::Operations;
use super::records::Records;
use super::settings::Settings;

/// The tables. Give a function the one that it needs.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Documents.
    pub documents: Documents,
    /// Long-running operations.
    pub operations: Operations,
    /// Durable settings.
    pub settings: Settings,
    /// What is kept about resources besides their documents.
    pub records: Records,
    /// What is remembered until the process ends, by type.
    pub memory: Extensions,
    /// The number of the last commit.
    pub(super) sequence: u64,
}

impl State {
    /// Removes a resource with its record, and says whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let removed = self.documents.remove(key);
        if removed {
            self.records.remove(key);
        }
        removed
    }

    /// Removes a resource with everything below it.
    pub fn remove_tree(&mut self, key: &str) {
        for child in self.documents.keys_below(key) {
            self.remove(&child);
        }
        self.remove(key);
    }

    /// How much changed since the last commit.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.documents.journal.count
            + self.operations.journal.count
            + self.settings.journal.count
            + self.records.journal.count
    }

    /// Makes everything as it was in `kept`, a state of the same store.
    pub fn restore(&mut self, kept: &Self) {
        self.documents.restore(&kept.documents);
        self.operations.restore(&kept.operations);
        self.settings.restore(&kept.settings);
        self.records.restore(&kept.records);
        self.memory = kept.memory.clone();
        // Going back counts as a change even where everything is as it was.
        self.documents.journal.count += 1;
    }

    pub(super) fn set_durable(&mut self) {
        self.documents.journal.durable = true;
        self.operations.journal.durable = true;
        self.settings.journal.durable = true;
        self.records.journal.durable = true;
    }

    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = self.documents.journal.take();
        changes.extend(self.operations.journal.take());
        changes.extend(self.settings.journal.take());
        changes.extend(self.records.journal.take());
        changes
    }
}
