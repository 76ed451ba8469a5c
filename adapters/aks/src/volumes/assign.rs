//! Assigning a disk: exactly one is assigned at every moment, whatever is interrupted.
//!
//! The target is marked first, with a time greater than all; from then on it is the assigned one for every
//! reader. Only then the others are cleared. ARM has no compare-and-set for disks, so the end is verified.
//!
//! Two who assign at once may each clear what the other has just marked: a clearing cannot know that the disk was
//! marked again since it was listed. Whoever clears last finds none assigned then, and marks again.

use futures::{StreamExt as _, TryStreamExt as _};
use kompox_arm::{ArmError, ArmRequest, FinalState, Pace};
use kompox_domain::progress::WarningKind;
use kompox_domain::volume::{self, DiskRecord, Item, VolumeDisk};
use kompox_domain::{Argument, DiskName, Error, ErrorKind, Hint, Operation, Result, Volume, naming, tags};
use serde_json::json;
use ulid::Ulid;

use super::{AppVolumes, require_disk, source};
use crate::api::Kind;

/// How many disks are cleared at once. As many as the client sends at once: a switch usually clears one.
const CONCURRENCY: usize = 16;

impl AppVolumes<'_> {
    pub(crate) async fn disk_assign(&self, volume: &Volume, name: &DiskName) -> Result<VolumeDisk> {
        require_disk(volume)?;
        let volumes = std::slice::from_ref(volume);
        let before = self.disk_records(volumes).await?;
        let Some(target) = before.iter().find(|record| record.name == *name) else {
            let names = before.iter().map(|record| record.name.to_string());
            return Err(source::missing("disk", &volume.name, &name.to_string(), names));
        };
        target.creation.require_done(Item::Disk, name, &volume.name)?;
        let leads = assigned(&before).is_some_and(|assigned| assigned.name == *name);
        let others: Vec<DiskName> = before
            .iter()
            .filter(|record| record.flagged && record.name != *name)
            .map(|record| record.name.clone())
            .collect();
        if leads && others.is_empty() {
            return Ok(VolumeDisk {
                assigned: true,
                record: target.clone(),
            });
        }

        if leads {
            // What was asked for is so already, whatever becomes of the marks of the others.
            self.session.cx.write().may_have_taken_effect();
        } else {
            self.mark(volume, name, &before).await?;
        }
        futures::stream::iter(others)
            .map(|other| async move { self.clear(volume, &other).await })
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;

        let mut records = self.disk_records_with(volume, name).await?;
        if assigned(&records).is_none()
            && let Some(again) = remaining(&records, name, &before)
        {
            // Nothing is cleared any more, so this cannot take away anybody else's mark.
            match self.mark(volume, &again, &records).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                result => result?,
            }
            records = self.disk_records(volumes).await?;
        }
        verify(volume, name, records)
    }

    /// Marks a disk with a time greater than all of `records`, and than now.
    async fn mark(&self, volume: &Volume, name: &DiskName, records: &[DiskRecord]) -> Result<()> {
        let latest = records.iter().filter_map(|record| record.assigned_at).max();
        self.merge_tags(volume, name, Flag::Set(self.session.cx.next_ulid(latest)))
            .await
    }

    /// Clears the flag of a disk. One that somebody deleted meanwhile needs no clearing.
    pub(crate) async fn clear(&self, volume: &Volume, name: &DiskName) -> Result<()> {
        match self.merge_tags(volume, name, Flag::Cleared).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Merges the flag of one disk; the user's own tags stay as they are. Returns when it has taken effect.
    async fn merge_tags(&self, volume: &Volume, name: &DiskName, flag: Flag) -> Result<()> {
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), name);
        let values = match flag {
            Flag::Set(at) => json!({ tags::DISK_ASSIGNED: "true", tags::DISK_ASSIGNED_AT: at.to_string() }),
            Flag::Cleared => json!({ tags::DISK_ASSIGNED: "false", tags::DISK_ASSIGNED_AT: "" }),
        };
        let body = json!({ "operation": "Merge", "properties": { "tags": values } });
        let url = self.group.tags_url(self.session.arm, Kind::Disks, &resource)?;
        // What the tags resource shows says nothing about the merge: the disk list is what counts.
        let request = ArmRequest::merge(url, &body)?
            .in_known_group()
            .resource_tells_nothing();
        let step = self.session.cx.begin(format!("tag disk {resource}"));
        let result = match self
            .session
            .arm
            .run(self.session.cx, &request, FinalState::Nothing, &step)
            .await
        {
            Ok(_) => Ok(()),
            Err(ArmError::Unfollowed { .. }) => self.until_seen(volume, name, flag).await,
            Err(error) if error.may_have_taken_effect() => {
                let shown = !error.is_deadline() && self.shows(volume, name, flag).await;
                shown
                    .then(|| self.warn_of_lost_answer(name))
                    .ok_or_else(|| unsettled(name, error))
            }
            Err(error) => Err(error.into()),
        };
        step.end(result)
    }

    /// Whether the disk list shows a flag whose writing was not answered. That it does not show it proves nothing: a
    /// merge may take effect late.
    async fn shows(&self, volume: &Volume, name: &DiskName, flag: Flag) -> bool {
        let records = self.disk_records(std::slice::from_ref(volume)).await;
        records.is_ok_and(|records| {
            let record = records.iter().find(|record| record.name == *name);
            record.is_some_and(|record| flag.shows_in(record))
        })
    }

    fn warn_of_lost_answer(&self, name: &DiskName) {
        self.session.cx.warn(
            WarningKind::AnswerLost,
            format!("Azure's answer about the tags of disk {name} was lost; the disk list shows that it took effect"),
        );
    }

    /// Waits until the disk list shows a flag that was accepted, and that cannot be followed in another way.
    async fn until_seen(&self, volume: &Volume, name: &DiskName, flag: Flag) -> Result<()> {
        let mut pace = Pace::new(self.session.options.poll);
        loop {
            let records = self.disk_records(std::slice::from_ref(volume)).await?;
            match records.into_iter().find(|record| record.name == *name) {
                None => {
                    return Err(Error::new(
                        ErrorKind::NotFound,
                        format!("disk {name} was deleted meanwhile"),
                    ));
                }
                Some(record) if flag.shows_in(&record) => return Ok(()),
                Some(_) => {}
            }
            self.session
                .arm
                .pause(self.session.cx, pace.wait(), || {
                    format!("while Azure was still tagging disk {name}")
                })
                .await?;
        }
    }
}

