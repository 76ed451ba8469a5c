//! Sizes of virtual machines, as compute lists them: the families that node pools are made of.

use std::sync::LazyLock;

use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use crate::arm::providers::Region;

/// A size of virtual machines.
#[derive(Debug)]
pub(crate) struct VmSize {
    pub(crate) name: String,
    /// The name of its quota.
    pub(crate) family: &'static str,
    pub(crate) vcpus: u32,
    memory_gb: u32,
    /// Size of the local disk, on which an ephemeral OS disk can be; 0 without.
    pub(crate) local_gb: u32,
    arm: bool,
}

/// A series: `Standard_{letter}{vcpus}{suffix}`, its quota, memory per vCPU, local disk per vCPU, and which vCPUs.
type Series = (&'static str, &'static str, &'static str, u32, u32, &'static [u32]);

const SERIES: [Series; 21] = [
    ("B", "s_v2", "standardBsv2Family", 4, 0, &[2, 4, 8, 16, 32]),
    ("B", "as_v2", "standardBasv2Family", 4, 0, &[2, 4, 8, 16, 32]),
    ("B", "ms", "standardBSFamily", 4, 8, &[2, 4, 8, 12, 16]),
    ("D", "s_v3", "standardDSv3Family", 4, 8, &[2, 4, 8, 16, 32]),
    ("D", "s_v4", "standardDSv4Family", 4, 0, &[2, 4, 8, 16, 32]),
    ("D", "ds_v4", "standardDDSv4Family", 4, 37, &[2, 4, 8, 16, 32]),
    ("D", "as_v4", "standardDASv4Family", 4, 8, &[2, 4, 8, 16, 32]),
    ("D", "s_v5", "standardDSv5Family", 4, 0, &[2, 4, 8, 16, 32, 48]),
    ("D", "ds_v5", "standardDDSv5Family", 4, 37, &[2, 4, 8, 16, 32, 48]),
    ("D", "as_v5", "standardDASv5Family", 4, 0, &[2, 4, 8, 16, 32, 48]),
    (
        "D",
        "ads_v5",
        "standardDADSv5Family",
        4,
        37,
        &[2, 4, 8, 16, 32, 48],
    ),
    ("D", "s_v6", "StandardDsv6Family", 4, 0, &[2, 4, 8, 16, 32]),
    ("D", "ds_v6", "StandardDdsv6Family", 4, 55, &[2, 4, 8, 16, 32]),
    ("D", "as_v6", "StandardDasv6Family", 4, 0, &[2, 4, 8, 16, 32]),
    ("D", "ads_v6", "StandardDadsv6Family", 4, 55, &[2, 4, 8, 16, 32]),
    ("D", "ps_v5", "standardDPSv5Family", 4, 0, &[2, 4, 8, 16, 32]),
    ("D", "pds_v5", "standardDPDSv5Family", 4, 37, &[2, 4, 8, 16, 32]),
    ("E", "s_v5", "standardESv5Family", 8, 0, &[2, 4, 8, 16, 32]),
    ("E", "ds_v5", "standardEDSv5Family", 8, 37, &[2, 4, 8, 16, 32]),
    ("E", "as_v5", "standardEASv5Family", 8, 0, &[2, 4, 8, 16, 32]),
    ("F", "s_v2", "standardFSv2Family", 2, 8, &[2, 4, 8, 16, 32]),
];

/// All sizes.
pub(crate) fn all() -> &'static [VmSize] {
    static SIZES: LazyLock<Vec<VmSize>> = LazyLock::new(|| {
        let mut sizes: Vec<VmSize> = SERIES
            .iter()
            .flat_map(|(letter, suffix, family, memory, local, vcpus)| {
                vcpus.iter().map(move |vcpus| VmSize {
                    name: format!("Standard_{letter}{vcpus}{suffix}"),
                    family,
                    vcpus: *vcpus,
                    memory_gb: memory * vcpus,
                    local_gb: local * vcpus,
                    arm: suffix.starts_with('p'),
                })
            })
            .collect();
        // Those that keep no series.
        for (name, family, vcpus, memory_gb, local_gb) in [
            ("Standard_B2s", "standardBSFamily", 2, 4, 8),
            ("Standard_DS2_v2", "standardDSv2Family", 2, 7, 14),
            ("Standard_A2_v2", "standardAv2Family", 2, 4, 20),
        ] {
            sizes.push(VmSize {
                name: name.to_owned(),
                family,
                vcpus,
                memory_gb,
                local_gb,
                arm: false,
            });
        }
        sizes
    });
    &SIZES
}

/// The size by name, compared without case.
pub(crate) fn find(name: &str) -> Option<&'static VmSize> {
    all().iter().find(|size| size.name.eq_ignore_ascii_case(name))
}

