//! Objects by their parts: what there is, what differs, put together, and taken apart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::fields::{FieldSet, Path, Step};
use crate::schema::{ItemsBy, Shape, Type};

/// Every part that can be owned, with its value where it is a leaf.
type Parts = BTreeMap<Path, Option<Value>>;

/// How two objects differ.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) removed: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) added: FieldSet,
}

impl Comparison {
    /// What the second wrote.
    pub(super) fn written(&self) -> FieldSet {
        self.modified.union(&self.added)
    }
}

/// What an item of a list is told by: its keys, of which `protocol` is TCP where nothing is said.
fn keys_of(item: &Value, keys: &[String]) -> String {
    let keys: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let value = match &item[key.as_str()] {
                Value::Null if key == "protocol" => "TCP".into(),
                value => value.clone(),
            };
            (key.clone(), value)
        })
        .collect();
    Value::Object(keys).to_string()
}

fn parts_of(kind: &Type, value: &Value, path: &Path, parts: &mut Parts) {
    let part = |kind: &Type, value: &Value, step: Step, owned: bool, parts: &mut Parts| {
        let path = path.with(step);
        let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if owned || empty {
            parts.entry(path.clone()).or_insert(None);
        }
        parts_of(kind, value, &path, parts);
    };
    match (kind.shape(value), value) {
        (Shape::Struct(fields), Value::Object(there)) => {
            for (name, value) in there {
                let kind = fields.get(name).unwrap_or(&Type::Any);
                part(
                    kind,
                    value,
                    Step::Field(name.clone()),
                    !fields.fields.contains_key(name),
                    parts,
                );
            }
        }
        (Shape::Map(values), Value::Object(there)) => {
            for (name, value) in there {
                part(values, value, Step::Field(name.clone()), true, parts);
            }
        }
        (Shape::Set(items), Value::Array(there)) => {
            for item in there {
                part(items, item, Step::Value(item.to_string()), true, parts);
            }
        }
        (Shape::List(items, keys), Value::Array(there)) => {
            for item in there {
                part(items, item, Step::Key(keys_of(item, keys)), true, parts);
            }
        }
        _ => {
            parts.insert(path.clone(), Some(value.clone()));
        }
    }
}

fn all_parts(kind: &Type, value: &Value) -> Parts {
    let mut parts = Parts::new();
    parts_of(kind, value, &Path::default(), &mut parts);
    parts
}

/// What whoever wrote this object owns.
pub(super) fn set_of(kind: &Type, value: &Value) -> FieldSet {
    FieldSet(all_parts(kind, value).into_keys().collect())
}

/// What is different in the second.
pub(super) fn compare(kind: &Type, old: &Value, new: &Value) -> Comparison {
    let (old, new) = (all_parts(kind, old), all_parts(kind, new));
    let mut comparison = Comparison::default();
    for (path, value) in &new {
        match old.get(path) {
            None => comparison.added.0.insert(path.clone()),
            Some(before) if before != value => comparison.modified.0.insert(path.clone()),
            Some(_) => false,
        };
    }
    comparison.removed = FieldSet(old.into_keys().filter(|path| !new.contains_key(path)).collect());
    comparison
}

/// The first of two items in one list that have the same keys, or one that lacks a key: its path, and what is wrong.
pub(super) fn malformed(kind: &Type, value: &Value, path: &Path) -> Option<String> {
    match (kind.shape(value), value) {
        (Shape::Struct(fields), Value::Object(there)) => there.iter().find_map(|(name, value)| {
            let kind = fields.get(name)?;
            malformed(kind, value, &path.with(Step::Field(name.clone())))
        }),
        (Shape::Map(values), Value::Object(there)) => there
            .iter()
            .find_map(|(name, value)| malformed(values, value, &path.with(Step::Field(name.clone())))),
        (Shape::List(items, keys), Value::Array(there)) => {
            let mut seen = BTreeSet::new();
            there.iter().enumerate().find_map(|(index, item)| {
                if let Some(key) = keys.iter().find(|key| item[key.as_str()].is_null() && *key != "protocol") {
                    return Some(format!(
                        "{path}: element {index}: associative list with keys has an element that omits key field {key:?} \
                         (and doesn't have default value)"
                    ));
                }
                let step = path.with(Step::Key(keys_of(item, keys)));
                if !seen.insert(step.clone()) {
                    let key = step.to_string();
                    let key = key.strip_prefix(&path.to_string()).unwrap_or(&key);
                    return Some(format!("{path}: duplicate entries for key {key}"));
                }
                malformed(items, item, &step)
            })
        }
        (Shape::Set(_), Value::Array(there)) => {
            let mut seen = BTreeSet::new();
            there
                .iter()
                .find(|item| !seen.insert(item.to_string()))
                .map(|item| format!("{path}: duplicate entries for key [={item}]"))
        }
        _ => None,
    }
}

