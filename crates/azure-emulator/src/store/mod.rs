//! The generic resource store: every resource is a JSON document under its lower-cased ARM id.
//!
//! What is no Azure resource, the objects of clusters, lies there too, under keys that are no ARM ids.
//!
//! Documents are kept serialised, so that 50,000 disks fit and a list is a concatenation; a type index
//! makes a page cost what is on it. A change is visible to others at once and acknowledged to its
//! author when it is on disk.

mod database;
mod kept;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use database::Change;
use database::Writer;
use kept::Kept;

use crate::access::Access;
use crate::error::EmulatorError;
use crate::kubernetes::History;
use crate::operation::Operation;

/// One stored resource.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Lower-cased `Namespace/type`.
    pub(crate) kind: Arc<str>,
    /// The document as it is answered, `id`, `name` and `type` included.
    pub(crate) body: Arc<str>,
    /// Ticks of 100 ns since the epoch.
    pub(crate) created: i64,
    /// Ticks of 100 ns since the epoch.
    pub(crate) changed: i64,
}

impl Resource {
    /// The document, parsed.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// What the emulator knows. Only the resources, operations and settings are durable.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    resources: BTreeMap<Arc<str>, Resource>,
    by_type: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    operations: HashMap<String, Operation>,
    /// Ids of operations that are not finished, by their target.
    pending: HashMap<String, HashSet<String>>,
    settings: BTreeMap<String, String>,
    /// What a resource's document does not tell: how far a deployment has come, and the like.
    records: BTreeMap<String, Kept>,
    /// How often a snapshot was read; decides its `completionPercent` where a test says so.
    pub(crate) snapshot_reads: HashMap<String, usize>,
    /// `resourceUID`s of clusters whose endpoint a test has silenced.
    pub(crate) mute: HashSet<String>,
    /// What happened in clusters lately, by `resourceUID`.
    pub(crate) kubernetes_history: HashMap<String, History>,
    /// What the caller may do.
    pub(crate) access: Access,
    /// Whether changes go to disk.
    durable: bool,
    changed: usize,
    /// What is still to be written; nothing where nothing is.
    changes: Vec<Change>,
    sequence: u64,
}

impl State {
    /// The resource with this lower-cased id.
    pub(crate) fn get(&self, key: &str) -> Option<&Resource> {
        self.resources.get(key)
    }

    /// The document with this lower-cased id.
    pub(crate) fn document(&self, key: &str) -> Option<Value> {
        self.get(key).map(Resource::document)
    }

    /// How much changed since the last [`Session::commit`].
    pub(crate) fn changes(&self) -> usize {
        self.changed
    }

    /// Remembers what is to be written.
    fn note(&mut self, change: impl FnOnce() -> Change) {
        self.changed += 1;
        if self.durable {
            self.changes.push(change());
        }
    }

    /// Inserts or replaces a document.
    pub(crate) fn put(&mut self, key: &str, kind: &str, document: &Value, now: i64) {
        let created = self.get(key).map_or(now, |old| old.created);
        let body: Arc<str> = document.to_string().into();
        let kind = self.intern(kind);
        self.insert(
            Arc::from(key),
            Resource {
                kind,
                body,
                created,
                changed: now,
            },
        );
    }

    /// Inserts a resource that is serialised already.
    pub(crate) fn insert(&mut self, key: Arc<str>, resource: Resource) {
        self.note(|| Change::PutResource(key.clone(), resource.clone()));
        self.index(key, resource);
    }

    fn index(&mut self, key: Arc<str>, resource: Resource) {
        let kind = resource.kind.clone();
        if let Some(old) = self.resources.insert(key.clone(), resource)
            && old.kind != kind
            && let Some(keys) = self.by_type.get_mut(&old.kind)
        {
            keys.remove(&key);
        }
        self.by_type.entry(kind).or_default().insert(key);
    }

    /// The shared copy of a type name.
    pub(crate) fn intern(&self, kind: &str) -> Arc<str> {
        self.by_type
            .get_key_value(kind)
            .map_or_else(|| Arc::from(kind), |(kind, _)| kind.clone())
    }

