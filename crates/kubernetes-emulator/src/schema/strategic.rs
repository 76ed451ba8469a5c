//! Strategic merge patches: merge patches that know by what the items of a list are told apart.

use serde_json::{Map, Value};

use super::describe::GROWING;
use super::{ItemsBy, Type};

/// What becomes of the part of a document in which it stands.
const DIRECTIVE: &str = "$patch";
/// The fields that stay.
const RETAIN: &str = "$retainKeys";
/// Before the name of a list: its items in their order.
const ORDER: &str = "$setElementOrder/";
/// Before the name of a set: what goes from it.
const REMOVE: &str = "$deleteFromPrimitiveList/";

/// The document with a patch merged into it; the error says what is wrong with the patch.
pub(crate) fn merge(kind: &Type, document: &Value, patch: &Value) -> Result<Value, String> {
    let (Value::Object(live), Value::Object(patch)) = (document, patch) else {
        return Err("it is no object".to_owned());
    };
    object(kind, live.clone(), patch).map(Value::Object)
}

fn object(
    kind: &Type,
    mut live: Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    match patch
        .get(DIRECTIVE)
        .map(|directive| directive.as_str().unwrap_or_default())
    {
        None | Some("merge") => {}
        Some("replace") => live.clear(),
        Some(other) => return Err(format!("unknown {DIRECTIVE}: {other:?}")),
    }
    if let Some(retained) = patch.get(RETAIN) {
        let retained = retained
            .as_array()
            .ok_or_else(|| format!("{RETAIN} is no list"))?;
        live.retain(|name, _| retained.iter().any(|kept| *kept == **name));
    }
    let before = |list: &str| {
        live.get(list)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let orders: Vec<(&str, &Value, Vec<Value>)> = patch
        .iter()
        .filter_map(|(name, order)| name.strip_prefix(ORDER).map(|list| (list, order, before(list))))
        .collect();
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix(REMOVE) {
            let gone = value.as_array().ok_or_else(|| format!("{name} is no list"))?;
            if let Some(Value::Array(items)) = live.get_mut(list) {
                items.retain(|item| !gone.contains(item));
            }
        } else if name.starts_with('$') {
            continue;
        } else if value.is_null() || value[DIRECTIVE] == "delete" {
            live.remove(name);
        } else {
            let kind = field(kind, name);
            let merged = self::value(&kind, name, live.remove(name).unwrap_or_default(), value)?;
            live.insert(name.clone(), merged);
        }
    }
    for (list, order, before) in orders {
        if let Some(Value::Array(items)) = live.get_mut(list) {
            let order = order
                .as_array()
                .ok_or_else(|| format!("{ORDER}{list} is no list"))?;
            sort(items, order, &before, key(&field(kind, list)));
        }
    }
    Ok(live)
}

/// The type of one field.
fn field(kind: &Type, name: &str) -> Type {
    let found = match kind {
        Type::Map { values, .. } => Some(&**values),
        kind => kind.fields().and_then(|fields| fields.get(name)),
    };
    found.cloned().unwrap_or(Type::Any)
}

/// What the items of a list are told apart by: of several keys the first.
fn key(kind: &Type) -> Option<&str> {
    match kind {
        Type::List {
            items_by: ItemsBy::Keys(keys),
            ..
        } => keys.first().map(String::as_str),
        _ => None,
    }
}

fn value(kind: &Type, name: &str, live: Value, patch: &Value) -> Result<Value, String> {
    match (live, patch) {
        (Value::Object(live), Value::Object(patch)) => object(kind, live, patch).map(Value::Object),
        // What is there for the first time is merged into nothing, so that no directive stays.
        (_, Value::Object(patch)) => object(kind, Map::new(), patch).map(Value::Object),
        (live, Value::Array(patch)) => {
            let live = match live {
                Value::Array(live) => live,
                _ => Vec::new(),
            };
            list(kind, name, live, patch).map(Value::Array)
        }
        (_, patch) => Ok(patch.clone()),
    }
}

fn list(kind: &Type, name: &str, live: Vec<Value>, patch: &[Value]) -> Result<Vec<Value>, String> {
    let (Type::List { items, .. }, Some(key)) = (kind, key(kind)) else {
        if name != GROWING {
            return Ok(patch.to_vec());
        }
        let mut merged = live.clone();
        let new = patch.iter().filter(|item| !live.contains(item));
        merged.extend(new.cloned());
        sort(&mut merged, patch, &live, None);
        return Ok(merged);
    };
    let directive = |item: &Value| item[DIRECTIVE].as_str().map(str::to_owned);
    let replaces = patch
        .iter()
        .any(|item| directive(item).as_deref() == Some("replace"));
    let before = if replaces { Vec::new() } else { live };
    let mut merged = before.clone();
    let mut stay = Vec::new();
    for item in patch {
        let Value::Object(fields) = item else {
            return Err(format!("an item of {name} is no object"));
        };
        if directive(item).as_deref() == Some("replace") && fields.len() == 1 {
            continue;
        }
        let told = fields
            .get(key)
            .ok_or_else(|| format!("an item of {name} does not contain the merge key: {key}"))?;
        let place = merged.iter().position(|other| other[key] == *told);
        if directive(item).as_deref() == Some("delete") {
            merged.retain(|other| other[key] != *told);
            continue;
        }
        stay.push(item.clone());
        if let Some(place) = place {
            merged[place] = value(items, "", merged[place].take(), item)?;
        } else {
            merged.push(value(items, "", Value::Null, item)?);
        }
    }
    sort(&mut merged, &stay, &before, Some(key));
    Ok(merged)
}

