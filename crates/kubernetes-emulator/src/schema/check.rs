//! Whether a document has the types that its schema says, and which of its fields nobody knows.

use serde_json::Value;

use super::{Fields, Type};

/// What was found in a document.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Paths of fields that are not known; they have been taken out.
    pub(crate) unknown: Vec<String>,
    /// Paths of values of a wrong type, what is there, and what should be.
    pub(crate) wrong: Vec<(String, &'static str, &'static str)>,
}

/// Checks a document and takes out what is not known. `null` is as good as absent.
pub(crate) fn check(kind: &Type, document: &mut Value) -> Found {
    let mut found = Found::default();
    walk(kind, document, "", &mut found);
    found
}

fn walk(kind: &Type, value: &mut Value, path: &str, found: &mut Found) {
    if let Some(fields) = kind.fields() {
        return object(fields, value, path, found);
    }
    let wanted = match kind {
        Type::Any => return,
        Type::Text | Type::Bytes if value.is_string() => return,
        Type::Text | Type::Bytes => "string",
        Type::Integer if value.as_i64().is_some() || value.as_f64().is_some_and(|n| n.fract() == 0.0) => {
            return;
        }
        Type::Integer => "integer",
        Type::Number if value.is_number() => return,
        Type::Number => "number",
        Type::Boolean if value.is_boolean() => return,
        Type::Boolean => "boolean",
        Type::Quantity if value.is_string() || value.is_number() => return,
        Type::Quantity => "quantity",
        Type::IntOrString if value.is_string() || value.is_i64() || value.is_u64() => return,
        Type::IntOrString => "integer or string",
        Type::Map { values, .. } => {
            if let Value::Object(entries) = value {
                entries.retain(|_, value| !value.is_null());
                for (name, value) in entries.iter_mut() {
                    walk(values, value, &join(path, name), found);
                }
                return;
            }
            "object"
        }
        Type::List { items, .. } => {
            if let Value::Array(list) = value {
                for (index, item) in list.iter_mut().enumerate() {
                    walk(items, item, &format!("{path}[{index}]"), found);
                }
                return;
            }
            "array"
        }
        // Every name is in the table.
        Type::Named(_) | Type::Object(_) => return,
    };
    found.wrong.push((path.to_owned(), name(value), wanted));
}

fn object(fields: &Fields, value: &mut Value, path: &str, found: &mut Found) {
    let Value::Object(there) = value else {
        found.wrong.push((path.to_owned(), name(value), "object"));
        return;
    };
    there.retain(|name, value| {
        let known = fields.get(name).is_some();
        if !known {
            found.unknown.push(join(path, name));
        }
        known && (!value.is_null() || fields.open)
    });
    for (name, value) in there.iter_mut() {
        if let Some(kind) = fields.get(name)
            && !value.is_null()
        {
            walk(kind, value, &join(path, name), found);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// What a value is, in words.
pub(crate) fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_go_and_wrong_types_are_named() {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "x", "odd": 1, "labels": { "any": "thing" } },
            "spec": { "containers": [{ "name": "c", "imagee": "x", "stdin": "yes" }], "priority": null }
        });
        let found = check(&Type::Named("Pod".into()), &mut pod);
        assert_eq!(found.unknown, ["metadata.odd", "spec.containers[0].imagee"]);
        assert_eq!(
            found.wrong,
            [("spec.containers[0].stdin".to_owned(), "string", "boolean")]
        );
        assert_eq!(pod["spec"]["containers"][0]["imagee"], Value::Null);
        assert_eq!(pod["spec"].get("priority"), None);
    }
}