    /// Removes a resource and says whether it was there.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let Some((key, resource)) = self.resources.remove_entry(key) else {
            return false;
        };
        if let Some(keys) = self.by_type.get_mut(&resource.kind) {
            keys.remove(&key);
        }
        self.snapshot_reads.remove(&*key);
        if self.records.contains_key(&*key) {
            self.forget_record(&key);
        }
        self.note(|| Change::RemoveResource(key));
        true
    }

    /// Removes a resource with everything below it.
    pub(crate) fn remove_tree(&mut self, key: &str) {
        let below: Vec<Arc<str>> = self.below(key).map(|(key, _)| key.clone()).collect();
        for child in below {
            self.remove(&child);
        }
        self.remove(key);
    }

    /// Resources whose id lies below this one, in order of id.
    pub(crate) fn below<'a>(
        &'a self,
        key: &str,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Resource)> + use<'a> {
        self.after(key, None)
    }

    /// Resources below an id, from the one after `last` on.
    pub(crate) fn after<'a>(
        &'a self,
        scope: &str,
        last: Option<&str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Resource)> + use<'a> {
        let prefix = format!("{scope}/");
        let start: Bound<&str> = match last {
            Some(last) if last >= prefix.as_str() => Bound::Excluded(last),
            _ => Bound::Included(&prefix),
        };
        self.resources
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(&prefix))
    }

    /// Keys of one type below an id, from the one after `last` on.
    pub(crate) fn of_type<'a>(
        &'a self,
        kind: &str,
        scope: &str,
        last: Option<&str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Resource)> + use<'a> {
        let prefix = format!("{scope}/");
        let start: Bound<&str> = match last {
            Some(last) if last >= prefix.as_str() => Bound::Excluded(last),
            _ => Bound::Included(&prefix),
        };
        self.by_type
            .get(kind)
            .map(|keys| keys.range::<str, _>((start, Bound::Unbounded)))
            .into_iter()
            .flatten()
            .take_while(move |key| key.starts_with(&prefix))
            .filter_map(|key| self.resources.get_key_value(key))
    }

    /// The operation with this id.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(id)
    }

    /// Inserts or replaces an operation.
    pub(crate) fn put_operation(&mut self, operation: Operation) {
        self.note(|| Change::PutOperation(operation.id.clone(), operation.encode()));
        self.index_operation(operation);
        // An ARM operation record is gone after some time; here the oldest go when there are many.
        if self.operations.len() > MAX_OPERATIONS {
            self.forget_operations();
        }
    }

    fn index_operation(&mut self, operation: Operation) {
        let pending = self.pending.entry(operation.target.clone()).or_default();
        if operation.is_running() {
            pending.insert(operation.id.clone());
        } else {
            pending.remove(&operation.id);
        }
        if pending.is_empty() {
            self.pending.remove(&operation.target);
        }
        self.operations.insert(operation.id.clone(), operation);
    }

    fn forget_operations(&mut self) {
        let mut finished: Vec<(i64, String)> = self
            .operations
            .values()
            .filter(|operation| !operation.is_running())
            .map(|operation| (operation.started, operation.id.clone()))
            .collect();
        finished.sort_unstable();
        finished.truncate(MAX_OPERATIONS / 2);
        for (_, id) in finished {
            self.operations.remove(&id);
            self.note(|| Change::RemoveOperation(id));
        }
    }

    /// Operations that are not finished.
    pub(crate) fn running(&self) -> Vec<String> {
        self.pending.values().flatten().cloned().collect()
    }

    /// Unfinished operations on one target.
    pub(crate) fn running_on(&self, target: &str) -> Vec<String> {
        self.pending
            .get(target)
            .map(|ids| ids.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// What is kept about a resource besides its document, by lower-cased id.
    pub(crate) fn record<T: DeserializeOwned + Clone + 'static>(&self, key: &str) -> Option<T> {
        self.records.get(key).and_then(Kept::get)
    }

    /// Keeps something about a resource.
    pub(crate) fn set_record<T: Serialize + Clone + Send + Sync + 'static>(&mut self, key: &str, record: &T) {
        let kept = Kept::new(record, self.durable);
        let text = kept.text.clone();
        self.records.insert(key.to_owned(), kept);
        self.note(|| Change::Record(key.to_owned(), text));
    }

    fn forget_record(&mut self, key: &str) {
        self.records.remove(key);
        self.note(|| Change::Record(key.to_owned(), None));
    }

    /// Makes everything as it was in `kept`, a state of the same store.
    pub(crate) fn restore(&mut self, kept: &Self) {
        let before = std::mem::replace(self, kept.clone());
        self.sequence = before.sequence;
        self.changed = before.changed + 1;
        self.changes = before.changes;
        if !self.durable {
            return;
        }
        let changes = &mut self.changes;
        let gone = before
            .resources
            .into_keys()
            .filter(|key| !kept.resources.contains_key(key));
        changes.extend(gone.map(Change::RemoveResource));
        let put = kept.resources.iter();
        changes.extend(put.map(|(key, resource)| Change::PutResource(key.clone(), resource.clone())));
        let gone = before
            .operations
            .into_keys()
            .filter(|id| !kept.operations.contains_key(id));
        changes.extend(gone.map(Change::RemoveOperation));
        let put = kept.operations.iter();
        changes.extend(put.map(|(id, operation)| Change::PutOperation(id.clone(), operation.encode())));
        let gone = before
            .settings
            .into_keys()
            .filter(|name| !kept.settings.contains_key(name));
        changes.extend(gone.map(|name| Change::Setting(name, None)));
        let put = kept.settings.iter();
        changes.extend(put.map(|(name, value)| Change::Setting(name.clone(), Some(value.clone()))));
        let gone = before
            .records
            .into_keys()
            .filter(|key| !kept.records.contains_key(key));
        changes.extend(gone.map(|key| Change::Record(key, None)));
        let put = kept.records.iter();
        changes.extend(put.map(|(key, kept)| Change::Record(key.clone(), kept.text.clone())));
    }

    /// A durable setting.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Durable settings whose names begin so, in order of name.
    pub(crate) fn settings_from<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.settings
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets or (with `None`) removes a durable setting.
    pub(crate) fn set_setting(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.settings.insert(name.to_owned(), value.to_owned()),
            None => self.settings.remove(name),
        };
        self.note(|| Change::Setting(name.to_owned(), value.map(str::to_owned)));
    }
}

