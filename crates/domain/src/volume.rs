//! Disks and snapshots of a volume, and which disk is the assigned one.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

use time::OffsetDateTime;
use ulid::Ulid;

use crate::driver::Operation;
use crate::error::{Error, ErrorKind, Result};
use crate::hint::{Argument, Hint};
use crate::name::{DiskName, SnapshotName, VolumeName};
use crate::options::VolumeOptions;
use crate::quantity::ByteSize;
use crate::zone::Zone;

/// How the making of a disk or snapshot stands. Until it is done there is a name, and nothing behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Creation {
    /// It was made. What became of it since is another matter.
    #[default]
    Done,
    /// It is being made.
    UnderWay,
    /// It was never made: the cloud gave it up.
    Failed,
}

impl Creation {
    /// Refuses what was not made.
    ///
    /// # Errors
    /// `Precondition`, with the way out.
    pub fn require_done(self, item: Item, name: &impl ToString, volume: &VolumeName) -> Result<()> {
        let name = name.to_string();
        let at = Argument::Volume(volume.to_string().into());
        let (how, hint) = match self {
            Self::Done => return Ok(()),
            Self::UnderWay => (
                "is still being created",
                Hint::command(
                    "wait until it is there, as its provisioning state shows",
                    item.list().with(at),
                ),
            ),
            Self::Failed => (
                "was never made: its creation failed",
                Hint::command(
                    "create it again as before under the same name, or delete it",
                    item.delete().with(at).with(Argument::Name(name.clone().into())),
                ),
            ),
        };
        Err(Error::new(
            ErrorKind::Precondition,
            format!("{item} {name} of volume {volume} {how}"),
        )
        .with_hint(hint))
    }
}

/// What a volume has: disks and snapshots, which share their rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A disk.
    Disk,
    /// A snapshot.
    Snapshot,
}

impl Item {
    /// The operation that lists such items.
    #[must_use]
    pub const fn list(self) -> Operation {
        match self {
            Self::Disk => Operation::DiskList,
            Self::Snapshot => Operation::SnapshotList,
        }
    }

