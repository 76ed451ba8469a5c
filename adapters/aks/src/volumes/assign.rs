//! Assigning a disk: exactly one is assigned at every moment, whatever is interrupted.
//!
//! The target is marked first, with a time greater than all; from then on it is the assigned one for every
//! reader. Only then the others are cleared. ARM has no compare-and-set for disks, so the end is verified.

use futures::{StreamExt as _, TryStreamExt as _};
use kompox_arm::{ArmRequest, FinalState};
use kompox_domain::volume::{self, VolumeDisk};
use kompox_domain::{DiskName, Error, ErrorKind, Result, Volume, naming, tags};
use serde_json::{Value, json};

use super::{AppVolumes, require_disk, source};
use crate::api::Kind;

/// How many disks are cleared at once.
const CONCURRENCY: usize = 8;

impl AppVolumes<'_> {
    pub(crate) async fn disk_assign(&self, volume: &Volume, name: &DiskName) -> Result<VolumeDisk> {
        require_disk(volume)?;
        let volumes = std::slice::from_ref(volume);
        let records = self.disk_records(volumes).await?;
        let Some(target) = records.iter().find(|record| record.name == *name) else {
            let names = records.iter().map(|record| record.name.to_string());
            return Err(source::missing("disk", &volume.name, &name.to_string(), names));
        };
        let winner = volume::assigned_index(&records).and_then(|index| records.get(index));
        let leads = winner.is_some_and(|winner| winner.name == *name);
        let others: Vec<DiskName> = records
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

        if !leads {
            let latest = records.iter().filter_map(|record| record.assigned_at).max();
            let at = self.cx.next_ulid(latest).to_string();
            let mark = json!({ tags::DISK_ASSIGNED: "true", tags::DISK_ASSIGNED_AT: at });
            self.merge_tags(volume, name, mark).await?;
        }
        futures::stream::iter(others)
            .map(|other| async move {
                let clear = json!({ tags::DISK_ASSIGNED: "false", tags::DISK_ASSIGNED_AT: "" });
                match self.merge_tags(volume, &other, clear).await {
                    // A disk that somebody deleted meanwhile needs no clearing.
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                    result => result,
                }
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;

        self.verify(volume, name).await
    }

    async fn verify(&self, volume: &Volume, name: &DiskName) -> Result<VolumeDisk> {
        let disks = volume::arrange(self.disk_records(std::slice::from_ref(volume)).await?);
        let lost = |what: String| {
            Err(Error::new(ErrorKind::Conflict, what).with_hint(format!(
                "somebody else is at work; see kompoxops disk list -V {}",
                volume.name
            )))
        };
        match disks.into_iter().find(|disk| disk.assigned) {
            Some(disk) if disk.record.name == *name => Ok(disk),
            Some(disk) => lost(format!(
                "disk {} was assigned at the same time, and is the assigned one now",
                disk.record.name
            )),
            None => lost(format!(
                "disk {name} was deleted or cleared at the same time; none is assigned now"
            )),
        }
    }

    /// Merges tags of one disk; the user's own stay as they are.
    async fn merge_tags(&self, volume: &Volume, name: &DiskName, values: Value) -> Result<()> {
        let resource = naming::item_resource_name(&volume.name, &self.app.id_hash(), name);
        let body = json!({ "operation": "Merge", "properties": { "tags": values } });
        let url = self.group.tags_url(self.arm, Kind::Disks, &resource)?;
        let request = ArmRequest::merge(url, &body)?.in_known_group();
        let step = self.cx.begin(format!("tag disk {resource}"));
        // The tags resource may lag behind what it was just told: the disk list is what counts.
        let result = self.arm.run(self.cx, &request, FinalState::Nothing, &step).await;
        step.end(result)?;
        Ok(())
    }
}
