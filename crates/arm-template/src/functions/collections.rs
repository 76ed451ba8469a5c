//! Functions of arrays and objects, and those that take strings as well.

use serde_json::{Map, Value, json};

use super::function::{ANY, Arguments, Function, function};
use crate::error::Result;
use crate::values::{as_text, element, property};

pub(super) const FUNCTIONS: &[Function] = &[
    function("concat", 1, ANY, concat),
    function("empty", 1, 1, empty),
    function("length", 1, 1, length),
    function("contains", 2, 2, contains),
    function("union", 2, ANY, union),
    function("intersection", 2, ANY, intersection),
    function("createobject", 0, ANY, create_object),
    function("createarray", 0, ANY, |a| Ok(a.values.to_vec().into())),
    function("array", 1, 1, |a| {
        Ok(match a.value(0) {
            Value::Array(items) => items.clone().into(),
            other => vec![other.clone()].into(),
        })
    }),
    function("range", 2, 2, range),
    function("first", 1, 1, |a| end(a, true)),
    function("last", 1, 1, |a| end(a, false)),
    function("take", 2, 2, |a| part(a, true)),
    function("skip", 2, 2, |a| part(a, false)),
    function("indexof", 2, 2, |a| index_of(a, false)),
    function("lastindexof", 2, 2, |a| index_of(a, true)),
    function("items", 1, 1, items),
    function("objectkeys", 1, 1, |a| {
        let object = object(a, 0)?;
        Ok(object.keys().cloned().map(Value::from).collect())
    }),
    function("shallowmerge", 1, 1, shallow_merge),
    function("tryget", 2, ANY, try_get),
    function("flatten", 1, 1, |a| {
        let mut flat = Vec::new();
        for inner in a.array(0)? {
            match inner {
                Value::Array(inner) => flat.extend(inner.iter().cloned()),
                _ => return Err(a.wrong_type(0, "Array")),
            }
        }
        Ok(flat.into())
    }),
];

fn object<'a>(arguments: &'a Arguments<'_>, index: usize) -> Result<&'a Map<String, Value>> {
    arguments
        .value(index)
        .as_object()
        .ok_or_else(|| arguments.wrong_type(index, "Object"))
}

fn concat(arguments: &Arguments<'_>) -> Result<Value> {
    if arguments.value(0).is_array() {
        let mut all = Vec::new();
        for index in 0..arguments.len() {
            all.extend(arguments.array(index)?.iter().cloned());
        }
        return Ok(all.into());
    }
    let mut text = String::new();
    for (index, value) in arguments.values.iter().enumerate() {
        match value {
            Value::Array(_) | Value::Object(_) | Value::Null => {
                return Err(arguments.wrong_type(index, "String"));
            }
            value => text.push_str(&as_text(value)),
        }
    }
    Ok(text.into())
}

fn empty(arguments: &Arguments<'_>) -> Result<Value> {
    let empty = match arguments.value(0) {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => return Err(arguments.wrong_type(0, "String, Array, Object")),
    };
    Ok(empty.into())
}

fn length(arguments: &Arguments<'_>) -> Result<Value> {
    let length = match arguments.value(0) {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => return Err(arguments.wrong_type(0, "String, Array, Object")),
    };
    Ok(length.into())
}

fn contains(arguments: &Arguments<'_>) -> Result<Value> {
    let found = match arguments.value(0) {
        Value::String(text) => text.contains(&as_text(arguments.value(1))),
        Value::Array(items) => items.contains(arguments.value(1)),
        Value::Object(fields) => {
            let name = arguments.text(1)?;
            fields.keys().any(|key| key.eq_ignore_ascii_case(name))
        }
        _ => return Err(arguments.wrong_type(0, "String, Array, Object")),
    };
    Ok(found.into())
}

fn union(arguments: &Arguments<'_>) -> Result<Value> {
    if arguments.value(0).is_array() {
        let mut all: Vec<Value> = Vec::new();
        for index in 0..arguments.len() {
            for item in arguments.array(index)? {
                if !all.contains(item) {
                    all.push(item.clone());
                }
            }
        }
        return Ok(all.into());
    }
    let mut all = Value::Object(Map::new());
    for index in 0..arguments.len() {
        overlay(&mut all, &Value::Object(object(arguments, index)?.clone()));
    }
    Ok(all)
}

