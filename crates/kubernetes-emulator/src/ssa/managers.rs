//! `metadata.managedFields`: who owns what.

use serde_json::{Value, json};

use super::fields::FieldSet;

/// How somebody came to own something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Apply,
    /// Anything else that writes.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manager {
    pub(super) name: String,
    pub(super) operation: Operation,
    pub(super) api_version: String,
    pub(super) subresource: String,
    pub(super) time: String,
    pub(super) set: FieldSet,
}

impl Manager {
    /// Whether both are entries of one writer; times do not tell writers apart.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }
}

/// The entries of an object; what is no entry is left out.
pub(super) fn read(object: &Value) -> Vec<Manager> {
    let entries = object["metadata"]["managedFields"].as_array();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            Some(Manager {
                name: text(&entry["manager"]),
                operation: match entry["operation"].as_str()? {
                    "Apply" => Operation::Apply,
                    "Update" => Operation::Update,
                    _ => return None,
                },
                api_version: text(&entry["apiVersion"]),
                subresource: text(&entry["subresource"]),
                time: text(&entry["time"]),
                set: FieldSet::from_json(&entry["fieldsV1"]),
            })
        })
        .collect()
}

/// Entries as an object holds them: who applies first, then by time.
pub(super) fn write(managers: &[Manager]) -> Value {
    let mut sorted: Vec<&Manager> = managers.iter().collect();
    sorted.sort_by_key(|manager| {
        (
            manager.operation == Operation::Update,
            manager.time.clone(),
            manager.name.clone(),
        )
    });
    let entries = sorted.into_iter().map(|manager| {
        let mut entry = json!({
            "manager": manager.name,
            "operation": manager.operation.name(),
            "apiVersion": manager.api_version,
            "time": manager.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": manager.set.to_json()
        });
        if !manager.subresource.is_empty() {
            entry["subresource"] = manager.subresource.clone().into();
        }
        entry
    });
    Value::Array(entries.collect())
}
