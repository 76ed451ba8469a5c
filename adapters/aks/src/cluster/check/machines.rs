//! Whether the region offers the machines of the pools, and in their zones.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::findings::Findings;
use super::read::{Element, Read};
use crate::settings::cluster::{OwnCluster, Pool, SYSTEM_POOL};

const KIND: &str = "skus";

/// A SKU of compute, as the region lists it.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sku {
    #[serde(default)]
    resource_type: String,
    #[serde(default)]
    pub(super) name: String,
    /// The name of its quota.
    #[serde(default)]
    pub(super) family: Option<String>,
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
pub(super) struct SkuName {
    resource_type: String,
    name: String,
}

impl SkuName {
    /// Whether a pool of the cluster has it.
    pub(super) fn is_of(&self, own: &OwnCluster) -> bool {
        let is = |pool: &Pool| self.name.eq_ignore_ascii_case(&pool.vm_size);
        is_machine(&self.resource_type) && (is(&own.system) || is(&own.user))
    }
}

impl Element for Sku {
    type Identity = SkuName;
}

#[derive(Debug, Clone, Deserialize, Default)]
struct LocationInfo {
    #[serde(default)]
    location: String,
    #[serde(default)]
    zones: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
struct Capability {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Restriction {
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

impl Sku {
    /// Whether it is a size of machines.
    pub(super) fn is_machine(&self) -> bool {
        is_machine(&self.resource_type)
    }

    pub(super) fn capability(&self, name: &str) -> Option<&str> {
        self.capabilities
            .iter()
            .find(|capability| capability.name.eq_ignore_ascii_case(name))
            .map(|capability| capability.value.as_str())
    }

    fn can(&self, name: &str) -> Option<bool> {
        self.capability(name)
            .map(|value| value.eq_ignore_ascii_case("True"))
    }

    /// How many vCPUs a machine has.
    pub(super) fn vcpus(&self) -> Option<u64> {
        self.capability("vCPUs")?.parse().ok()
    }

