//! The parameter in which the tags of others are handed to the template: a PUT replaces all tags of a resource.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tags::Tags;

/// The parameter of the template.
pub(crate) const PARAMETER: &str = "foreignTags";
/// The member of a pool's parameter.
pub(crate) const OF_POOL: &str = "foreignTags";

/// The resource group, as the template calls it.
pub(crate) const GROUP: &str = "resourceGroup";
/// The managed cluster, as the template calls it.
pub(crate) const CLUSTER: &str = "cluster";
/// What takes tags, as the template calls it. Pools have theirs in their own parameters.
pub(crate) const HOLDERS: &[&str] = &[
    GROUP,
    "vault",
    "workspace",
    "collectionRule",
    "applicationInsights",
    "registry",
    "ingressIdentity",
    "clusterIdentity",
    CLUSTER,
];
/// The parameter where nobody else has set any.
pub(crate) fn none() -> Value {
    parameter(&BTreeMap::new())
}

/// The parameter with the tags of others that were found, by what the template calls their holder.
pub(crate) fn parameter(found: &BTreeMap<&str, Tags>) -> Value {
    let empty = Tags::new();
    let of = |holder: &&str| {
        let tags = found.get(holder).unwrap_or(&empty);
        ((*holder).to_owned(), json!(tags))
    };
    Value::Object(HOLDERS.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::document::template;

    #[test]
    fn everything_that_the_template_names_has_a_place_for_tags_of_others() {
        let names = template()["variables"]["names"].as_object().unwrap();
        let mut named: Vec<&str> = names.keys().map(String::as_str).chain([GROUP]).collect();
        let mut holders = HOLDERS.to_vec();
        named.sort_unstable();
        holders.sort_unstable();
        assert_eq!(holders, named);
    }
}