/// The error of a merge that may have taken effect, of whatever kind the last answer is: that one does not say that the
/// disk is gone.
fn unsettled(name: &DiskName, error: ArmError) -> Error {
    let error = Error::from(error);
    if error.kind() != ErrorKind::NotFound {
        return error;
    }
    let message = format!("Azure's answer about the tags of disk {name} was lost");
    Error::new(ErrorKind::Unavailable, message).with_source(error)
}

/// What is written to a disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flag {
    Set(Ulid),
    Cleared,
}

impl Flag {
    fn shows_in(self, record: &DiskRecord) -> bool {
        match self {
            Self::Set(at) => record.flagged && record.assigned_at == Some(at),
            Self::Cleared => !record.flagged,
        }
    }
}

fn assigned(records: &[DiskRecord]) -> Option<&DiskRecord> {
    volume::assigned_index(records).and_then(|index| records.get(index))
}

/// What to mark when none is left: the disk asked for; where that is gone, of those that are still there the one that
/// was assigned before, or would have been next.
fn remaining(records: &[DiskRecord], name: &DiskName, before: &[DiskRecord]) -> Option<DiskName> {
    let there = |name: &DiskName| records.iter().any(|record| record.name == *name);
    if there(name) {
        return Some(name.clone());
    }
    let left = before.iter().filter(|record| there(&record.name));
    let left: Vec<DiskRecord> = left.cloned().collect();
    assigned(&left).map(|record| record.name.clone())
}

fn verify(volume: &Volume, name: &DiskName, records: Vec<DiskRecord>) -> Result<VolumeDisk> {
    let there = records.iter().any(|record| record.name == *name);
    let lost = |what: String| {
        Err(Error::new(ErrorKind::Conflict, what).with_hint(Hint::command(
            "somebody else is at work; look at what there is",
            Operation::DiskList.with(Argument::Volume(volume.name.to_string().into())),
        )))
    };
    match volume::arrange(records).into_iter().find(|disk| disk.assigned) {
        Some(disk) if disk.record.name == *name => Ok(disk),
        Some(disk) if there => lost(format!(
            "disk {} was assigned at the same time, and is the assigned one now",
            disk.record.name
        )),
        Some(disk) => lost(format!(
            "disk {name} was deleted at the same time; disk {} is the assigned one",
            disk.record.name
        )),
        None => lost(format!(
            "disk {name} was deleted or cleared at the same time; none is assigned now"
        )),
    }
}

#[cfg(test)]
mod tests {
    use kompox_arm::error::ServiceError;
    use kompox_domain::volume::Creation;
    use kompox_domain::{ByteSize, VolumeOptions};

    use kompox_domain::hint::Means;

    use super::*;

