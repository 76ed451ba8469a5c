//! The files of the toy driver: the only place where anything is read or written.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind as Io};
use std::path::{Path, PathBuf};
use std::time::Instant;

use kompox_domain::volume::{Creation, Deletion, DiskRecord, Percent, arrange};
use kompox_domain::{
    AppScope, ByteSize, Context, DiskName, Error, ErrorKind, Result, SnapshotName, Source, Volume,
    VolumeDisk, VolumeOptions, VolumeSnapshot, naming, tags,
};
use time::OffsetDateTime;
use ulid::Ulid;

pub(super) const DISKS: &str = "disks";
pub(super) const SNAPSHOTS: &str = "snapshots";
/// The tag that tells where a disk is attached; the cloud's own, as it were.
pub(super) const ATTACHED_TO: &str = "attached-to";

/// The tag of a disk that was assigned once.
const USED: &str = "used";
/// The tag that tells the snapshot that a disk was made from.
pub(super) const SNAPSHOT: &str = "snapshot";

/// One file: a disk or a snapshot.
struct Item {
    /// Where it is, lower-cased: what a cloud would call its id.
    handle: String,
    tags: BTreeMap<String, String>,
}

impl Item {
    fn tag<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.tags.get(name).and_then(|value| value.parse().ok())
    }

    fn size(&self) -> Result<ByteSize> {
        let bytes = self.tag::<u64>("size").unwrap_or_default();
        Ok(ByteSize::from_bytes(bytes)?)
    }

    fn created_at(&self) -> Option<OffsetDateTime> {
        let nanos = self.tag::<i128>("created")?;
        OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()
    }
}

/// The one way to the files, as there is one client for a cloud. Every call of it is a request.
pub(super) struct Requests<'a> {
    pub(super) root: &'a Path,
    pub(super) cx: &'a Context,
    pub(super) app: &'a AppScope,
}

