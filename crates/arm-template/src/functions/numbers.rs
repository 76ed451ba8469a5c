//! Functions of whole numbers.

use serde_json::Value;

use super::function::{ANY, Arguments, Function, function};
use crate::error::Result;

pub(super) const FUNCTIONS: &[Function] = &[
    function("add", 2, 2, |a| calculate(a, i64::checked_add)),
    function("sub", 2, 2, |a| calculate(a, i64::checked_sub)),
    function("mul", 2, 2, |a| calculate(a, i64::checked_mul)),
    function("div", 2, 2, |a| calculate(a, i64::checked_div)),
    function("mod", 2, 2, |a| calculate(a, i64::checked_rem)),
    function("min", 1, ANY, |a| Ok(numbers(a)?.into_iter().min().into())),
    function("max", 1, ANY, |a| Ok(numbers(a)?.into_iter().max().into())),
    function("int", 1, 1, int),
];

fn calculate(arguments: &Arguments<'_>, how: fn(i64, i64) -> Option<i64>) -> Result<Value> {
    how(arguments.integer(0)?, arguments.integer(1)?)
        .map(Value::from)
        .ok_or_else(|| arguments.wrong("the result is no integer"))
}

fn numbers(arguments: &Arguments<'_>) -> Result<Vec<i64>> {
    let all = match arguments.value(0) {
        Value::Array(items) if arguments.len() == 1 => items.as_slice(),
        _ => arguments.values,
    };
    all.iter()
        .enumerate()
        .map(|(index, number)| {
            number
                .as_i64()
                .ok_or_else(|| arguments.wrong_type(index, "Integer"))
        })
        .collect()
}

fn int(arguments: &Arguments<'_>) -> Result<Value> {
    match arguments.value(0) {
        Value::Number(number) if number.is_i64() => Ok(number.clone().into()),
        Value::String(text) => text
            .trim()
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| arguments.wrong(&format!("'{text}' is not an integer"))),
        _ => Err(arguments.wrong_type(0, "String, Integer")),
    }
}