    /// A disk; flagged where it has a time.
    fn record(name: &str, assigned_at: Option<u128>) -> DiskRecord {
        DiskRecord {
            name: name.parse().unwrap(),
            volume: "db".parse().unwrap(),
            flagged: assigned_at.is_some(),
            assigned_at: assigned_at.map(Ulid),
            size: Some(ByteSize::from_gib(1).unwrap()),
            sector_size: None,
            zone: None,
            options: VolumeOptions::default(),
            handle: format!("/disks/{name}"),
            created_at: None,
            updated_at: None,
            state: None,
            provisioning_state: None,
            creation: Creation::Done,
            attached_to: vec![],
        }
    }

    fn name(name: &str) -> DiskName {
        name.parse().unwrap()
    }

    #[test]
    fn a_mark_shows_by_its_flag_and_its_own_time_and_a_clearing_by_the_missing_flag() {
        let (mark, cleared) = (Flag::Set(Ulid(7)), Flag::Cleared);
        let with_time = |flagged, at| DiskRecord {
            flagged,
            ..record("one", at)
        };
        for (flagged, at, marked) in [
            (true, Some(7), true),
            (true, Some(8), false),
            (true, None, false),
            (false, Some(7), false),
            (false, None, false),
        ] {
            let record = with_time(flagged, at);
            assert_eq!(mark.shows_in(&record), marked, "{flagged} {at:?}");
            assert_eq!(cleared.shows_in(&record), !flagged, "{flagged} {at:?}");
        }
    }

    #[test]
    fn where_none_is_left_the_disk_asked_for_is_marked_or_the_one_that_was_assigned_and_is_still_there() {
        let before = [
            record("old", Some(1)),
            record("last", Some(2)),
            record("never", None),
            record("two", None),
        ];
        for (there, expected) in [
            (vec!["old", "last", "never", "two"], Some("two")),
            (vec!["two"], Some("two")),
            (vec!["old", "last", "never"], Some("last")),
            (vec!["old", "never"], Some("old")),
            // Nobody ever asked for one that was never assigned.
            (vec!["never"], None),
            // Nor for one that came since.
            (vec!["new"], None),
            (vec![], None),
        ] {
            let records: Vec<DiskRecord> = there.iter().map(|name| record(name, None)).collect();
            let again = remaining(&records, &name("two"), &before);
            assert_eq!(again, expected.map(name), "{there:?}");
        }
    }

    #[test]
    fn the_end_is_good_only_where_the_disk_asked_for_is_the_assigned_one() {
        let volume = Volume {
            name: "db".parse().unwrap(),
            size: ByteSize::from_gib(1).unwrap(),
            kind: kompox_domain::model::VolumeKind::Disk,
            options: VolumeOptions::default(),
        };
        let end = |records: Vec<DiskRecord>| verify(&volume, &name("two"), records);
        let disk = end(vec![
            record("one", Some(1)),
            record("two", Some(2)),
            record("three", None),
        ])
        .unwrap();
        assert!(disk.assigned && disk.record.name == name("two"));
        for (records, expected) in [
            (
                vec![record("one", Some(2)), record("two", Some(1))],
                "disk one was assigned at the same time, and is the assigned one now",
            ),
            (
                vec![record("one", Some(2)), record("two", None)],
                "disk one was assigned at the same time, and is the assigned one now",
            ),
            (
                vec![record("one", Some(1)), record("three", None)],
                "disk two was deleted at the same time; disk one is the assigned one",
            ),
            (
                vec![record("one", None), record("two", None)],
                "disk two was deleted or cleared at the same time; none is assigned now",
            ),
            (
                vec![],
                "disk two was deleted or cleared at the same time; none is assigned now",
            ),
        ] {
            let error = end(records).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::Conflict, expected)
            );
            let list = Operation::DiskList.with(Argument::Volume("db".into()));
            assert!(
                matches!(error.hints(), [hint] if hint.means == Some(Means::Command(list))),
                "{:?}",
                error.hints()
            );
        }
    }

    #[test]
    fn a_merge_that_may_have_taken_effect_never_says_that_the_disk_is_not_there() {
        let last = |status| {
            ArmError::Unsettled(Box::new(ArmError::Service(Box::new(ServiceError {
                status,
                message: "No.".to_owned(),
                ..ServiceError::default()
            }))))
        };
        let error = unsettled(&name("two"), last(404));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(
            error.to_string(),
            "Azure's answer about the tags of disk two was lost"
        );
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("No."), "{source}");
        for (status, kind) in [
            (403, ErrorKind::PermissionDenied),
            (409, ErrorKind::Conflict),
            (429, ErrorKind::Throttled),
            (500, ErrorKind::Unavailable),
        ] {
            let error = unsettled(&name("two"), last(status));
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains("No."), "{error}");
        }
    }
}
