//! Small helpers for JSON documents and for times as ARM writes them.

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// RFC 7386: objects merge, `null` removes, anything else replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The object under a key, made if it is absent or something else.
pub fn object<'a>(document: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    let fields = fields(document);
    let slot = fields.entry(key).or_insert(Value::Null);
    self::fields(slot)
}

/// The fields of an object; anything else becomes an empty one.
pub fn fields(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("made an object above"),
    }
}

/// Sets `properties.<name>`.
pub fn set_property(document: &mut Value, name: &str, value: impl Into<Value>) {
    object(document, "properties").insert(name.to_owned(), value.into());
}

/// Drops members that are `null`: Azure takes them for absent.
pub fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

const ARM_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]+00:00");

/// Ticks of 100 ns, the resolution Azure writes times in.
const TICK: i128 = 100;

/// A moment (ticks since the epoch) with seven fractional digits, as the disk provider writes it.
pub fn timestamp(ticks: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ticks) * TICK)
        .ok()
        .and_then(|time| time.format(ARM_TIME).ok())
        .unwrap_or_else(|| "0001-01-01T00:00:00.0000000+00:00".to_owned())
}

/// A moment in whole seconds, as Kubernetes writes it.
pub fn timestamp_seconds(ticks: i64) -> String {
    let text = timestamp(ticks);
    format!("{}Z", text.get(..19).unwrap_or_default())
}

/// Ticks of 100 ns since the epoch.
pub fn now() -> i64 {
    i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / TICK).unwrap_or(i64::MAX)
}

/// A duration in ticks.
pub fn ticks(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos() / 100).unwrap_or(i64::MAX)
}
