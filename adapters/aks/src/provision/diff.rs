//! What differs between what a stack was made from and what it would be made from.

use std::collections::{BTreeMap, BTreeSet};

use kompox_domain::cluster::InputChange;
use kompox_domain::naming::hex_digest;
use serde_json::{Map, Value};

use crate::template::document::Typed;

/// How much of a value is shown.
const SHOWN: usize = 120;
/// How deep values are compared leaf by leaf.
const MAX_DEPTH: usize = 6;
const NESTED: &str = "Microsoft.Resources/deployments";

/// What differs in the parameters, leaf by leaf: `userPools.user1.maxCount`. Nothing of a parameter in `hidden` is
/// told, nor a leaf that `chosen` says is not ours.
pub(crate) fn parameters(
    stored: &BTreeMap<String, Typed>,
    ours: &Map<String, Value>,
    hidden: &BTreeSet<&str>,
    chosen: impl Fn(&str) -> bool,
) -> Vec<InputChange> {
    let mut from = BTreeMap::new();
    for (name, parameter) in stored {
        leaves(name, &parameter.value, 0, &mut from);
    }
    let mut to = BTreeMap::new();
    for (name, parameter) in ours {
        leaves(name, parameter.get("value").unwrap_or(&Value::Null), 0, &mut to);
    }
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    names
        .into_iter()
        .filter(|name| from.get(*name) != to.get(*name))
        .filter(|name| !hidden.contains(top(name)) && !chosen(name))
        .map(|name| InputChange {
            name: name.clone(),
            from: from.get(name).cloned(),
            to: to.get(name).cloned(),
        })
        .collect()
}

/// The parameter that a leaf is of.
pub(crate) fn top(leaf: &str) -> &str {
    leaf.split('.').next().unwrap_or(leaf)
}

fn leaves(path: &str, value: &Value, depth: usize, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if depth < MAX_DEPTH && !map.is_empty() => {
            for (key, value) in map {
                leaves(&format!("{path}.{key}"), value, depth + 1, all);
            }
        }
        // A list of named things is compared thing by thing, whatever their order.
        Value::Array(items)
            if depth < MAX_DEPTH && !items.is_empty() && items.iter().all(|item| name_of(item).is_some()) =>
        {
            for item in items {
                let name = name_of(item).unwrap_or_default();
                leaves(&format!("{path}.{name}"), item, depth + 1, all);
            }
        }
        Value::Null => {}
        Value::String(text) => {
            all.insert(path.to_owned(), short(text));
        }
        other => {
            all.insert(path.to_owned(), short(&other.to_string()));
        }
    }
}

fn name_of(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        // Two long values that begin alike are still told apart.
        short = format!("{short}… ({})", hex_digest(text, 8));
    }
    short
}

/// The parts of a template: its nested deployments and other resources by name, and its remaining sections.
pub(crate) fn parts(template: &Value) -> BTreeMap<String, &Value> {
    let mut parts = BTreeMap::new();
    let sections = template.as_object().into_iter().flatten();
    for (section, value) in sections {
        match (section.as_str(), value) {
            ("resources", Value::Array(resources)) => {
                for resource in resources {
                    parts.insert(part_name(resource), resource);
                }
            }
            // Words for people, and addresses of schemas, change nothing.
            ("metadata" | "$schema" | "contentVersion", _) => {}
            (section, value) => {
                parts.insert(section.to_owned(), value);
            }
        }
    }
    parts
}

/// What a resource of a template is called: of `[variables('deployments').vault]` the `vault`.
fn part_name(resource: &Value) -> String {
    let text = |key: &str| resource.get(key).and_then(Value::as_str).unwrap_or_default();
    if !text("type").eq_ignore_ascii_case(NESTED) {
        return text("type").rsplit('/').next().unwrap_or_default().to_owned();
    }
    let name = text("name").trim_matches(['[', ']']);
    name.rsplit(['.', '\''])
        .find(|piece| piece.chars().any(char::is_alphanumeric))
        .unwrap_or(name)
        .to_owned()
}

/// What differs in the template, part by part. A part is shown by a digest of it: it is too long to be read.
pub(crate) fn template(stored: &Value, ours: &Value) -> Vec<InputChange> {
    let (from, to) = (parts(stored), parts(ours));
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let digest = |part: Option<&&Value>| part.map(|part| hex_digest(&part.to_string(), 8));
    names
        .into_iter()
        .filter(|name| from.get(*name) != to.get(*name))
        .map(|name| InputChange {
            name: format!("template {name}"),
            from: digest(from.get(name)),
            to: digest(to.get(name)),
        })
        .collect()
}

/// Types of the resources that change when these parameters or parts do, each with why.
pub(crate) fn touched(template: &Value, inputs: &[InputChange]) -> BTreeMap<String, String> {
    let mut touched = BTreeMap::new();
    let variables = template.get("variables").and_then(Value::as_object);
    for (name, part) in parts(template) {
        let uses = used(part, variables);
        let why: Vec<&str> = inputs
            .iter()
            .filter(|input| {
                let of_part = input.name.strip_prefix("template ");
                of_part.map_or_else(
                    || uses.contains(top(&input.name)),
                    |changed| changed == name || changed == "variables",
                )
            })
            .map(|input| input.name.as_str())
            .collect();
        if why.is_empty() {
            continue;
        }
        for kind in types(part) {
            touched
                .entry(kind.to_lowercase())
                .or_insert_with(|| why.join(", "));
        }
    }
    touched
}

