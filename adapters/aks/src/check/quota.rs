//! Whether the vCPUs of the pools fit into what the region still has for the subscription.
//!
//! The nodes that the pools begin with must fit, or Azure makes none. Those that the autoscaler may add need not fit
//! yet: that is worth a warning. What the cluster's own pools use already counts for it, not against it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Element, Read};
use crate::observe::managed_cluster::ManagedCluster;
use crate::settings::cluster::{Pool, ProvisionedSettings, SYSTEM_POOL};
use crate::skus::{Sku, size};

const KIND: CheckKind = CheckKind::Quota;
/// All vCPUs of machines that are not Spot.
const REGIONAL: &str = "cores";
/// All vCPUs of Spot machines: they count here and nowhere else.
const SPOT: &str = "lowPriorityCores";

/// How much of something the subscription uses in a region.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    #[serde(default)]
    name: UsageName,
    #[serde(default)]
    current_value: u64,
    /// Some quotas have none: that is -1.
    #[serde(default)]
    limit: i64,
}

/// Which quota it is.
#[derive(Deserialize)]
pub(super) struct QuotaIdentity {
    #[serde(rename = "name")]
    _name: QuotaName,
}

#[derive(Deserialize)]
struct QuotaName {
    #[serde(rename = "value")]
    _value: String,
}

impl Element for Usage {
    type Identity = QuotaIdentity;
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct UsageName {
    #[serde(default)]
    value: String,
    #[serde(default)]
    localized_value: Option<String>,
}

/// vCPUs that are to come: those needed at once, and those that there may be in the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Need {
    now: u64,
    most: u64,
}

pub(super) fn quota(
    findings: &mut Findings,
    region: &str,
    own: &ProvisionedSettings,
    runs: Option<&ManagedCluster>,
    skus: &Read<Vec<Sku>>,
    usages: &Read<Vec<Usage>>,
) {
    let usages = match usages {
        Ok(Some(usages)) => usages,
        Ok(None) => {
            findings.untold(KIND, format!("Azure lists no quotas for region {region}"));
            return;
        }
        Err(error) => {
            findings.unknown(KIND, "the quotas of vCPUs", error);
            return;
        }
    };
    let skus = match skus {
        Ok(Some(skus)) => skus,
        // That they are missing is another finding.
        Ok(None) => return,
        Err(error) => {
            findings.unknown(KIND, "how many vCPUs the machines have", error);
            return;
        }
    };
    let needs = needs(own, runs, skus);
    for (name, need) in &needs {
        compare_with_quota(findings, region, name, *need, usages);
    }
    let total = |name: &str| needs.get(name).copied().unwrap_or_default();
    let (regular, spot) = (total(REGIONAL), total(SPOT));
    findings.otherwise_pass(
        KIND,
        format!(
            "{} vCPUs for the nodes to begin with fit into the quotas of region {region}, and {} with all that the \
             autoscaler may add",
            regular.now + spot.now,
            regular.most + spot.most
        ),
    );
}

/// What is to come, by the name of the quota.
fn needs(own: &ProvisionedSettings, runs: Option<&ManagedCluster>, skus: &[Sku]) -> BTreeMap<String, Need> {
    let running = |name: &str| -> u64 {
        let pools = runs.iter().flat_map(|cluster| &cluster.properties.pools);
        let mut pools = pools.filter(|pool| pool.name == name);
        pools.next().and_then(|pool| pool.count).unwrap_or(0).into()
    };
    let mut needs: BTreeMap<String, Need> = BTreeMap::new();
    let mut count = |name: &str, pool: &Pool| {
        let Some((sku, vcpus)) = size(skus, &pool.vm_size).and_then(|sku| Some((sku, sku.vcpus()?))) else {
            return;
        };
        let running = running(name);
        let of = |nodes: u32| u64::from(nodes).saturating_sub(running).saturating_mul(vcpus);
        let names = match &sku.family {
            _ if pool.priority == "Spot" => vec![SPOT.to_owned()],
            Some(family) => vec![REGIONAL.to_owned(), family.clone()],
            None => vec![REGIONAL.to_owned()],
        };
        for name in names {
            let need = needs.entry(name).or_default();
            need.now += of(pool.min);
            need.most += of(pool.max);
        }
    };
    count(SYSTEM_POOL, &own.system);
    for (name, _) in own.user_pools() {
        count(&name, &own.user);
    }
    needs
}