/// Where a size may not be used by the subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restriction {
    /// Nowhere: it may be used.
    None,
    /// In the whole region.
    Location,
    /// In these zones of the region.
    Zones(Vec<String>),
}

fn setting(region: &str, size: &str) -> String {
    format!("restricted:{region}:{}", size.to_lowercase())
}

/// Sets where the subscription may not use a size.
pub(crate) fn restrict(state: &mut State, region: &str, size: &str, restriction: &Restriction) {
    let value = match restriction {
        Restriction::None => None,
        Restriction::Location => Some("location".to_owned()),
        Restriction::Zones(zones) => Some(zones.join(",")),
    };
    state.settings.set(&setting(region, size), value.as_deref());
}

/// Where the subscription may not use a size.
pub(crate) fn restriction(state: &State, region: &str, size: &str) -> Restriction {
    match state.settings.get(&setting(region, size)) {
        None => Restriction::None,
        Some("location") => Restriction::Location,
        Some(zones) => Restriction::Zones(zones.split(',').map(str::to_owned).collect()),
    }
}

/// The capability of attaching Ultra disks, told with the zones in which it is there.
const ULTRA: &str = "UltraSSDAvailable";

impl VmSize {
    /// Whether it is of a series that lacks what later ones have.
    fn is_basic(&self) -> bool {
        self.family == "standardAv2Family"
    }

    /// Whether its disks and caches can be encrypted where it runs.
    pub(crate) fn encrypts_at_host(&self) -> bool {
        !self.is_basic()
    }

    /// The zones in which its machines attach Ultra disks: burstable ones never do, and not every zone has the storage.
    pub(crate) fn ultra_zones(&self) -> &'static [&'static str] {
        if self.is_basic() || self.name.starts_with("Standard_B") || self.family == "standardDSv2Family" {
            &[]
        } else if self.family == "standardFSv2Family" {
            &["1", "2"]
        } else {
            &["1", "2", "3"]
        }
    }

    /// Its entry in the list of SKUs.
    pub(crate) fn document(&self, state: &State, region: &Region) -> Value {
        let zones: &[&str] = if region.zones { &["1", "2", "3"] } else { &[] };
        let capability = |name: &str, value: String| json!({ "name": name, "value": value });
        let yes = |yes: bool| if yes { "True" } else { "False" }.to_owned();
        let restrictions = match restriction(state, region.name, &self.name) {
            Restriction::None => json!([]),
            Restriction::Location => json!([{
                "type": "Location",
                "values": [region.name],
                "restrictionInfo": { "locations": [region.name] },
                "reasonCode": "NotAvailableForSubscription"
            }]),
            Restriction::Zones(zones) => json!([{
                "type": "Zone",
                "values": [region.name],
                "restrictionInfo": { "locations": [region.name], "zones": zones },
                "reasonCode": "NotAvailableForSubscription"
            }]),
        };
        json!({
            "resourceType": "virtualMachines",
            "name": self.name,
            "tier": "Standard",
            "size": self.name.strip_prefix("Standard_"),
            "family": self.family,
            "locations": [region.name],
            "locationInfo": [{
                "location": region.name,
                "zones": zones,
                "zoneDetails": if zones.is_empty() || self.ultra_zones().is_empty() {
                    json!([])
                } else {
                    json!([{
                        "name": self.ultra_zones(),
                        "capabilities": [{ "name": ULTRA, "value": "True" }]
                    }])
                },
            }],
            "capabilities": [
                capability("vCPUs", self.vcpus.to_string()),
                capability("vCPUsAvailable", self.vcpus.to_string()),
                capability("MemoryGB", self.memory_gb.to_string()),
                capability("MaxResourceVolumeMB", (self.local_gb * 1024).to_string()),
                capability("MaxDataDiskCount", (self.vcpus * 2).min(32).to_string()),
                capability("CpuArchitectureType", if self.arm { "Arm64" } else { "x64" }.to_owned()),
                capability("HyperVGenerations", if self.arm { "V2" } else { "V1,V2" }.to_owned()),
                capability("PremiumIO", yes(!self.is_basic())),
                capability("AcceleratedNetworkingEnabled", yes(true)),
                capability("EncryptionAtHostSupported", yes(self.encrypts_at_host())),
                capability("LowPriorityCapable", yes(!self.family.starts_with("standardBS"))),
                capability("EphemeralOSDiskSupported", yes(self.local_gb >= 30)),
            ],
            "restrictions": restrictions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_named_once_and_know_their_vcpus() {
        assert_eq!(find("standard_d4ds_V5").map(|size| size.vcpus), Some(4));
        assert_eq!(
            find("Standard_D2as_v5").map(|size| size.family),
            Some("standardDASv5Family")
        );
        assert!(find("Standard_D3_v9").is_none());
        let mut names: Vec<&str> = all().iter().map(|size| size.name.as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
