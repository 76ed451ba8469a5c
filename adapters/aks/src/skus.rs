//! SKUs of compute: the sizes of machines and the kinds of disks that a region offers.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A SKU of compute, as the region lists it.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sku {
    #[serde(default)]
    resource_type: String,
    #[serde(default)]
    pub(crate) name: String,
    /// The name of its quota.
    #[serde(default)]
    pub(crate) family: Option<String>,
    #[serde(default)]
    location_info: Vec<LocationInfo>,
    #[serde(default)]
    capabilities: Vec<Capability>,
    #[serde(default)]
    restrictions: Vec<Restriction>,
}

/// Which SKU it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkuName {
    resource_type: String,
    pub(crate) name: String,
}

impl SkuName {
    /// Whether it is a size of machines.
    pub(crate) fn is_machine(&self) -> bool {
        is_machine(&self.resource_type)
    }

    /// Whether it is this kind of disks.
    pub(crate) fn is_disk(&self, name: &str) -> bool {
        self.resource_type.eq_ignore_ascii_case("disks") && self.name.eq_ignore_ascii_case(name)
    }
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct LocationInfo {
    #[serde(default)]
    location: String,
    #[serde(default)]
    zones: Vec<String>,
    #[serde(default)]
    zone_details: Vec<ZoneDetails>,
}

/// What it can do in some zones only.
#[derive(Debug, Clone, Deserialize, Default)]
struct ZoneDetails {
    /// The zones. Some clients lose them.
    #[serde(default)]
    name: Vec<String>,
    #[serde(default)]
    capabilities: Vec<Capability>,
}

#[derive(Debug, Clone, Deserialize, Default)]
struct Capability {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

impl Capability {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn yes(&self) -> bool {
        self.value.eq_ignore_ascii_case("True")
    }
}

/// Where the subscription may not use it.

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Restriction {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    reason_code: Option<String>,
    #[serde(default)]
    restriction_info: RestrictionInfo,
}

#[derive(Debug, Clone, Deserialize, Default)]
struct RestrictionInfo {
    #[serde(default)]
    zones: Vec<String>,
}

impl Restriction {
    /// Why, in Azure's word.
    pub(crate) fn reason(&self) -> &str {
        self.reason_code.as_deref().unwrap_or("no reason told")
    }

    /// Whether it holds in the whole region.
    pub(crate) fn is_of_region(&self) -> bool {
        self.kind.eq_ignore_ascii_case("Location")
    }

    /// Whether it holds in this zone.
    pub(crate) fn is_of_zone(&self, zone: &str) -> bool {
        self.kind.eq_ignore_ascii_case("Zone")
            && self.restriction_info.zones.iter().any(|closed| closed == zone)
    }
}

impl Sku {
    /// Whether it is a size of machines.
    pub(crate) fn is_machine(&self) -> bool {
        is_machine(&self.resource_type)
    }

    /// The value of a capability.
    pub(crate) fn capability(&self, name: &str) -> Option<&str> {
        self.capabilities
            .iter()
            .find(|capability| capability.is(name))
            .map(|capability| capability.value.as_str())
    }

    /// Whether it has a capability, as far as it tells.
    pub(crate) fn can(&self, name: &str) -> Option<bool> {
        let told = self.capabilities.iter().find(|capability| capability.is(name));
        told.map(Capability::yes)
    }

    /// Whether it has a capability in a zone of the region: those that hang on zones are told with them.
    pub(crate) fn can_in_zone(&self, region: &str, zone: &str, name: &str) -> bool {
        self.places(region)
            .flat_map(|place| &place.zone_details)
            .filter(|details| details.name.is_empty() || details.name.iter().any(|named| named == zone))
            .flat_map(|details| &details.capabilities)
            .any(|capability| capability.is(name) && capability.yes())
    }

    /// The zones of the region in which it is.
    pub(crate) fn zones(&self, region: &str) -> BTreeSet<&str> {
        self.places(region)
            .flat_map(|place| &place.zones)
            .map(String::as_str)
            .collect()
    }

    fn places(&self, region: &str) -> impl Iterator<Item = &LocationInfo> {
        self.location_info
            .iter()
            .filter(move |place| place.location.is_empty() || place.location.eq_ignore_ascii_case(region))
    }

    /// Where the subscription may not use it.
    pub(crate) fn restrictions(&self) -> &[Restriction] {
        &self.restrictions
    }

    /// How many vCPUs a machine has.
    pub(crate) fn vcpus(&self) -> Option<u64> {
        self.capability("vCPUs")?.parse().ok()
    }

    /// The largest disk of the operating system that fits on a machine itself, in GB, as far as it tells.
    pub(crate) fn ephemeral_gb(&self) -> Option<u64> {
        let number = |name: &str| self.capability(name)?.parse::<u64>().ok();
        [
            number("CachedDiskBytes").map(|bytes| bytes >> 30),
            number("MaxResourceVolumeMB").map(|megabytes| megabytes >> 10),
            number("NvmeDiskSizeInMiB").map(|mebibytes| mebibytes >> 10),
        ]
        .into_iter()
        .flatten()
        .max()
    }
}

fn is_machine(resource_type: &str) -> bool {
    resource_type.eq_ignore_ascii_case("virtualMachines")
}

/// The size of that name in a list of SKUs.
pub(crate) fn size<'a>(skus: &'a [Sku], name: &str) -> Option<&'a Sku> {
    skus.iter()
        .find(|sku| sku.is_machine() && sku.name.eq_ignore_ascii_case(name))
}
