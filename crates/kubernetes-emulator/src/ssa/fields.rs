//! Paths into objects, sets of them, and how `metadata.managedFields` writes a set (FieldsV1).

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

/// One step into an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Field(String),
    /// The item of a list that has these keys: a JSON object, its members in order.
    Key(String),
    /// The item of a set: a JSON scalar.
    Value(String),
}

/// A way into an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(pub(crate) Vec<Step>);

impl Path {
    /// One step further.
    pub(super) fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Whether it begins with these fields.
    pub(super) fn starts_with(&self, fields: &[&str]) -> bool {
        fields.len() <= self.0.len()
            && fields
                .iter()
                .zip(&self.0)
                .all(|(name, step)| matches!(step, Step::Field(field) if field == name))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Value(value) => write!(f, "[={value}]")?,
                Step::Key(keys) => {
                    let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                    let keys: Vec<String> = keys
                        .iter()
                        .map(|(name, value)| format!("{name}={value}"))
                        .collect();
                    write!(f, "[{}]", keys.join(","))?;
                }
            }
        }
        Ok(())
    }
}

/// What somebody owns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(pub(crate) BTreeSet<Path>);

impl FieldSet {
    /// As `fieldsV1`.
    pub(super) fn to_json(&self) -> Value {
        let mut root = Value::Object(Map::new());
        for path in &self.0 {
            let mut node = &mut root;
            for step in &path.0 {
                let name = match step {
                    Step::Field(name) => format!("f:{name}"),
                    Step::Key(keys) => format!("k:{keys}"),
                    Step::Value(value) => format!("v:{value}"),
                };
                node = kompox_emulator_core::json::fields(node)
                    .entry(name)
                    .or_insert_with(|| Value::Object(Map::new()));
            }
            kompox_emulator_core::json::fields(node).insert(".".to_owned(), Value::Object(Map::new()));
        }
        collapse(&mut root);
        root
    }

    /// From `fieldsV1`; what cannot be read is nobody's.
    pub(super) fn from_json(json: &Value) -> Self {
        let mut set = Self::default();
        let none = Map::new();
        for (name, below) in json.as_object().unwrap_or(&none) {
            read(name, below, &Path::default(), &mut set);
        }
        set
    }

    /// What is in any of both.
    pub(super) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// What is in the first only.
    pub(super) fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// What is in both.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `{".":{}}` is written `{}`.
fn collapse(node: &mut Value) {
    let Value::Object(fields) = node else { return };
    if fields.len() == 1 {
        fields.remove(".");
    }
    fields
        .iter_mut()
        .filter(|(name, _)| *name != ".")
        .for_each(|(_, below)| collapse(below));
}

fn read(name: &str, below: &Value, path: &Path, set: &mut FieldSet) {
    let Some((kind, rest)) = name.split_once(':') else {
        return;
    };
    // Written by others, numbers and members may stand in another form.
    let canonical = |text: &str| {
        serde_json::from_str::<Value>(text)
            .map(|value| value.to_string())
            .ok()
    };
    let step = match kind {
        "f" => Some(Step::Field(rest.to_owned())),
        "k" => canonical(rest).map(Step::Key),
        "v" => canonical(rest).map(Step::Value),
        _ => None,
    };
    let (Some(step), Some(fields)) = (step, below.as_object()) else {
        return;
    };
    let path = path.with(step);
    if fields.is_empty() || fields.contains_key(".") {
        set.0.insert(path.clone());
    }
    for (name, below) in fields {
        read(name, below, &path, set);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_are_read_as_they_are_written() {
        let json = json!({
            "f:data": { ".": {}, "f:a": {} },
            "f:spec": { "f:ports": { "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:port": {} } } },
            "f:metadata": { "f:finalizers": { "v:\"x\"": {} } }
        });
        let set = FieldSet::from_json(&json);
        assert_eq!(set.to_json(), json);
        let shown: Vec<String> = set.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                ".data",
                ".data.a",
                ".metadata.finalizers[=\"x\"]",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].port"
            ]
        );
    }
}
