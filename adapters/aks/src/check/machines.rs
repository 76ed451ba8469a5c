//! Whether the region offers the machines of the pools, and in their zones.

use std::collections::BTreeSet;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Element, Read};
use crate::settings::cluster::{Pool, ProvisionedSettings, SYSTEM_POOL};
use crate::skus::{Sku, SkuName, size};

const KIND: CheckKind = CheckKind::Skus;

impl Element for Sku {
    type Identity = SkuName;
}

/// Whether a pool of the cluster has this size.
pub(super) fn belongs_to_cluster(sku: &SkuName, own: &ProvisionedSettings) -> bool {
    let is = |pool: &Pool| sku.name.eq_ignore_ascii_case(&pool.vm_size);
    sku.is_machine() && (is(&own.system) || is(&own.user))
}

pub(super) fn machines(
    findings: &mut Findings,
    region: &str,
    own: &ProvisionedSettings,
    read: &Read<Vec<Sku>>,
) {
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
        ultra(findings, region, key, pool, size);
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
    let there = size.zones(region);
    let absent: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|zone| !there.contains(zone))
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
    for restriction in size.restrictions() {
        let reason = restriction.reason();
        let hint = if reason.eq_ignore_ascii_case("QuotaId") {
            "the subscription's offer does not include it; choose another size, or another offer"
        } else {
            "choose another size or zone, or ask Azure's support to let the subscription use it"
        };
        if restriction.is_of_region() {
            let message = format!(
                "the subscription may not use {} in region {region} ({reason})",
                pool.vm_size
            );
            findings.fail(KIND, message, hint);
        } else {
            let closed: Vec<&str> = wanted
                .iter()
                .map(String::as_str)
                .filter(|zone| restriction.is_of_zone(zone))
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

/// Whether it attaches Ultra disks in every zone of a pool that is to.
fn ultra(findings: &mut Findings, region: &str, key: &str, pool: &Pool, size: &Sku) {
    if !pool.ultra_ssd {
        return;
    }
    let zones = pool.zones.iter().map(ToString::to_string);
    let without: Vec<String> = zones
        .filter(|zone| !size.can_in_zone(region, zone, "UltraSSDAvailable"))
        .collect();
    if !without.is_empty() {
        findings.fail(
            KIND,
            format!(
                "machines of size {} attach no Ultra disks in zone {} of region {region}, as {key}_ULTRA_SSD wants",
                pool.vm_size,
                without.join(", ")
            ),
            format!("choose another size in {key}_SIZE, or other zones in {key}_ZONES"),
        );
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
    fn ultra_disks_must_be_possible_in_every_zone_of_the_pool() {
        let zones = ("AZURE_AKS_USER_VM_ZONES", "1,2");
        let wanted = ("AZURE_AKS_USER_VM_ULTRA_SSD", "true");
        let in_zones = |zones: &Value| {
            json!({"locationInfo": [{"location": "japaneast", "zones": ["1", "2", "3"], "zoneDetails": [
                {"name": zones, "capabilities": [{"name": "UltraSSDAvailable", "value": "True"}]}]}]})
        };
        assert_eq!(
            one(&[zones, wanted], &in_zones(&json!(["2", "1"]))).0,
            Verdict::Pass
        );
        assert_eq!(one(&[zones], &json!({})).0, Verdict::Pass);
        let (verdict, message) = one(&[zones, wanted], &in_zones(&json!(["1"])));
        assert_eq!(verdict, Verdict::Fail);
        assert!(
            message.contains("in zone 2 of") && message.contains("Standard_X4"),
            "{message}"
        );
        assert_eq!(one(&[zones, wanted], &json!({})).0, Verdict::Fail);
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
