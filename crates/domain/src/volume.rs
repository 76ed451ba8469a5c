//! Disks and snapshots of a volume, and which disk is the assigned one.

use std::cmp::Reverse;
use std::collections::HashMap;

use time::OffsetDateTime;
use ulid::Ulid;

use crate::name::{DiskName, SnapshotName, VolumeName};
use crate::options::VolumeOptions;
use crate::quantity::ByteSize;
use crate::zone::Zone;

/// A disk as a driver reads it, before it is known which one is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskRecord {
    /// Its name in the volume.
    pub name: DiskName,
    /// The volume.
    pub volume: VolumeName,
    /// Whether it is flagged as assigned. More than one may be, for a moment.
    pub flagged: bool,
    /// When it was flagged, as a ULID. Older tools wrote none.
    pub assigned_at: Option<Ulid>,
    /// Its size.
    pub size: ByteSize,
    /// Its zone, if it has one.
    pub zone: Option<Zone>,
    /// What it is like.
    pub options: VolumeOptions,
    /// The cloud's own id, lower-cased.
    pub handle: String,
    /// When it was made.
    pub created_at: Option<OffsetDateTime>,
    /// When it last changed, as far as the cloud tells.
    pub updated_at: Option<OffsetDateTime>,
    /// The cloud's own word for its state.
    pub state: Option<String>,
    /// The machines that have it attached, by the cloud's own ids.
    pub attached_to: Vec<String>,
}

/// A disk of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeDisk {
    /// Whether it is the assigned one: at most one disk of a volume is.
    pub assigned: bool,
    /// What was read.
    pub record: DiskRecord,
}

/// Which of these disks is the assigned one, by index.
///
/// Among the flagged ones, the greatest by (`assigned_at`, absent being lowest; creation time; name).
/// So no moment of a switch has none or two, and disks made by older tools fit in.
#[must_use]
pub fn assigned_index(records: &[DiskRecord]) -> Option<usize> {
    records
        .iter()
        .enumerate()
        .filter(|(_, record)| record.flagged)
        .max_by_key(|(_, record)| (record.assigned_at, record.created_at, record.name.to_string()))
        .map(|(index, _)| index)
}

/// Tells which disk of each volume is assigned, and orders them: newest first, then by name.
#[must_use]
pub fn arrange(records: Vec<DiskRecord>) -> Vec<VolumeDisk> {
    let mut by_volume: HashMap<VolumeName, Vec<DiskRecord>> = HashMap::new();
    for record in records {
        by_volume.entry(record.volume.clone()).or_default().push(record);
    }
    let mut disks: Vec<VolumeDisk> = by_volume
        .into_values()
        .flat_map(|records| {
            let assigned = assigned_index(&records);
            records
                .into_iter()
                .enumerate()
                .map(move |(index, record)| VolumeDisk {
                    assigned: assigned == Some(index),
                    record,
                })
        })
        .collect();
    disks.sort_by_cached_key(|disk| {
        (
            Reverse(disk.record.created_at),
            disk.record.name.to_string(),
            disk.record.volume.clone(),
        )
    });
    disks
}

/// A snapshot of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSnapshot {
    /// Its name in the volume.
    pub name: SnapshotName,
    /// The volume.
    pub volume: VolumeName,
    /// The size of the disk it was taken from.
    pub size: ByteSize,
    /// The cloud's own id, lower-cased.
    pub handle: String,
    /// When it was made.
    pub created_at: Option<OffsetDateTime>,
    /// When it last changed, as far as the cloud tells.
    pub updated_at: Option<OffsetDateTime>,
    /// The disk it was taken from, by name where it is ours, else by the cloud's own id.
    pub source_disk: Option<String>,
    /// How much of it has been copied, 0 to 100. It can be used from 100 on.
    pub completion_percent: Percent,
}

/// Orders snapshots: newest first, then by name.
pub fn arrange_snapshots(snapshots: &mut [VolumeSnapshot]) {
    snapshots.sort_by_cached_key(|snapshot| {
        (
            Reverse(snapshot.created_at),
            snapshot.name.to_string(),
            snapshot.volume.clone(),
        )
    });
}

