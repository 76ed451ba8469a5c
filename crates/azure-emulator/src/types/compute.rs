//! What disks and snapshots share: SKUs, sizes, sources; and compute's lists of SKUs and usages.

use http::Method;
use kompox_emulator_core::json::{object, timestamp};
use kompox_emulator_core::reply::Reply;
use serde_json::{Map, Value, json};

use super::{End, disks, quotas, snapshots, vm_sizes};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers::{REGIONS, Region, find_region};
use crate::arm::{subscriptions, version};
use crate::context::RequestContext;

/// A storage type of disks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DiskSku {
    pub(crate) name: &'static str,
    pub(crate) tier: &'static str,
    pub(crate) max_gb: i64,
    /// Replicated over zones, so a disk of it lives in none.
    pub(crate) zone_redundant: bool,
    /// Performance and sectors are chosen apart from size.
    pub(crate) provisioned: bool,
}

const fn sku(name: &'static str, tier: &'static str, zone_redundant: bool, provisioned: bool) -> DiskSku {
    DiskSku {
        name,
        tier,
        max_gb: if provisioned { 65_536 } else { 32_767 },
        zone_redundant,
        provisioned,
    }
}

/// The storage types of disks.
pub(crate) const DISK_SKUS: [DiskSku; 7] = [
    sku("Standard_LRS", "Standard", false, false),
    sku("StandardSSD_LRS", "Standard", false, false),
    sku("StandardSSD_ZRS", "Standard", true, false),
    sku("Premium_LRS", "Premium", false, false),
    sku("Premium_ZRS", "Premium", true, false),
    sku("PremiumV2_LRS", "Premium", false, true),
    sku("UltraSSD_LRS", "Ultra", false, true),
];

/// Size in GiB, name, IOPS and MB/s of Premium SSD's tiers.
const PREMIUM: [(i64, &str, i64, i64); 14] = [
    (4, "P1", 120, 25),
    (8, "P2", 120, 25),
    (16, "P3", 120, 25),
    (32, "P4", 120, 25),
    (64, "P6", 240, 50),
    (128, "P10", 500, 100),
    (256, "P15", 1_100, 125),
    (512, "P20", 2_300, 150),
    (1_024, "P30", 5_000, 200),
    (2_048, "P40", 7_500, 250),
    (4_096, "P50", 7_500, 250),
    (8_192, "P60", 16_000, 500),
    (16_384, "P70", 18_000, 750),
    (32_767, "P80", 20_000, 900),
];

impl DiskSku {
    /// The storage type by name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        DISK_SKUS.iter().find(|sku| sku.name.eq_ignore_ascii_case(name))
    }

    /// IOPS and MB/s of a size, and the performance tier where there is one.
    pub(crate) fn performance(&self, gb: i64) -> (i64, i64, Option<&'static str>) {
        match self.name {
            "Premium_LRS" | "Premium_ZRS" => {
                let (_, tier, iops, mbps) = PREMIUM
                    .iter()
                    .copied()
                    .find(|(size, ..)| gb <= *size)
                    .unwrap_or(PREMIUM[PREMIUM.len() - 1]);
                (iops, mbps, Some(tier))
            }
            "PremiumV2_LRS" => (3_000, 125, None),
            "UltraSSD_LRS" => (500, 100, None),
            "Standard_LRS" => match gb {
                ..=4_096 => (500, 60, None),
                4_097..=8_192 => (1_300, 300, None),
                _ => (2_000, 500, None),
            },
            _ => match gb {
                ..=4_096 => (500, 100, None),
                4_097..=8_192 => (2_000, 400, None),
                8_193..=16_384 => (4_000, 600, None),
                _ => (6_000, 750, None),
            },
        }
    }
}

/// What Azure knows of a disk or snapshot only once it was made: published answers to an accepted PUT lack it.
const OF_MADE: [&str; 4] = ["timeCreated", "uniqueId", "diskState", "diskSizeBytes"];

/// Leaves out of a new disk or snapshot what is known only once it was made.
pub(crate) fn not_made_yet(end: &mut End<'_>, id: &ResourceId, created: bool) {
    let key = id.key();
    if let Some((kind, mut document)) = end
        .state
        .documents
        .get(&key)
        .filter(|_| created)
        .map(|stored| (stored.kind.clone(), stored.document()))
    {
        object(&mut document, "properties").retain(|name, _| !OF_MADE.contains(&name.as_str()));
        end.state.documents.put(&key, &kind, &document, end.now);
    }
}

/// Fills in what is known once a disk or snapshot was made. An update finds it there.
pub(crate) fn made(end: &mut End<'_>, id: &ResourceId) {
    let key = id.key();
    let Some((kind, mut document)) = end
        .state
        .documents
        .get(&key)
        .map(|stored| (stored.kind.clone(), stored.document()))
    else {
        return;
    };
    let properties = object(&mut document, "properties");
    if properties.contains_key("uniqueId") {
        return;
    }
    let size = properties.get("diskSizeGB").and_then(Value::as_i64).unwrap_or(1);
    for (name, value) in [
        ("timeCreated", timestamp(end.now).into()),
        ("uniqueId", uuid::Uuid::new_v4().to_string().into()),
        ("diskState", "Unattached".into()),
        ("diskSizeBytes", (size * GIB).into()),
    ] {
        properties.insert(name.to_owned(), value);
    }
    end.state.documents.put(&key, &kind, &document, end.now);
}

