//! Quotas of vCPUs: in all of a region, of each family of sizes, and of spot machines. What is used is what the node
//! pools of the subscription's clusters use.

use kompox_emulator_core::store::State;
use serde_json::Value;

use super::vm_sizes;
use crate::context::Environment;

/// All vCPUs of a region.
pub(crate) const CORES: &str = "cores";
/// All vCPUs of a region that spot machines use; they count here and nowhere else.
pub(crate) const SPOT: &str = "lowPriorityCores";

const CLUSTERS: &str = "microsoft.containerservice/managedclusters";
const USUAL: u32 = 100;

fn setting(region: &str, name: &str) -> String {
    format!("quota:{region}:{}", name.to_lowercase())
}

/// How much of a quota there is.
pub(crate) fn limit(state: &State, region: &str, name: &str) -> u32 {
    state
        .settings
        .get(&setting(region, name))
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(USUAL)
}

/// Sets how much of a quota there is.
pub(crate) fn set_limit(state: &mut State, region: &str, name: &str, limit: u32) {
    state
        .settings
        .set(&setting(region, name), Some(&limit.to_string()));
}

/// How many vCPUs of a quota the node pools of a region use.
pub(crate) fn used(state: &State, environment: &Environment, now: i64, region: &str, name: &str) -> u32 {
    let scope = format!(
        "/subscriptions/{}",
        environment.identity.subscription_id.to_lowercase()
    );
    state
        .documents
        .of_type(CLUSTERS, &scope, None)
        .filter_map(|(key, _)| super::read(state, environment, now, key))
        .filter(|cluster| cluster["location"].as_str() == Some(region))
        .flat_map(
            |mut cluster| match cluster["properties"]["agentPoolProfiles"].take() {
                Value::Array(pools) => pools,
                _ => Vec::new(),
            },
        )
        .map(|pool| vcpus(&pool, name))
        .sum()
}

/// What one node pool uses of a quota.
pub(crate) fn vcpus(pool: &Value, name: &str) -> u32 {
    let Some(size) = pool["vmSize"].as_str().and_then(vm_sizes::find) else {
        return 0;
    };
    let spot = pool["scaleSetPriority"].as_str() == Some("Spot");
    let counts = match name {
        SPOT => spot,
        CORES => !spot,
        family => !spot && size.family.eq_ignore_ascii_case(family),
    };
    if pool["powerState"]["code"].as_str() == Some("Stopped") || !counts {
        return 0;
    }
    let count = pool["count"].as_u64().and_then(|count| u32::try_from(count).ok());
    size.vcpus.saturating_mul(count.unwrap_or(1))
}
