//! The first difference between an object as it should be and as it is. What others have added is none.

use serde_json::Value;

/// What the items of a list are told apart by, where they belong to whoever put them there: others may add some.
/// A list that is not here belongs as a whole to one.
const KEYS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("env", &["name"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    // Of a container, and of a Service: an item has one of the two.
    ("ports", &["containerPort", "port", "protocol"]),
];

/// The first field that is not as it should be.
pub(crate) fn first_difference(wanted: &Value, there: &Value) -> Option<String> {
    differs("", wanted, there)
}

fn differs(path: &str, wanted: &Value, there: &Value) -> Option<String> {
    let here = || Some(path.to_owned());
    match (wanted, there) {
        (Value::Object(wanted), Value::Object(there)) => wanted.iter().find_map(|(name, wanted)| {
            let path = format!("{path}.{name}");
            match there.get(name) {
                Some(Value::Array(there)) if wanted.is_array() => {
                    items(&path, name, wanted.as_array()?, there)
                }
                Some(there) => differs(&path, wanted, there),
                // Nothing, and nothing said, are the same.
                None if is_nothing(wanted) => None,
                None => Some(path),
            }
        }),
        (wanted, there) if wanted == there => None,
        (Value::Number(wanted), Value::Number(there)) if wanted.as_f64() == there.as_f64() => None,
        (wanted, Value::Null) if is_nothing(wanted) => None,
        // A list in a list: there is none that belongs to several.
        (Value::Array(wanted), Value::Array(there)) => items(path, "", wanted, there),
        _ => here(),
    }
}

fn items(path: &str, name: &str, wanted: &[Value], there: &[Value]) -> Option<String> {
    let Some((_, keys)) = KEYS.iter().find(|(list, _)| *list == name) else {
        if wanted.len() != there.len() {
            return Some(path.to_owned());
        }
        return wanted
            .iter()
            .zip(there)
            .enumerate()
            .find_map(|(number, (wanted, there))| differs(&format!("{path}[{number}]"), wanted, there));
    };
    wanted.iter().find_map(|item| {
        let same = |other: &&Value| keys.iter().all(|key| item[key] == other[key]);
        let shown = keys.iter().find_map(|key| item.get(key)).unwrap_or(item);
        let path = format!("{path}[{shown}]");
        match there.iter().find(same) {
            Some(there) => differs(&path, item, there),
            None => Some(path),
        }
    })
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_added_does_not_count_and_what_they_changed_does() {
        let wanted = json!({ "spec": {
            "replicas": 2,
            "args": ["--a", "--b"],
            "containers": [{ "name": "main", "image": "x:1", "ports": [{ "containerPort": 80, "protocol": "TCP" }] }],
            "empty": {}
        } });
        let mut there = json!({ "metadata": { "uid": "1" }, "spec": {
            "replicas": 2.0,
            "args": ["--a", "--b"],
            "containers": [
                { "name": "side", "image": "y:1" },
                { "name": "main", "image": "x:1", "pull": "Always",
                  "ports": [{ "containerPort": 81, "protocol": "TCP" }, { "containerPort": 80, "protocol": "TCP", "hostPort": 1 }] }
            ]
        } });
        assert_eq!(first_difference(&wanted, &there), None);
        there["spec"]["containers"][1]["image"] = "x:2".into();
        assert_eq!(
            first_difference(&wanted, &there).as_deref(),
            Some(".spec.containers[\"main\"].image")
        );
        there["spec"]["containers"][1]["image"] = "x:1".into();
        there["spec"]["args"] = json!(["--a", "--b", "--c"]);
        assert_eq!(first_difference(&wanted, &there).as_deref(), Some(".spec.args"));
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-z]{1,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Adds fields everywhere, as an API server fills in defaults.
    fn filled(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: serde_json::Map<_, _> = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), filled(value)))
                    .collect();
                fields.insert("Default".to_owned(), json!({ "by": "server" }));
                Value::Object(fields)
            }
            Value::Array(list) => list.iter().map(filled).collect(),
            other => other.clone(),
        }
    }

    /// The leaves and where they are.
    fn leaves(value: &mut Value) -> Vec<&mut Value> {
        match value {
            Value::Object(fields) => fields.values_mut().flat_map(leaves).collect(),
            Value::Array(list) => list.iter_mut().flat_map(leaves).collect(),
            leaf => vec![leaf],
        }
    }

    proptest! {
        #[test]
        fn everything_is_found_in_itself_with_defaults_filled_in(wanted in tree()) {
            prop_assert_eq!(first_difference(&wanted, &wanted), None);
            prop_assert_eq!(first_difference(&wanted, &filled(&wanted)), None);
        }

        #[test]
        fn one_leaf_that_is_different_is_found(wanted in tree(), which in any::<prop::sample::Index>()) {
            let there = filled(&wanted);
            let mut changed = wanted.clone();
            let mut all = leaves(&mut changed);
            prop_assume!(!all.is_empty());
            let place = which.index(all.len());
            *all[place] = json!("DIFFERENT");
            prop_assert!(first_difference(&changed, &there).is_some());
            let there = filled(&changed);
            prop_assert_eq!(first_difference(&changed, &there), None);
        }
    }
}
