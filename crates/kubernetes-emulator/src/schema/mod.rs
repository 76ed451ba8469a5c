//! What objects are made of: which fields there are, of which type, and what is replaced as a whole when two writers
//! meet.

pub(super) mod check;
pub(super) mod describe;
pub(super) mod openapi;
pub(super) mod strategic;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde_json::Value;

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Text,
    /// Base64.
    Bytes,
    Integer,
    Number,
    Boolean,
    /// Text, or a number that is taken for one.
    Quantity,
    IntOrString,
    /// Nobody knows: objects are open, anything else is replaced as a whole.
    Any,
    /// One of the table.
    Named(Arc<str>),
    /// One of a CustomResourceDefinition.
    Object(Arc<Fields>),
    Map {
        values: Box<Type>,
        atomic: bool,
    },
    List {
        items: Box<Type>,
        items_by: ItemsBy,
    },
}

/// What tells the items of a list apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ItemsBy {
    /// Nothing: it is replaced as a whole.
    Nothing,
    Value,
    Keys(Vec<String>),
}

/// The fields of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fields {
    pub(super) fields: BTreeMap<String, Type>,
    /// Replaced as a whole.
    pub(super) atomic: bool,
    /// Fields that are not known stay.
    pub(super) open: bool,
}

impl Fields {
    /// One field's type.
    pub(super) fn get(&self, name: &str) -> Option<&Type> {
        self.fields.get(name).or_else(|| self.open.then_some(&Type::Any))
    }
}

/// How a value is owned: as one, or by its parts.
pub(super) enum Shape<'a> {
    Leaf,
    Struct(&'a Fields),
    Map(&'a Type),
    Set(&'a Type),
    List(&'a Type, &'a [String]),
}

static TABLE: LazyLock<HashMap<&'static str, Fields>> = LazyLock::new(|| parse(include_str!("types.txt")));
const ANY: &Type = &Type::Any;

impl Type {
    /// The fields, where it is an object that has some.
    pub(super) fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Named(name) => TABLE.get(&**name),
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// How a value of this type is owned.
    pub(super) fn shape(&self, value: &Value) -> Shape<'_> {
        match (self, value) {
            (Self::Any, Value::Object(_)) => Shape::Map(ANY),
            (
                Self::Map {
                    values,
                    atomic: false,
                },
                Value::Object(_),
            ) => Shape::Map(values),
            (Self::List { items, items_by }, Value::Array(_)) => match items_by {
                ItemsBy::Nothing => Shape::Leaf,
                ItemsBy::Value => Shape::Set(items),
                ItemsBy::Keys(keys) => Shape::List(items, keys),
            },
            (Self::Named(_) | Self::Object(_), Value::Object(_)) => match self.fields() {
                Some(fields) if !fields.atomic => Shape::Struct(fields),
                _ => Shape::Leaf,
            },
            _ => Shape::Leaf,
        }
    }
}

/// Reads the table.
fn parse(text: &'static str) -> HashMap<&'static str, Fields> {
    let mut table: HashMap<&'static str, Fields> = HashMap::new();
    let mut current = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        for word in line.split_whitespace() {
            if let Some(name) = word.strip_suffix(':') {
                current = name.trim_end_matches('!');
                let fields = table.entry(current).or_default();
                fields.atomic = name.ends_with('!');
                continue;
            }
            let Some((name, kind)) = word.split_once('=') else {
                continue;
            };
            let fields = table.entry(current).or_default();
            fields.fields.insert(name.to_owned(), type_of(kind));
            if kind == "ObjectMeta" && !current.ends_with("TemplateSpec") {
                // A whole object says what it is.
                for name in ["apiVersion", "kind"] {
                    fields.fields.insert(name.to_owned(), Type::Text);
                }
            }
        }
    }
    table
}

fn type_of(text: &str) -> Type {
    if let Some(rest) = text.strip_prefix('[')
        && let Some((items, by)) = rest.split_once(']')
    {
        let items_by = match by {
            "" => ItemsBy::Nothing,
            "@" => ItemsBy::Value,
            keys => ItemsBy::Keys(keys[1..].split(',').map(str::to_owned).collect()),
        };
        return Type::List {
            items: Box::new(type_of(items)),
            items_by,
        };
    }
    if let Some(rest) = text.strip_prefix('{')
        && let Some((values, whole)) = rest.split_once('}')
    {
        return Type::Map {
            values: Box::new(type_of(values)),
            atomic: whole == "!",
        };
    }
    match text {
        "string" => Type::Text,
        "bytes" => Type::Bytes,
        "int32" | "int64" => Type::Integer,
        "number" => Type::Number,
        "bool" => Type::Boolean,
        "quantity" => Type::Quantity,
        "intstr" => Type::IntOrString,
        "any" => Type::Any,
        name => Type::Named(name.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_named(kind: &Type, found: &mut Vec<String>) {
        match kind {
            Type::Named(name) => found.push(name.to_string()),
            Type::Map { values, .. } => all_named(values, found),
            Type::List { items, .. } => all_named(items, found),
            _ => {}
        }
    }

    #[test]
    fn every_type_that_the_table_names_is_in_it() {
        for (name, fields) in TABLE.iter() {
            for kind in fields.fields.values() {
                let mut named = Vec::new();
                all_named(kind, &mut named);
                for other in named {
                    assert!(TABLE.contains_key(other.as_str()), "{name} names {other}");
                }
            }
        }
    }

    #[test]
    fn lists_are_told_apart_by_their_keys() {
        let of = |kind: &str, field: &str| TABLE[kind].fields[field].clone();
        let keys = |kind: Type| match kind {
            Type::List {
                items_by: ItemsBy::Keys(keys),
                ..
            } => keys.join(","),
            other => format!("{other:?}"),
        };
        assert_eq!(keys(of("PodSpec", "containers")), "name");
        assert_eq!(keys(of("Container", "ports")), "containerPort,protocol");
        assert_eq!(keys(of("ServiceSpec", "ports")), "port,protocol");
        assert_eq!(keys(of("Container", "volumeMounts")), "mountPath");
        assert_eq!(keys(of("ObjectMeta", "ownerReferences")), "uid");
        assert!(matches!(
            of("ClusterRole", "rules"),
            Type::List {
                items_by: ItemsBy::Nothing,
                ..
            }
        ));
        assert!(TABLE["LabelSelector"].atomic);
    }
}
