//! What has changed in a table since the last commit.

use std::sync::Arc;

use super::resource::Resource;

/// One durable change.
#[derive(Debug, Clone)]
pub(super) enum Change {
    PutResource(Arc<str>, Resource),
    RemoveResource(Arc<str>),
    PutOperation(String, Vec<u8>),
    RemoveOperation(String),
    Setting(String, Option<String>),
    Record(String, Option<Arc<str>>),
}

/// The changes of one table. They are counted always, and kept only where they are to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal {
    pub(super) durable: bool,
    pub(super) count: usize,
    changes: Vec<Change>,
}

impl Journal {
    /// Counts a change, and keeps it where changes are written.
    pub(super) fn note(&mut self, change: impl FnOnce() -> Change) {
        self.count += 1;
        if self.durable {
            self.changes.push(change());
        }
    }

    /// Takes the changes for writing.
    pub(super) fn take(&mut self) -> Vec<Change> {
        self.count = 0;
        std::mem::take(&mut self.changes)
    }
}
