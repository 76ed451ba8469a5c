//! What the controllers have in common: the name that they write under, and conditions.

use serde_json::Value;

/// What writes in the name of the controllers.
pub(super) const MANAGER: &str = "kube-controller-manager";

/// A condition, with the time of its last change.
pub(super) fn set_condition(
    status: &mut Value,
    kind: &str,
    is: bool,
    reason: &str,
    message: &str,
    now: &str,
) {
    let is = if is { "True" } else { "False" };
    let list = kompox_emulator_core::json::fields(status)
        .entry("conditions")
        .or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(list) = list else { return };
    let place = list.iter().position(|condition| condition["type"] == kind);
    let since = match place {
        Some(place) if list[place]["status"] == is => list[place]["lastTransitionTime"].clone(),
        _ => now.into(),
    };
    let mut condition = serde_json::json!({ "type": kind, "status": is, "lastTransitionTime": since });
    for (name, text) in [("reason", reason), ("message", message)] {
        if !text.is_empty() {
            condition[name] = text.into();
        }
    }
    match place {
        Some(place) => {
            // Seeded Deployments say when theirs were looked at.
            if let Some(time) = list[place].get("lastUpdateTime") {
                condition["lastUpdateTime"] = time.clone();
            }
            list[place] = condition;
        }
        None => list.push(condition),
    }
}
