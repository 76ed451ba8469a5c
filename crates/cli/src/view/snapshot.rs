//! Snapshots as they are printed.

use std::collections::BTreeMap;

use kompox_domain::volume::Creation;
use kompox_domain::{ByteSize, VolumeSnapshot};
use serde::Serialize;
use time::OffsetDateTime;

use super::{OptionView, age, last_operation, last_segment, options};
use crate::timestamp::rfc3339;
use crate::ui::{Shown, Table};

/// A snapshot in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SnapshotView {
    name: String,
    volume_name: String,
    /// In bytes; null as long as nobody knows.
    size: Option<u64>,
    /// In bytes; null where the cloud does not tell.
    sector_size: Option<u32>,
    options: BTreeMap<String, OptionView>,
    handle: String,
    created_at: Option<String>,
    updated_at: Option<String>,
    source_disk: Option<String>,
    completion_percent: f64,
    provisioning_state: Option<String>,
}

impl From<&VolumeSnapshot> for SnapshotView {
    fn from(snapshot: &VolumeSnapshot) -> Self {
        Self {
            name: snapshot.name.to_string(),
            volume_name: snapshot.volume.to_string(),
            size: snapshot.size.map(ByteSize::bytes),
            sector_size: snapshot.sector_size,
            options: options(&snapshot.options),
            handle: snapshot.handle.clone(),
            created_at: snapshot.created_at.map(rfc3339),
            updated_at: snapshot.updated_at.map(rfc3339),
            source_disk: snapshot.source_disk.clone(),
            completion_percent: snapshot.completion_percent.value(),
            provisioning_state: snapshot.provisioning_state.clone(),
        }
    }
}

/// Snapshots as JSON and YAML show them.
pub(crate) fn views(snapshots: &[VolumeSnapshot]) -> Vec<SnapshotView> {
    snapshots.iter().map(SnapshotView::from).collect()
}

/// Snapshots for humans.
pub(crate) fn shown(snapshots: &[VolumeSnapshot], empty: &str) -> Shown {
    shown_at(snapshots, empty, OffsetDateTime::now_utc())
}

fn shown_at(snapshots: &[VolumeSnapshot], empty: &str, now: OffsetDateTime) -> Shown {
    let mut table = Table::new(&["NAME", "VOLUME", "SIZE", "SOURCE-DISK", "COMPLETE", "AGE"]);
    for snapshot in snapshots {
        table.row(vec![
            snapshot.name.to_string(),
            snapshot.volume.to_string(),
            snapshot.size.map(|size| size.to_string()).unwrap_or_default(),
            snapshot
                .source_disk
                .as_deref()
                .map(last_segment)
                .unwrap_or_default()
                .to_owned(),
            complete(snapshot),
            age(snapshot.created_at, now),
        ]);
    }
    Shown {
        table,
        more: Vec::new(),
        names: snapshots
            .iter()
            .map(|snapshot| snapshot.name.to_string())
            .collect(),
        empty: empty.to_owned(),
    }
}

/// How much of a snapshot is there, and the state of the last operation on it unless all is well.
fn complete(snapshot: &VolumeSnapshot) -> String {
    let percent = snapshot.completion_percent.value();
    match last_operation(snapshot.provisioning_state.as_deref()) {
        None => format!("{percent}%"),
        Some(operation) if snapshot.creation == Creation::Done => format!("{percent}% ({operation})"),
        // Nothing of it is there.
        Some(operation) => operation.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::options::OptionValue;
    use kompox_domain::volume::Percent;

    use super::*;

    #[test]
    fn a_snapshot_has_the_fields_of_the_contract() {
        let snapshot = VolumeSnapshot {
            name: "before".parse().unwrap(),
            volume: "db".parse().unwrap(),
            size: Some(ByteSize::from_gib(32).unwrap()),
            sector_size: Some(512),
            options: [("sku".to_owned(), OptionValue::Text("Standard_LRS".to_owned()))]
                .into_iter()
                .collect(),
            handle:
                "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/snapshots/db-034d4d-before"
                    .to_owned(),
            created_at: Some(OffsetDateTime::UNIX_EPOCH),
            updated_at: None,
            source_disk: Some("first".to_owned()),
            completion_percent: Percent::new(40.5),
            provisioning_state: Some("Succeeded".to_owned()),
            creation: Creation::Done,
        };
        let json = serde_json::to_string_pretty(&SnapshotView::from(&snapshot)).unwrap();
        insta::assert_snapshot!(json, @r#"
        {
          "name": "before",
          "volumeName": "db",
          "size": 34359738368,
          "sectorSize": 512,
          "options": {
            "sku": "Standard_LRS"
          },
          "handle": "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/snapshots/db-034d4d-before",
          "createdAt": "1970-01-01T00:00:00Z",
          "updatedAt": null,
          "sourceDisk": "first",
          "completionPercent": 40.5,
          "provisioningState": "Succeeded"
        }
        "#);
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(3);
        let mut unknown = snapshot.clone();
        unknown.size = None;
        assert!(serde_json::to_value(SnapshotView::from(&unknown)).unwrap()["size"].is_null());
        let table = shown_at(&[unknown], "", now).table.to_string();
        assert!(table.contains("db       -      first"), "{table}");
        insta::assert_snapshot!(shown_at(&[snapshot], "", now).table.to_string(), @r"
        NAME     VOLUME   SIZE   SOURCE-DISK   COMPLETE   AGE
        before   db       32Gi   first         40.5%      3d
        ");
    }
}