impl Requests<'_> {
    /// No request is begun after the deadline, and a failure says what it was about.
    async fn send<T>(&self, what: &str, act: impl FnOnce() -> io::Result<T>) -> Result<T> {
        // Here a real driver waits for the network: the future may be dropped at this point.
        tokio::task::yield_now().await;
        if self
            .cx
            .deadline()
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            return Err(Error::new(ErrorKind::Timeout, "the deadline passed"));
        }
        let answer = act().map_err(|error| {
            let kind = match error.kind() {
                Io::AlreadyExists => ErrorKind::Conflict,
                Io::NotFound => ErrorKind::NotFound,
                Io::PermissionDenied => ErrorKind::PermissionDenied,
                _ => ErrorKind::Failed,
            };
            Error::new(kind, format!("cannot {what}")).with_source(error)
        });
        // And here for the answer: what was asked for is done, and nobody may ever learn of it.
        tokio::task::yield_now().await;
        answer
    }

    /// The same for what changes something. It is told that a write is about to be sent, and that it was refused where
    /// it was: what is lost on the way counts as one that may have taken effect.
    async fn write<T>(&self, what: &str, act: impl FnOnce() -> io::Result<T>) -> Result<T> {
        let act = || {
            let write = self.cx.write();
            let done = act();
            match done {
                Err(_) => write.refused(),
                Ok(_) => write.may_have_taken_effect(),
            }
            done
        };
        self.send(what, act).await
    }

    pub(super) fn handle(&self, kind: &str, volume: &Volume, name: &impl std::fmt::Display) -> String {
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), name);
        format!("/{}/{kind}/{resource}", self.app.path()).to_lowercase()
    }

    fn file(&self, handle: &str) -> PathBuf {
        self.root.join(handle.trim_start_matches('/'))
    }

    /// All files of one kind that belong to the volume: place, tags and name agree.
    async fn items(&self, kind: &str, volume: &Volume) -> Result<Vec<Item>> {
        let place = format!("/{}/{kind}", self.app.path()).to_lowercase();
        let key = self.app.volume_key(&volume.name);
        let found = self.send("list", || read_all(&self.file(&place), &place)).await?;
        let ours = |item: &Item| {
            item.tags.get(tags::APP) == Some(&self.app.path())
                && item.tags.get(tags::VOLUME) == Some(&key)
                && item.handle.starts_with(&format!("{place}/{key}-"))
        };
        Ok(found.into_iter().filter(ours).collect())
    }

    pub(super) async fn disks(&self, volumes: &[Volume]) -> Result<Vec<VolumeDisk>> {
        let mut records = Vec::new();
        for volume in volumes {
            for item in self.items(DISKS, volume).await? {
                let Some(name) = item.tag::<DiskName>(tags::DISK_NAME) else {
                    continue;
                };
                records.push(DiskRecord {
                    name,
                    volume: volume.name.clone(),
                    flagged: item.tag(tags::DISK_ASSIGNED).unwrap_or(false),
                    assigned_at: item.tag::<Ulid>(tags::DISK_ASSIGNED_AT),
                    size: Some(item.size()?),
                    sector_size: None,
                    zone: None,
                    options: VolumeOptions::default(),
                    created_at: item.created_at(),
                    updated_at: None,
                    state: None,
                    provisioning_state: None,
                    // A file is there with all that belongs to it, or not at all.
                    creation: Creation::Done,
                    attached_to: item.tag(ATTACHED_TO).into_iter().collect(),
                    handle: item.handle,
                });
            }
        }
        // Which disk of a volume is the assigned one is decided in one place, for all drivers.
        Ok(arrange(records))
    }

    pub(super) async fn snapshots(&self, volume: &Volume) -> Result<Vec<VolumeSnapshot>> {
        let mut snapshots = Vec::new();
        for item in self.items(SNAPSHOTS, volume).await? {
            let Some(name) = item.tag::<SnapshotName>(tags::SNAPSHOT_NAME) else {
                continue;
            };
            snapshots.push(VolumeSnapshot {
                name,
                volume: volume.name.clone(),
                size: Some(item.size()?),
                sector_size: None,
                options: VolumeOptions::default(),
                created_at: item.created_at(),
                updated_at: None,
                source_disk: item.tag(tags::DISK_NAME),
                completion_percent: Percent::DONE,
                provisioning_state: None,
                creation: Creation::Done,
                handle: item.handle,
            });
        }
        Ok(snapshots)
    }

    /// The size of a source, and the disk that its data comes from.
    pub(super) async fn original(
        &self,
        volume: &Volume,
        source: &Source,
    ) -> Result<(ByteSize, Option<String>)> {
        let handle = match source {
            Source::Disk(name) => self.handle(DISKS, volume, name),
            Source::Snapshot(name) => self.handle(SNAPSHOTS, volume, name),
            Source::Resource(id) => id.to_lowercase(),
        };
        for kind in [DISKS, SNAPSHOTS] {
            let items = self.items(kind, volume).await?;
            if let Some(item) = items.iter().find(|item| item.handle == handle) {
                return Ok((item.size()?, item.tag(tags::DISK_NAME)));
            }
        }
        Err(Error::new(
            ErrorKind::NotFound,
            format!("there is no source {source}"),
        ))
    }

    /// Makes a file. It appears with all its tags at once, and never over another one.
    pub(super) async fn put(&self, handle: &str, size: ByteSize, more: &[(&str, String)]) -> Result<()> {
        let volume = more.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        let own = [
            (tags::MANAGED_BY.to_owned(), tags::MANAGED_BY_KOMPOX.to_owned()),
            (tags::APP.to_owned(), self.app.path()),
            ("size".to_owned(), size.bytes().to_string()),
            (
                "created".to_owned(),
                OffsetDateTime::now_utc().unix_timestamp_nanos().to_string(),
            ),
        ];
        let tags: BTreeMap<String, String> = volume.chain(own).collect();
        let file = self.file(handle);
        self.write(&format!("make {handle}"), || {
            let draft = write_draft(&file, &tags, &self.cx.next_ulid(None))?;
            let made = std::fs::hard_link(&draft, &file);
            std::fs::remove_file(&draft)?;
            made
        })
        .await
    }

    pub(super) async fn delete(&self, handle: &str) -> Result<Deletion> {
        let file = self.file(handle);
        let what = format!("delete {handle}");
        match self.write(&what, || std::fs::remove_file(file)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Deletion::WasNotThere),
            result => result.map(|()| Deletion::Deleted),
        }
    }

    /// Whether a disk was made from this snapshot, and is and was neither assigned nor attached.
    pub(super) async fn is_unused_copy(&self, volume: &Volume, disk: &str, snapshot: &str) -> Result<bool> {
        let items = self.items(DISKS, volume).await?;
        let Some(item) = items.iter().find(|item| item.handle == disk) else {
            return Ok(false);
        };
        let used = [USED, tags::DISK_ASSIGNED_AT, ATTACHED_TO];
        Ok(item.tags.get(SNAPSHOT).map(String::as_str) == Some(snapshot)
            && !used.iter().any(|tag| item.tags.contains_key(*tag)))
    }

    /// Marks a disk as assigned at this moment, or takes back the mark that was seen on it.
    pub(super) async fn mark(&self, disk: &DiskRecord, at: Option<Ulid>) -> Result<()> {
        let file = self.file(&disk.handle);
        self.write(&format!("tag {}", disk.handle), || {
            let mut tags = match read(&file) {
                // Deleted in the meantime: there is nothing to take back.
                Err(error) if at.is_none() && error.kind() == Io::NotFound => return Ok(()),
                tags => tags?,
            };
            let unchanged =
                tags.get(tags::DISK_ASSIGNED_AT).cloned() == disk.assigned_at.map(|at| at.to_string());
            match at {
                Some(at) => {
                    tags.insert(tags::DISK_ASSIGNED.to_owned(), "true".to_owned());
                    tags.insert(tags::DISK_ASSIGNED_AT.to_owned(), at.to_string());
                }
                // Marked anew in the meantime: that is somebody else's decision.
                None if !unchanged => return Ok(()),
                None => {
                    tags.insert(USED.to_owned(), "true".to_owned());
                    tags.remove(tags::DISK_ASSIGNED);
                    tags.remove(tags::DISK_ASSIGNED_AT);
                }
            }
            let draft = write_draft(&file, &tags, &self.cx.next_ulid(None))?;
            std::fs::rename(draft, &file)
        })
        .await
    }
}