/// Brings items into an order. Those that it does not name stand before the first that it names and that stood behind
/// them before.
fn sort(items: &mut Vec<Value>, order: &[Value], before: &[Value], key: Option<&str>) {
    let told = |item: &Value| key.map_or_else(|| item.clone(), |key| item[key].clone());
    let place = |list: &[Value], item: &Value| list.iter().position(|other| told(other) == told(item));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        items.drain(..).partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    others.sort_by_key(|item| place(before, item));
    let mut others = others.into_iter().peekable();
    for item in named {
        let here = place(before, &item);
        let earlier = |other: &Value| here.is_some() && place(before, other) < here;
        while let Some(other) = others.next_if(earlier) {
            items.push(other);
        }
        items.push(item);
    }
    items.extend(others);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(document: &Value, patch: &Value) -> Value {
        merge(&Type::Named("Deployment".into()), document, patch).unwrap()
    }

    fn containers(document: &Value) -> &Value {
        &document["spec"]["template"]["spec"]["containers"]
    }

    fn pod(spec: &Value) -> Value {
        json!({ "spec": { "template": { "spec": spec } } })
    }

    #[test]
    fn items_of_lists_are_merged_by_their_key_added_and_deleted() {
        let live = pod(&json!({ "containers": [
            { "name": "a", "image": "a:1", "args": ["x", "y"], "env": [{ "name": "E", "value": "1" }] },
            { "name": "b", "image": "b:1" }
        ] }));
        let patch = pod(&json!({ "containers": [
            { "name": "a", "image": "a:2", "args": ["z"], "env": [{ "name": "F", "value": "2" }] },
            { "name": "b", "$patch": "delete" },
            { "name": "c", "image": "c:1", "stdin": null }
        ] }));
        assert_eq!(
            *containers(&merged(&live, &patch)),
            json!([
                { "name": "a", "image": "a:2", "args": ["z"],
                  "env": [{ "name": "F", "value": "2" }, { "name": "E", "value": "1" }] },
                { "name": "c", "image": "c:1" }
            ])
        );
        let replaced = pod(&json!({ "containers": [{ "$patch": "replace" }, { "name": "d" }] }));
        assert_eq!(*containers(&merged(&live, &replaced)), json!([{ "name": "d" }]));
    }

    #[test]
    fn objects_are_merged_replaced_emptied_and_kept_to_some_fields() {
        let live = json!({ "metadata": { "labels": { "a": "1", "b": "1" }, "finalizers": ["x", "y"] },
            "spec": { "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1 } } } });
        let patch = json!({ "metadata": { "labels": { "a": null, "c": "1" }, "finalizers": ["z"],
                "$deleteFromPrimitiveList/finalizers": ["x"] },
            "spec": { "strategy": { "$retainKeys": ["type"], "type": "Recreate" } } });
        assert_eq!(
            merged(&live, &patch),
            json!({ "metadata": { "labels": { "b": "1", "c": "1" }, "finalizers": ["z", "y"] },
                "spec": { "strategy": { "type": "Recreate" } } })
        );
        let replace = json!({ "metadata": { "labels": { "$patch": "replace", "d": "1" } } });
        assert_eq!(merged(&live, &replace)["metadata"]["labels"], json!({ "d": "1" }));
        let delete = json!({ "metadata": { "labels": { "$patch": "delete" } } });
        assert_eq!(merged(&live, &delete)["metadata"].get("labels"), None);
    }

    #[test]
    fn an_order_is_kept_to_and_what_it_does_not_name_keeps_its_place() {
        let live = pod(&json!({ "containers": [{ "name": "a" }, { "name": "theirs" }, { "name": "b" }] }));
        let patch = pod(&json!({
            "$setElementOrder/containers": [{ "name": "c" }, { "name": "b" }, { "name": "a" }],
            "containers": [{ "name": "c" }]
        }));
        let names: Vec<Value> = containers(&merged(&live, &patch))
            .as_array()
            .unwrap()
            .iter()
            .map(|container| container["name"].clone())
            .collect();
        assert_eq!(names, ["c", "theirs", "b", "a"]);
    }

    #[test]
    fn a_patch_that_cannot_be_meant_is_refused() {
        let live = pod(&json!({ "containers": [] }));
        let kind = Type::Named("Deployment".into());
        for patch in [
            json!([]),
            json!({ "$patch": "burn" }),
            json!({ "$retainKeys": "spec" }),
            pod(&json!({ "containers": [{ "image": "x" }] })),
            pod(&json!({ "containers": ["x"] })),
        ] {
            assert!(merge(&kind, &live, &patch).is_err(), "{patch}");
        }
    }
}
