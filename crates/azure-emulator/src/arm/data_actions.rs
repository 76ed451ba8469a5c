//! Which data actions the roles of a principal allow it.

use kompox_emulator_core::store::Documents;

use super::built_in_roles::data_actions;
use crate::access::action_matches;

/// Lower-cased type of a stored assignment.
pub(crate) const KIND: &str = "microsoft.authorization/roleassignments";

/// Whether a role assigned to a principal at a scope or above it lets it do something to the data in there.
pub(crate) fn allows_data_action(documents: &Documents, principal: &str, action: &str, scope: &str) -> bool {
    let scope = scope.to_lowercase();
    let Some(subscription) = scope.split('/').nth(2) else {
        return false;
    };
    documents
        .of_type(KIND, &format!("/subscriptions/{subscription}"), None)
        .filter(|(key, _)| {
            let at = key.rsplit_once("/providers/").map_or("", |(at, _)| at);
            scope
                .strip_prefix(at)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
        .map(|(_, assignment)| assignment.document())
        .any(|assignment| {
            let properties = &assignment["properties"];
            let text = |name: &str| properties[name].as_str().unwrap_or_default();
            text("principalId").eq_ignore_ascii_case(principal)
                && data_actions(text("roleDefinitionId"))
                    .iter()
                    .any(|pattern| action_matches(pattern, action))
        })
}