/// The types of a part's resources: those of a nested deployment, or its own.
fn types(part: &Value) -> Vec<String> {
    let kind = |resource: &Value| resource.get("type").and_then(Value::as_str).map(str::to_owned);
    let nested = part
        .pointer("/properties/template/resources")
        .and_then(Value::as_array);
    match nested {
        Some(nested) => nested.iter().filter_map(kind).collect(),
        None => kind(part).into_iter().collect(),
    }
}

/// The parameters that a part uses, also by way of variables. Of a nested deployment only what is handed to it
/// counts: inside it the same words mean its own.
fn used(part: &Value, variables: Option<&Map<String, Value>>) -> BTreeSet<String> {
    let handed = match part.pointer("/properties/parameters") {
        Some(parameters) => format!("{parameters} {}", part.get("condition").unwrap_or(&Value::Null)),
        None => part.to_string(),
    };
    let mut found = BTreeSet::new();
    let mut texts = vec![handed];
    let mut observed: BTreeSet<String> = BTreeSet::new();
    while let Some(text) = texts.pop() {
        found.extend(named(&text, "parameters('"));
        for variable in named(&text, "variables('") {
            let value = variables.and_then(|variables| variables.get(&variable));
            if let Some(value) = value
                && observed.insert(variable)
            {
                texts.push(value.to_string());
            }
        }
    }
    found
}

fn named(text: &str, opening: &str) -> Vec<String> {
    text.split(opening)
        .skip(1)
        .filter_map(|rest| rest.split('\'').next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stored(values: &Value) -> BTreeMap<String, Typed> {
        let typed = |value: &Value| Typed { value: value.clone() };
        values
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), typed(value)))
            .collect()
    }

    fn ours(values: &Value) -> Map<String, Value> {
        values
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "value": value })))
            .collect()
    }

    fn diff(from: &Value, to: &Value) -> Vec<(String, Option<String>, Option<String>)> {
        parameters(&stored(from), &ours(to), &BTreeSet::from(["secret"]), |leaf| {
            leaf.ends_with(".count")
        })
        .into_iter()
        .map(|change| (change.name, change.from, change.to))
        .collect()
    }

    #[test]
    fn each_edit_is_exactly_one_line_and_no_edit_none() {
        let from = json!({"tier": "Free", "pools": [{"name": "user1", "max": 3, "count": 1}, {"name": "user2", "max": 3}],
            "ranges": ["a"], "secret": "x"});
        assert_eq!(diff(&from, &from), []);
        let mut to = from.clone();
        to["pools"][0]["max"] = json!(5);
        assert_eq!(
            diff(&from, &to),
            [(
                "pools.user1.max".to_owned(),
                Some("3".to_owned()),
                Some("5".to_owned())
            )]
        );
        let mut to = from.clone();
        to["ranges"] = json!(["a", "b"]);
        assert_eq!(diff(&from, &to).len(), 1);
    }

    #[test]
    fn neither_secrets_nor_what_the_autoscaler_chose_nor_an_order_is_a_difference() {
        let from = json!({"pools": [{"name": "a", "count": 1}, {"name": "b", "count": 1}], "secret": "x"});
        let to = json!({"pools": [{"name": "b", "count": 7}, {"name": "a", "count": 2}], "secret": "y"});
        assert_eq!(diff(&from, &to), []);
    }

    #[test]
    fn what_is_no_longer_there_and_what_is_new_is_told() {
        let changes = diff(&json!({"old": "1"}), &json!({"new": true}));
        assert_eq!(
            changes,
            [
                ("new".to_owned(), None, Some("true".to_owned())),
                ("old".to_owned(), Some("1".to_owned()), None)
            ]
        );
    }

    #[test]
    fn parts_of_a_template_are_told_by_the_names_of_its_deployments() {
        let of = |version: &str| {
            json!({"$schema": version, "variables": {}, "resources": [
                {"type": "Microsoft.Resources/resourceGroups", "name": "[parameters('g')]"},
                {"type": "Microsoft.Resources/deployments", "name": "[variables('deployments').vault]", "v": version},
                {"type": "Microsoft.Resources/deployments", "name": "[variables('deployments').cluster]"}]})
        };
        let changes = template(&of("1"), &of("2"));
        let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
        assert_eq!(names, ["template vault"]);
        assert!(template(&of("1"), &of("1")).is_empty());
    }

    #[test]
    fn our_own_template_tells_which_resources_a_parameter_reaches() {
        let ours = crate::template::document::template();
        let change = |name: &str| InputChange {
            name: name.to_owned(),
            from: None,
            to: None,
        };
        let of = |name: &str| -> Vec<String> { touched(ours, &[change(name)]).into_keys().collect() };
        assert_eq!(of("vaultPurgeProtection"), ["microsoft.keyvault/vaults"]);
        assert!(of("skuTier").contains(&"microsoft.containerservice/managedclusters".to_owned()));
        assert!(!of("skuTier").contains(&"microsoft.keyvault/vaults".to_owned()));
        assert!(
            of("userPools.user1.maxCount")
                .iter()
                .any(|kind| kind.ends_with("agentpools"))
        );
        assert_eq!(of("template vault"), ["microsoft.keyvault/vaults"]);
        // By way of a variable.
        assert!(of("privateDnsZone").contains(&"microsoft.containerservice/managedclusters".to_owned()));
    }

    #[test]
    fn a_long_value_is_cut_and_still_told_apart() {
        let (one, two) = ("x".repeat(500), format!("{}y", "x".repeat(499)));
        let changes = diff(&json!({"ca": one}), &json!({"ca": two}));
        assert_eq!(changes.len(), 1);
        assert_ne!(changes[0].1, changes[0].2);
        assert!(changes[0].2.as_ref().unwrap().len() < 200);
    }
}