    /// The largest disk of the operating system that fits on a machine itself, in GB, as far as it tells.
    fn ephemeral_gb(&self) -> Option<u64> {
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
pub(super) fn size<'a>(skus: &'a [Sku], name: &str) -> Option<&'a Sku> {
    skus.iter()
        .find(|sku| sku.is_machine() && sku.name.eq_ignore_ascii_case(name))
}

pub(super) fn machines(findings: &mut Findings, region: &str, own: &OwnCluster, read: &Read<Vec<Sku>>) {
    let skus = match read {
        Ok(Some(skus)) if skus.iter().any(Sku::is_machine) => skus,
        Ok(_) => {
            findings.untold(
                KIND,
                format!("Azure lists no sizes of machines for region {region}"),
            );
            return;
        }
        Err(error) => {
            findings.unknown(KIND, "what machines the region offers", error);
            return;
        }
    };
    let mut said = BTreeSet::new();
    for (name, key, pool) in [
        (SYSTEM_POOL, "AZURE_AKS_SYSTEM_VM", &own.system),
        ("user", "AZURE_AKS_USER_VM", &own.user),
    ] {
        let Some(size) = size(skus, &pool.vm_size) else {
            if said.insert(pool.vm_size.to_lowercase()) {
                findings.fail(
                    KIND,
                    format!("region {region} has no machines of size {}", pool.vm_size),
                    format!("choose another in {key}_SIZE: {}", listing(region)),
                );
            }
            continue;
        };
        offered(findings, region, key, pool, size);
        fitting(findings, name, key, pool, size);
        if own.encryption_at_host && size.can("EncryptionAtHostSupported") == Some(false) {
            findings.fail(
                KIND,
                format!(
                    "machines of size {} cannot encrypt at host, as AZURE_AKS_ENCRYPTION_AT_HOST wants",
                    pool.vm_size
                ),
                format!("choose another size in {key}_SIZE"),
            );
        }
    }
    findings.otherwise_pass(
        KIND,
        format!("region {region} offers the machines of all pools where they are to be"),
    );
}

fn listing(region: &str) -> String {
    format!("az vm list-skus --location {region} --resource-type virtualMachines --all prints them")
}

/// Whether it is there, in the zones too, and for this subscription.
fn offered(findings: &mut Findings, region: &str, key: &str, pool: &Pool, size: &Sku) {
    let wanted: Vec<String> = pool.zones.iter().map(ToString::to_string).collect();
    let there = size
        .location_info
        .iter()
        .filter(|info| info.location.is_empty() || info.location.eq_ignore_ascii_case(region))
        .flat_map(|info| &info.zones);
    let there: BTreeSet<&String> = there.collect();
    let absent: Vec<&str> = wanted
        .iter()
        .filter(|zone| !there.contains(zone))
        .map(String::as_str)
        .collect();
    if !absent.is_empty() {
        findings.fail(
            KIND,
            format!(
                "region {region} has no {} in zone {}",
                pool.vm_size,
                absent.join(", ")
            ),
            format!("choose other zones in {key}_ZONES, or another size in {key}_SIZE"),
        );
    }
    for restriction in &size.restrictions {
        let reason = restriction.reason_code.as_deref().unwrap_or("no reason told");
        let hint = if reason.eq_ignore_ascii_case("QuotaId") {
            "the subscription's offer does not include it; choose another size, or another offer"
        } else {
            "choose another size or zone, or ask Azure's support to let the subscription use it"
        };
        if restriction.kind.eq_ignore_ascii_case("Location") {
            let message = format!(
                "the subscription may not use {} in region {region} ({reason})",
                pool.vm_size
            );
            findings.fail(KIND, message, hint);
        } else if restriction.kind.eq_ignore_ascii_case("Zone") {
            let closed: Vec<&str> = wanted
                .iter()
                .filter(|zone| restriction.restriction_info.zones.contains(zone))
                .map(String::as_str)
                .collect();
            if !closed.is_empty() {
                let message = format!(
                    "the subscription may not use {} in zone {} of region {region} ({reason})",
                    pool.vm_size,
                    closed.join(", ")
                );
                findings.fail(KIND, message, hint);
            }
        }
    }
}

/// Whether it does what the pool wants of it.
fn fitting(findings: &mut Findings, name: &str, key: &str, pool: &Pool, size: &Sku) {
    let machine = &pool.vm_size;
    if pool.disk_type == "Ephemeral" {
        let largest = size.ephemeral_gb();
        if size.can("EphemeralOSDiskSupported") == Some(false) {
            findings.fail(
                KIND,
                format!("machines of size {machine} have no room for a disk of their own, as {key}_DISK_TYPE wants"),
                format!("set {key}_DISK_TYPE to Managed, or choose a size with a local disk"),
            );
        } else if let Some(largest) = largest.filter(|largest| *largest < u64::from(pool.disk_size_gb)) {
            findings.fail(
                KIND,
                format!(
                    "an ephemeral disk of {} GB does not fit on machines of size {machine}, which have room for {largest} GB",
                    pool.disk_size_gb
                ),
                format!("set {key}_DISK_SIZE_GB to {largest} at most, or choose a larger size"),
            );
        }
    }
    if pool.priority == "Spot" && size.can("LowPriorityCapable") == Some(false) {
        findings.fail(
            KIND,
            format!("machines of size {machine} cannot be Spot, as {key}_PRIORITY wants"),
            format!("choose another size in {key}_SIZE, or Regular machines"),
        );
    }
    if name != SYSTEM_POOL && size.can("PremiumIO") == Some(false) {
        findings.warn(
            KIND,
            format!(
                "machines of size {machine} take no premium disks, which volumes have unless told otherwise"
            ),
            format!("choose another size in {key}_SIZE, or option sku: StandardSSD_LRS for the volumes"),
        );
    }
}

#[cfg(test)]
pub(super) mod tests {
    use kompox_domain::cluster::Verdict;
    use serde_json::{Value, json};

    use super::super::tests::own;
    use super::*;

    /// A size as the region lists it.
    pub(in super::super) fn sku(name: &str, change: &Value) -> Sku {
        let mut sku = json!({
            "resourceType": "virtualMachines", "name": name, "family": "standardDSv5Family",
            "locationInfo": [{"location": "japaneast", "zones": ["1", "2", "3"]}],
            "capabilities": [{"name": "vCPUs", "value": "4"}],
        });
        for (key, value) in change.as_object().unwrap() {
            sku[key] = value.clone();
        }
        serde_json::from_value(sku).unwrap()
    }

