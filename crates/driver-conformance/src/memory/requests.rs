//! What the cloud can be asked for, each a request of its own, as a driver's client would send it.

use kompox_domain::volume::{DiskRecord, arrange, arrange_snapshots};
use kompox_domain::{
    AppScope, ByteSize, Context, DiskName, Error, ErrorKind, PendingWrite, Result, SnapshotName, Source,
    Volume, VolumeDisk, VolumeName, VolumeSnapshot, Zone, naming,
};
use tokio::time::{Instant, timeout_at};
use ulid::Ulid;

use super::cloud::{Disk, Fault, MemoryCloud, Phase, Snapshot, State};
use crate::timing::yield_now;

/// The volumes of one app in the cloud.
pub(super) struct Requests<'a> {
    pub(super) cloud: &'a MemoryCloud,
    pub(super) cx: &'a Context,
    pub(super) app: &'a AppScope,
}

impl Requests<'_> {
    /// Sends a request that changes nothing which the operation is about.
    async fn send<T>(&self, act: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.exchange(false, act).await
    }

    /// Sends a write, and tells what became of it.
    async fn write<T>(&self, act: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.exchange(true, act).await
    }

    /// The only way in which anything is read or changed.
    async fn exchange<T>(&self, writes: bool, act: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let exchange = async {
            // Dropped here, it was never sent.
            yield_now().await;
            let write = writes.then(|| self.cx.write());
            let (fault, answer) = {
                let mut state = self.cloud.lock();
                match state.receive() {
                    Some(Fault::Refuse(kind)) => {
                        write.into_iter().for_each(PendingWrite::refused);
                        return Err(injected(kind));
                    }
                    fault => (fault, act(&mut state)),
                }
            };
            match fault {
                Some(Fault::Hang) => std::future::pending().await,
                Some(Fault::Lose(kind) | Fault::Refuse(kind)) => Err(injected(kind)),
                None => {
                    // Dropped here, it took effect and the answer is lost.
                    yield_now().await;
                    if answer.is_err() {
                        write.into_iter().for_each(PendingWrite::refused);
                    }
                    answer
                }
            }
        };
        let timeout = || Error::new(ErrorKind::Timeout, "the deadline passed");
        match self.cx.deadline().map(Instant::from_std) {
            None => exchange.await,
            Some(deadline) if deadline <= Instant::now() => Err(timeout()),
            Some(deadline) => timeout_at(deadline, exchange).await.map_err(|_| timeout())?,
        }
    }

    pub(super) async fn disks(&self, volumes: &[Volume]) -> Result<Vec<VolumeDisk>> {
        let app = self.app.path();
        self.send(|state| {
            let own = state.disks.iter().filter(|disk| disk.app == app);
            let records: Vec<DiskRecord> = own.map(|disk| disk.record.clone()).collect();
            let mut disks = arrange(records);
            disks.retain(|disk| volumes.iter().any(|volume| volume.name == disk.record.volume));
            Ok(disks)
        })
        .await
    }

    pub(super) async fn snapshots(&self, volumes: &[Volume]) -> Result<Vec<VolumeSnapshot>> {
        let app = self.app.path();
        self.send(|state| {
            let own = state.snapshots.iter().filter(|snapshot| snapshot.app == app);
            let mut snapshots: Vec<VolumeSnapshot> = own
                .map(|snapshot| snapshot.snapshot.clone())
                .filter(|snapshot| volumes.iter().any(|volume| volume.name == snapshot.volume))
                .collect();
            arrange_snapshots(&mut snapshots);
            Ok(snapshots)
        })
        .await
    }

    /// Makes the place for the app's disks where it is missing. That only prepares what is asked for.
    pub(super) async fn make_place(&self) -> Result<()> {
        let app = self.app.path();
        self.send(|state| {
            state.places.insert(app);
            Ok(())
        })
        .await
    }

    /// Begins to make a disk. It exists from now on, and is not ready.
    pub(super) async fn put_disk(&self, record: DiskRecord, snapshot: Option<String>) -> Result<()> {
        let app = self.app.path();
        self.write(|state| {
            if !state.places.contains(&app) {
                return Err(Error::new(ErrorKind::NotFound, format!("app {app} has no place")));
            }
            if state.disks.iter().any(|disk| disk.record.handle == record.handle) {
                return Err(in_use("disk", &record.name));
            }
            let phase = state.creating();
            let created = Some(state.time());
            let record = DiskRecord {
                created_at: created,
                updated_at: created,
                state: Some(phase.word().to_owned()),
                ..record
            };
            let was_used = record.flagged;
            state.disks.push(Disk {
                app,
                record,
                phase,
                snapshot,
                was_used,
            });
            Ok(())
        })
        .await
    }

    /// Refuses to go on with a disk that is not the one that would be made from a snapshot, or was ever in use.
    pub(super) async fn require_resumable(&self, wanted: &DiskRecord, snapshot: &str) -> Result<()> {
        self.send(|state| {
            let disk = find_disk(state, &wanted.handle)?;
            let there = &disk.record;
            let same = (there.size, there.zone, &there.options)
                == (wanted.size, wanted.zone, &wanted.options)
                && disk.snapshot.as_deref() == Some(snapshot);
            if same && !disk.was_used {
                return Ok(());
            }
            Err(in_use("disk", &wanted.name))
        })
        .await
    }

    /// Marks a disk as assigned.
    pub(super) async fn mark(&self, handle: &str, at: Ulid) -> Result<()> {
        self.write(|state| {
            let now = state.time();
            let disk = find_disk(state, handle)?;
            if disk.phase != Phase::Ready {
                return Err(not_ready("disk", &disk.record.name, disk.phase));
            }
            disk.record.flagged = true;
            disk.was_used = true;
            disk.record.assigned_at = Some(at);
            disk.record.updated_at = Some(now);
            Ok(())
        })
        .await
    }

    /// Takes the mark from a disk, unless it was marked anew in the meantime or is gone.
    pub(super) async fn unmark(&self, seen: &DiskRecord) -> Result<()> {
        self.write(|state| {
            let now = state.time();
            let Ok(disk) = find_disk(state, &seen.handle) else {
                return Ok(());
            };
            if disk.record.assigned_at == seen.assigned_at {
                disk.record.flagged = false;
                disk.record.assigned_at = None;
                disk.record.updated_at = Some(now);
            }
            Ok(())
        })
        .await
    }

    /// Begins to delete a disk. It exists until it is gone.
    pub(super) async fn delete_disk(&self, handle: &str) -> Result<()> {
        self.write(|state| {
            let deleting = state.deleting();
            let Ok(disk) = find_disk(state, handle) else {
                return Ok(());
            };
            if let Some(machine) = disk.record.attached_to.first() {
                return Err(attached(&disk.record.name, machine));
            }
            if !matches!(disk.phase, Phase::Deleting { .. }) {
                disk.phase = deleting;
            }
            Ok(())
        })
        .await
    }

    /// Whether a disk is ready, or `None` when there is none.
    pub(super) async fn disk_ready(&self, handle: &str) -> Result<Option<bool>> {
        self.send(|state| {
            let disk = state.disks.iter().find(|disk| disk.record.handle == handle);
            Ok(disk.map(|disk| disk.phase == Phase::Ready))
        })
        .await
    }

    /// Begins to take a snapshot. It exists from now on, and is not complete.
    pub(super) async fn put_snapshot(&self, snapshot: VolumeSnapshot, zone: Option<Zone>) -> Result<()> {
        let app = self.app.path();
        self.write(|state| {
            if state
                .snapshots
                .iter()
                .any(|found| found.snapshot.handle == snapshot.handle)
            {
                return Err(in_use("snapshot", &snapshot.name));
            }
            let created = Some(state.time());
            let snapshot = VolumeSnapshot {
                created_at: created,
                updated_at: created,
                ..snapshot
            };
            let phase = state.creating();
            state.snapshots.push(Snapshot {
                app,
                snapshot,
                zone,
                phase,
            });
            Ok(())
        })
        .await
    }

    /// The snapshot as it is, or `None` when there is none.
    pub(super) async fn snapshot(&self, handle: &str) -> Result<Option<VolumeSnapshot>> {
        self.send(|state| {
            let found = state
                .snapshots
                .iter()
                .find(|found| found.snapshot.handle == handle);
            Ok(found.map(|found| found.snapshot.clone()))
        })
        .await
    }

    /// Begins to delete a snapshot.
    pub(super) async fn delete_snapshot(&self, handle: &str) -> Result<()> {
        self.write(|state| {
            let deleting = state.deleting();
            let mut found = state.snapshots.iter_mut();
            if let Some(found) = found.find(|found| found.snapshot.handle == handle)
                && !matches!(found.phase, Phase::Deleting { .. })
            {
                found.phase = deleting;
            }
            Ok(())
        })
        .await
    }

    /// What something is to be made from, if it is there and ready.
    pub(super) async fn original(&self, volume: &Volume, source: &Source) -> Result<Original> {
        let handle = match source {
            Source::Disk(name) => self.disk_handle(&volume.name, name),
            Source::Snapshot(name) => self.snapshot_handle(&volume.name, name),
            Source::Resource(id) => id.to_lowercase(),
        };
        self.send(|state| {
            if let Some(disk) = state.disks.iter().find(|disk| disk.record.handle == handle) {
                if disk.phase != Phase::Ready {
                    return Err(not_ready("disk", &disk.record.name, disk.phase));
                }
                return Ok(Original {
                    gib: disk.record.size.map_or(0, ByteSize::gib_ceil),
                    zone: disk.record.zone,
                    disk: Some(disk.record.name.to_string()),
                });
            }
            let mut snapshots = state.snapshots.iter();
            if let Some(found) = snapshots.find(|found| found.snapshot.handle == handle) {
                if found.phase != Phase::Ready {
                    return Err(not_ready("snapshot", &found.snapshot.name, found.phase));
                }
                return Ok(Original {
                    gib: found.snapshot.size.map_or(0, ByteSize::gib_ceil),
                    zone: found.zone,
                    disk: found.snapshot.source_disk.clone(),
                });
            }
            Err(Error::new(
                ErrorKind::NotFound,
                format!("there is no source {source}"),
            ))
        })
        .await
    }

    pub(super) fn disk_handle(&self, volume: &VolumeName, name: &DiskName) -> String {
        self.handle("disks", volume, name)
    }

    pub(super) fn snapshot_handle(&self, volume: &VolumeName, name: &SnapshotName) -> String {
        self.handle("snapshots", volume, name)
    }

    fn handle(&self, kind: &str, volume: &VolumeName, name: &impl std::fmt::Display) -> String {
        let name = naming::item_resource_name(volume, &self.app.id_hash(), name);
        format!("/memory/{}/{kind}/{name}", self.app.path()).to_lowercase()
    }
}

/// What something is made from.
pub(super) struct Original {
    pub(super) gib: u64,
    pub(super) zone: Option<Zone>,
    /// The name of the disk that the data comes from.
    pub(super) disk: Option<String>,
}

fn find_disk<'s>(state: &'s mut State, handle: &str) -> Result<&'s mut Disk> {
    state
        .disks
        .iter_mut()
        .find(|disk| disk.record.handle == handle)
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no disk {handle}")))
}

fn injected(kind: ErrorKind) -> Error {
    Error::new(kind, "the cloud was told to fail here").with_code("InjectedFault")
}

pub(super) fn in_use(what: &str, name: &impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Conflict, format!("{what} {name} exists already"))
}

pub(super) fn attached(name: &DiskName, machine: &str) -> Error {
    Error::new(
        ErrorKind::Precondition,
        format!("disk {name} is attached to {machine}"),
    )
}

fn not_ready(what: &str, name: &impl std::fmt::Display, phase: Phase) -> Error {
    Error::new(
        ErrorKind::Precondition,
        format!("{what} {name} is {}", phase.word()),
    )
}
