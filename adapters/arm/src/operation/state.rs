//! How an operation stands, as the bodies of answers tell it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::response::ArmResponse;
use crate::shown::word;

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

/// How something that is over ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Well.
    Succeeded,
    /// Not well.
    Failed,
    /// Not well, because somebody wanted it so.
    Canceled,
}

impl End {
    /// Whether it ended otherwise than wanted.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Canceled)
    }
}

/// What the state of an operation or a resource means: how it ended, or none while something is under way.
/// Terminal are exactly these words, in any case; a new one may come any day, and is none of them.
#[must_use]
pub fn ended(state: &str) -> Option<End> {
    let is = |word: &str| state.eq_ignore_ascii_case(word);
    if is("Succeeded") {
        Some(End::Succeeded)
    } else if is("Failed") {
        Some(End::Failed)
    } else if is("Canceled") || is("Cancelled") {
        Some(End::Canceled)
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
pub(crate) fn state_of(response: &ArmResponse) -> Option<String> {
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
    fn three_states_are_ends_in_any_case_and_every_other_is_under_way() {
        for (state, end) in [
            ("Succeeded", End::Succeeded),
            ("succeeded", End::Succeeded),
            ("failed", End::Failed),
            ("canceled", End::Canceled),
            ("Cancelled", End::Canceled),
        ] {
            assert_eq!(ended(state), Some(end), "{state}");
            assert_eq!(end.is_failure(), end != End::Succeeded);
        }
        for busy in [
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
        ] {
            assert_eq!(ended(busy), None, "{busy}");
        }
    }
}
