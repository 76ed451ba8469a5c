//! `Microsoft.Compute/snapshots`: copies that may not be usable yet.

use std::collections::HashMap;
use std::time::Duration;

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::{fields, set_property, ticks, timestamp};
use kompox_emulator_core::store::State;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::common::{object_member, region, string, take_tags};
use super::compute::{self, DiskSku, Source, sku_name};
use super::disks::check_creation_data;
use super::{Accepted, End, ResourceType, TypeInfo, disk_encryption_sets};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers::Region;
use crate::context::{Environment, RequestContext};
use crate::options::{SnapshotCopy, Timing};

/// The type.
pub(crate) struct Snapshots;

/// Lower-cased type of a stored snapshot.
pub(crate) const KIND: &str = "microsoft.compute/snapshots";
/// In a stored snapshot: its data is copied in the background. Taken out before it is answered.
const COPIES: &str = "emulatorCopies";
const MAX_INCREMENTAL: usize = 500;
const SKUS: [&str; 3] = ["Standard_LRS", "Premium_LRS", "Standard_ZRS"];

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.Compute",
    kind: "snapshots",
    versions: api_versions::DISKS,
    accepted: Accepted::With202,
    creating: "Updating",
    shape: OperationShape::Both,
    delete_shape: OperationShape::Both,
    status_path: "DiskOperations",
    result_path: "DiskOperations",
};

impl ResourceType for Snapshots {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn accepted(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value, created: bool) {
        compute::not_made_yet(end, id, created);
    }

    fn settled(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value, _created: bool) {
        compute::made(end, id);
    }

    fn duration(&self, timing: &Timing) -> Duration {
        timing.snapshot
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        check_name(id.name())?;
        let region = region(id, existing, body)?;
        if body.get("zones").is_some() {
            return Err(ArmError::invalid_parameter(
                "zones",
                "A snapshot cannot be placed in a zone.",
            ));
        }
        let empty = Map::new();
        let properties = object_member(body, "properties")?.unwrap_or(&empty);
        match existing {
            None => create(cx, region, body, properties),
            Some(existing) => update(existing, body, properties),
        }
    }

    fn patch(
        &self,
        _cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        let empty = Map::new();
        let properties = object_member(body, "properties")?.unwrap_or(&empty);
        update(existing, body, properties)
    }

    fn is_computed(&self) -> bool {
        true
    }

    fn project(&self, state: &State, environment: &Environment, now: i64, key: &str, document: &mut Value) {
        project(state, environment, now, key, document);
    }
}

fn check_name(name: &str) -> ArmResult<()> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let ends = name.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if name.len() <= 80 && starts && ends && name.chars().all(inner) {
        return Ok(());
    }
    Err(ArmError::invalid_parameter(
        "snapshot.name",
        format!(
            "The entity name 'snapshot.name' is invalid according to its validation rule: ^[a-zA-Z0-9]([\\w.-]{{0,78}}\\w)?$. The name given is '{name}'."
        ),
    ))
}

