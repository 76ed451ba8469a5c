//! A YAML document as a tree in which every key and value knows its place, and nothing that has a meaning is lost:
//! order, unknown fields, and how each scalar was written.
//!
//! What an alias stands for is there once, however often it is named.

use std::fmt;
use std::sync::Arc;

use crate::problem::Mark;
use crate::scalar::{Scalar, Style};

/// A value with its place. It may hold a secret: its `Debug` shows keys and kinds only.
#[derive(Clone)]
pub struct Node {
    /// Where it was written.
    pub mark: Mark,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// A text, number, boolean or null.
    Scalar(Scalar),
    /// A list.
    List(Vec<Arc<Node>>),
    /// A mapping.
    Map(Map),
}

/// A mapping, in the order in which it was written. No key is there twice.
#[derive(Clone, Default)]
pub struct Map {
    entries: Vec<Entry>,
}

/// A key of a mapping with its value.
#[derive(Clone)]
pub struct Entry {
    /// The key.
    pub key: Scalar,
    /// Where the key was written.
    pub mark: Mark,
    /// The value.
    pub node: Arc<Node>,
}

impl From<Value> for Node {
    /// A value that was not read but made.
    fn from(value: Value) -> Self {
        Self {
            mark: Mark::START,
            value,
        }
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Value::Map(map).into()
    }
}

impl FromIterator<Node> for Node {
    /// A list.
    fn from_iter<T: IntoIterator<Item = Node>>(nodes: T) -> Self {
        Value::List(nodes.into_iter().map(Arc::new).collect()).into()
    }
}

impl Node {
    /// A string.
    pub fn string(text: impl Into<String>) -> Self {
        Value::Scalar(Scalar::string(text)).into()
    }

    /// A boolean.
    #[must_use]
    pub fn boolean(value: bool) -> Self {
        let text = value.to_string();
        let style = Style::Plain;
        Value::Scalar(Scalar { text, style }).into()
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// The text of a scalar that is not null.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The mapping that it is.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// A key with its value, where this is a mapping that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.entry(key)
    }

    /// What it is, for an error.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) if scalar.is_null() => "nothing",
            Value::Scalar(scalar) if scalar.as_bool().is_some() => "a boolean",
            Value::Scalar(scalar) if scalar.is_number() => "a number",
            Value::Scalar(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Scalar(_) => f.write_str(self.kind()),
            Value::List(items) => f.debug_list().entries(items).finish(),
            Value::Map(map) => map.fmt(f),
        }
    }
}

impl PartialEq for Node {
    /// The same meaning: neither the place nor the order of a mapping has one.
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Map {
    /// Without a key.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Of entries whose keys differ.
    pub(crate) const fn of(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// Every key with its value.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Every key with its value, in one piece.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether there is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A key with its value.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &*entry.node)
    }

    /// The text of a key whose value is a scalar that is not null.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Puts a value in place of the one that is there, or at the end.
    pub fn set(&mut self, key: &str, node: impl Into<Arc<Node>>) {
        let node = node.into();
        match self.entries.iter_mut().find(|entry| entry.key.text == key) {
            Some(entry) => entry.node = node,
            None => self.entries.push(Entry {
                key: Scalar::string(key),
                mark: Mark::START,
                node,
            }),
        }
    }

    /// Takes a key away, with its value.
    pub fn remove(&mut self, key: &str) {
        self.entries.retain(|entry| entry.key.text != key);
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.iter().map(|entry| (&entry.key.text, &entry.node));
        f.debug_map().entries(entries).finish()
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len()
            && self.entries.iter().all(|one| {
                let mut others = other.entries.iter();
                others.any(|other| one.key == other.key && one.node == other.node)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, style: Style) -> &'static str {
        let text = text.to_owned();
        Node::from(Value::Scalar(Scalar { text, style })).kind()
    }

    #[test]
    fn plain_scalars_have_the_types_of_yaml_and_quoted_ones_are_strings() {
        assert_eq!(
            ["", "null", "true", "12", "1.5", "0x1f", "yes", "01K9Z"].map(|text| kind(text, Style::Plain)),
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
        for style in [Style::Single, Style::Double] {
            assert!(["", "null", "true", "12"].map(|text| kind(text, style)) == ["a string"; 4]);
        }
    }

    #[test]
    fn debug_shows_keys_and_kinds_but_no_value() {
        let mut map = Map::new();
        map.set("token", Node::string("hunter2"));
        map.set("list", [Node::boolean(true)].into_iter().collect::<Node>());
        assert_eq!(
            format!("{:?}", Node::from(map)),
            r#"{"token": a string, "list": [a boolean]}"#
        );
    }

    #[test]
    fn a_key_is_replaced_in_its_place_and_a_new_one_comes_last() {
        let mut map = Map::new();
        for (key, text) in [("a", "1"), ("b", "2"), ("a", "3")] {
            map.set(key, Node::string(text));
        }
        let shown: Vec<_> = map
            .iter()
            .map(|entry| (&*entry.key.text, entry.node.text()))
            .collect();
        assert_eq!(shown, [("a", Some("3")), ("b", Some("2"))]);
        map.remove("a");
        assert!(map.get("a").is_none() && !map.is_empty());
    }
}
