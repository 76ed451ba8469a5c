//! The durable side of the store: one thread owns the database and commits what has queued up.
//!
//! redb commits are atomic and, by default, fsynced: a kill at any moment leaves the last commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::journal::Change;
use super::operations::Operation;
use super::resource::Resource;
use crate::error::EmulatorError;
use crate::platform;

const RESOURCES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("resources");
const OPERATIONS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("operations");
const SETTINGS: TableDefinition<'_, &str, &str> = TableDefinition::new("settings");
const RECORDS: TableDefinition<'_, &str, &str> = TableDefinition::new("records");

/// What a database held when it was opened.
#[derive(Debug)]
pub(super) struct Loaded<O> {
    pub(super) resources: Vec<(Arc<str>, Resource)>,
    pub(super) operations: Vec<O>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) records: BTreeMap<String, Arc<str>>,
}

/// The head of a stored resource; its document follows after a newline, which JSON text without
/// layout does not contain.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    kind: &'a str,
    created: i64,
    changed: i64,
}

type Batch = (u64, Vec<Change>);

/// How far the writer has come.
#[derive(Debug, Clone)]
enum Progress {
    Written(u64),
    Failed(String),
}

/// The thread that owns the database.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Option<(mpsc::Sender<Batch>, JoinHandle<()>)>>,
    progress: watch::Receiver<Progress>,
}

impl Writer {
    /// Opens or creates the database and reads all of it.
    pub(super) fn open<O: Operation>(path: &Path) -> Result<(Self, Loaded<O>), EmulatorError> {
        let database = open_database(path)?;
        let loaded = load(&database, path)?;
        Ok((Self::of(database, path)?, loaded))
    }

    fn of(database: Database, path: &Path) -> Result<Self, EmulatorError> {
        let (sender, receiver) = mpsc::channel();
        let (progress, watcher) = watch::channel(Progress::Written(0));
        let thread = std::thread::Builder::new()
            .name("emulator-store".to_owned())
            .spawn(move || write_batches(&database, &receiver, &progress))
            .map_err(|error| EmulatorError::io("start the writer of", path, error))?;
        Ok(Self {
            queue: Mutex::new(Some((sender, thread))),
            progress: watcher,
        })
    }

    /// Queues changes. They are lost, and reported by [`Writer::flushed`], once the writer has stopped.
    pub(super) fn send(&self, sequence: u64, changes: Vec<Change>) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((sender, _)) = queue.as_ref() {
            // A send fails only after the thread has failed, which `flushed` reports.
            let _ = sender.send((sequence, changes));
        }
    }

    /// Waits until a batch is on disk.
    pub(super) async fn flushed(&self, sequence: u64) -> Result<(), EmulatorError> {
        let mut progress = self.progress.clone();
        let reached = progress
            .wait_for(|progress| match progress {
                Progress::Written(done) => *done >= sequence,
                Progress::Failed(_) => true,
            })
            .await
            .map_err(|_| EmulatorError::Stopped("the state is closed".to_owned()))?;
        match &*reached {
            Progress::Written(_) => Ok(()),
            Progress::Failed(reason) => Err(EmulatorError::NotWritten(reason.clone())),
        }
    }

    /// Waits until nothing can be written any more, and says why.
    pub(super) async fn failed(&self) -> String {
        let mut progress = self.progress.clone();
        let failed = progress
            .wait_for(|progress| matches!(progress, Progress::Failed(_)))
            .await;
        match failed.as_deref() {
            Ok(Progress::Failed(reason)) => reason.clone(),
            // Its thread is gone without a word.
            _ => "its writer has ended".to_owned(),
        }
    }

    /// Writes what has been queued, closes the database and ends the thread.
    pub(super) fn close(&self) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, thread)) = queue {
            drop(sender);
            // The thread reports its errors through `progress`; a panic in it has lost nothing acknowledged.
            let _ = thread.join();
        }
    }
}