fn create(
    cx: &RequestContext<'_>,
    region: &Region,
    body: &Value,
    properties: &Map<String, Value>,
) -> ArmResult<Value> {
    let missing = |name: &str| {
        ArmError::invalid_parameter(name, format!("Required parameter '{name}' is missing (null)."))
    };
    let creation = match properties.get("creationData") {
        None => return Err(missing("snapshot.creationData")),
        Some(Value::Object(creation)) => creation,
        Some(_) => return Err(ArmError::content("'creationData' must be an object")),
    };
    let option =
        string(creation, "createOption")?.ok_or_else(|| missing("snapshot.creationData.createOption"))?;
    let option = ["Copy", "CopyStart"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(option))
        .ok_or_else(|| {
            ArmError::invalid_parameter(
                "snapshot.creationData.createOption",
                format!("The createOption '{option}' is not served here. Served are 'Copy' and 'CopyStart'."),
            )
        })?;
    let source = Source::find(cx, "snapshot", string(creation, "sourceResourceId")?)?;
    let incremental = match properties.get("incremental") {
        None => false,
        Some(Value::Bool(incremental)) => *incremental,
        Some(_) => return Err(ArmError::content("'incremental' must be true or false")),
    };
    let elsewhere = source.document["location"].as_str() != Some(region.name);
    if option == "Copy" {
        source.check_region(region.name)?;
    }
    if elsewhere && !(incremental && source.is_snapshot) {
        return Err(ArmError::invalid_parameter(
            "snapshot.incremental",
            "Only an incremental snapshot of a snapshot can be copied from another location.",
        ));
    }
    if source.is_snapshot {
        check_usable(&source)?;
    }
    let source_sku = source.document["sku"]["name"].as_str().unwrap_or_default();
    let provisioned = !source.is_snapshot && DiskSku::find(source_sku).is_some_and(|sku| sku.provisioned);
    if provisioned && !incremental {
        return Err(ArmError::new(
            409,
            "OperationNotAllowed",
            format!("A snapshot of a disk of storage type '{source_sku}' must be incremental."),
        ));
    }
    // Incremental snapshots live in zone-redundant storage where there is some, unless told otherwise.
    let default = if incremental && region.zones {
        "Standard_ZRS"
    } else {
        "Standard_LRS"
    };
    let name = sku_name(body, &SKUS, default)?;
    let sku = SKUS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .unwrap_or(default);
    let unique = source.document["properties"]["uniqueId"].clone();
    check_limits(cx, &source, unique.as_str().unwrap_or_default(), incremental)?;
    let mut stored = Value::Object(creation.clone());
    stored["createOption"] = option.into();
    stored["sourceResourceId"] = source.document["id"].clone();
    stored["sourceUniqueId"] = unique.clone();
    inherit_sectors(&mut stored, creation, &source)?;
    // Between snapshots of one region nothing travels; `az snapshot create` sends CopyStart also for a disk.
    let copies = cx.environment.options.timing.snapshot_copy_every_sku || provisioned || elsewhere;
    let family = &source.document["properties"]["encryption"]["diskEncryptionSetId"];
    let inherited = Some(family).filter(|_| incremental && !elsewhere);
    let encryption = disk_encryption_sets::encryption(cx, "snapshot", region.name, properties, inherited)?;
    if inherited.is_some_and(Value::is_null) && encryption.get("diskEncryptionSetId").is_some() {
        return Err(ArmError::invalid_parameter(
            "snapshot.encryption.diskEncryptionSetId",
            "A disk and its incremental snapshots must have the same disk encryption set.",
        ));
    }
    let mut document = json!({
        "location": region.name,
        "sku": { "name": sku, "tier": if sku == "Premium_LRS" { "Premium" } else { "Standard" } },
        "properties": {
            "creationData": stored,
            "incremental": incremental,
            "diskSizeGB": source.document["properties"]["diskSizeGB"],
            "diskSizeBytes": source.document["properties"]["diskSizeBytes"],
            "encryption": encryption,
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "timeCreated": timestamp(cx.now),
            "diskState": "Unattached",
            "uniqueId": Uuid::new_v4().to_string(),
        }
    });
    if incremental {
        // All incremental snapshots of one disk are one family.
        let origin = family_of(&source).unwrap_or_else(|| {
            Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                unique.as_str().unwrap_or_default().as_bytes(),
            )
            .to_string()
        });
        set_property(&mut document, "incrementalSnapshotFamilyId", origin);
    }
    if copies {
        document[COPIES] = cx.now.into();
    }
    for name in [
        "osType",
        "hyperVGeneration",
        "networkAccessPolicy",
        "publicNetworkAccess",
    ] {
        if let Some(value) = properties.get(name) {
            set_property(&mut document, name, value.clone());
        }
    }
    take_tags(&mut document, body)?;
    Ok(document)
}

/// A snapshot has the sectors of its source, and tells them where that does.
fn inherit_sectors(stored: &mut Value, creation: &Map<String, Value>, source: &Source) -> ArmResult<()> {
    let there = source.sector_size();
    if let Some(asked) = compute::sector_size(creation, "snapshot")?.filter(|asked| *asked != there) {
        return Err(ArmError::invalid_parameter(
            "snapshot.creationData.logicalSectorSize",
            format!(
                "The logical sector size {asked} of the snapshot must be that of its source, which is {there}."
            ),
        ));
    }
    let told = &source.document["properties"]["creationData"]["logicalSectorSize"];
    if !told.is_null() {
        stored["logicalSectorSize"] = told.clone();
    }
    Ok(())
}

fn family_of(source: &Source) -> Option<String> {
    let family = source.document["properties"]["incrementalSnapshotFamilyId"].as_str()?;
    source.is_snapshot.then(|| family.to_owned())
}

