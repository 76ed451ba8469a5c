//! A YAML document as a tree that forgets nothing which has a meaning: order, unknown fields, and how each scalar was
//! written.
//!
//! Scalars are not turned into numbers or booleans: YAML 1.1, which kubectl reads, and YAML 1.2 do not agree on what
//! `yes` or `0o7` is. What was written plain is written plain again, with the same text.

use std::borrow::Cow;

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Style {
    /// Without quotes: it may be a number, a boolean or null.
    Plain,
    /// In single quotes: a string.
    Single,
    /// In double quotes, or as a block: a string.
    Double,
}

/// A scalar. It may hold a credential, so it has no `Debug` outside tests.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: Style,
}

impl Scalar {
    /// A string.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        let style = if is_surely_text(&text) {
            Style::Plain
        } else {
            Style::Double
        };
        Self { text, style }
    }

    /// Whether it is null, in any of the ways to write it.
    pub(crate) fn is_null(&self) -> bool {
        self.style == Style::Plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// Whether every reader takes it for a string.
    pub(crate) fn is_text(&self) -> bool {
        self.style != Style::Plain || is_surely_text(&self.text) || !(self.is_null() || is_plain(&self.text))
    }
}

impl PartialEq for Scalar {
    /// The same meaning.
    fn eq(&self, other: &Self) -> bool {
        (self.is_null() && other.is_null()) || (self.text == other.text && self.is_text() == other.is_text())
    }
}

/// A value. It may hold a credential, so it has no `Debug` outside tests.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Node {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Map),
}

impl Node {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Scalar(Scalar::text(text))
    }

    /// A boolean.
    pub(crate) fn flag(value: bool) -> Self {
        Self::Scalar(Scalar {
            text: value.to_string(),
            style: Style::Plain,
        })
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(scalar) if scalar.is_null())
    }

    /// What a field that takes a string holds.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self {
            Some(map)
        } else {
            None
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(scalar) if scalar.is_null() => "nothing",
            Self::Scalar(_) => "a value",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl PartialEq for Node {
    /// The same meaning: the order of a mapping's fields has none.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar(one), Self::Scalar(other)) => one == other,
            (Self::List(one), Self::List(other)) => one == other,
            (Self::Map(one), Self::Map(other)) => one == other,
            _ => false,
        }
    }
}

/// A mapping, in the order in which it was written.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Map(pub(crate) Vec<(Scalar, Node)>);

impl Map {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.0
            .iter()
            .find(|(found, _)| found.text == key)
            .map(|(_, node)| node)
    }

    /// The string in a field.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// Puts a value in place of the one that is there, or at the end.
    pub(crate) fn set(&mut self, key: &str, value: Node) {
        match self.0.iter_mut().find(|(found, _)| found.text == key) {
            Some((_, node)) => *node = value,
            None => self.0.push((Scalar::text(key), value)),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(found, _)| found.text != key);
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.iter().map(|(key, _)| Cow::Borrowed(key.text.as_str()))
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .all(|(key, node)| other.0.iter().any(|(of, other)| of == key && other == node))
    }
}

/// Words that YAML 1.1 or 1.2 takes for something else than a string.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];

/// Whether a text without quotes is a string to every reader of YAML. When in doubt it is not.
pub(crate) fn is_surely_text(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    begins && is_plain(text) && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a text may stand without quotes. Every number, boolean, null and time may; of strings only plain ones.
pub(crate) fn is_plain(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || " _./:+@%=~<-".contains(c);
    let begins = match text.as_bytes() {
        [] => return false,
        [b'-', next, ..] => next.is_ascii_alphanumeric() || *next == b'.',
        [first, ..] => first.is_ascii_alphanumeric() || b"_./+~<=".contains(first),
    };
    begins
        && text.chars().all(inner)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.starts_with("...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_any_reader_takes_for_something_else_is_no_text() {
        for text in [
            "yes",
            "No",
            "ON",
            "y",
            "null",
            "~",
            "1e3",
            "0x1F",
            "0o7",
            "1_000",
            "12:30",
            ".inf",
            ".NaN",
            "-1",
            "+1",
            "",
            "2001-12-14",
            "2001-12-14 21:59:43.10 -5",
            "<<",
            "=",
            " a",
            "a ",
            "a: b",
            "a:",
            "a #b",
            "- a",
            "---",
            "...",
            "@a",
            "%a",
            "a\nb",
            "[a",
            "{a}",
            "é",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "`a",
        ] {
            assert!(!is_surely_text(text), "{text}");
            assert!(Scalar::text(text).style == Style::Double, "{text}");
        }
        for text in [
            "a",
            "https://x:443/y",
            "LS0tLS1CRUdJTg==",
            "/ws/a/cls/b",
            "a b",
            "kompox-c1-c925e0",
        ] {
            assert!(Scalar::text(text).style == Style::Plain, "{text}");
        }
    }

    #[test]
    fn scalars_compare_by_meaning() {
        let plain = |text: &str| Scalar {
            text: text.to_owned(),
            style: Style::Plain,
        };
        let quoted = |text: &str| Scalar {
            text: text.to_owned(),
            style: Style::Single,
        };
        assert!(plain("abc") == quoted("abc"));
        assert!(plain("1") != quoted("1"));
        assert!(plain("") == plain("~"));
        assert!(plain("") != quoted(""));
    }
}