/// Sets or removes one tag, as somebody else would who works with the same cloud.
pub(super) fn set_tag(file: &Path, name: &str, value: Option<&str>) -> io::Result<()> {
    let mut tags = read(file)?;
    match value {
        Some(value) => tags.insert(name.to_owned(), value.to_owned()),
        None => tags.remove(name),
    };
    let draft = write_draft(file, &tags, &Ulid::generate())?;
    std::fs::rename(draft, file)
}

/// Whatever is in a directory; one that is not there yet holds nothing.
fn read_all(directory: &Path, place: &str) -> io::Result<Vec<Item>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == Io::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut items = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match read(&entry.path()) {
            _ if name.starts_with('.') => {}
            // Deleted since the directory was read.
            Err(error) if error.kind() == Io::NotFound => {}
            tags => items.push(Item {
                handle: format!("{place}/{name}"),
                tags: tags?,
            }),
        }
    }
    Ok(items)
}

/// One `name=value` per line.
fn read(file: &Path) -> io::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file)?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// Writes a file beside the one that is meant, so that nobody ever reads half of it.
fn write_draft(file: &Path, tags: &BTreeMap<String, String>, id: &Ulid) -> io::Result<PathBuf> {
    let directory = file.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(directory)?;
    let draft = directory.join(format!(".{id}"));
    let lines: Vec<String> = tags
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    std::fs::write(&draft, lines.concat())?;
    Ok(draft)
}
