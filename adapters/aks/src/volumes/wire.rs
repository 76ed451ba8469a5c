//! Between the published shapes of ARM and the records of the domain.

use azure_mgmt_compute::package_2024_03_02::models::{self, creation_data::CreateOption};
use kompox_arm::operation::{End, ended};
use kompox_domain::options::OptionValue;
use kompox_domain::volume::{Creation, DiskRecord, Percent, VolumeSnapshot};
use kompox_domain::{
    ByteSize, DiskName, Error, ErrorKind, Result, SnapshotName, VolumeName, VolumeOptions, Zone, tags,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use super::sku::sector_size;

/// A new disk or snapshot, as it is sent.
///
/// The models write `null` for dates that only the server sets; those must not be sent.
pub(crate) fn body(model: &impl Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(model).map_err(|error| {
        Error::new(ErrorKind::Internal, "a request cannot be written as JSON").with_source(error)
    })?;
    strip_nulls(&mut value);
    Ok(value)
}

fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

/// Data for something that is copied.
pub(crate) fn copied_from(id: &str, option: CreateOption) -> models::CreationData {
    let mut data = models::CreationData::new(option);
    data.source_resource_id = Some(id.to_owned());
    data
}

/// A tag's value. Tag names compare without case.
pub(crate) fn tag<'a>(found: Option<&'a Value>, name: &str) -> Option<&'a str> {
    found?
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .and_then(|(_, value)| value.as_str())
}

/// Whether these are tags at all, and those of our names hold text, as ARM's do: else nobody can say whose it is.
pub(crate) fn tells_owner(found: Option<&Value>) -> bool {
    match found {
        None | Some(Value::Null) => true,
        Some(Value::Object(found)) => found
            .iter()
            .all(|(name, value)| value.is_string() || !name.to_ascii_lowercase().starts_with("kompox-")),
        Some(_) => false,
    }
}

/// A resource of which only the little that tells whose it is has been read.
#[derive(Deserialize)]
pub(crate) struct Glance<'a> {
    #[serde(borrow)]
    pub(crate) name: std::borrow::Cow<'a, str>,
    #[serde(default)]
    pub(crate) tags: Option<Value>,
}

