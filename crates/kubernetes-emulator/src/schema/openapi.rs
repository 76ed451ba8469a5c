//! Schemas of CustomResourceDefinitions: read into types, and what they demand of values. Expressions
//! (`x-kubernetes-validations`) and `allOf`, `anyOf`, `oneOf`, `not` are kept and not evaluated.

use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value};

use super::check::name;
use super::{Fields, ItemsBy, Type};
use crate::status::Problem;

/// The type of a whole object of a kind with this `openAPIV3Schema`.
pub(crate) fn root(schema: &Value) -> Type {
    let mut fields = match of(schema) {
        Type::Object(fields) => (*fields).clone(),
        // Nothing is said: metadata only, or anything at all.
        other => Fields {
            open: other == Type::Any,
            ..Fields::default()
        },
    };
    for text in ["apiVersion", "kind"] {
        fields.fields.insert(text.to_owned(), Type::Text);
    }
    fields
        .fields
        .insert("metadata".to_owned(), Type::Named("ObjectMeta".into()));
    Type::Object(Arc::new(fields))
}

fn flag(schema: &Value, name: &str) -> bool {
    schema[name].as_bool() == Some(true)
}

fn of(schema: &Value) -> Type {
    if flag(schema, "x-kubernetes-int-or-string") {
        return Type::IntOrString;
    }
    let open = flag(schema, "x-kubernetes-preserve-unknown-fields");
    let atomic = schema["x-kubernetes-map-type"].as_str() == Some("atomic");
    match schema["type"].as_str() {
        Some("string") => Type::Text,
        Some("integer") => Type::Integer,
        Some("number") => Type::Number,
        Some("boolean") => Type::Boolean,
        Some("array") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array();
            let items_by = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ItemsBy::Value,
                Some("map") => ItemsBy::Keys(
                    keys.into_iter()
                        .flatten()
                        .filter_map(|key| key.as_str().map(str::to_owned))
                        .collect(),
                ),
                _ => ItemsBy::Nothing,
            };
            Type::List {
                items: Box::new(of(&schema["items"])),
                items_by,
            }
        }
        Some("object") => {
            if let Some(properties) = schema["properties"].as_object() {
                let mut fields: std::collections::BTreeMap<String, Type> = properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), of(schema)))
                    .collect();
                if flag(schema, "x-kubernetes-embedded-resource") {
                    for text in ["apiVersion", "kind"] {
                        fields.entry(text.to_owned()).or_insert(Type::Text);
                    }
                    fields
                        .entry("metadata".to_owned())
                        .or_insert_with(|| Type::Named("ObjectMeta".into()));
                }
                return Type::Object(Arc::new(Fields { fields, atomic, open }));
            }
            if schema["additionalProperties"].is_object() {
                return Type::Map {
                    values: Box::new(of(&schema["additionalProperties"])),
                    atomic,
                };
            }
            if open || flag(schema, "additionalProperties") {
                return Type::Any;
            }
            Type::Object(Arc::new(Fields {
                atomic,
                ..Fields::default()
            }))
        }
        _ => Type::Any,
    }
}

/// Fills in the defaults of a schema.
pub(crate) fn default(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let none = Map::new();
            for (name, schema) in schema["properties"].as_object().unwrap_or(&none) {
                if !fields.contains_key(name)
                    && let Some(default) = schema.get("default")
                {
                    fields.insert(name.clone(), default.clone());
                }
                if let Some(value) = fields.get_mut(name) {
                    default(schema, value);
                }
            }
            if schema["additionalProperties"].is_object() {
                for value in fields.values_mut() {
                    default(&schema["additionalProperties"], value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| default(&schema["items"], item)),
        _ => {}
    }
}

/// What a schema holds against a value.
pub(crate) fn problems(schema: &Value, value: &Value, path: &str, found: &mut Vec<Problem>) {
    bounds(schema, value, path, found);
    match value {
        Value::Object(fields) => {
            for required in schema["required"].as_array().into_iter().flatten() {
                let required = required.as_str().unwrap_or_default();
                if !fields.contains_key(required) {
                    found.push(Problem::required(&below(path, required)));
                }
            }
            for (name, value) in fields {
                // The server's own part is checked elsewhere.
                if path.is_empty() && matches!(name.as_str(), "metadata" | "apiVersion" | "kind") {
                    continue;
                }
                let schema = match schema["properties"].get(name) {
                    Some(schema) => schema,
                    None => &schema["additionalProperties"],
                };
                problems(schema, value, &below(path, name), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                problems(&schema["items"], item, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// What is demanded of one value alone.
fn bounds(schema: &Value, value: &Value, path: &str, found: &mut Vec<Problem>) {
    let mut bad = |why: String| found.push(Problem::value(path, value, &why));
    let wanted = schema["type"].as_str();
    let fits = match wanted {
        _ if flag(schema, "x-kubernetes-int-or-string") => {
            value.is_string() || value.is_i64() || value.is_u64()
        }
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    let fits = fits || (value.is_null() && flag(schema, "nullable"));
    if !fits {
        let (there, wanted) = (name(value), wanted.unwrap_or("integer or string"));
        bad(format!("{path} in body must be of type {wanted}: {there:?}"));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        found.push(Problem::unsupported(path, value, &allowed));
        return;
    }
    if let Some(number) = value.as_f64() {
        if let Some(least) = schema["minimum"].as_f64()
            && number < least
        {
            bad(format!(
                "{path} in body should be greater than or equal to {least}"
            ));
        }
        if let Some(most) = schema["maximum"].as_f64()
            && number > most
        {
            bad(format!("{path} in body should be less than or equal to {most}"));
        }
    }
    let length = match value {
        Value::String(text) => Some((text.chars().count(), "minLength", "maxLength", "chars long")),
        Value::Array(items) => Some((items.len(), "minItems", "maxItems", "items")),
        _ => None,
    };
    if let Some((length, least, most, unit)) = length {
        let bound = |name: &str| {
            schema[name]
                .as_u64()
                .and_then(|bound| usize::try_from(bound).ok())
        };
        if let Some(least) = bound(least).filter(|least| length < *least) {
            bad(format!("{path} in body should be at least {least} {unit}"));
        }
        if let Some(most) = bound(most).filter(|most| length > *most) {
            bad(format!("{path} in body should be at most {most} {unit}"));
        }
    }
    if let (Some(text), Some(pattern)) = (value.as_str(), schema["pattern"].as_str())
        && let Ok(regex) = Regex::new(pattern)
        && !regex.is_match(text)
    {
        bad(format!("{path} in body should match '{pattern}'"));
    }
}