/// 0 to 100, in tenths, so that it has an order and an equality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u16);

impl Percent {
    /// All of it.
    pub const DONE: Self = Self(1000);

    /// From a number between 0 and 100; what lies outside, or is no number, becomes the nearest end.
    #[must_use]
    pub fn new(percent: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 0..=1000 before"
        )]
        let tenths = (percent.clamp(0.0, 100.0) * 10.0).floor() as u16;
        Self(tenths)
    }

    /// Between 0 and 100.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_done(self) -> bool {
        self == Self::DONE
    }
}

/// How Kubernetes sees the disks of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeClass {
    /// The storage class.
    pub storage_class: &'static str,
    /// The CSI driver.
    pub csi_driver: &'static str,
    /// The file system.
    pub fs_type: &'static str,
    /// The access modes.
    pub access_modes: &'static [&'static str],
    /// What happens to the disk when its claim goes: `Retain`, as disks are deleted by nobody but us.
    pub reclaim_policy: &'static str,
    /// `Filesystem` or `Block`.
    pub volume_mode: &'static str,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;

    use super::*;

    fn record(name: &str, flagged: bool, assigned_at: Option<u128>, created: i64) -> DiskRecord {
        DiskRecord {
            name: name.parse().unwrap(),
            volume: "db".parse().unwrap(),
            flagged,
            assigned_at: assigned_at.map(Ulid),
            size: ByteSize::from_gib(1).unwrap(),
            zone: None,
            options: VolumeOptions::default(),
            handle: format!("/disks/{name}"),
            created_at: Some(OffsetDateTime::UNIX_EPOCH + Duration::seconds(created)),
            updated_at: None,
            state: None,
            attached_to: vec![],
        }
    }

    fn assigned(records: &[DiskRecord]) -> Option<String> {
        assigned_index(records).map(|index| records.get(index).unwrap().name.to_string())
    }

    #[test]
    fn the_latest_assignment_wins_whatever_the_age_of_the_disk() {
        let records = [record("old", true, Some(9), 1), record("new", true, Some(3), 100)];
        assert_eq!(assigned(&records).as_deref(), Some("old"));
    }

    #[test]
    fn a_disk_of_an_older_tool_loses_to_one_that_says_when_it_was_assigned() {
        let records = [
            record("legacy", true, None, 100),
            record("ours", true, Some(1), 1),
        ];
        assert_eq!(assigned(&records).as_deref(), Some("ours"));
        let records = [record("legacy1", true, None, 1), record("legacy2", true, None, 2)];
        assert_eq!(assigned(&records).as_deref(), Some("legacy2"));
        let records = [record("b", true, None, 1), record("a", true, None, 1)];
        assert_eq!(assigned(&records).as_deref(), Some("b"));
    }

    #[test]
    fn an_assignment_time_without_the_flag_means_nothing() {
        assert_eq!(assigned(&[record("a", false, Some(9), 1)]), None);
        assert_eq!(assigned(&[]), None);
    }

    #[test]
    fn a_percentage_that_is_no_number_is_nothing_done() {
        assert!(!Percent::new(f64::NAN).is_done());
        assert!(!Percent::new(99.99).is_done());
        assert!(Percent::new(100.0).is_done() && Percent::new(1e9).is_done());
    }

    proptest! {
        #[test]
        fn one_disk_is_assigned_exactly_when_one_is_flagged(
            flags in proptest::collection::vec((any::<bool>(), proptest::option::of(0_u128..4), 0_i64..4), 0..6),
        ) {
            let records: Vec<_> = flags.iter().enumerate()
                .map(|(i, (flag, at, created))| record(&format!("d{i}"), *flag, *at, *created)).collect();
            let disks = arrange(records.clone());
            let count = disks.iter().filter(|disk| disk.assigned).count();
            prop_assert_eq!(count, usize::from(records.iter().any(|record| record.flagged)));
            prop_assert!(disks.iter().all(|disk| !disk.assigned || disk.record.flagged));
            prop_assert!(disks.is_sorted_by_key(|disk| (Reverse(disk.record.created_at), disk.record.name.to_string())));
        }
    }
}