fn compare_with_quota(findings: &mut Findings, region: &str, name: &str, need: Need, usages: &[Usage]) {
    let Some(usage) = usages
        .iter()
        .find(|usage| usage.name.value.eq_ignore_ascii_case(name))
    else {
        findings.untold(KIND, format!("Azure lists no quota {name} in region {region}"));
        return;
    };
    let Ok(limit) = u64::try_from(usage.limit) else {
        return;
    };
    let free = limit.saturating_sub(usage.current_value);
    let shown = usage.name.localized_value.as_deref().unwrap_or(name);
    let left = format!("region {region} has {free} of {limit} left of {shown} ({name})");
    let hint =
        "ask for a larger quota (az vm list-usage prints them), or choose smaller machines or another region";
    if need.now > free {
        findings.fail(
            KIND,
            format!("the nodes to begin with need {} vCPUs, and {left}", need.now),
            hint,
        );
    } else if need.most > free {
        let message = format!(
            "with all nodes that the autoscaler may add, {} vCPUs are needed, and {left}",
            need.most
        );
        findings.warn(KIND, message, hint);
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;
    use serde_json::json;

    use super::super::machines::tests::sku;
    use super::super::tests::own;
    use super::*;

    fn usage(name: &str, current: u64, limit: i64) -> Usage {
        serde_json::from_value(json!({"name": {"value": name}, "currentValue": current, "limit": limit}))
            .unwrap()
    }

    /// Both pools begin with one machine of 4 vCPUs and grow to three.
    fn found(
        settings: &[(&str, &str)],
        runs: Option<&ManagedCluster>,
        usages: Vec<Usage>,
    ) -> Vec<(Verdict, String)> {
        let own = own(settings);
        let skus = vec![
            sku(&own.system.vm_size, &json!({})),
            sku(&own.user.vm_size, &json!({})),
        ];
        let mut findings = Findings::default();
        let (skus, usages) = (Ok(Some(skus)), Ok(Some(usages)));
        quota(&mut findings, "japaneast", &own, runs, &skus, &usages);
        let of = |check: &kompox_domain::cluster::Check| (check.verdict, check.message.clone());
        findings.checks().iter().map(of).collect()
    }

    fn verdicts(
        settings: &[(&str, &str)],
        runs: Option<&ManagedCluster>,
        regional: (u64, i64),
        family: (u64, i64),
        spot: (u64, i64),
    ) -> Vec<Verdict> {
        let usages = vec![
            usage("cores", regional.0, regional.1),
            usage("StandardDsv5Family", family.0, family.1),
            usage("lowPriorityCores", spot.0, spot.1),
        ];
        let found = found(settings, runs, usages);
        found.into_iter().map(|(verdict, _)| verdict).collect()
    }

    #[test]
    fn what_is_needed_at_once_must_fit_and_what_may_come_is_a_warning() {
        let none = (0, 0);
        assert_eq!(verdicts(&[], None, (0, 24), (0, 24), none), [Verdict::Pass]);
        assert_eq!(verdicts(&[], None, (0, 23), (0, 24), none), [Verdict::Warn]);
        assert_eq!(verdicts(&[], None, (16, 24), (0, 24), none), [Verdict::Warn]);
        assert_eq!(verdicts(&[], None, (17, 24), (0, 24), none), [Verdict::Fail]);
        assert_eq!(
            verdicts(&[], None, (0, 24), (0, 7), none),
            [Verdict::Fail],
            "the family has a quota of its own"
        );
        assert_eq!(
            verdicts(&[], None, (0, -1), (0, -1), none),
            [Verdict::Pass],
            "no limit"
        );
    }

    #[test]
    fn spot_machines_count_in_a_quota_of_their_own() {
        let spot = [("AZURE_AKS_USER_VM_PRIORITY", "Spot")];
        assert_eq!(verdicts(&spot, None, (0, 12), (0, 12), (0, 12)), [Verdict::Pass]);
        assert_eq!(verdicts(&spot, None, (0, 12), (0, 12), (0, 3)), [Verdict::Fail]);
    }

    #[test]
    fn every_zone_has_a_pool_of_its_own() {
        let zones = [("AZURE_AKS_USER_VM_ZONES", "1,2,3")];
        assert_eq!(verdicts(&zones, None, (0, 48), (0, 48), (0, 0)), [Verdict::Pass]);
        assert_eq!(verdicts(&zones, None, (0, 15), (0, 48), (0, 0)), [Verdict::Fail]);
    }

    #[test]
    fn what_runs_already_is_not_needed_once_more() {
        let cluster: ManagedCluster = serde_json::from_value(json!({"properties": {"agentPoolProfiles": [
            {"name": "system", "count": 1}, {"name": "user", "count": 2}]}}))
        .unwrap();
        assert_eq!(
            verdicts(&[], Some(&cluster), (12, 24), (12, 24), (0, 0)),
            [Verdict::Pass]
        );
        assert_eq!(
            verdicts(&[], Some(&cluster), (13, 24), (12, 24), (0, 0)),
            [Verdict::Warn]
        );
    }

    #[test]
    fn a_quota_that_is_not_listed_is_not_known() {
        let told = found(&[], None, vec![usage("cores", 0, 100)]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, Verdict::Unknown);
        assert!(told[0].1.contains("standardDSv5Family"), "{told:?}");
    }
}