/// 1 GiB.
pub(crate) const GIB: i64 = 1 << 30;

/// Reads `sku.name` against a list of those a type has.
pub(crate) fn sku_name<'a>(body: &'a Value, known: &[&str], default: &'a str) -> ArmResult<&'a str> {
    let Some(sku) = super::common::object_member(body, "sku")? else {
        return Ok(default);
    };
    let name = super::common::string(sku, "name")?.unwrap_or(default);
    if known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(name);
    }
    Err(ArmError::invalid_parameter(
        "sku.name",
        format!(
            "The value '{name}' of parameter 'sku.name' is not valid. Allowed values are '{}'.",
            known.join(",")
        ),
    ))
}

/// Logical sectors of every storage type that has no choice, in bytes.
pub(crate) const SMALL_SECTORS: i64 = 512;
/// Logical sectors of those that have one, unless told otherwise.
pub(crate) const LARGE_SECTORS: i64 = 4096;

/// Reads `creationData.logicalSectorSize`.
pub(crate) fn sector_size(creation: &Map<String, Value>, what: &str) -> ArmResult<Option<i64>> {
    let asked = super::common::integer(creation, "logicalSectorSize")?;
    match asked.filter(|size| ![SMALL_SECTORS, LARGE_SECTORS].contains(size)) {
        None => Ok(asked),
        Some(other) => {
            let target = format!("{what}.creationData.logicalSectorSize");
            Err(ArmError::invalid_parameter(
                &target,
                format!(
                    "The value '{other}' of parameter '{target}' is not valid. Allowed values are '512,4096'."
                ),
            ))
        }
    }
}

/// A disk or snapshot to copy from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) id: ResourceId,
    pub(crate) document: Value,
    pub(crate) is_snapshot: bool,
}

impl Source {
    /// Finds what `creationData.sourceResourceId` names.
    pub(crate) fn find(cx: &RequestContext<'_>, what: &str, source: Option<&str>) -> ArmResult<Self> {
        let target = format!("{what}.creationData.sourceResourceId");
        let source = source.ok_or_else(|| {
            ArmError::invalid_parameter(
                &target,
                format!("Required parameter '{target}' is missing (null)."),
            )
        })?;
        let invalid = || {
            ArmError::invalid_parameter(
                &target,
                format!(
                    "The value '{source}' of parameter '{target}' is invalid: a disk or snapshot id is expected."
                ),
            )
        };
        let id = ResourceId::parse(source)
            .filter(|id| id.group.is_some())
            .ok_or_else(invalid)?;
        let kind = id.kind().to_lowercase();
        let is_snapshot = kind == snapshots::KIND;
        if !is_snapshot && kind != disks::KIND {
            return Err(invalid());
        }
        if !subscriptions::exists(cx, &id.subscription) {
            return Err(ArmError::new(
                404,
                "SubscriptionNotFound",
                format!("The subscription '{}' could not be found.", id.subscription),
            ));
        }
        let document = super::read(cx.state, cx.environment, cx.now, &id.key())
            .ok_or_else(|| ArmError::resource_not_found(&id))?;
        let properties = &document["properties"];
        if properties["provisioningState"] != "Succeeded" && properties.get("uniqueId").is_none() {
            return Err(ArmError::new(
                409,
                "OperationNotAllowed",
                format!("'{id}' cannot be used as a source: it was not created successfully."),
            ));
        }
        Ok(Self {
            id,
            document,
            is_snapshot,
        })
    }

    /// Its size.
    pub(crate) fn gb(&self) -> i64 {
        self.document["properties"]["diskSizeGB"].as_i64().unwrap_or(1)
    }

    /// Bytes of its logical sectors. What was converted from a storage type without a choice does not tell them.
    pub(crate) fn sector_size(&self) -> i64 {
        let told = &self.document["properties"]["creationData"]["logicalSectorSize"];
        told.as_i64().unwrap_or(SMALL_SECTORS)
    }

    /// Refuses a copy into another region.
    pub(crate) fn check_region(&self, location: &str) -> ArmResult<()> {
        let there = self.document["location"].as_str().unwrap_or_default();
        if there == location {
            return Ok(());
        }
        Err(ArmError::invalid_parameter(
            "location",
            format!(
                "The source '{}' is in location '{there}'. Source and target must be in the same location, not '{location}'.",
                self.id
            ),
        ))
    }
}

/// Whether a region has disks of a storage type: those that lie in all zones need zones, and Ultra is not everywhere.
pub(crate) fn is_offered(sku: &DiskSku, region: &Region) -> bool {
    (region.zones || !sku.zone_redundant) && (sku.name != "UltraSSD_LRS" || region.name != "japanwest")
}

