//! Tags on resources: whose something is, and which tags are those of others.

use std::collections::BTreeMap;

use kompox_domain::tags;

/// Tags by name.
pub(crate) type Tags = BTreeMap<String, String>;

/// Tags of ours on everything. Names of tags compare without case.
const OURS: &[&str] = &[tags::MANAGED_BY, tags::CLUSTER, tags::CREATED];
/// A tag's value. Names of tags compare without case.
pub(crate) fn tag<'a>(all: &'a Tags, name: &str) -> Option<&'a str> {
    all.iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Whether tags say that something is that cluster's: names without case, values exactly.
pub(crate) fn belongs_to_cluster(all: &Tags, path: &str) -> bool {
    tag(all, tags::CLUSTER) == Some(path) && tag(all, tags::MANAGED_BY) == Some(tags::MANAGED_BY_KOMPOX)
}

/// The tags of others on something: without those of ours, whatever somebody wrote into them.
pub(crate) fn foreign_tags(all: &Tags) -> Tags {
    without(all, OURS)
}

/// The tags of others on the stack itself, which also has the hash.
pub(crate) fn foreign_tags_of_stack(all: &Tags) -> Tags {
    without(&foreign_tags(all), &[tags::HASH])
}

fn without(all: &Tags, ours: &[&str]) -> Tags {
    let is_ours = |name: &str| ours.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut rest = all.clone();
    rest.retain(|name, _| !is_ours(name));
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags() -> impl Strategy<Value = Tags> {
        let name = prop_oneof![
            "[a-zA-Z-]{1,12}",
            Just("Managed-By".to_owned()),
            Just("KOMPOX-cluster".to_owned()),
            Just("kompox-created".to_owned()),
        ];
        proptest::collection::btree_map(name, ".{0,6}", 0..6)
    }

    proptest! {
        #[test]
        fn of_all_tags_those_of_others_stay_as_they_are_and_none_of_ours(all in tags()) {
            let rest = foreign_tags(&all);
            for (name, value) in &all {
                let ours = OURS.iter().any(|known| known.eq_ignore_ascii_case(name));
                prop_assert_eq!(rest.get(name), (!ours).then_some(value));
            }
            prop_assert!(rest.len() <= all.len());
        }
    }
}
