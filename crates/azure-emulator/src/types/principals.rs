//! Principals that resources bring into the directory: user-assigned identities, and what clusters and disk encryption
//! sets sign in as.

use kompox_emulator_core::store::State;
use serde_json::Value;

use super::{disk_encryption_sets, identities};

const CLUSTERS: &str = "microsoft.containerservice/managedclusters";

fn setting(principal: &str) -> String {
    format!("principal:{}", principal.to_lowercase())
}

/// Tells the directory of a principal that no resource has.
pub(crate) fn declare(state: &mut State, principal: &str) {
    state.settings.set(&setting(principal), Some("true"));
}

/// Whether the directory was told of this principal, or a resource has this principal by now: in any subscription,
/// the directory is the tenant's.
pub(crate) fn is_known(state: &State, principal: &str) -> bool {
    let scope = "/subscriptions";
    let same = |value: &Value| {
        value
            .as_str()
            .is_some_and(|id| id.eq_ignore_ascii_case(principal))
    };
    let identities = state.documents.of_type(identities::KIND, scope, None);
    let owners = [CLUSTERS, disk_encryption_sets::KIND];
    let mut owners = owners
        .into_iter()
        .flat_map(|kind| state.documents.of_type(kind, scope, None));
    state.settings.get(&setting(principal)).is_some()
        || identities
            .map(|(_, identity)| identity.document())
            .any(|identity| same(&identity["properties"]["principalId"]))
        || owners.any(|(_, owner)| same(&owner.document()["identity"]["principalId"]))
}
