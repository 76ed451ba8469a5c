//! Data plane and network policy of a cluster: what goes together, and what may become what.

use serde_json::{Map, Value};

use super::refusal;
use crate::arm::error::ArmResult;
use crate::types::common;

const POLICIES: &[&str] = &["none", "azure", "calico", "cilium"];
const DATAPLANES: &[&str] = &["azure", "cilium"];

/// Both as a network profile says them, in the spelling of AKS. What says nothing has the data plane of Azure CNI and
/// no policy.
fn both(network: &Map<String, Value>) -> ArmResult<(&'static str, &'static str)> {
    let word = |name: &str, words: &[&'static str]| -> ArmResult<&'static str> {
        let default = words.first().copied().unwrap_or_default();
        let Some(text) = common::string(network, name)? else {
            return Ok(default);
        };
        words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(text))
            .copied()
            .ok_or_else(|| {
                refusal(
                    400,
                    "InvalidParameter",
                    format!("The value '{text}' of networkProfile.{name} is invalid."),
                )
                .target(&format!("networkProfile.{name}"))
            })
    };
    Ok((
        word("networkDataplane", DATAPLANES)?,
        word("networkPolicy", POLICIES)?,
    ))
}

/// Refuses a policy without its data plane, or without its plugin.
pub(super) fn check(network: &Map<String, Value>) -> ArmResult<()> {
    const TARGET: &str = "networkProfile.networkPolicy";
    let (dataplane, policy) = both(network)?;
    let plugin = network
        .get("networkPlugin")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let refused = |message: String, target: &str| Err(refusal(400, "BadRequest", message).target(target));
    if dataplane == "cilium" && policy != "cilium" {
        return refused(
            "Cilium dataplane requires network policy cilium.".to_owned(),
            TARGET,
        );
    }
    if policy == "cilium" && dataplane != "cilium" {
        return refused(
            "Network policy cilium requires cilium dataplane.".to_owned(),
            "networkProfile.networkDataplane",
        );
    }
    if matches!(policy, "azure" | "cilium") && !plugin.eq_ignore_ascii_case("azure") {
        return refused(
            format!("Network policy {policy} requires network plugin azure, not '{plugin}'."),
            TARGET,
        );
    }
    Ok(())
}

/// Refuses what AKS has no way to: a data plane goes from Azure's to Cilium only, and not together with the way in
/// which addresses are given; a policy is installed where there is none, uninstalled, or replaced by Cilium's.
pub(super) fn change(there: &Map<String, Value>, wanted: &Map<String, Value>) -> ArmResult<()> {
    let ((plane, policy), (next_plane, next_policy)) = (both(there)?, both(wanted)?);
    let refused = |property: &str, from: &str, to: &str| {
        let target = format!("properties.networkProfile.{property}");
        Err(refusal(
            400,
            "PropertyChangeNotAllowed",
            format!("Changing property '{target}' from '{from}' to '{to}' is not allowed."),
        )
        .target(&target))
    };
    if plane == "cilium" && next_plane != "cilium" {
        return refused("networkDataplane", plane, next_plane);
    }
    if plane != next_plane && there.get("networkPluginMode") != wanted.get("networkPluginMode") {
        return refused("networkDataplane", plane, next_plane);
    }
    let allowed = policy == next_policy || policy == "none" || matches!(next_policy, "none" | "cilium");
    if !allowed {
        return refused("networkPolicy", policy, next_policy);
    }
    Ok(())
}
