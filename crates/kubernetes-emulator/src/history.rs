//! What happened in a cluster lately, for those who watch. It is not durable: after a restart a watch begins with a new
//! list, as after any long absence.

use std::collections::{HashMap, VecDeque};
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
    pub(crate) fn add(&mut self, floor: u64, event: Event) {
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
    pub(crate) fn after(&self, revision: u64) -> Option<impl Iterator<Item = &Event>> {
        (revision >= self.floor).then(|| {
            self.events
                .iter()
                .skip_while(move |event| event.revision <= revision)
        })
    }

    /// The number of the last change that is forgotten.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }
}

/// The changes of all clusters, by uid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histories(HashMap<String, History>);

impl Histories {
    /// The changes of one cluster; none where nothing is remembered.
    pub(crate) fn of(&self, uid: &str) -> Option<&History> {
        self.0.get(uid)
    }

    /// The changes of one cluster, to add to.
    pub(crate) fn of_mut(&mut self, uid: &str) -> &mut History {
        self.0.entry(uid.to_owned()).or_default()
    }

    /// Forgets the changes of a cluster that is gone.
    pub(crate) fn forget(&mut self, uid: &str) {
        self.0.remove(uid);
    }
}