    /// The operation that deletes such an item.
    #[must_use]
    pub const fn delete(self) -> Operation {
        match self {
            Self::Disk => Operation::DiskDelete,
            Self::Snapshot => Operation::SnapshotDelete,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk => "disk",
            Self::Snapshot => "snapshot",
        })
    }
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It was there, and is gone.
    Deleted,
    /// It was not there.
    WasNotThere,
}

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
    /// Its size. None while it is being made and the cloud does not tell yet.
    pub size: Option<ByteSize>,
    /// Bytes of a logical sector. None while nobody knows.
    pub sector_size: Option<u32>,
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
    /// The cloud's own word for how the last operation on it stands.
    pub provisioning_state: Option<String>,
    /// Whether it was made.
    pub creation: Creation,
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
    /// The size of the disk it was taken from. None while it is being made and the cloud does not tell yet.
    pub size: Option<ByteSize>,
    /// Bytes of a logical sector of the disk it was taken from. None where the cloud does not tell.
    pub sector_size: Option<u32>,
    /// What it is like.
    pub options: VolumeOptions,
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
    /// The cloud's own word for how the last operation on it stands.
    pub provisioning_state: Option<String>,
    /// Whether it was made.
    pub creation: Creation,
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
    use crate::hint::Means;

    fn record(name: &str, flagged: bool, assigned_at: Option<u128>, created: i64) -> DiskRecord {
        DiskRecord {
            name: name.parse().unwrap(),
            volume: "db".parse().unwrap(),
            flagged,
            assigned_at: assigned_at.map(Ulid),
            size: Some(ByteSize::from_gib(1).unwrap()),
            sector_size: None,
            zone: None,
            options: VolumeOptions::default(),
            handle: format!("/disks/{name}"),
            created_at: Some(OffsetDateTime::UNIX_EPOCH + Duration::seconds(created)),
            updated_at: None,
            state: None,
            provisioning_state: None,
            creation: Creation::Done,
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
    fn what_was_never_made_is_refused_with_the_way_out() {
        let volume: VolumeName = "db".parse().unwrap();
        assert!(Creation::Done.require_done(Item::Disk, &"a", &volume).is_ok());
        let at = Argument::Volume("db".into());
        for (creation, item, text, way_out) in [
            (
                Creation::UnderWay,
                Item::Disk,
                "disk a of volume db is still being created",
                Operation::DiskList.with(at.clone()),
            ),
            (
                Creation::Failed,
                Item::Snapshot,
                "snapshot a of volume db was never made: its creation failed",
                Operation::SnapshotDelete
                    .with(at)
                    .with(Argument::Name("a".into())),
            ),
        ] {
            let error = creation.require_done(item, &"a", &volume).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Precondition);
            assert_eq!(error.to_string(), text);
            let means = error.hints().first().and_then(|hint| hint.means.as_ref());
            assert_eq!(means, Some(&Means::Command(way_out)));
        }
    }

    #[test]
    fn an_assignment_time_without_the_flag_means_nothing() {
        assert_eq!(assigned(&[record("a", false, Some(9), 1)]), None);
        assert_eq!(assigned(&[]), None);
    }

    #[test]
    fn a_percentage_is_kept_in_tenths_never_rounded_up_and_what_is_no_number_is_nothing() {
        for (given, value, done) in [
            (f64::NAN, 0.0, false),
            (f64::NEG_INFINITY, 0.0, false),
            (-0.1, 0.0, false),
            (0.0, 0.0, false),
            (1.0, 1.0, false),
            (42.57, 42.5, false),
            (99.99, 99.9, false),
            (100.0, 100.0, true),
            (1e9, 100.0, true),
        ] {
            let percent = Percent::new(given);
            assert!((percent.value() - value).abs() < 1e-9, "{given}: {percent:?}");
            assert_eq!(percent.is_done(), done, "{given}");
        }
    }

    #[test]
    fn snapshots_are_ordered_newest_first_then_by_name_and_those_of_unknown_age_last() {
        let snapshot = |name: &str, volume: &str, created: Option<i64>| VolumeSnapshot {
            name: name.parse().unwrap(),
            volume: volume.parse().unwrap(),
            size: Some(ByteSize::from_gib(1).unwrap()),
            sector_size: None,
            options: VolumeOptions::default(),
            handle: format!("/snapshots/{name}"),
            created_at: created.map(|seconds| OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)),
            updated_at: None,
            source_disk: None,
            completion_percent: Percent::DONE,
            provisioning_state: None,
            creation: Creation::Done,
        };
        let mut snapshots = [
            snapshot("a", "db", None),
            snapshot("b", "db", Some(1)),
            snapshot("a", "log", Some(1)),
            snapshot("c", "db", Some(2)),
            snapshot("a", "db", Some(1)),
        ];
        arrange_snapshots(&mut snapshots);
        let order = snapshots.map(|snapshot| format!("{}/{}", snapshot.volume, snapshot.name));
        assert_eq!(order, ["db/c", "db/a", "log/a", "db/b", "db/a"]);
    }

    proptest! {
        #[test]
        fn one_disk_of_a_volume_is_assigned_exactly_when_one_of_them_is_flagged(
            flags in proptest::collection::vec((any::<bool>(), proptest::option::of(0_u128..4), 0_i64..4), 0..6),
        ) {
            // Two volumes, in which disks have the same names.
            let records: Vec<_> = flags.iter().enumerate().map(|(i, (flag, at, created))| DiskRecord {
                volume: if i % 2 == 0 { "db" } else { "log" }.parse().unwrap(),
                ..record(&format!("d{}", i / 2), *flag, *at, *created)
            }).collect();
            let disks = arrange(records.clone());
            prop_assert_eq!(disks.len(), records.len());
            for volume in ["db", "log"] {
                let of_it = |record: &DiskRecord| record.volume.as_str() == volume;
                let assigned = disks.iter().filter(|disk| disk.assigned && of_it(&disk.record)).count();
                let flagged = records.iter().any(|record| record.flagged && of_it(record));
                prop_assert_eq!(assigned, usize::from(flagged), "{}", volume);
            }
            prop_assert!(disks.iter().all(|disk| !disk.assigned || disk.record.flagged));
            let position = |VolumeDisk { record, .. }: &VolumeDisk| {
                (Reverse(record.created_at), record.name.to_string(), record.volume.clone())
            };
            prop_assert!(disks.is_sorted_by_key(position));
        }
    }
}