/// Operation records kept.
const MAX_OPERATIONS: usize = 20_000;

/// The state and what makes it durable.
#[derive(Debug)]
pub(crate) struct Store {
    state: Mutex<State>,
    writer: Option<Writer>,
}

/// Exclusive use of the state; what was changed is handed over for writing by [`Session::commit`].
pub(crate) struct Session<'a> {
    state: MutexGuard<'a, State>,
    writer: Option<&'a Writer>,
}

impl Store {
    /// A store in memory, or in a directory that the caller has locked.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, EmulatorError> {
        let mut state = State::default();
        let writer = match directory {
            None => None,
            Some(directory) => {
                let (writer, loaded) = Writer::open(&directory.join("state.redb"))?;
                for (key, resource) in loaded.resources {
                    let kind = state.intern(&resource.kind);
                    state.index(key, Resource { kind, ..resource });
                }
                for operation in loaded.operations {
                    state.index_operation(operation);
                }
                state.settings = loaded.settings;
                let records = loaded.records.into_iter();
                state.records = records.map(|(key, text)| (key, Kept::loaded(text))).collect();
                state.durable = true;
                Some(writer)
            }
        };
        Ok(Self {
            state: Mutex::new(state),
            writer,
        })
    }

    /// Exclusive use of the state. Nothing may block or await while it lasts.
    pub(crate) fn session(&self) -> Session<'_> {
        // A handler that panicked leaves whole documents behind; there is nothing half-done to fear.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Session {
            state,
            writer: self.writer.as_ref(),
        }
    }

    /// Waits until everything up to this change is on disk.
    pub(crate) async fn flushed(&self, sequence: u64) -> Result<(), EmulatorError> {
        match &self.writer {
            None => Ok(()),
            Some(writer) => writer.flushed(sequence).await,
        }
    }

    /// Waits until the state can no longer be written, and says why. A state in memory always can.
    pub(crate) async fn failed(&self) -> String {
        match &self.writer {
            None => std::future::pending().await,
            Some(writer) => writer.failed().await,
        }
    }

    /// Finishes writing and releases the database. Blocks for as long as the last commit takes.
    pub(crate) fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close();
        }
    }
}

impl Session<'_> {
    /// Hands the changes made so far to the writer; wait for the number with [`Store::flushed`].
    pub(crate) fn commit(mut self) -> u64 {
        self.state.changed = 0;
        let changes = std::mem::take(&mut self.state.changes);
        if let Some(writer) = self.writer
            && !changes.is_empty()
        {
            self.state.sequence += 1;
            writer.send(self.state.sequence, changes);
        }
        self.state.sequence
    }
}

impl std::ops::Deref for Session<'_> {
    type Target = State;
    fn deref(&self) -> &State {
        &self.state
    }
}

impl std::ops::DerefMut for Session<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}
