//! Checks of single values.

use serde_json::Value;

use crate::status::Problem;

/// The elements of a list; none where it is something else.
pub(super) fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// `""` or absent.
pub(super) fn is_blank(value: &Value) -> bool {
    value.as_str().is_none_or(str::is_empty)
}

/// Refuses a text that is none of those supported.
pub(super) fn one_of(field: &str, value: &Value, supported: &[&str], found: &mut Vec<Problem>) {
    if let Some(text) = value.as_str()
        && !supported.contains(&text)
    {
        let supported: Vec<String> = supported.iter().map(|text| format!("{text:?}")).collect();
        found.push(Problem::unsupported(field, value, &supported));
    }
}

/// Refuses what is no port number.
pub(super) fn port(field: &str, value: &Value, found: &mut Vec<Problem>) {
    match value.as_i64() {
        None if value.is_null() => found.push(Problem::required(field)),
        Some(1..=65_535) | None => {}
        Some(_) => found.push(Problem::value(
            field,
            value,
            "must be between 1 and 65535, inclusive",
        )),
    }
}
