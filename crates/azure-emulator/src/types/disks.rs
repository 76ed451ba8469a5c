//! `Microsoft.Compute/disks`.

use std::time::Duration;

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::{fields, object, timestamp};
use kompox_emulator_core::store::State;
use serde_json::{Map, Value, json};

use super::common::{integer, object_member, region, take_tags};
use super::compute::{self, DISK_SKUS, DiskSku, GIB, sku_name};
use super::disk_creation::{check_size, creation};
use super::{Accepted, End, ResourceType, TypeInfo, disk_encryption_sets};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers::Region;
use crate::context::RequestContext;
use crate::options::Timing;

/// The type.
pub(crate) struct Disks;

/// Lower-cased type of a stored disk.
pub(crate) const KIND: &str = "microsoft.compute/disks";

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.Compute",
    kind: "disks",
    versions: api_versions::DISKS,
    accepted: Accepted::With202,
    creating: "Updating",
    shape: OperationShape::Both,
    delete_shape: OperationShape::Both,
    status_path: "DiskOperations",
    result_path: "DiskOperations",
};

/// Properties that a client may set; everything else is Azure's.
const SETTABLE: [&str; 13] = [
    "osType",
    "hyperVGeneration",
    "encryptionSettingsCollection",
    "networkAccessPolicy",
    "publicNetworkAccess",
    "diskAccessId",
    "maxShares",
    "burstingEnabled",
    "dataAccessAuthMode",
    "optimizedForFrequentAttach",
    "supportsHibernation",
    "securityProfile",
    "tier",
];

impl ResourceType for Disks {
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
        timing.disk
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
        let empty = Map::new();
        let properties = object_member(body, "properties")?.unwrap_or(&empty);
        match existing {
            None => create(cx, id, region, body, properties),
            Some(existing) => {
                check_creation_data(existing, properties)?;
                check_zones_unchanged(existing, body)?;
                update(cx, existing, body, properties)
            }
        }
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        let empty = Map::new();
        let properties = object_member(body, "properties")?.unwrap_or(&empty);
        check_creation_data(existing, properties)?;
        check_zones_unchanged(existing, body)?;
        update(cx, existing, body, properties)
    }

    fn check_delete(&self, _cx: &RequestContext<'_>, id: &ResourceId, existing: &Value) -> ArmResult<()> {
        match existing["managedBy"].as_str().filter(|owner| !owner.is_empty()) {
            None => Ok(()),
            Some(owner) => Err(ArmError::new(
                409,
                "OperationNotAllowed",
                format!("Disk {} is attached to VM {owner}.", id.name()),
            )),
        }
    }
}

fn check_name(name: &str) -> ArmResult<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=80).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(ArmError::invalid_parameter(
        "disk.name",
        format!(
            "The entity name 'disk.name' is invalid according to its validation rule: ^[a-zA-Z0-9_-]{{1,80}}$. The name given is '{name}'."
        ),
    ))
}

fn create(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    region: &Region,
    body: &Value,
    properties: &Map<String, Value>,
) -> ArmResult<Value> {
    let known = DISK_SKUS.each_ref().map(|sku| sku.name);
    let name = sku_name(body, &known, "Standard_LRS")?;
    let sku = DiskSku::find(name).unwrap_or(&DISK_SKUS[0]);
    let zone = check_zones(id, region, sku, body)?;
    let (creation, size) = creation(cx, region, sku, properties)?;
    let (iops, mbps) = performance(sku, size, properties, None, false)?;
    let encryption = disk_encryption_sets::encryption(cx, "disk", region.name, properties, None)?;
    if sku.provisioned && encryption["type"] == disk_encryption_sets::DOUBLE {
        return Err(ArmError::invalid_parameter(
            "disk.encryption.type",
            format!(
                "Double encryption at rest is not supported for disks of storage type '{}'.",
                sku.name
            ),
        ));
    }
    let now = timestamp(cx.now);
    let mut document = json!({
        "location": region.name,
        "sku": { "name": sku.name, "tier": sku.tier },
        "properties": {
            "creationData": creation,
            "diskSizeGB": size,
            "diskSizeBytes": size * GIB,
            "diskIOPSReadWrite": iops,
            "diskMBpsReadWrite": mbps,
            "encryption": encryption,
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "timeCreated": now,
            "diskState": "Unattached",
            "uniqueId": uuid::Uuid::new_v4().to_string(),
        }
    });
    if let Some(zone) = zone {
        document["zones"] = json!([zone]);
    }
    take_settable(&mut document, properties);
    set_tier(&mut document, sku, size);
    take_tags(&mut document, body)?;
    Ok(document)
}