/// At most 500 incremental snapshots per disk, and (where asked for) seven in five minutes.
fn check_limits(cx: &RequestContext<'_>, source: &Source, unique: &str, incremental: bool) -> ArmResult<()> {
    let scope = format!("/subscriptions/{}", cx.subscription().to_lowercase());
    let of_source = || {
        let needle = format!("\"sourceUniqueId\":\"{unique}\"");
        cx.state
            .documents
            .of_type(KIND, &scope, None)
            .filter(move |(_, resource)| resource.body.contains(&needle))
    };
    if incremental && !source.is_snapshot {
        let count = of_source()
            .filter(|(_, resource)| resource.body.contains("\"incremental\":true"))
            .count();
        if count >= MAX_INCREMENTAL {
            return Err(ArmError::new(
                409,
                "OperationNotAllowed",
                format!(
                    "The disk '{}' has {count} incremental snapshots. The maximum number of incremental snapshots \
                     allowed per disk is {MAX_INCREMENTAL}.",
                    source.id
                ),
            ));
        }
    }
    if cx.environment.options.snapshot_rate_limit {
        let since = cx.now - ticks(Duration::from_secs(300));
        if of_source()
            .filter(|(_, resource)| resource.created > since)
            .count()
            >= 7
        {
            return Err(ArmError::new(
                409,
                "OperationNotAllowed",
                format!(
                    "At most 7 snapshots of disk '{}' can be created in 5 minutes.",
                    source.id
                ),
            ));
        }
    }
    Ok(())
}

fn update(existing: &Value, body: &Value, properties: &Map<String, Value>) -> ArmResult<Value> {
    check_creation_data(existing, properties)?;
    let refuse = |property: &str| {
        Err(ArmError::new(
            409,
            "PropertyChangeNotAllowed",
            format!("Changing property '{property}' is not allowed."),
        )
        .target(property))
    };
    for name in ["incremental", "diskSizeGB"] {
        if properties
            .get(name)
            .is_some_and(|sent| sent != &existing["properties"][name])
        {
            return refuse(name);
        }
    }
    let mut document = existing.clone();
    let current = existing["sku"]["name"].as_str().unwrap_or_default().to_owned();
    if !sku_name(body, &SKUS, &current)?.eq_ignore_ascii_case(&current) {
        return refuse("sku.name");
    }
    for name in ["networkAccessPolicy", "publicNetworkAccess", "diskAccessId"] {
        if let Some(value) = properties.get(name) {
            set_property(&mut document, name, value.clone());
        }
    }
    take_tags(&mut document, body)?;
    Ok(document)
}

/// Refuses a source whose data has not arrived: `Succeeded` does not mean usable.
pub(crate) fn check_usable(source: &Source) -> ArmResult<()> {
    let percent = source.document["properties"]["completionPercent"]
        .as_f64()
        .unwrap_or(100.0);
    if !source.is_snapshot || percent >= 100.0 {
        return Ok(());
    }
    Err(ArmError::new(
        409,
        "OperationNotAllowed",
        format!(
            "The snapshot '{}' cannot be used as a source yet: its background copy is {percent} percent complete.",
            source.id
        ),
    ))
}

/// Fills in what depends on when a snapshot is read.
fn project(state: &State, environment: &Environment, now: i64, key: &str, document: &mut Value) {
    let copies = fields(document).remove(COPIES).and_then(|since| since.as_i64());
    // What a test stored itself stays as it is.
    if document["properties"].get("completionPercent").is_some() {
        return;
    }
    let percent = copies.map_or(100.0, |since| copied(state, environment, now, key, since));
    set_property(document, "completionPercent", percent);
    let access = if percent < 100.0 { "Pending" } else { "Available" };
    set_property(document, "snapshotAccessState", access);
}

/// How often each snapshot was read, by lower-cased id. With the id goes when it was made: one that was deleted and
/// made again has been read by nobody.
#[derive(Debug, Clone, Default)]
struct Reads(HashMap<(String, i64), usize>);

fn reads(state: &State, key: &str) -> usize {
    let created = state.documents.get(key).map_or(0, |resource| resource.created);
    let counted = state.memory.get::<Reads>();
    counted
        .and_then(|reads| reads.0.get(&(key.to_owned(), created)).copied())
        .unwrap_or(0)
}

/// Counts a GET of a snapshot.
pub(super) fn count_read(state: &mut State, key: &str, created: i64) {
    let reads = state.memory.get_or_insert_default::<Reads>();
    *reads.0.entry((key.to_owned(), created)).or_default() += 1;
}

fn copied(state: &State, environment: &Environment, now: i64, key: &str, since: i64) -> f64 {
    match &environment.options.timing.snapshot_copy {
        SnapshotCopy::Immediate => 100.0,
        SnapshotCopy::Reads(steps) => {
            let reads = reads(state, key);
            steps.get(reads.saturating_sub(1)).copied().unwrap_or(100.0)
        }
        SnapshotCopy::Over(duration) => {
            let whole = ticks(*duration).max(1);
            let done = now.saturating_sub(since).clamp(0, whole);
            // Whole percents, as Azure reports them.
            i32::try_from(i128::from(done) * 100 / i128::from(whole)).map_or(100.0, f64::from)
        }
    }
}
