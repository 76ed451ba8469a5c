//! A scalar as it was written.
//!
//! Scalars are not turned into numbers or booleans: YAML 1.1, which kubectl reads, and YAML 1.2 do not agree on what
//! `yes` or `0o7` is. What was written plain can be written plain again, with the same text.

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: it may be a number, a boolean or null.
    Plain,
    /// In single quotes: a string.
    Single,
    /// In double quotes, or as a block: a string.
    Double,
}

/// A scalar, escapes resolved. It may hold a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct Scalar {
    /// Its text.
    pub text: String,
    /// How it is written.
    pub style: Style,
}

impl Scalar {
    /// A string, which no reader takes for anything else.
    pub fn string(text: impl Into<String>) -> Self {
        let text = text.into();
        let style = if is_surely_text(&text) {
            Style::Plain
        } else {
            Style::Double
        };
        Self { text, style }
    }

    /// Whether it is written without quotes, so that it may be something else than a string.
    #[must_use]
    pub fn is_unquoted(&self) -> bool {
        self.style == Style::Plain
    }

    /// Whether it is null, in any of the ways to write it.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.is_unquoted() && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// Whether every reader takes it for a string.
    #[must_use]
    pub fn is_string(&self) -> bool {
        !self.is_unquoted() || is_surely_text(&self.text) || !(self.is_null() || is_plain(&self.text))
    }

    /// The boolean of YAML 1.2 that it is.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" if self.is_unquoted() => Some(true),
            "false" | "False" | "FALSE" if self.is_unquoted() => Some(false),
            _ => None,
        }
    }

    /// The whole number that prints as what was written; `0123` and `1_000` are texts.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        let number = self.text.parse::<i64>().ok()?;
        (self.is_unquoted() && number.to_string() == self.text).then_some(number)
    }

    /// Whether it is a number of YAML 1.2.
    #[must_use]
    pub fn is_number(&self) -> bool {
        let text = self.text.as_str();
        let based = text.strip_prefix("0x").or_else(|| text.strip_prefix("0o"));
        self.is_unquoted()
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && based.map_or_else(
                || text.parse::<f64>().is_ok(),
                |digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
            )
    }
}

impl PartialEq for Scalar {
    /// The same meaning.
    fn eq(&self, other: &Self) -> bool {
        (self.is_null() && other.is_null())
            || (self.text == other.text && self.is_string() == other.is_string())
    }
}

/// Words that YAML 1.1 or 1.2 takes for something else than a string.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];

/// Whether a text without quotes is a string to every reader of YAML. When in doubt it is not.
#[must_use]
pub fn is_surely_text(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    begins && is_plain(text) && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a text may stand without quotes. Every number, boolean, null and time may; of strings only plain ones.
#[must_use]
pub fn is_plain(text: &str) -> bool {
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

    fn plain(text: &str) -> Scalar {
        Scalar {
            text: text.to_owned(),
            style: Style::Plain,
        }
    }

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
            assert!(Scalar::string(text).style == Style::Double, "{text}");
        }
        for text in [
            "a",
            "https://x:443/y",
            "LS0tLS1CRUdJTg==",
            "/ws/a/cls/b",
            "a b",
            "kompox-c1-c925e0",
        ] {
            assert!(Scalar::string(text).style == Style::Plain, "{text}");
        }
    }

    #[test]
    fn scalars_compare_by_meaning() {
        let quoted = |text: &str| Scalar {
            text: text.to_owned(),
            style: Style::Single,
        };
        assert!(plain("abc") == quoted("abc"));
        assert!(plain("1") != quoted("1"));
        assert!(plain("") == plain("~"));
        assert!(plain("") != quoted(""));
    }

    #[test]
    fn a_number_that_would_print_otherwise_is_no_integer() {
        assert_eq!(plain("-12").as_integer(), Some(-12));
        assert_eq!(
            ["0123", "+1", "1_000", "99999999999999999999"].map(|text| plain(text).as_integer()),
            [None; 4]
        );
    }
}
