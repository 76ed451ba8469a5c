//! How an operation stands, as the bodies of answers tell it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::word;
use crate::response::ArmResponse;

/// What a status monitor answers.
#[derive(Deserialize, Default)]
pub(super) struct StatusBody {
    pub(super) status: Option<String>,
    #[serde(rename = "percentComplete", default)]
    pub(super) percent: Option<f64>,
    #[serde(rename = "resourceLocation", default)]
    pub(super) resource_location: Option<String>,
    #[serde(default)]
    pub(super) error: Option<Box<RawValue>>,
}

#[derive(Deserialize, Default)]
struct ResourceBody {
    #[serde(default)]
    properties: Option<ResourceProperties>,
}

#[derive(Deserialize, Default)]
struct ResourceProperties {
    #[serde(rename = "provisioningState", default)]
    provisioning_state: Option<String>,
}

/// How an operation that is over ended.
pub(super) enum End {
    Succeeded,
    Failed,
}

/// What a state means: the end, or still under way. Terminal are exactly these, in any case.
pub(super) fn ended(state: &str) -> Option<End> {
    let is = |word: &str| state.eq_ignore_ascii_case(word);
    if is("Succeeded") {
        Some(End::Succeeded)
    } else if is("Failed") || is("Canceled") || is("Cancelled") {
        Some(End::Failed)
    } else {
        None
    }
}

/// Whether the answer is a resource, and not something about one.
pub(super) fn is_resource(response: &ArmResponse) -> bool {
    #[derive(Deserialize)]
    struct Identified {
        #[serde(rename = "id")]
        _id: String,
    }
    serde_json::from_slice::<Identified>(&response.body).is_ok()
}

/// The `provisioningState` of a resource.
pub(super) fn state_of(response: &ArmResponse) -> Option<String> {
    serde_json::from_slice::<ResourceBody>(&response.body)
        .ok()?
        .properties?
        .provisioning_state
        .as_deref()
        .map(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_a_deployment_stack_are_told_apart() {
        let running = [
            "creating",
            "validating",
            "waiting",
            "deploying",
            "canceling",
            "updatingDenyAssignments",
            "deletingResources",
            "deleting",
            "initializing",
            "running",
            "somethingNew",
        ];
        assert!(running.iter().all(|state| ended(state).is_none()));
        assert!(matches!(ended("succeeded"), Some(End::Succeeded)));
        assert!(
            ["failed", "canceled"]
                .iter()
                .all(|state| matches!(ended(state), Some(End::Failed)))
        );
    }
}
