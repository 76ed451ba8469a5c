//! ARM resource ids.

use std::fmt;

/// `/subscriptions/<s>/resourceGroups/<g>/providers/<namespace>/<type>/<name>…`, read leniently as to case.
#[derive(Debug, Clone)]
pub struct ResourceId {
    /// The subscription.
    pub subscription: String,
    /// The resource group.
    pub group: String,
    /// The namespace, for example `Microsoft.Compute`.
    pub namespace: String,
    /// Type and name, from the outermost to the innermost.
    pub path: Vec<(String, String)>,
}

/// A text that is no id of a resource in a resource group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a resource in a resource group")]
pub struct InvalidResourceId(String);

impl std::str::FromStr for ResourceId {
    type Err = InvalidResourceId;

    fn from_str(text: &str) -> Result<Self, InvalidResourceId> {
        let invalid = || InvalidResourceId(text.chars().take(200).collect());
        let segments: Vec<&str> = text.strip_prefix('/').ok_or_else(invalid)?.split('/').collect();
        let well_formed = |segment: &&str| {
            !matches!(*segment, "" | "." | "..")
                && segment.len() <= 260
                && !segment
                    .chars()
                    .any(|c| c.is_control() || c.is_whitespace() || "<>%&\\?#\"".contains(c))
        };
        if !segments.iter().all(well_formed) {
            return Err(invalid());
        }
        let is = |segment: &str, expected: &str| segment.eq_ignore_ascii_case(expected);
        let [
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            namespace,
            path @ ..,
        ] = segments.as_slice()
        else {
            return Err(invalid());
        };
        if !is(subscriptions, "subscriptions")
            || !is(groups, "resourceGroups")
            || !is(providers, "providers")
            || path.is_empty()
            || path.len() % 2 != 0
            || path.len() > 20
        {
            return Err(invalid());
        }
        let path = path
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [kind, name] => Some(((*kind).to_owned(), (*name).to_owned())),
                _ => None,
            })
            .collect();
        Ok(Self {
            subscription: (*subscription).to_owned(),
            group: (*group).to_owned(),
            namespace: (*namespace).to_owned(),
            path,
        })
    }
}

impl ResourceId {
    /// Whether it is of that namespace and outermost type, without nested resources; without case.
    #[must_use]
    pub fn is_of(&self, namespace: &str, kind: &str) -> bool {
        self.namespace.eq_ignore_ascii_case(namespace)
            && matches!(self.path.as_slice(), [(found, _)] if found.eq_ignore_ascii_case(kind))
    }

    /// The name of the innermost resource.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.last().map_or("", |(_, name)| name)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/subscriptions/{}/resourceGroups/{}/providers/{}",
            self.subscription, self.group, self.namespace
        )?;
        self.path
            .iter()
            .try_for_each(|(kind, name)| write!(f, "/{kind}/{name}"))
    }
}

impl PartialEq for ResourceId {
    /// ARM ids compare without case.
    fn eq(&self, other: &Self) -> bool {
        self.to_string().eq_ignore_ascii_case(&other.to_string())
    }
}

impl Eq for ResourceId {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_compare_without_case_and_keep_their_own() {
        let one: ResourceId = "/subscriptions/S/resourcegroups/RG/providers/microsoft.compute/Disks/d"
            .parse()
            .unwrap();
        let two: ResourceId = "/SUBSCRIPTIONS/s/resourceGroups/rg/providers/Microsoft.Compute/disks/D"
            .parse()
            .unwrap();
        assert_eq!(one, two);
        assert!(one.is_of("Microsoft.Compute", "disks"));
        assert_eq!(two.name(), "D");
    }

    #[test]
    fn what_is_no_resource_in_a_group_is_refused() {
        for bad in [
            "",
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/g",
            "/subscriptions/s/resourceGroups/g/providers/n/t",
            "/subscriptions/s/resourceGroups/g/providers/n/t/a/b",
            "/subscriptions//resourceGroups/g/providers/n/t/a",
            "/subscriptions/s/resourceGroups/g/providers/n/t/a?x=1",
            "/subscriptions/s/resourceGroups/g/providers/n/t/a b",
            "/subscriptions/s/resourceGroups/../providers/n/t/a",
            "/subscriptions/s/resourceGroups/g/providers/n/t/.",
        ] {
            assert!(bad.parse::<ResourceId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_prints_as_something_that_is_the_same(text in "(/[a-zA-Z.]{1,14}|/subscriptions|/resourceGroups|/providers|\\PC){0,12}") {
            if let Ok(id) = text.parse::<ResourceId>() {
                prop_assert_eq!(&id.to_string().parse::<ResourceId>().unwrap(), &id);
            }
        }
    }
}