    fn found(settings: &[(&str, &str)], change: &Value) -> Vec<(Verdict, String)> {
        let user = ("AZURE_AKS_USER_VM_SIZE", "Standard_X4");
        let own = own(&[settings, &[user]].concat());
        let skus = vec![sku(&own.system.vm_size, &json!({})), sku("standard_x4", change)];
        let mut findings = Findings::default();
        machines(&mut findings, "japaneast", &own, &Ok(Some(skus)));
        let of = |check: &kompox_domain::cluster::Check| (check.verdict, check.message.clone());
        findings.checks().iter().map(of).collect()
    }

    fn one(settings: &[(&str, &str)], change: &Value) -> (Verdict, String) {
        let mut found = found(settings, change);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn a_size_must_be_there_in_every_zone_that_is_wanted() {
        let zones = ("AZURE_AKS_USER_VM_ZONES", "1,2");
        let in_one = json!({"locationInfo": [{"location": "JapanEast", "zones": ["1"]}]});
        assert_eq!(one(&[zones], &json!({})).0, Verdict::Pass);
        assert_eq!(one(&[], &in_one).0, Verdict::Pass);
        let (verdict, message) = one(&[zones], &in_one);
        assert_eq!(verdict, Verdict::Fail);
        assert!(message.ends_with("in zone 2"), "{message}");
        let (verdict, message) = one(&[], &json!({"name": "Standard_Y4"}));
        assert_eq!(verdict, Verdict::Fail);
        assert!(message.contains("Standard_X4"), "{message}");
    }

    #[test]
    fn a_restriction_counts_where_it_meets_what_is_wanted() {
        let zones = ("AZURE_AKS_USER_VM_ZONES", "1,3");
        let of = |zones: Value| {
            json!({"restrictions": [{"type": "Zone", "reasonCode": "NotAvailableForSubscription",
                "restrictionInfo": {"zones": zones}}]})
        };
        assert_eq!(one(&[zones], &of(json!(["2"]))).0, Verdict::Pass);
        let (verdict, message) = one(&[zones], &of(json!(["3"])));
        assert_eq!(verdict, Verdict::Fail);
        assert!(
            message.contains("zone 3") && message.contains("NotAvailableForSubscription"),
            "{message}"
        );
        let everywhere = json!({"restrictions": [{"type": "Location", "reasonCode": "QuotaId"}]});
        assert_eq!(one(&[], &everywhere).0, Verdict::Fail);
    }

    #[test]
    fn a_disk_of_the_machine_itself_must_fit() {
        let ephemeral = ("AZURE_AKS_USER_VM_DISK_TYPE", "Ephemeral");
        let with = |supported: &str, megabytes: &str| {
            json!({"capabilities": [
                {"name": "EphemeralOSDiskSupported", "value": supported},
                {"name": "MaxResourceVolumeMB", "value": megabytes}]})
        };
        assert_eq!(one(&[ephemeral], &with("True", "153600")).0, Verdict::Pass);
        assert_eq!(one(&[], &with("False", "0")).0, Verdict::Pass);
        assert_eq!(one(&[ephemeral], &with("False", "0")).0, Verdict::Fail);
        let (verdict, message) = one(&[ephemeral], &with("True", "32768"));
        assert_eq!(verdict, Verdict::Fail);
        assert!(message.contains("room for 32 GB"), "{message}");
    }

    #[test]
    fn spot_machines_and_premium_disks_must_be_possible() {
        let spot = ("AZURE_AKS_USER_VM_PRIORITY", "Spot");
        let cannot = |name: &str| json!({"capabilities": [{"name": name, "value": "False"}]});
        assert_eq!(one(&[spot], &cannot("LowPriorityCapable")).0, Verdict::Fail);
        assert_eq!(one(&[], &cannot("LowPriorityCapable")).0, Verdict::Pass);
        assert_eq!(one(&[], &cannot("PremiumIO")).0, Verdict::Warn);
    }

    #[test]
    fn encryption_at_host_takes_machines_that_can() {
        let at_host = ("AZURE_AKS_ENCRYPTION_AT_HOST", "true");
        let says =
            |value: &str| json!({"capabilities": [{"name": "EncryptionAtHostSupported", "value": value}]});
        assert_eq!(one(&[at_host], &says("True")).0, Verdict::Pass);
        assert_eq!(one(&[], &says("False")).0, Verdict::Pass);
        let (verdict, message) = one(&[at_host], &says("False"));
        assert_eq!(verdict, Verdict::Fail);
        assert!(message.contains("Standard_X4"), "{message}");
    }
}