/// Fields that a schema does not have: nobody could own them.
pub(super) fn undeclared(kind: &Type, value: &Value, path: &str, found: &mut Vec<String>) {
    match (kind, value) {
        (_, Value::Object(there)) if kind.fields().is_some() => {
            for (name, value) in there {
                let path = format!("{path}.{name}");
                match kind.fields().and_then(|fields| fields.get(name)) {
                    Some(kind) => undeclared(kind, value, &path, found),
                    None => found.push(format!("{path}: field not declared in schema")),
                }
            }
        }
        (Type::Map { values, .. }, Value::Object(there)) => {
            for (name, value) in there {
                undeclared(values, value, &format!("{path}.{name}"), found);
            }
        }
        (Type::List { items, items_by }, Value::Array(there)) => {
            for (index, item) in there.iter().enumerate() {
                let step = match items_by {
                    ItemsBy::Keys(keys) => Path(vec![Step::Key(keys_of(item, keys))]).to_string(),
                    ItemsBy::Value | ItemsBy::Nothing => format!("[{index}]"),
                };
                undeclared(items, item, &format!("{path}{step}"), found);
            }
        }
        _ => {}
    }
}

/// Puts what is applied over what is there.
pub(super) fn merge(kind: &Type, live: &mut Value, applied: &Value) {
    // Only like can be merged into like: an object where a text was replaces it.
    let same = live.is_object() && applied.is_object() || live.is_array() && applied.is_array();
    let shape = if same { kind.shape(applied) } else { Shape::Leaf };
    match (shape, applied) {
        (Shape::Struct(fields), Value::Object(applied)) => {
            for (name, value) in applied {
                merge_member(fields.get(name).unwrap_or(&Type::Any), live, name, value);
            }
        }
        (Shape::Map(values), Value::Object(applied)) => {
            for (name, value) in applied {
                merge_member(values, live, name, value);
            }
        }
        (Shape::Set(_), Value::Array(applied)) => {
            if let Value::Array(live) = live {
                for item in applied {
                    if !live.contains(item) {
                        live.push(item.clone());
                    }
                }
            }
        }
        (Shape::List(items, keys), Value::Array(applied)) => {
            if let Value::Array(live) = live {
                for item in applied {
                    let key = keys_of(item, keys);
                    match live.iter_mut().find(|there| keys_of(there, keys) == key) {
                        Some(there) => merge(items, there, item),
                        None => live.push(item.clone()),
                    }
                }
            }
        }
        _ => *live = applied.clone(),
    }
}

fn merge_member(kind: &Type, live: &mut Value, name: &str, value: &Value) {
    match kompox_emulator_core::json::fields(live).get_mut(name) {
        Some(there) => merge(kind, there, value),
        None => {
            kompox_emulator_core::json::fields(live).insert(name.to_owned(), value.clone());
        }
    }
}

/// Takes parts away, with all that is below them, and what is empty then.
pub(super) fn remove(kind: &Type, value: &mut Value, gone: &FieldSet) {
    for path in &gone.0 {
        remove_one(kind, value, &path.0);
    }
}

/// Returns whether the value is empty after something was taken out of it.
fn remove_one(kind: &Type, value: &mut Value, path: &[Step]) -> bool {
    let Some((step, rest)) = path.split_first() else {
        return false;
    };
    let child = match (kind.shape(value), step) {
        (Shape::Struct(fields), Step::Field(name)) => fields.get(name).unwrap_or(&Type::Any),
        (Shape::Map(values), Step::Field(_)) => values,
        (Shape::Set(items), Step::Value(_)) | (Shape::List(items, _), Step::Key(_)) => items,
        _ => return false,
    };
    let keys: &[String] = match kind.shape(value) {
        Shape::List(_, keys) => keys,
        _ => &[],
    };
    match (value, step) {
        (Value::Object(fields), Step::Field(name)) => {
            let Some(inner) = fields.get_mut(name) else {
                return false;
            };
            if rest.is_empty() || remove_one(child, inner, rest) {
                fields.remove(name);
                return fields.is_empty();
            }
            false
        }
        (Value::Array(items), step) => {
            let value: Option<Value> = match step {
                Step::Value(text) => serde_json::from_str(text).ok(),
                Step::Key(_) | Step::Field(_) => None,
            };
            let place = items.iter().position(|item| match step {
                Step::Key(key) => keys_of(item, keys) == *key,
                Step::Value(_) => value.as_ref() == Some(item),
                Step::Field(_) => false,
            });
            let Some(place) = place else { return false };
            if rest.is_empty() || remove_one(child, &mut items[place], rest) {
                items.remove(place);
                return items.is_empty();
            }
            false
        }
        _ => false,
    }
}

/// A set with the named fields on the way to its members: who owns `a.b` has a hand in `a`.
pub(super) fn with_named(kind: &Type, set: &FieldSet) -> FieldSet {
    let mut whole = set.clone();
    for path in &set.0 {
        let mut current = kind.clone();
        for (index, step) in path.0.iter().enumerate() {
            let named = current
                .fields()
                .filter(|fields| matches!(step, Step::Field(name) if fields.fields.contains_key(name)))
                .is_some();
            if named && index + 1 < path.0.len() {
                whole.0.insert(Path(path.0[..=index].to_vec()));
            }
            current = match (&current, step) {
                (Type::Map { values, .. }, Step::Field(_)) => (**values).clone(),
                (Type::List { items, .. }, _) => (**items).clone(),
                (kind, Step::Field(name)) => kind
                    .fields()
                    .and_then(|fields| fields.get(name))
                    .cloned()
                    .unwrap_or(Type::Any),
                _ => Type::Any,
            };
        }
    }
    whole
}