/// Objects merge, anything else replaces; `null` is a value here.
fn overlay(target: &mut Value, other: &Value) {
    match (target, other) {
        (Value::Object(target), Value::Object(other)) => {
            for (key, value) in other {
                overlay(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (target, other) => *target = other.clone(),
    }
}

fn intersection(arguments: &Arguments<'_>) -> Result<Value> {
    if arguments.value(0).is_array() {
        let mut common: Vec<Value> = Vec::new();
        for item in arguments.array(0)? {
            if !common.contains(item) {
                common.push(item.clone());
            }
        }
        for index in 1..arguments.len() {
            let other = arguments.array(index)?;
            common.retain(|item| other.contains(item));
        }
        return Ok(common.into());
    }
    let mut common = object(arguments, 0)?.clone();
    for index in 1..arguments.len() {
        let other = object(arguments, index)?;
        common.retain(|key, value| other.get(key) == Some(value));
    }
    Ok(common.into())
}

fn create_object(arguments: &Arguments<'_>) -> Result<Value> {
    if !arguments.len().is_multiple_of(2) {
        return Err(arguments.wrong("each key needs a value"));
    }
    let mut fields = Map::new();
    for index in (0..arguments.len()).step_by(2) {
        fields.insert(
            arguments.text(index)?.to_owned(),
            arguments.value(index + 1).clone(),
        );
    }
    Ok(fields.into())
}

/// What ARM allows to be made at once.
const MAX_RANGE: i64 = 10_000;

fn range(arguments: &Arguments<'_>) -> Result<Value> {
    let (start, count) = (arguments.integer(0)?, arguments.integer(1)?);
    if !(0..=MAX_RANGE).contains(&count) {
        return Err(arguments.wrong(&format!("the count must lie between '0' and '{MAX_RANGE}'")));
    }
    let end = start
        .checked_add(count)
        .filter(|end| *end <= i64::from(i32::MAX))
        .ok_or_else(|| arguments.wrong("the range ends beyond '2147483647'"))?;
    Ok((start..end).map(Value::from).collect())
}

fn end(arguments: &Arguments<'_>, first: bool) -> Result<Value> {
    match arguments.value(0) {
        Value::Array(items) => {
            let item = if first { items.first() } else { items.last() };
            Ok(item.cloned().unwrap_or(Value::Null))
        }
        Value::String(text) => {
            let mut characters = text.chars();
            let one = if first {
                characters.next()
            } else {
                characters.next_back()
            };
            Ok(one.map(String::from).unwrap_or_default().into())
        }
        _ => Err(arguments.wrong_type(0, "String, Array")),
    }
}

fn part(arguments: &Arguments<'_>, taken: bool) -> Result<Value> {
    let count = arguments.count(1)?;
    match arguments.value(0) {
        Value::Array(items) => {
            let items = items.iter().cloned();
            Ok(if taken {
                items.take(count).collect()
            } else {
                items.skip(count).collect()
            })
        }
        Value::String(text) => {
            let text: String = if taken {
                text.chars().take(count).collect()
            } else {
                text.chars().skip(count).collect()
            };
            Ok(text.into())
        }
        _ => Err(arguments.wrong_type(0, "String, Array")),
    }
}

fn index_of(arguments: &Arguments<'_>, last: bool) -> Result<Value> {
    let place = match arguments.value(0) {
        Value::Array(items) => {
            let mut places = items
                .iter()
                .enumerate()
                .filter(|(_, item)| *item == arguments.value(1))
                .map(|(place, _)| place);
            if last { places.next_back() } else { places.next() }
        }
        Value::String(text) => {
            // Strings are searched without case.
            let (text, wanted) = (text.to_lowercase(), arguments.text(1)?.to_lowercase());
            let at = if last {
                text.rfind(&wanted)
            } else {
                text.find(&wanted)
            };
            at.map(|at| text[..at].chars().count())
        }
        _ => return Err(arguments.wrong_type(0, "String, Array")),
    };
    Ok(place.map_or_else(|| Value::from(-1), Value::from))
}

fn items(arguments: &Arguments<'_>) -> Result<Value> {
    Ok(object(arguments, 0)?
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect())
}

fn shallow_merge(arguments: &Arguments<'_>) -> Result<Value> {
    let mut all = Map::new();
    for one in arguments.array(0)? {
        let Value::Object(fields) = one else {
            return Err(arguments.wrong_type(0, "Array of Object"));
        };
        all.extend(fields.clone());
    }
    Ok(all.into())
}

fn try_get(arguments: &Arguments<'_>) -> Result<Value> {
    let mut value = arguments.value(0);
    for index in 1..arguments.len() {
        let next = match arguments.value(index) {
            Value::String(name) => property(value, name),
            Value::Number(number) => number.as_i64().and_then(|number| element(value, number)),
            _ => return Err(arguments.wrong_type(index, "String, Integer")),
        };
        match next {
            Some(next) => value = next,
            None => return Ok(Value::Null),
        }
    }
    Ok(value.clone())
}
