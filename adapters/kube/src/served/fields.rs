//! What is read of objects of any kind, leniently: what is not there or of another type is none.

use serde_json::Value;

pub(super) fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

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

/// The addresses of the load balancer of an Ingress or a Service.
pub(super) fn balanced(object: &Value) -> Vec<String> {
    texts(&object["status"]["loadBalancer"]["ingress"], &["ip", "hostname"])
}
