//! Fields of kinds that k8s-openapi has no types for, read leniently: what is not there or of another type is none.

use serde_json::Value;

/// The elements of a list.
pub(super) fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Of each element of a list the first of these members that holds a text.
pub(super) fn texts(list: &Value, members: &[&str]) -> Vec<String> {
    let text = |one: &Value, member: &&str| {
        one[*member]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    each(list)
        .filter_map(|one| members.iter().find_map(|member| text(one, member)))
        .collect()
}
