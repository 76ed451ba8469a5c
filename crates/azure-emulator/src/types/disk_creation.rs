//! What a new disk is made of: its source, its size and its sectors.

use serde_json::{Map, Value};

use super::common::{integer, string};
use super::compute::{self, DiskSku, Source};
use super::snapshots;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::providers::Region;
use crate::context::RequestContext;

/// `creationData` as stored, and the size in GiB.
pub(super) fn creation(
    cx: &RequestContext<'_>,
    region: &Region,
    sku: &DiskSku,
    properties: &Map<String, Value>,
) -> ArmResult<(Value, i64)> {
    let missing = |name: &str| {
        ArmError::invalid_parameter(name, format!("Required parameter '{name}' is missing (null)."))
    };
    let creation = match properties.get("creationData") {
        None => return Err(missing("disk.creationData")),
        Some(Value::Object(creation)) => creation,
        Some(_) => return Err(ArmError::content("'creationData' must be an object")),
    };
    let asked = integer(properties, "diskSizeGB")?;
    let option =
        string(creation, "createOption")?.ok_or_else(|| missing("disk.creationData.createOption"))?;
    let mut stored = Value::Object(creation.clone());
    let mut copied = None;
    let size = if option.eq_ignore_ascii_case("Empty") {
        stored["createOption"] = "Empty".into();
        asked.ok_or_else(|| missing("disk.diskSizeGB"))?
    } else if option.eq_ignore_ascii_case("Copy") {
        let source = Source::find(cx, "disk", string(creation, "sourceResourceId")?)?;
        source.check_region(region.name)?;
        snapshots::check_usable(&source)?;
        stored["createOption"] = "Copy".into();
        stored["sourceResourceId"] = source.document["id"].clone();
        stored["sourceUniqueId"] = source.document["properties"]["uniqueId"].clone();
        let at_least = source.gb();
        let size = asked.unwrap_or(at_least);
        if size < at_least {
            let what = if source.is_snapshot { "snapshot" } else { "disk" };
            return Err(ArmError::invalid_parameter(
                "disk.diskSizeGB",
                format!(
                    "The specified disk size {size} GB is smaller than the size of the corresponding {what} {at_least} \
                     GB. This is not allowed. Please choose equal or greater size or do not specify an explicit size."
                ),
            ));
        }
        copied = Some(source);
        size
    } else {
        return Err(ArmError::invalid_parameter(
            "disk.creationData.createOption",
            format!("The createOption '{option}' is not served here. Served are 'Empty' and 'Copy'."),
        ));
    };
    check_size(sku, size)?;
    if let Some(sectors) = sectors(sku, creation, copied.as_ref())? {
        stored["logicalSectorSize"] = sectors.into();
    }
    Ok((stored, size))
}

/// Bytes of the logical sectors of a new disk, where its storage type has a choice. A copy cannot change them; whether
/// Azure takes those of the source when none are asked for is documented nowhere, so here the default counts.
fn sectors(sku: &DiskSku, creation: &Map<String, Value>, source: Option<&Source>) -> ArmResult<Option<i64>> {
    let asked = compute::sector_size(creation, "disk")?;
    let target = "disk.creationData.logicalSectorSize";
    let refuse = |why: String| Err(ArmError::invalid_parameter(target, why));
    if !sku.provisioned {
        if asked.is_some() {
            return refuse(format!(
                "'{target}' can be set only for disks of storage type 'UltraSSD_LRS' or 'PremiumV2_LRS', not '{}'.",
                sku.name
            ));
        }
        return match source.map(Source::sector_size) {
            None | Some(compute::SMALL_SECTORS) => Ok(None),
            Some(large) => refuse(format!(
                "A disk of storage type '{}' cannot be created from a source with a logical sector size of {large}.",
                sku.name
            )),
        };
    }
    let size = asked.unwrap_or(compute::LARGE_SECTORS);
    if let Some(source) = source {
        let there = source.sector_size();
        if there != size {
            return refuse(format!(
                "The logical sector size {size} of the disk must be that of its source '{}', which is {there}.",
                source.id
            ));
        }
        if source.is_snapshot && source.document["properties"]["incremental"] != true {
            return Err(ArmError::invalid_parameter(
                "disk.creationData.sourceResourceId",
                format!(
                    "A disk of storage type '{}' can be created from an incremental snapshot only.",
                    sku.name
                ),
            ));
        }
    }
    Ok(Some(size))
}

/// Refuses a size that no disk of a storage type has.
pub(super) fn check_size(sku: &DiskSku, size: i64) -> ArmResult<()> {
    if (1..=sku.max_gb).contains(&size) {
        return Ok(());
    }
    Err(ArmError::invalid_parameter(
        "disk.diskSizeGB",
        format!(
            "The value '{size}' of disk size in GB is out of range. The value must be between '1' and '{}', inclusive.",
            sku.max_gb
        ),
    ))
}
