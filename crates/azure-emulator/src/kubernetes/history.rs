//! What happened in a cluster lately, for those who watch. It is not durable: after a restart a watch begins with a new
//! list, as after any long absence.

use std::collections::VecDeque;
use std::sync::Arc;

/// Changes that are remembered.
const CAPACITY: usize = 2_000;

/// One change.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) revision: u64,
    /// Where the object lies in the store.
    pub(crate) key: Arc<str>,
    pub(crate) before: Option<Arc<str>>,
    pub(crate) after: Option<Arc<str>>,
}

/// The changes of one cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// The number of the last change that is forgotten.
    floor: u64,
    events: VecDeque<Event>,
}

impl History {
    /// Remembers a change; `floor` is the number of the one before it.
    pub(super) fn add(&mut self, floor: u64, event: Event) {
        if self.events.is_empty() {
            self.floor = floor;
        }
        if self.events.len() == CAPACITY
            && let Some(oldest) = self.events.pop_front()
        {
            self.floor = oldest.revision;
        }
        self.events.push_back(event);
    }

    /// What came after a change; `None` if that is forgotten in part.
    pub(super) fn after(&self, revision: u64) -> Option<impl Iterator<Item = &Event>> {
        (revision >= self.floor).then(|| {
            self.events
                .iter()
                .skip_while(move |event| event.revision <= revision)
        })
    }

    /// The number of the last change that is forgotten.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }
}
