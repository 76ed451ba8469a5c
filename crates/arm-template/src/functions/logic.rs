//! Comparisons, conditions and constants.

use std::cmp::Ordering;

use serde_json::Value;

use super::function::{ANY, Arguments, Function, function};
use crate::error::Result;

pub(super) const FUNCTIONS: &[Function] = &[
    function("equals", 2, 2, |a| Ok((a.value(0) == a.value(1)).into())),
    function("not", 1, 1, |a| Ok((!a.boolean(0)?).into())),
    function("and", 2, ANY, |a| {
        Ok(booleans(a)?.into_iter().all(|one| one).into())
    }),
    function("or", 2, ANY, |a| {
        Ok(booleans(a)?.into_iter().any(|one| one).into())
    }),
    function("less", 2, 2, |a| Ok(compare(a)?.is_lt().into())),
    function("lessorequals", 2, 2, |a| Ok(compare(a)?.is_le().into())),
    function("greater", 2, 2, |a| Ok(compare(a)?.is_gt().into())),
    function("greaterorequals", 2, 2, |a| Ok(compare(a)?.is_ge().into())),
    function("null", 0, 0, |_| Ok(Value::Null)),
    function("true", 0, 0, |_| Ok(true.into())),
    function("false", 0, 0, |_| Ok(false.into())),
    function("coalesce", 1, ANY, |a| {
        let first = a.values.iter().find(|value| !value.is_null());
        Ok(first.cloned().unwrap_or(Value::Null))
    }),
    function("bool", 1, 1, boolean),
    function("json", 1, 1, |a| {
        let text = a.text(0)?;
        serde_json::from_str(text).map_err(|error| a.wrong(&format!("'{text}' is no JSON ({error})")))
    }),
];

fn booleans(arguments: &Arguments<'_>) -> Result<Vec<bool>> {
    (0..arguments.len())
        .map(|index| arguments.boolean(index))
        .collect()
}

fn compare(arguments: &Arguments<'_>) -> Result<Ordering> {
    match (arguments.value(0), arguments.value(1)) {
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        _ => Ok(arguments.integer(0)?.cmp(&arguments.integer(1)?)),
    }
}

fn boolean(arguments: &Arguments<'_>) -> Result<Value> {
    match arguments.value(0) {
        Value::Bool(value) => Ok((*value).into()),
        Value::Number(number) => Ok((number.as_i64() != Some(0)).into()),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err(arguments.wrong(&format!("'{text}' is no boolean"))),
        },
        _ => Err(arguments.wrong_type(0, "Boolean, Integer, String")),
    }
}
