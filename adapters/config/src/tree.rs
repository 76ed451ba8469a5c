//! A YAML document as a tree in which every key and value knows its place.

use std::rc::Rc;

use crate::error::Mark;

/// What a value costs beyond its text, in bytes: roughly what it takes in memory.
const NODE_BYTES: usize = 64;

/// A value with its place. It may hold a secret, so it has no `Debug`.
pub(crate) struct Node {
    pub(crate) mark: Mark,
    pub(crate) value: Value,
    /// What the value takes with everything in it, aliases spelled out.
    pub(crate) bytes: usize,
    /// How many levels of lists and mappings there are in it, itself included.
    pub(crate) height: usize,
}

pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

/// A scalar as it was written, escapes resolved.
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Written without quotes, so that it may be something else than a string.
    pub(crate) plain: bool,
}

/// A key of a mapping with its value.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: Rc<str>,
    pub(crate) mark: Mark,
    pub(crate) node: Rc<Node>,
}

impl Node {
    pub(crate) fn scalar(mark: Mark, text: String, plain: bool) -> Self {
        let bytes = NODE_BYTES.saturating_add(text.len());
        Self {
            mark,
            value: Value::Scalar(Scalar { text, plain }),
            bytes,
            height: 0,
        }
    }

    pub(crate) fn list(mark: Mark, items: Vec<Rc<Self>>) -> Self {
        let bytes = items
            .iter()
            .fold(NODE_BYTES, |sum, item| sum.saturating_add(item.bytes));
        let height = 1 + items.iter().map(|item| item.height).max().unwrap_or(0);
        Self {
            mark,
            value: Value::List(items),
            bytes,
            height,
        }
    }

    pub(crate) fn map(mark: Mark, entries: Vec<Entry>) -> Self {
        let bytes = entries.iter().fold(NODE_BYTES, |sum, entry| {
            sum.saturating_add(NODE_BYTES)
                .saturating_add(entry.key.len())
                .saturating_add(entry.node.bytes)
        });
        let height = 1 + entries.iter().map(|entry| entry.node.height).max().unwrap_or(0);
        Self {
            mark,
            value: Value::Map(entries),
            bytes,
            height,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// What it is, for an error.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) if scalar.is_null() => "nothing",
            Value::Scalar(scalar) if scalar.as_bool().is_some() => "a boolean",
            Value::Scalar(scalar) if scalar.is_number() => "a number",
            Value::Scalar(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The value of a key, where this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| &*entry.key == key),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The text of a scalar that is not null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
        }
    }
}

impl Scalar {
    pub(crate) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" if self.plain => Some(true),
            "false" | "False" | "FALSE" if self.plain => Some(false),
            _ => None,
        }
    }

    /// The whole number that prints as what was written; `0123` and `1_000` are texts.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        let number = self.text.parse::<i64>().ok()?;
        (self.plain && number.to_string() == self.text).then_some(number)
    }

    pub(crate) fn is_number(&self) -> bool {
        let text = self.text.as_str();
        let based = text.strip_prefix("0x").or_else(|| text.strip_prefix("0o"));
        self.plain
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && based.map_or_else(
                || text.parse::<f64>().is_ok(),
                |digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, plain: bool) -> &'static str {
        Node::scalar(Mark::START, text.to_owned(), plain).kind()
    }

    #[test]
    fn plain_scalars_have_the_types_of_yaml_and_quoted_ones_are_strings() {
        assert_eq!(
            ["", "null", "true", "12", "1.5", "0x1f", "yes", "01K9Z"].map(|text| kind(text, true)),
            [
                "nothing",
                "nothing",
                "a boolean",
                "a number",
                "a number",
                "a number",
                "a string",
                "a string"
            ]
        );
        assert!(["", "null", "true", "12"].map(|text| kind(text, false)) == ["a string"; 4]);
    }

    #[test]
    fn a_number_that_would_print_otherwise_is_no_integer() {
        let integer = |text: &str| {
            Scalar {
                text: text.to_owned(),
                plain: true,
            }
            .as_integer()
        };
        assert_eq!(integer("-12"), Some(-12));
        assert_eq!(
            ["0123", "+1", "1_000", "99999999999999999999"].map(integer),
            [None; 4]
        );
    }
}
