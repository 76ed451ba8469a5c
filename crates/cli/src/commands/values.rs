//! Values of flags, read so that what cannot be meant is a usage error.

use kompox_domain::options::OptionValue;
use kompox_domain::source::Bare;
use kompox_domain::{Error, Source, VolumeOptions};
use serde_json::Value;

use crate::hints;

/// The source of a new disk: a bare name is a snapshot.
pub(super) fn disk_source(text: &str) -> Result<Source, String> {
    Source::parse(text, Bare::Snapshot).map_err(|error| with_hint(&error))
}

/// The source of a new snapshot: a bare name is a disk.
pub(super) fn snapshot_source(text: &str) -> Result<Source, String> {
    Source::parse(text, Bare::Disk).map_err(|error| with_hint(&error))
}

fn with_hint(error: &Error) -> String {
    match hints::written(error.hints()) {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}

/// Options as a JSON object.
pub(super) fn options(text: &str) -> Result<VolumeOptions, String> {
    const EXPECTED: &str = r#"use a JSON object such as {"sku":"PremiumV2_LRS","iops":3000}"#;
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("not JSON: {error}; {EXPECTED}"))?;
    let Value::Object(members) = value else {
        return Err(EXPECTED.to_owned());
    };
    let option = |(name, value): (String, Value)| {
        let value = match value {
            Value::String(text) => OptionValue::Text(text),
            Value::Bool(yes) => OptionValue::Bool(yes),
            Value::Number(number) => number
                .as_i64()
                .map(OptionValue::Integer)
                .ok_or_else(|| format!("option {name:?} is not a whole number; {EXPECTED}"))?,
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(format!(
                    "option {name:?} is neither text, number nor true or false; {EXPECTED}"
                ));
            }
        };
        Ok((name, value))
    };
    members.into_iter().map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_an_object_of_simple_values() {
        let read = options(r#"{"sku":"Premium_LRS","iops":3000,"x":true}"#).unwrap();
        assert_eq!(read.get("iops"), Some(&OptionValue::Integer(3000)));
        for bad in [
            "",
            "sku=x",
            "[]",
            "1",
            r#"{"a":null}"#,
            r#"{"a":1.5}"#,
            r#"{"a":{}}"#,
        ] {
            let error = options(bad).unwrap_err();
            assert!(error.contains(r#"{"sku":"PremiumV2_LRS""#), "{bad}: {error}");
        }
    }

    #[test]
    fn a_wrong_source_says_what_a_source_is() {
        assert!(disk_source("volume:x").unwrap_err().contains("snapshot:<name>"));
        assert!(matches!(snapshot_source("x"), Ok(Source::Disk(_))));
        assert!(matches!(disk_source("x"), Ok(Source::Snapshot(_))));
    }
}
