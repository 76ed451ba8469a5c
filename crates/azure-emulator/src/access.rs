//! What the caller may do: everything, or what it was given, scope by scope.

use kompox_emulator_core::store::State;

/// Actions that the caller is given at a scope, and so at everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id of a subscription, resource group or resource; empty for everywhere.
    pub scope: String,
    /// The actions; `*` stands for anything.
    pub actions: Vec<String>,
}

impl Grant {
    /// These actions everywhere.
    #[must_use]
    pub fn everywhere(actions: Vec<String>) -> Self {
        Self::at("", actions)
    }

    /// These actions at a scope and below it.
    #[must_use]
    pub fn at(scope: impl Into<String>, actions: Vec<String>) -> Self {
        Self {
            scope: scope.into(),
            actions,
        }
    }

    fn covers(&self, scope: &str) -> bool {
        let (above, scope) = (
            self.scope.trim_end_matches('/').to_lowercase(),
            scope.to_lowercase(),
        );
        scope
            .strip_prefix(&above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What the caller may do.
#[derive(Debug, Clone, Default)]
pub(crate) enum Access {
    /// Everything, as an Owner.
    #[default]
    Owner,
    /// What it was given, and nothing else.
    Given(Vec<Grant>),
}

impl Access {
    /// Whether an action may be done at a scope.
    pub(crate) fn allows(&self, action: &str, scope: &str) -> bool {
        match self {
            Self::Owner => true,
            Self::Given(grants) => grants
                .iter()
                .filter(|grant| grant.covers(scope))
                .flat_map(|grant| &grant.actions)
                .any(|pattern| action_matches(pattern, action)),
        }
    }

    /// The actions that each grant gives at a scope, as `Microsoft.Authorization/permissions` tells them.
    pub(crate) fn at(&self, scope: &str) -> Vec<Vec<String>> {
        match self {
            Self::Owner => vec![vec!["*".to_owned()]],
            Self::Given(grants) => grants
                .iter()
                .filter(|grant| grant.covers(scope))
                .map(|grant| grant.actions.clone())
                .collect(),
        }
    }
}

/// What the caller may do, as it is remembered.
pub(crate) fn access(state: &State) -> Access {
    state.memory.get::<Access>().cloned().unwrap_or_default()
}

/// Whether an action matches a pattern of a role, in which `*` stands for anything.
pub(crate) fn action_matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_an_action_stands_for_anything() {
        assert!(action_matches("*", "Microsoft.Compute/disks/write"));
        assert!(action_matches("*/read", "Microsoft.Compute/disks/READ"));
        assert!(action_matches(
            "microsoft.compute/*/write",
            "Microsoft.Compute/disks/write"
        ));
        assert!(action_matches("a*b*c", "aXbYc"));
        assert!(!action_matches("a*b*c", "aXcYb"));
        assert!(!action_matches("*/read", "Microsoft.Compute/disks/write"));
        assert!(!action_matches(
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/readers"
        ));
    }

    #[test]
    fn what_is_given_at_a_scope_is_given_below_it_and_nowhere_else() {
        let all = vec!["*".to_owned()];
        let access = Access::Given(vec![Grant::at("/subscriptions/s/resourceGroups/rg", all.clone())]);
        assert!(access.allows("a/read", "/subscriptions/S/resourcegroups/RG"));
        assert!(access.allows("a/read", "/subscriptions/s/resourceGroups/rg/providers/N/t/x"));
        for elsewhere in [
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/rg2",
            "/subscriptions/t/resourceGroups/rg",
        ] {
            assert!(!access.allows("a/read", elsewhere), "{elsewhere}");
        }
        let everywhere = Access::Given(vec![Grant::everywhere(all)]);
        assert!(everywhere.allows("a/read", "/subscriptions/s"));
        assert!(!Access::Given(vec![]).allows("a/read", "/subscriptions/s"));
    }
}
