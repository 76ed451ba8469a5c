//! The world: what exists, in which state, and which request goes wrong.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kompox_domain::volume::{Creation, DiskRecord, Percent};
use kompox_domain::{ErrorKind, VolumeSnapshot, Zone};
use time::{Duration, OffsetDateTime};

/// How many requests something takes to be made or deleted.
const TAKES: u64 = 6;

/// How a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not reach the cloud.
    Refuse(ErrorKind),
    /// It takes effect, and the answer is lost.
    Lose(ErrorKind),
    /// It takes effect, and there never is an answer.
    Hang,
}

/// What all drivers on it share. Clones are the same cloud.
#[derive(Clone, Default)]
pub struct MemoryCloud(Arc<Mutex<State>>);

impl MemoryCloud {
    /// Lets one of the coming requests go wrong, counted from 1. It replaces a fault that has not come up yet.
    pub fn fail_at(&self, request: u64, fault: Fault) {
        let mut state = self.lock();
        let at = state.requests.saturating_add(request);
        state.fault = Some((at, fault));
    }

    /// Takes back a fault that has not come up yet. Answers whether there was one.
    pub fn clear_fault(&self) -> bool {
        self.lock().fault.take().is_some()
    }

    /// How many requests there were.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Attaches a disk to a machine. Answers whether there is such a disk.
    pub fn attach(&self, handle: &str, machine: &str) -> bool {
        self.with_disk(handle, |disk| {
            disk.record.attached_to.push(machine.to_owned());
            disk.was_used = true;
        })
    }

    /// Detaches a disk from every machine. Answers whether there is such a disk.
    pub fn detach(&self, handle: &str) -> bool {
        self.with_disk(handle, |disk| disk.record.attached_to.clear())
    }

    fn with_disk(&self, handle: &str, act: impl FnOnce(&mut Disk)) -> bool {
        let mut state = self.lock();
        let disk = state.disks.iter_mut().find(|disk| disk.record.handle == handle);
        disk.map(act).is_some()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it held the lock has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for MemoryCloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryCloud").finish_non_exhaustive()
    }
}

/// Where a resource stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Creating { until: u64 },
    Ready,
    Deleting { until: u64 },
}

impl Phase {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Creating { .. } => "Creating",
            Self::Ready => "Ready",
            Self::Deleting { .. } => "Deleting",
        }
    }

    /// Whether it was made.
    const fn creation(self) -> Creation {
        match self {
            Self::Creating { .. } => Creation::UnderWay,
            Self::Ready | Self::Deleting { .. } => Creation::Done,
        }
    }

    /// How much of it is made at `now`.
    fn percent(self, now: u64) -> Percent {
        match self {
            Self::Creating { until } => {
                let left = u32::try_from(until.saturating_sub(now)).unwrap_or(u32::MAX);
                let all = u32::try_from(TAKES).unwrap_or(u32::MAX);
                Percent::new(100.0 * (1.0 - f64::from(left) / f64::from(all)))
            }
            Self::Ready | Self::Deleting { .. } => Percent::DONE,
        }
    }

    /// What it is at `now`: `None` when it is gone.
    const fn at(self, now: u64) -> Option<Self> {
        match self {
            Self::Creating { until } if until <= now => Some(Self::Ready),
            Self::Deleting { until } if until <= now => None,
            other => Some(other),
        }
    }
}

/// A disk and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    pub(super) app: String,
    pub(super) record: DiskRecord,
    pub(super) phase: Phase,
    /// The snapshot that it was made from, by its handle.
    pub(super) snapshot: Option<String>,
    /// Whether it is or was assigned or attached.
    pub(super) was_used: bool,
}

/// A snapshot and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) app: String,
    pub(super) snapshot: VolumeSnapshot,
    /// That of the disk it was taken from.
    pub(super) zone: Option<Zone>,
    pub(super) phase: Phase,
}

#[derive(Default)]
pub(super) struct State {
    /// The apps that have a place for disks.
    pub(super) places: BTreeSet<String>,
    pub(super) disks: Vec<Disk>,
    pub(super) snapshots: Vec<Snapshot>,
    requests: u64,
    fault: Option<(u64, Fault)>,
}

impl State {
    /// Counts a request, lets the time of one pass, and tells how it goes wrong.
    pub(super) fn receive(&mut self) -> Option<Fault> {
        self.requests = self.requests.saturating_add(1);
        let now = self.requests;
        self.disks.retain_mut(|disk| {
            let phase = disk.phase.at(now);
            disk.phase = phase.unwrap_or(disk.phase);
            disk.record.state = Some(disk.phase.word().to_owned());
            disk.record.creation = disk.phase.creation();
            phase.is_some()
        });
        self.snapshots.retain_mut(|snapshot| {
            let phase = snapshot.phase.at(now);
            snapshot.phase = phase.unwrap_or(snapshot.phase);
            snapshot.snapshot.completion_percent = snapshot.phase.percent(now);
            snapshot.snapshot.creation = snapshot.phase.creation();
            phase.is_some()
        });
        let due = self.fault.filter(|(at, _)| *at <= now)?;
        self.fault = None;
        Some(due.1)
    }

    /// The time: no two requests have the same.
    pub(super) fn time(&self) -> OffsetDateTime {
        let seconds = i64::try_from(self.requests).unwrap_or(i64::MAX);
        OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::seconds(seconds))
    }

    /// The phase of what is being made from now on.
    pub(super) const fn creating(&self) -> Phase {
        Phase::Creating {
            until: self.requests.saturating_add(TAKES),
        }
    }

    /// The phase of what is being deleted from now on.
    pub(super) const fn deleting(&self) -> Phase {
        Phase::Deleting {
            until: self.requests.saturating_add(TAKES),
        }
    }
}