fn write_batches(database: &Database, receiver: &mpsc::Receiver<Batch>, progress: &watch::Sender<Progress>) {
    while let Ok(first) = receiver.recv() {
        // Everything that queued up while the last commit ran shares one fsync.
        let batches: Vec<Batch> = std::iter::once(first).chain(receiver.try_iter()).collect();
        let last = batches.last().map_or(0, |(sequence, _)| *sequence);
        match write(database, &batches) {
            Ok(()) => progress.send_replace(Progress::Written(last)),
            Err(error) => {
                tracing::error!(%error, "the emulator's state cannot be written");
                progress.send_replace(Progress::Failed(match error {
                    EmulatorError::NotWritten(reason) => reason,
                    error => error.to_string(),
                }));
                return;
            }
        };
    }
}

fn write(database: &Database, batches: &[Batch]) -> Result<(), EmulatorError> {
    let transaction = database.begin_write()?;
    {
        let mut resources = transaction.open_table(RESOURCES)?;
        let mut operations = transaction.open_table(OPERATIONS)?;
        let mut settings = transaction.open_table(SETTINGS)?;
        let mut records = transaction.open_table(RECORDS)?;
        for change in batches.iter().flat_map(|(_, changes)| changes) {
            match change {
                Change::PutResource(key, resource) => {
                    resources.insert(&**key, encode(resource)?.as_slice())?;
                }
                Change::RemoveResource(key) => {
                    resources.remove(&**key)?;
                }
                Change::PutOperation(id, record) => {
                    operations.insert(id.as_str(), record.as_slice())?;
                }
                Change::RemoveOperation(id) => {
                    operations.remove(id.as_str())?;
                }
                Change::Setting(name, Some(value)) => {
                    settings.insert(name.as_str(), value.as_str())?;
                }
                Change::Setting(name, None) => {
                    settings.remove(name.as_str())?;
                }
                Change::Record(key, Some(record)) => {
                    records.insert(key.as_str(), &**record)?;
                }
                Change::Record(key, None) => {
                    records.remove(key.as_str())?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Opens the database; a new one gets its name only when it is complete, so that a kill during the
/// first start leaves nothing that looks like a damaged database.
fn open_database(path: &Path) -> Result<Database, EmulatorError> {
    if !path.exists() {
        let (unfinished, file) =
            platform::create_unfinished(path).map_err(|error| EmulatorError::io("create", path, error))?;
        drop(file);
        let database = Database::create(&unfinished)?;
        write(&database, &[])?;
        drop(database);
        platform::rename_durably(&unfinished, path)
            .map_err(|error| EmulatorError::io("create", path, error))?;
    }
    platform::regular(path).map_err(|error| EmulatorError::io("open", path, error))?;
    Ok(Database::open(path)?)
}

fn load<O: Operation>(database: &Database, path: &Path) -> Result<Loaded<O>, EmulatorError> {
    let damaged = |key: &str| EmulatorError::StateDamaged {
        path: path.to_owned(),
        reason: format!("the record of {key} cannot be read"),
    };
    let mut loaded = Loaded {
        resources: Vec::new(),
        operations: Vec::new(),
        settings: BTreeMap::new(),
        records: BTreeMap::new(),
    };
    let transaction = database.begin_read()?;
    for entry in transaction.open_table(RESOURCES)?.iter()? {
        let (key, record) = entry?;
        let resource = decode(record.value()).ok_or_else(|| damaged(key.value()))?;
        loaded.resources.push((Arc::from(key.value()), resource));
    }
    for entry in transaction.open_table(OPERATIONS)?.iter()? {
        let (key, record) = entry?;
        loaded
            .operations
            .push(serde_json::from_slice(record.value()).map_err(|_| damaged(key.value()))?);
    }
    for entry in transaction.open_table(SETTINGS)?.iter()? {
        let (key, value) = entry?;
        loaded
            .settings
            .insert(key.value().to_owned(), value.value().to_owned());
    }
    match transaction.open_table(RECORDS) {
        Ok(records) => {
            for entry in records.iter()? {
                let (key, record) = entry?;
                loaded
                    .records
                    .insert(key.value().to_owned(), Arc::from(record.value()));
            }
        }
        // A database of before there were any.
        Err(TableError::TableDoesNotExist(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(loaded)
}

fn encode(resource: &Resource) -> Result<Vec<u8>, EmulatorError> {
    let head = Head {
        kind: &resource.kind,
        created: resource.created,
        changed: resource.changed,
    };
    let mut record = serde_json::to_vec(&head).map_err(|error| EmulatorError::Database(error.to_string()))?;
    record.push(b'\n');
    record.extend_from_slice(resource.body.as_bytes());
    Ok(record)
}

fn decode(record: &[u8]) -> Option<Resource> {
    let (head, body) = std::str::from_utf8(record).ok()?.split_once('\n')?;
    let head: Head<'_> = serde_json::from_str(head).ok()?;
    Some(Resource {
        kind: Arc::from(head.kind),
        body: Arc::from(body),
        created: head.created,
        changed: head.changed,
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use redb::StorageBackend;
    use redb::backends::InMemoryBackend;

    use super::*;

    /// There are no operations here.
    #[derive(Clone, Serialize, Deserialize)]
    struct NoOperation;

    impl Operation for NoOperation {
        fn id(&self) -> &str {
            ""
        }
        fn target(&self) -> &str {
            ""
        }
        fn is_running(&self) -> bool {
            false
        }
        fn started(&self) -> i64 {
            0
        }
    }

    /// Memory that outlives the database, on a disk with room for so many more writes.
    #[derive(Debug, Clone)]
    struct Disk {
        memory: Arc<InMemoryBackend>,
        room: Arc<AtomicUsize>,
    }

    impl Disk {
        fn new() -> Self {
            Self {
                memory: Arc::new(InMemoryBackend::new()),
                room: Arc::new(AtomicUsize::new(usize::MAX)),
            }
        }

        fn write_something(&self) -> io::Result<()> {
            let less = |room: usize| room.checked_sub(1);
            let left = self.room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
            left.map(drop).map_err(|_| io::ErrorKind::StorageFull.into())
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.memory.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.memory.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.write_something()?;
            self.memory.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            self.write_something()?;
            self.memory.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.write_something()?;
            self.memory.write(offset, data)
        }
    }

    fn open(disk: &Disk) -> Database {
        Database::builder().create_with_backend(disk.clone()).unwrap()
    }

    /// Writes settings one after the other until one is not acknowledged, and says how many were.
    async fn write_until_it_fails(writer: &Writer) -> (usize, EmulatorError) {
        let mut acknowledged = 0;
        loop {
            let sequence = u64::try_from(acknowledged).unwrap() + 1;
            let value = "x".repeat(10_000);
            let change = Change::Setting(format!("s{acknowledged:04}"), Some(value));
            writer.send(sequence, vec![change]);
            match writer.flushed(sequence).await {
                Ok(()) => acknowledged += 1,
                Err(error) => return (acknowledged, error),
            }
        }
    }

    #[test]
    fn whenever_the_disk_is_full_it_is_told_and_nothing_acknowledged_is_lost() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for room in 0..60 {
            let disk = Disk::new();
            let database = open(&disk);
            write(&database, &[]).unwrap();
            disk.room.store(room, Ordering::SeqCst);
            let writer = Writer::of(database, Path::new("state.redb")).unwrap();
            let (acknowledged, error) = runtime.block_on(write_until_it_fails(&writer));
            assert!(matches!(error, EmulatorError::NotWritten(_)), "{room}: {error}");
            // Whoever waits for it is told, and so is whoever writes afterwards.
            assert!(!runtime.block_on(writer.failed()).is_empty());
            writer.send(
                9_999,
                vec![Change::Setting("late".to_owned(), Some("x".to_owned()))],
            );
            assert!(runtime.block_on(writer.flushed(9_999)).is_err());
            writer.close();

            disk.room.store(usize::MAX, Ordering::SeqCst);
            let loaded: Loaded<NoOperation> = load(&open(&disk), Path::new("state.redb")).unwrap();
            let kept = loaded.settings.len();
            assert!(
                kept == acknowledged || kept == acknowledged + 1,
                "{room}: {kept} of {acknowledged}"
            );
            assert!(!loaded.settings.contains_key("late"));
        }
    }
}
