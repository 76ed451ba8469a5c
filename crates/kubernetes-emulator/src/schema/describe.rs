//! Types as a published schema tells them: what clients show to people, and go by when they work out a patch.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Fields, ItemsBy, TABLE, Type};

/// Fields whose parts go unless a patch names them, by the type that has them.
const RETAINED: [(&str, &str); 3] = [
    ("DeploymentSpec", "strategy"),
    ("PodSpec", "resourceClaims"),
    ("PodSpec", "volumes"),
];

/// Sets to which a patch adds; all others it replaces.
pub(super) const GROWING: &str = "finalizers";

/// Schemas by name, closed under what they name.
#[derive(Debug, Default)]
pub(crate) struct Described(BTreeMap<String, Value>);

impl Described {
    /// The schema of a type of the table, with those that it names.
    pub(crate) fn named(&mut self, name: &str) -> Value {
        if !self.0.contains_key(name)
            && let Some(fields) = TABLE.get(name)
        {
            // There before it is looked into: types name each other in circles.
            self.0.insert(name.to_owned(), Value::Null);
            let schema = self.fields(fields, name);
            self.0.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// Adds to a schema that is there.
    pub(crate) fn extend(&mut self, name: &str, field: &str, value: Value) {
        if let Some(schema) = self.0.get_mut(name) {
            schema[field] = value;
        }
    }

    /// A schema that somebody else has written.
    pub(crate) fn insert(&mut self, name: &str, schema: Value) {
        self.0.insert(name.to_owned(), schema);
    }

    /// All of them.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0.into_iter().collect())
    }

    fn fields(&mut self, fields: &Fields, name: &str) -> Value {
        let properties: Map<String, Value> = fields
            .fields
            .iter()
            .map(|(field, kind)| {
                let mut schema = self.of(kind, field);
                if RETAINED.contains(&(name, field.as_str())) {
                    let merged = schema["x-kubernetes-patch-strategy"].is_string();
                    let strategy = if merged { "merge,retainKeys" } else { "retainKeys" };
                    schema["x-kubernetes-patch-strategy"] = strategy.into();
                }
                (field.clone(), schema)
            })
            .collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        if fields.atomic {
            schema["x-kubernetes-map-type"] = "atomic".into();
        }
        if fields.open {
            schema["x-kubernetes-preserve-unknown-fields"] = true.into();
        }
        schema
    }

    fn of(&mut self, kind: &Type, field: &str) -> Value {
        match kind {
            Type::Text => json!({ "type": "string" }),
            Type::Bytes => json!({ "type": "string", "format": "byte" }),
            Type::Integer => json!({ "type": "integer" }),
            Type::Number => json!({ "type": "number" }),
            Type::Boolean => json!({ "type": "boolean" }),
            Type::Quantity => json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }),
            Type::IntOrString => {
                json!({ "format": "int-or-string", "oneOf": [{ "type": "integer" }, { "type": "string" }] })
            }
            Type::Any => json!({}),
            // A reference stands alone: what is said of the field besides goes around it.
            Type::Named(name) => json!({ "allOf": [self.named(name)], "default": {} }),
            Type::Object(fields) => self.fields(fields, ""),
            Type::Map { values, atomic } => {
                let mut schema = json!({ "type": "object", "additionalProperties": self.of(values, "") });
                if *atomic {
                    schema["x-kubernetes-map-type"] = "atomic".into();
                }
                schema
            }
            Type::List { items, items_by } => {
                let mut schema = json!({ "type": "array", "items": self.of(items, "") });
                let (list, keys) = match items_by {
                    ItemsBy::Nothing => ("atomic", None),
                    ItemsBy::Value => ("set", None),
                    ItemsBy::Keys(keys) => ("map", Some(keys)),
                };
                schema["x-kubernetes-list-type"] = list.into();
                if let Some(keys) = keys {
                    schema["x-kubernetes-list-map-keys"] = json!(keys);
                    schema["x-kubernetes-patch-merge-key"] = json!(keys.first());
                }
                if keys.is_some() || field == GROWING {
                    schema["x-kubernetes-patch-strategy"] = "merge".into();
                }
                schema
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_described_with_all_that_it_names_and_by_what_lists_are_merged() {
        let mut described = Described::default();
        described.named("Deployment");
        let all = described.into_value();
        for name in [
            "Deployment",
            "DeploymentSpec",
            "PodSpec",
            "Container",
            "ObjectMeta",
        ] {
            assert!(all[name]["properties"].is_object(), "{name}");
        }
        let containers = &all["PodSpec"]["properties"]["containers"];
        assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
        assert_eq!(
            containers["items"]["allOf"][0]["$ref"],
            "#/components/schemas/Container"
        );
        let strategy =
            |name: &str, field: &str| all[name]["properties"][field]["x-kubernetes-patch-strategy"].clone();
        assert_eq!(strategy("PodSpec", "volumes"), "merge,retainKeys");
        assert_eq!(strategy("DeploymentSpec", "strategy"), "retainKeys");
        assert_eq!(strategy("ObjectMeta", "finalizers"), "merge");
        assert_eq!(strategy("PodSpec", "tolerations"), Value::Null);
        assert_eq!(
            all["Container"]["properties"]["ports"]["x-kubernetes-patch-merge-key"],
            "containerPort"
        );
    }
}