/// Whether a disk may lie in no zone where there are zones: `PremiumV2_LRS` in some regions
/// (disks-deploy-nonzonal-premium-v2.md). The list of SKUs does not say so.
pub(crate) fn may_lie_in_no_zone(sku: &DiskSku, region: &Region) -> bool {
    sku.name == "PremiumV2_LRS" && ["southeastasia", "germanywestcentral"].contains(&region.name)
}

/// `GET …/providers/Microsoft.Compute/skus`.
pub(crate) fn skus(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    read_access(cx, "Microsoft.Compute/skus/read", "skus", api_versions::SKUS)?;
    // The only filter this list takes.
    let wanted = match cx
        .request
        .query("$filter")
        .map(str::trim)
        .filter(|filter| !filter.is_empty())
    {
        None => None,
        Some(filter) => Some(location_filter(filter).ok_or_else(|| {
            ArmError::new(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{filter}'."),
            )
        })?),
    };
    let regions = REGIONS.iter().filter(|region| {
        wanted
            .as_deref()
            .is_none_or(|wanted| find_region(wanted).is_some_and(|found| found.name == region.name))
    });
    let mut value = Vec::new();
    for region in regions {
        for sku in &DISK_SKUS {
            if !is_offered(sku, region) {
                continue;
            }
            let zones: &[&str] = if region.zones && !sku.zone_redundant {
                &["1", "2", "3"]
            } else {
                &[]
            };
            value.push(json!({
                "resourceType": "disks",
                "name": sku.name,
                "tier": sku.tier,
                "locations": [region.name],
                "locationInfo": [{ "location": region.name, "zones": zones, "zoneDetails": [] }],
                "capabilities": [
                    { "name": "MaxSizeGiB", "value": sku.max_gb.to_string() },
                    { "name": "MinSizeGiB", "value": "1" }
                ],
                "restrictions": []
            }));
        }
        value.extend(vm_sizes::all().iter().map(|size| size.document(cx.state, region)));
    }
    Ok(Reply::json(200, &json!({ "value": value })))
}

fn location_filter(filter: &str) -> Option<String> {
    let (field, rest) = filter.split_once(char::is_whitespace)?;
    let (operator, value) = rest.trim_start().split_once(char::is_whitespace)?;
    let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (field.eq_ignore_ascii_case("location") && operator.eq_ignore_ascii_case("eq")).then(|| value.to_owned())
}

/// `GET …/providers/Microsoft.Compute/locations/{location}/usages`.
pub(crate) fn usages(cx: &RequestContext<'_>, location: &str) -> ArmResult<Reply> {
    read_access(
        cx,
        "Microsoft.Compute/locations/usages/read",
        "locations/usages",
        api_versions::SCALE_SETS,
    )?;
    let region = find_region(location).ok_or_else(|| {
        ArmError::new(
            400,
            "NoRegisteredProviderFound",
            format!("No registered resource provider found for location '{location}'."),
        )
    })?;
    let scope = format!("/subscriptions/{}", cx.subscription().to_lowercase());
    let here = format!("\"location\":\"{}\"", region.name);
    let count = |kind: &str| {
        cx.state
            .documents
            .of_type(kind, &scope, None)
            .filter(|(_, resource)| resource.body.contains(&here))
            .count()
    };
    let usage = |name: &str, shown: &str, current: usize, limit: u32| json!({ "name": { "value": name, "localizedValue": shown }, "unit": "Count", "currentValue": current, "limit": limit });
    let vcpus = |name: &str, shown: &str| {
        let used = quotas::used(cx.state, cx.environment, cx.now, region.name, name);
        let limit = quotas::limit(cx.state, region.name, name);
        usage(name, shown, usize::try_from(used).unwrap_or(usize::MAX), limit)
    };
    let mut value = vec![
        vcpus(quotas::CORES, "Total Regional vCPUs"),
        vcpus(quotas::SPOT, "Total Regional Low-priority vCPUs"),
        usage("virtualMachines", "Virtual Machines", 0, 25_000),
        usage("virtualMachineScaleSets", "Virtual Machine Scale Sets", 0, 2_500),
    ];
    let mut families: Vec<&str> = vm_sizes::all().iter().map(|size| size.family).collect();
    families.sort_unstable();
    families.dedup();
    for family in families {
        let series = family
            .trim_start_matches(['s', 'S'])
            .trim_start_matches("tandard")
            .trim_end_matches("Family");
        value.push(vcpus(family, &format!("Standard {series} Family vCPUs")));
    }
    value.push(usage(
        "PremiumDiskCount",
        "Premium Disks",
        count(disks::KIND),
        50_000,
    ));
    value.push(usage(
        "PremiumSnapshotCount",
        "Premium Snapshots",
        count(snapshots::KIND),
        75_000,
    ));
    Ok(Reply::json(200, &json!({ "value": value })))
}

fn read_access(cx: &RequestContext<'_>, action: &str, kind: &str, versions: &[&str]) -> ArmResult<()> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    let scope = ResourceId::of_subscription(cx.subscription()).to_string();
    cx.authorize(action, &scope)?;
    version::supported(
        cx.request,
        "Microsoft.Compute",
        kind,
        versions,
        &cx.environment.options.region,
    )
}
