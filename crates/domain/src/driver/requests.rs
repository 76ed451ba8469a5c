//! What is asked of a driver about disks and snapshots.

use crate::name::{DiskName, SnapshotName};
use crate::options::VolumeOptions;
use crate::source::Source;

/// What a new disk should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskCreate {
    /// Its name in the volume.
    pub name: DiskName,
    /// What it is made from; empty without.
    pub source: Option<Source>,
    /// The zone asked for, as written.
    pub zone: Option<String>,
    /// Options that win over those of the volume.
    pub options: VolumeOptions,
}

/// What a new snapshot should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotCreate {
    /// Its name in the volume.
    pub name: SnapshotName,
    /// What it is taken from; the assigned disk without.
    pub source: Option<Source>,
}

/// What is restored, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRestore {
    /// The snapshot.
    pub snapshot: SnapshotName,
    /// The name of the new disk in the volume.
    pub disk: DiskName,
    /// The zone asked for, as written.
    pub zone: Option<String>,
    /// Options that win over those of the volume.
    pub options: VolumeOptions,
    /// Whether a disk of that name that an earlier call made is gone on with.
    pub resume: bool,
}
