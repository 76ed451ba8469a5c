//! Disks as they are printed.

use std::collections::BTreeMap;

use kompox_domain::volume::DiskRecord;
use kompox_domain::{ByteSize, VolumeDisk};
use serde::Serialize;
use time::OffsetDateTime;

use super::{OptionView, age, last_operation, last_segment, options, options_text};
use crate::timestamp::rfc3339;
use crate::ui::{Shown, Table};

/// A disk in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiskView {
    name: String,
    volume_name: String,
    assigned: bool,
    /// In bytes; null as long as nobody knows.
    size: Option<u64>,
    /// In bytes; null as long as nobody knows.
    sector_size: Option<u32>,
    zone: Option<String>,
    options: BTreeMap<String, OptionView>,
    handle: String,
    created_at: Option<String>,
    updated_at: Option<String>,
    state: Option<String>,
    provisioning_state: Option<String>,
    attached_to: Vec<String>,
}

impl From<&VolumeDisk> for DiskView {
    fn from(disk: &VolumeDisk) -> Self {
        let record = &disk.record;
        Self {
            name: record.name.to_string(),
            volume_name: record.volume.to_string(),
            assigned: disk.assigned,
            size: record.size.map(ByteSize::bytes),
            sector_size: record.sector_size,
            zone: record.zone.map(|zone| zone.to_string()),
            options: options(&record.options),
            handle: record.handle.clone(),
            created_at: record.created_at.map(rfc3339),
            updated_at: record.updated_at.map(rfc3339),
            state: record.state.clone(),
            provisioning_state: record.provisioning_state.clone(),
            attached_to: record.attached_to.clone(),
        }
    }
}

/// Disks as JSON and YAML show them.
pub(crate) fn views(disks: &[VolumeDisk]) -> Vec<DiskView> {
    disks.iter().map(DiskView::from).collect()
}

/// Disks for humans.
pub(crate) fn shown(disks: &[VolumeDisk], empty: &str) -> Shown {
    shown_at(disks, empty, OffsetDateTime::now_utc())
}

fn shown_at(disks: &[VolumeDisk], empty: &str, now: OffsetDateTime) -> Shown {
    let mut table = Table::new(&[
        "NAME",
        "VOLUME",
        "ASSIGNED",
        "SIZE",
        "ZONE",
        "OPTIONS",
        "STATE",
        "ATTACHED-TO",
        "AGE",
    ]);
    for disk in disks {
        let record = &disk.record;
        let attached: Vec<&str> = record.attached_to.iter().map(|id| last_segment(id)).collect();
        table.row(vec![
            record.name.to_string(),
            record.volume.to_string(),
            if disk.assigned { "yes" } else { "no" }.to_owned(),
            record.size.map(|size| size.to_string()).unwrap_or_default(),
            record.zone.map(|zone| zone.to_string()).unwrap_or_default(),
            options_text(&record.options),
            state(record),
            attached.join(","),
            age(record.created_at, now),
        ]);
    }
    Shown {
        table,
        more: Vec::new(),
        names: disks.iter().map(|disk| disk.record.name.to_string()).collect(),
        empty: empty.to_owned(),
    }
}

/// The state of a disk, and that of the last operation on it unless all is well.
fn state(record: &DiskRecord) -> String {
    let state = record.state.clone().unwrap_or_default();
    match last_operation(record.provisioning_state.as_deref()) {
        None => state,
        Some(operation) if state.is_empty() => operation.to_owned(),
        Some(operation) => format!("{state} ({operation})"),
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::options::OptionValue;
    use kompox_domain::volume::Creation;
    use kompox_domain::{VolumeOptions, Zone};

    use super::*;

    fn disk() -> VolumeDisk {
        let options: VolumeOptions = [
            ("iops".to_owned(), OptionValue::Integer(3000)),
            ("sku".to_owned(), OptionValue::Text("PremiumV2_LRS".to_owned())),
        ]
        .into_iter()
        .collect();
        VolumeDisk {
            assigned: true,
            record: DiskRecord {
                name: "first".parse().unwrap(),
                volume: "db".parse().unwrap(),
                flagged: true,
                assigned_at: None,
                size: Some(ByteSize::from_gib(32).unwrap()),
                sector_size: Some(4096),
                zone: Some(Zone::parse("japaneast-1", "japaneast").unwrap()),
                options,
                handle: "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/disks/db-034d4d-first"
                    .to_owned(),
                created_at: Some(
                    OffsetDateTime::from_unix_timestamp_nanos(1_763_683_200_500_000_000).unwrap(),
                ),
                updated_at: None,
                state: Some("Attached".to_owned()),
                provisioning_state: Some("Succeeded".to_owned()),
                creation: Creation::Done,
                attached_to: vec!["/subscriptions/s/virtualmachines/vm-1".to_owned()],
            },
        }
    }

    #[test]
    fn a_disk_in_json_has_the_fields_of_the_contract() {
        let json = serde_json::to_string_pretty(&DiskView::from(&disk())).unwrap();
        insta::assert_snapshot!(json, @r#"
        {
          "name": "first",
          "volumeName": "db",
          "assigned": true,
          "size": 34359738368,
          "sectorSize": 4096,
          "zone": "1",
          "options": {
            "iops": 3000,
            "sku": "PremiumV2_LRS"
          },
          "handle": "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/disks/db-034d4d-first",
          "createdAt": "2025-11-21T00:00:00.5Z",
          "updatedAt": null,
          "state": "Attached",
          "provisioningState": "Succeeded",
          "attachedTo": [
            "/subscriptions/s/virtualmachines/vm-1"
          ]
        }
        "#);
    }

    #[test]
    fn a_size_that_nobody_knows_is_null_and_a_dash() {
        let mut disk = disk();
        disk.record.size = None;
        let json = serde_json::to_value(DiskView::from(&disk)).unwrap();
        assert!(json["size"].is_null(), "{json}");
        let table = shown(&[disk], "").table.to_string();
        assert!(table.contains("yes        -      1"), "{table}");
    }

    #[test]
    fn the_last_operation_is_told_where_it_did_not_end_well() {
        let mut disk = disk();
        for (state, operation, expected) in [
            (Some("Unattached"), Some("Succeeded"), "Unattached"),
            (Some("Unattached"), None, "Unattached"),
            (Some("Attached"), Some("Updating"), "Attached (Updating)"),
            (None, Some("Failed"), "Failed"),
        ] {
            disk.record.state = state.map(str::to_owned);
            disk.record.provisioning_state = operation.map(str::to_owned);
            assert_eq!(super::state(&disk.record), expected);
        }
    }

    #[test]
    fn disks_in_a_table_fit_on_a_screen() {
        let mut plain = disk();
        plain.assigned = false;
        plain.record.zone = None;
        plain.record.options = VolumeOptions::default();
        plain.record.attached_to.clear();
        let now = disk().record.created_at.unwrap() + time::Duration::minutes(5);
        insta::assert_snapshot!(shown_at(&[disk(), plain], "", now).table.to_string(), @r"
        NAME    VOLUME   ASSIGNED   SIZE   ZONE   OPTIONS                       STATE      ATTACHED-TO   AGE
        first   db       yes        32Gi   1      iops=3000,sku=PremiumV2_LRS   Attached   vm-1          5m
        first   db       no         32Gi   -      -                             Attached   -             5m
        ");
    }
}
