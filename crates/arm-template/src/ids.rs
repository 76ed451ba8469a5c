//! The functions that make resource ids.

use serde_json::Value;
use uuid::Uuid;

use super::context::DeploymentContext;
use super::error::{Result, TemplateError};

/// `resourceId`, `subscriptionResourceId`, `tenantResourceId` and `extensionResourceId`.
pub(crate) fn build(
    name: &str,
    written: &str,
    arguments: &[&str],
    here: &DeploymentContext,
) -> Result<Value> {
    let wrong = |reason: String| {
        TemplateError::template(format!(
            "Unable to evaluate template language function '{written}': {reason}. Please see \
             https://aka.ms/arm-functions#{} for usage details.",
            written.to_ascii_lowercase()
        ))
    };
    // The first argument with a slash is the type: what comes before says where. An extension's scope has slashes.
    let leading = match name {
        "extensionresourceid" => 1,
        _ => arguments
            .iter()
            .position(|argument| argument.contains('/'))
            .ok_or_else(|| {
                wrong(
                    "the first parameter with a slash must be the resource type, and there is none"
                        .to_owned(),
                )
            })?,
    };
    let (before, rest) = arguments.split_at(leading);
    let Some((kind, names)) = rest.split_first() else {
        return Err(wrong("the resource type is missing".to_owned()));
    };
    let path = path(kind, names).map_err(&wrong)?;
    let own_subscription = here.subscription["subscriptionId"].as_str().unwrap_or_default();
    let own_group = here.group.as_ref().and_then(|group| group["name"].as_str());
    let too_many = || wrong("there are too many parameters before the resource type".to_owned());
    let scope = match (name, before) {
        ("extensionresourceid", [scope]) => scope.trim_end_matches('/').to_owned(),
        ("tenantresourceid", []) => String::new(),
        ("subscriptionresourceid", []) => format!("/subscriptions/{own_subscription}"),
        ("subscriptionresourceid", [subscription]) => format!("/subscriptions/{subscription}"),
        ("resourceid", []) => in_group(own_subscription, own_group),
        // One more may be a subscription, where it looks like one.
        ("resourceid", [one]) if Uuid::try_parse(one).is_ok() => in_group(one, own_group),
        ("resourceid", [group]) => in_group(own_subscription, Some(group)),
        ("resourceid", [subscription, group]) => in_group(subscription, Some(group)),
        _ => return Err(too_many()),
    };
    Ok(format!("{scope}{path}").into())
}

fn in_group(subscription: &str, group: Option<&str>) -> String {
    match group {
        Some(group) => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
        None => format!("/subscriptions/{subscription}"),
    }
}

/// `/providers/Namespace/type/name/…` of a full type and as many names as it has segments.
fn path(kind: &str, names: &[&str]) -> std::result::Result<String, String> {
    let mut segments = kind.split('/');
    let mut path = format!("/providers/{}", segments.next().unwrap_or_default());
    let kinds: Vec<&str> = segments.collect();
    if kinds.len() != names.len() || kinds.iter().any(|kind| kind.is_empty()) {
        return Err(format!(
            "the type '{kind}' requires '{}' resource name argument(s)",
            kinds.len()
        ));
    }
    for (kind, name) in kinds.iter().zip(names) {
        path.push('/');
        path.push_str(kind);
        path.push('/');
        path.push_str(name);
    }
    Ok(path)
}

/// The id of a resource of a template, from where it goes, its full type and its full name.
pub fn of_resource(scope: &str, kind: &str, name: &str) -> Result<String> {
    let names: Vec<&str> = name.split('/').collect();
    let path = path(kind, &names).map_err(|_| {
        TemplateError::template(format!(
            "The template resource '{name}' for type '{kind}' has incorrect segment lengths. A nested resource type \
             must have identical number of segments as its resource name. A root resource type must have segment \
             length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage \
             details."
        ))
    })?;
    Ok(canonical(&format!("{scope}{path}")))
}

/// A group's id may be written as that of a resource; it is the same group.
pub fn canonical(id: &str) -> String {
    let lower = id.to_ascii_lowercase();
    match lower.find("/providers/microsoft.resources/resourcegroups/") {
        Some(at) => {
            let rest = &id[at + "/providers/microsoft.resources".len()..];
            let rest = &rest["/resourceGroups".len()..];
            format!("{}/resourceGroups{rest}", &id[..at])
        }
        None => id.to_owned(),
    }
}