/// The zone of a new disk.
fn check_zones(id: &ResourceId, region: &Region, sku: &DiskSku, body: &Value) -> ArmResult<Option<String>> {
    let resource = format!("Microsoft.Compute/disks/{}", id.name());
    let zones: Vec<&str> = match body.get("zones") {
        None => Vec::new(),
        Some(Value::Array(zones)) => zones
            .iter()
            .map(|zone| {
                zone.as_str()
                    .ok_or_else(|| ArmError::content("'zones' must be a list of strings"))
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(ArmError::content("'zones' must be a list of strings")),
    };
    let refuse = |code: &str, message: String| Err(ArmError::new(400, code, message).target("zones"));
    if !compute::is_offered(sku, region) {
        return refuse(
            "SkuNotAvailable",
            format!(
                "The requested storage type '{}' is currently not available in location '{}'.",
                sku.name, region.name
            ),
        );
    }
    match zones.as_slice() {
        [] if sku.provisioned && region.zones && !compute::may_lie_in_no_zone(sku, region) => refuse(
            "InvalidParameter",
            format!(
                "A disk of storage type '{}' in location '{}' must name an availability zone.",
                sku.name, region.name
            ),
        ),
        [] => Ok(None),
        _ if sku.zone_redundant => refuse(
            "InvalidParameter",
            format!(
                "A disk of the zone-redundant storage type '{}' cannot be placed in a zone.",
                sku.name
            ),
        ),
        [_] if !region.zones => refuse(
            "AvailabilityZoneNotSupported",
            format!(
                "The resource '{resource}' does not support availability zones at location '{}'.",
                region.name
            ),
        ),
        [zone] if ["1", "2", "3"].contains(zone) => Ok(Some((*zone).to_owned())),
        [zone] => refuse(
            "InvalidAvailabilityZone",
            format!(
                "The zone(s) '{zone}' for resource '{resource}' is not supported. The supported zones for location \
                 '{}' are '1,2,3'.",
                region.name
            ),
        ),
        many => refuse(
            "InvalidParameter",
            format!(
                "The resource '{resource}' can be in one zone only, not in '{}'.",
                many.join(",")
            ),
        ),
    }
}

/// IOPS and MB/s: chosen where the storage type allows it, else what the size gives.
fn performance(
    sku: &DiskSku,
    size: i64,
    properties: &Map<String, Value>,
    current: Option<(i64, i64)>,
    changed: bool,
) -> ArmResult<(i64, i64)> {
    let (iops, mbps, _) = sku.performance(size);
    let (iops, mbps) = match current {
        Some(current) if sku.provisioned && !changed => current,
        _ => (iops, mbps),
    };
    let (iops_range, mbps_range) = if sku.name == "UltraSSD_LRS" {
        (100..=400_000, 1..=10_000)
    } else {
        (3_000..=80_000, 125..=1_200)
    };
    let chosen = |name: &str, usual: i64, read: Option<i64>, range: std::ops::RangeInclusive<i64>| {
        let target = format!("disk.{name}");
        match integer(properties, name)? {
            None => Ok(usual),
            // A client that sends back what it read asks for nothing, even where something else changes.
            Some(value) if value == usual || Some(value) == read => Ok(usual),
            Some(_) if !sku.provisioned => Err(ArmError::invalid_parameter(
                &target,
                format!(
                    "'{name}' can be set only for disks of storage type 'UltraSSD_LRS' or 'PremiumV2_LRS', not '{}'.",
                    sku.name
                ),
            )),
            Some(value) if range.contains(&value) => Ok(value),
            Some(value) => Err(ArmError::invalid_parameter(
                &target,
                format!(
                    "The value '{value}' of parameter '{target}' is out of range. The value must be between '{}' and \
                     '{}', inclusive.",
                    range.start(),
                    range.end()
                ),
            )),
        }
    };
    Ok((
        chosen(
            "diskIOPSReadWrite",
            iops,
            current.map(|(iops, _)| iops),
            iops_range,
        )?,
        chosen(
            "diskMBpsReadWrite",
            mbps,
            current.map(|(_, mbps)| mbps),
            mbps_range,
        )?,
    ))
}

fn take_settable(document: &mut Value, properties: &Map<String, Value>) {
    let stored = object(document, "properties");
    for name in SETTABLE {
        if let Some(value) = properties.get(name) {
            stored.insert(name.to_owned(), value.clone());
        }
    }
}

fn set_tier(document: &mut Value, sku: &DiskSku, size: i64) {
    let stored = object(document, "properties");
    match sku.performance(size).2 {
        Some(tier) => {
            stored.entry("tier").or_insert_with(|| tier.into());
        }
        None => {
            stored.remove("tier");
        }
    }
}

/// An existing disk with what a PUT or PATCH changes; both leave out what stays.
fn update(
    cx: &RequestContext<'_>,
    existing: &Value,
    body: &Value,
    properties: &Map<String, Value>,
) -> ArmResult<Value> {
    let mut document = existing.clone();
    if properties.contains_key("encryption") {
        let location = existing["location"].as_str().unwrap_or_default();
        let encryption = disk_encryption_sets::encryption(cx, "disk", location, properties, None)?;
        document["properties"]["encryption"] = encryption;
    }
    let known = DISK_SKUS.each_ref().map(|sku| sku.name);
    let current = existing["sku"]["name"]
        .as_str()
        .unwrap_or("Standard_LRS")
        .to_owned();
    let name = sku_name(body, &known, &current)?;
    let sku = DiskSku::find(name).unwrap_or(&DISK_SKUS[0]);
    let changed = !sku.name.eq_ignore_ascii_case(&current);
    if changed {
        check_conversion(&current, sku)?;
    }
    let old_size = existing["properties"]["diskSizeGB"].as_i64().unwrap_or(1);
    let size = integer(properties, "diskSizeGB")?.unwrap_or(old_size);
    if changed && existing["properties"]["diskState"] == "Attached" {
        return Err(ArmError::new(
            409,
            "OperationNotAllowed",
            format!(
                "Cannot change the storage type of disk {} while it is attached to running VM {}.",
                existing["name"].as_str().unwrap_or_default(),
                existing["managedBy"].as_str().unwrap_or_default()
            ),
        ));
    }
    if size < old_size {
        return Err(ArmError::new(
            409,
            "OperationNotAllowed",
            format!(
                "Disk size reduction is not supported. Current size is {} bytes, requested size is {} bytes.",
                old_size * GIB,
                size.saturating_mul(GIB)
            ),
        )
        .target("disk.diskSizeGB"));
    }
    check_size(sku, size)?;
    let read = |name: &str| existing["properties"][name].as_i64();
    let performance_now = read("diskIOPSReadWrite").zip(read("diskMBpsReadWrite"));
    let (iops, mbps) = performance(sku, size, properties, performance_now, changed)?;
    document["sku"] = json!({ "name": sku.name, "tier": sku.tier });
    take_settable(&mut document, properties);
    // The tier follows size and storage type, unless another than the one that was read is sent.
    if (changed || size != old_size) && document["properties"]["tier"] == existing["properties"]["tier"] {
        object(&mut document, "properties").remove("tier");
    }
    set_tier(&mut document, sku, size);
    let stored = object(&mut document, "properties");
    stored.insert("diskSizeGB".to_owned(), size.into());
    stored.insert("diskSizeBytes".to_owned(), (size * GIB).into());
    stored.insert("diskIOPSReadWrite".to_owned(), iops.into());
    stored.insert("diskMBpsReadWrite".to_owned(), mbps.into());
    take_tags(&mut document, body)?;
    Ok(document)
}

/// Refuses a change of storage type that only a snapshot can do: away from a provisioned one, and to Ultra.
fn check_conversion(current: &str, sku: &DiskSku) -> ArmResult<()> {
    let provisioned = DiskSku::find(current).is_some_and(|current| current.provisioned);
    if !provisioned && sku.name != "UltraSSD_LRS" {
        return Ok(());
    }
    Err(ArmError::new(
        409,
        "PropertyChangeNotAllowed",
        format!(
            "Changing the storage type of a disk from '{current}' to '{}' is not allowed.",
            sku.name
        ),
    )
    .target("sku.name"))
}

/// 409 unless `creationData`, where sent, says what it always said.
pub(crate) fn check_creation_data(existing: &Value, properties: &Map<String, Value>) -> ArmResult<()> {
    let Some(sent) = properties.get("creationData") else {
        return Ok(());
    };
    if !sent.is_object() {
        return Err(ArmError::content("'creationData' must be an object"));
    }
    let stored = &existing["properties"]["creationData"];
    for name in [
        "createOption",
        "sourceResourceId",
        "sourceUri",
        "imageReference",
        "logicalSectorSize",
    ] {
        let Some(value) = sent.get(name) else { continue };
        let same = match (value.as_str(), stored[name].as_str()) {
            (Some(sent), Some(stored)) => sent.eq_ignore_ascii_case(stored),
            _ => value == &stored[name],
        };
        if !same {
            return Err(not_changeable(&format!("creationData.{name}")));
        }
    }
    Ok(())
}

fn check_zones_unchanged(existing: &Value, body: &Value) -> ArmResult<()> {
    match body.get("zones") {
        Some(zones)
            if zones != &existing["zones"] && !(zones == &json!([]) && existing.get("zones").is_none()) =>
        {
            Err(not_changeable("zones"))
        }
        _ => Ok(()),
    }
}

fn not_changeable(property: &str) -> Box<ArmError> {
    ArmError::new(
        409,
        "PropertyChangeNotAllowed",
        format!("Changing property '{property}' is not allowed."),
    )
    .target(property)
}

/// Refuses to attach a disk to a machine of a scale set that cannot have it. Of other machines nothing is known here.
pub(crate) fn check_attach(state: &State, disk: &Value, vm: &str) -> Result<(), String> {
    let at = vm.to_lowercase().find("/virtualmachines/").unwrap_or(vm.len());
    let scale_set = vm.get(..at).and_then(ResourceId::parse);
    let Some(machines) = scale_set.and_then(|id| state.documents.document(&id.key())) else {
        return Ok(());
    };
    let sku = disk["sku"]["name"].as_str().unwrap_or_default();
    let ultra = &machines["properties"]["additionalCapabilities"]["ultraSSDEnabled"];
    if sku.eq_ignore_ascii_case("UltraSSD_LRS") && ultra != true {
        return Err(format!(
            "Managed disks with 'UltraSSD_LRS' storage account type can be used only with Virtual Machines in zones with \
             additionalCapabilities.ultraSSDEnabled: {vm}"
        ));
    }
    let zones = |document: &Value| document["zones"].as_array().cloned().unwrap_or_default();
    let (here, there) = (zones(disk), zones(&machines));
    let everywhere = DiskSku::find(sku).is_some_and(|sku| sku.zone_redundant);
    let fits = match here.first() {
        Some(zone) => there.contains(zone),
        None => everywhere || there.is_empty(),
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "The disk cannot be attached to the VM because it is not in the same zone as the VM: {vm}"
    ))
}

/// Marks a disk as attached to a VM, or as attached to none.
pub(crate) fn set_owner(document: &mut Value, owner: Option<&str>, now: i64) {
    let stored = object(document, "properties");
    stored.insert(
        "diskState".to_owned(),
        if owner.is_some() { "Attached" } else { "Unattached" }.into(),
    );
    stored.insert("LastOwnershipUpdateTime".to_owned(), timestamp(now).into());
    match owner {
        Some(owner) => fields(document).insert("managedBy".to_owned(), owner.into()),
        None => fields(document).remove("managedBy"),
    };
}

/// A disk as many look: used to fill a subscription.
pub(crate) fn sample(id: &ResourceId, location: &str, number: usize, now: i64) -> Value {
    let size = 4;
    let sku = &DISK_SKUS[3];
    let (iops, mbps, tier) = sku.performance(size);
    json!({
        "id": id.to_string(),
        "name": id.name(),
        "type": "Microsoft.Compute/disks",
        "location": location,
        "sku": { "name": sku.name, "tier": sku.tier },
        "tags": { "seed": number.to_string() },
        "properties": {
            "creationData": { "createOption": "Empty" },
            "diskSizeGB": size,
            "diskSizeBytes": size * GIB,
            "diskIOPSReadWrite": iops,
            "diskMBpsReadWrite": mbps,
            "tier": tier,
            "encryption": { "type": "EncryptionAtRestWithPlatformKey" },
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
            "timeCreated": timestamp(now),
            "diskState": "Unattached",
            "provisioningState": "Succeeded",
            "uniqueId": uuid::Uuid::new_v4().to_string(),
        }
    })
}