/// Reads a disk of ours.
///
/// # Errors
/// `Internal` for one that carries our name and tags but cannot be read: leaving it out could show none or
/// another one as assigned.
pub(crate) fn disk(json: &str, volume: &VolumeName, name: DiskName, region: &str) -> Result<DiskRecord> {
    let disk: models::Disk = serde_json::from_str(json).map_err(|error| unreadable("disk", &name, error))?;
    let found = disk.resource.tags.as_ref();
    let properties = disk.properties.as_ref();
    let flagged = tag(found, tags::DISK_ASSIGNED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let assigned_at = tag(found, tags::DISK_ASSIGNED_AT).and_then(|text| Ulid::from_string(text).ok());
    let bytes = properties
        .and_then(|p| p.disk_size_bytes)
        .and_then(|bytes| u64::try_from(bytes).ok());
    let gib = properties
        .and_then(|p| p.disk_size_gb)
        .and_then(|gib| u64::try_from(gib).ok());
    let (size, creation) = (size(bytes, gib), creation(json));
    // A copy is asked for without one, and until it is made Azure tells no more than it was told.
    if size.is_none() && creation == Creation::Done {
        return Err(unreadable("disk", &name, "it has no size"));
    }
    let told = properties.and_then(|p| p.creation_data.logical_sector_size);
    let mut attached_to: Vec<String> = disk
        .managed_by
        .iter()
        .chain(&disk.managed_by_extended)
        .cloned()
        .collect();
    attached_to.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    Ok(DiskRecord {
        volume: volume.clone(),
        flagged,
        assigned_at,
        size,
        sector_size: sector_size(told, sku(&disk).as_deref()),
        zone: disk.zones.first().and_then(|zone| Zone::parse(zone, region).ok()),
        options: options(&disk),
        handle: handle("disk", &name, &disk.resource)?,
        created_at: properties.and_then(|p| p.time_created),
        updated_at: properties.and_then(|p| p.last_ownership_update_time),
        state: properties.and_then(|p| p.disk_state.as_ref()).and_then(word),
        provisioning_state: properties
            .and_then(|p| p.provisioning_state.as_deref())
            .map(kompox_arm::error::word),
        creation,
        attached_to,
        name,
    })
}

fn sku(disk: &models::Disk) -> Option<String> {
    word(disk.sku.as_ref()?.name.as_ref()?)
}

fn options(disk: &models::Disk) -> VolumeOptions {
    let number = |pick: fn(&models::DiskProperties) -> Option<i64>| disk.properties.as_ref().and_then(pick);
    let given = [
        ("sku", sku(disk).map(OptionValue::Text)),
        (
            "iops",
            number(|p| p.disk_iops_read_write).map(OptionValue::Integer),
        ),
        (
            "mbps",
            number(|p| p.disk_m_bps_read_write).map(OptionValue::Integer),
        ),
        (
            "sectorSize",
            number(|p| p.creation_data.logical_sector_size.map(i64::from)).map(OptionValue::Integer),
        ),
        (
            "diskEncryptionSet",
            encryption_set(disk.properties.as_ref().and_then(|p| p.encryption.as_ref())),
        ),
    ];
    told(given)
}

fn encryption_set(encryption: Option<&models::Encryption>) -> Option<OptionValue> {
    encryption?.disk_encryption_set_id.clone().map(OptionValue::Text)
}

fn told<const N: usize>(given: [(&str, Option<OptionValue>); N]) -> VolumeOptions {
    given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Reads a snapshot of ours.
///
/// # Errors
/// As [`disk`].
pub(crate) fn snapshot(json: &str, volume: &VolumeName, name: SnapshotName) -> Result<VolumeSnapshot> {
    let snapshot: models::Snapshot =
        serde_json::from_str(json).map_err(|error| unreadable("snapshot", &name, error))?;
    let properties = snapshot.properties.as_ref();
    let bytes = properties
        .and_then(|p| p.disk_size_bytes)
        .and_then(|bytes| u64::try_from(bytes).ok());
    let gib = properties
        .and_then(|p| p.disk_size_gb)
        .and_then(|gib| u64::try_from(gib).ok());
    let (size, creation) = (size(bytes, gib), creation(json));
    // Absent means complete: only copies that take their time report it.
    let completion_percent = properties
        .and_then(|p| p.completion_percent)
        .map_or(Percent::DONE, Percent::new);
    // As for a disk. What is in a snapshot may still be copied when the snapshot itself was made.
    if size.is_none() && creation == Creation::Done && completion_percent.is_done() {
        return Err(unreadable("snapshot", &name, "it has no size"));
    }
    let sku = snapshot
        .sku
        .as_ref()
        .and_then(|sku| sku.name.as_ref())
        .and_then(word);
    let source = properties.and_then(|p| p.creation_data.source_resource_id.clone());
    Ok(VolumeSnapshot {
        volume: volume.clone(),
        size,
        sector_size: properties
            .and_then(|p| p.creation_data.logical_sector_size)
            .and_then(|size| u32::try_from(size).ok()),
        options: told([
            ("sku", sku.map(OptionValue::Text)),
            (
                "diskEncryptionSet",
                encryption_set(properties.and_then(|p| p.encryption.as_ref())),
            ),
        ]),
        handle: handle("snapshot", &name, &snapshot.resource)?,
        created_at: properties.and_then(|p| p.time_created),
        updated_at: None,
        source_disk: tag(snapshot.resource.tags.as_ref(), tags::DISK_NAME)
            .map(str::to_owned)
            .or(source),
        completion_percent,
        provisioning_state: properties
            .and_then(|p| p.provisioning_state.as_deref())
            .map(kompox_arm::error::word),
        creation,
        name,
    })
}

/// Why the background copy of a snapshot failed, if it did.
pub(crate) fn copy_failure(json: &str) -> Option<(String, String)> {
    let snapshot: models::Snapshot = serde_json::from_str(json).ok()?;
    let error = snapshot.properties?.copy_completion_error?;
    Some((
        word(&error.error_code)?,
        kompox_arm::error::clip(&error.error_message),
    ))
}

/// Whether a disk or snapshot was made.
///
/// Azure knows when something was made, and gives it a GUID of its own, from when that is done: the published answers
/// to a PUT that was accepted show neither (`Disk_Create_Empty.json` and its siblings in azure-rest-api-specs), the
/// resource after it shows both. So a state other than `Succeeded` is that of a creation where both are missing, and
/// that of a later update where they are there.
pub(crate) fn creation(json: &str) -> Creation {
    let resource = serde_json::from_str::<Value>(json).unwrap_or_default();
    let text = |name: &str| {
        resource["properties"][name]
            .as_str()
            .filter(|text| !text.is_empty())
    };
    if text("timeCreated").is_some() || text("uniqueId").is_some() {
        return Creation::Done;
    }
    match text("provisioningState").map(ended) {
        // No state at all means that all is well.
        None | Some(Some(End::Succeeded)) => Creation::Done,
        Some(Some(End::Failed | End::Canceled)) => Creation::Failed,
        Some(None) => Creation::UnderWay,
    }
}

/// Whether Azure gave the resource up.
pub(crate) fn has_failed(json: &str) -> bool {
    let resource = serde_json::from_str::<Value>(json).unwrap_or_default();
    let state = resource.pointer("/properties/provisioningState");
    state
        .and_then(Value::as_str)
        .and_then(ended)
        .is_some_and(End::is_failure)
}

/// The id of a resource, lower-cased. Without one nothing could be done with it.
fn handle(what: &str, name: &impl std::fmt::Display, resource: &models::Resource) -> Result<String> {
    let id = resource.id.as_deref().filter(|id| id.starts_with('/'));
    id.map(str::to_lowercase)
        .ok_or_else(|| unreadable(what, name, "it has no id"))
}

fn size(bytes: Option<u64>, gib: Option<u64>) -> Option<ByteSize> {
    let exact = bytes.and_then(|bytes| ByteSize::from_bytes(bytes).ok());
    exact.or_else(|| gib.and_then(|gib| ByteSize::from_gib(gib).ok()))
}

/// The word that an enumeration of the models stands for.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn unreadable(what: &str, name: &impl std::fmt::Display, why: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("what Azure says about {what} {name} cannot be read"),
    )
    // Serde quotes what it did not expect, however long it is.
    .with_source(kompox_arm::error::word(&why.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(json: &Value) -> Result<DiskRecord> {
        disk(
            &json.to_string(),
            &"db".parse().unwrap(),
            "one".parse().unwrap(),
            "japaneast",
        )
    }

    #[test]
    fn nothing_is_sent_that_only_the_server_sets() {
        let properties = models::DiskProperties::new(models::CreationData::new(CreateOption::Empty));
        let mut model = models::Disk::new(models::Resource::new("japaneast".to_owned()));
        model.properties = Some(properties);
        let body = body(&model).unwrap();
        assert_eq!(
            body,
            json!({"location": "japaneast", "properties": {"creationData": {"createOption": "Empty"}}})
        );
    }

    #[test]
    fn a_disk_is_read_with_all_that_is_shown() {
        let disk = read(&json!({
            "id": "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/disks/db-034d4d-one",
            "name": "db-034d4d-one", "location": "japaneast", "zones": ["2"], "sku": {"name": "Premium_LRS", "tier": "Premium"},
            "managedBy": "/vm/1", "managedByExtended": ["/VM/1"],
            "tags": {"Kompox-Disk-Assigned": "TRUE", "kompox-disk-assigned-at": "01K9ZZZZZZZZZZZZZZZZZZZZZZ"},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4, "diskSizeBytes": 4294967296_u64,
                "timeCreated": "2026-11-21T01:02:03.1234567+00:00", "diskState": "FutureState", "newField": {"a": 1},
                "diskIOPSReadWrite": 120}
        }))
        .unwrap();
        assert!(disk.flagged && disk.assigned_at.is_some());
        assert_eq!(disk.size.map(ByteSize::gib_ceil), Some(4));
        assert_eq!(disk.zone.unwrap().number(), 2);
        assert_eq!(disk.state.as_deref(), Some("FutureState"));
        assert_eq!(disk.attached_to, ["/vm/1"]);
        assert_eq!(disk.options.get("iops"), Some(&OptionValue::Integer(120)));
        assert!(disk.handle.starts_with("/subscriptions/s/resourcegroups/rg"));
    }

    #[test]
    fn b14_a_disk_of_ours_that_cannot_be_read_is_an_error_that_names_it() {
        for broken in [
            json!({"location": "japaneast", "properties": {"creationData": {"createOption": "Empty"}}}),
            json!({"location": 7}),
        ] {
            let error = read(&broken).unwrap_err();
            assert!(error.to_string().contains("disk one"), "{broken}: {error}");
        }
    }

    #[test]
    fn a_state_is_that_of_the_creation_only_where_nothing_says_that_it_was_made() {
        let of = |properties: Value| creation(&json!({ "properties": properties }).to_string());
        let made = "2026-11-21T01:02:03+00:00";
        for (properties, expected) in [
            (json!({"provisioningState": "Failed"}), Creation::Failed),
            (
                json!({"provisioningState": "canceled", "diskState": "Unattached"}),
                Creation::Failed,
            ),
            (json!({"provisioningState": "Updating"}), Creation::UnderWay),
            (
                json!({"provisioningState": "Creating", "timeCreated": null}),
                Creation::UnderWay,
            ),
            (json!({"provisioningState": "Succeeded"}), Creation::Done),
            (json!({}), Creation::Done),
            (
                json!({"provisioningState": "Failed", "timeCreated": made}),
                Creation::Done,
            ),
            (
                json!({"provisioningState": "Updating", "uniqueId": "u"}),
                Creation::Done,
            ),
        ] {
            assert_eq!(of(properties.clone()), expected, "{properties}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(text in "\\PC{0,80}", gib in any::<i64>(), percent in any::<f64>()) {
            let _ = read(&json!({"id": text, "location": text, "zones": [text], "tags": {"kompox-disk-assigned-at": text},
                "properties": {"creationData": {"createOption": text}, "diskSizeBytes": gib, "timeCreated": text}}));
            let body = json!({"location": text, "properties": {"creationData": {"createOption": text},
                "diskSizeBytes": gib, "completionPercent": percent}});
            let _ = snapshot(&body.to_string(), &"db".parse().unwrap(), "one".parse().unwrap());
        }
    }
}
