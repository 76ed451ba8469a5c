//! Values as JSON and YAML, in which every character shows itself: what they hold comes from outside.

use std::fmt::Write as _;

use kompox_domain::text::is_unprintable;
use kompox_domain::{Error, ErrorKind, Result};
use serde::Serialize;

/// Pretty JSON with a line break at its end.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|text| escaped(&text) + "\n")
        .map_err(|error| unserialisable(&error))
}

/// JSON in one line, without a line break at its end.
pub(crate) fn json_line<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map(|text| escaped(&text))
        .map_err(|error| unserialisable(&error))
}

/// YAML with a line break at its end.
pub(crate) fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    let mut text = serde_saphyr::to_string(&value).map_err(|error| unserialisable(&error))?;
    if shows_itself(&text) {
        // What stands before is kept: white space at the end of a block scalar is part of it.
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    } else {
        json(value)
    }
}

/// YAML documents, each with a line break at its end. Readers of YAML 1.1, as kubectl is, see the same strings.
pub(crate) fn yaml_documents<T: Serialize>(values: &[T]) -> Result<String> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_multiple_with_options(values, options)
        .map_err(|error| unserialisable(&error))?;
    if shows_itself(&text) {
        return Ok(text);
    }
    let documents: Vec<String> = values.iter().map(json).collect::<Result<_, _>>()?;
    Ok(documents.join("---\n"))
}

/// Whether no character of a text does something else than to show itself. A YAML serialiser writes most of those that
/// do as they are. JSON is YAML too, and there each stands in quotes, where it can be told by its number.
pub(crate) fn shows_itself(text: &str) -> bool {
    !text.contains(|character| is_unprintable(character) && !matches!(character, '\n' | '\t'))
}

/// JSON with all its characters that do not show themselves told by number. They stand in strings only, and those
/// below U+0020 the serialiser has told already.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if is_unprintable(character) && character != '\n' {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

fn unserialisable(error: &dyn std::error::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot write the result: {error}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    /// Words, and among them what drives a terminal, ends a line or turns it around.
    pub(crate) fn foreign_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z:{}'\"\\\\#-]{1,4}",
            any::<char>().prop_map(String::from),
            (0_u32..0xa0).prop_filter_map("no character", |c| char::from_u32(c).map(String::from)),
            prop::sample::select(vec![
                "\u{1b}[2J",
                "\u{9b}31m",
                "\r\n",
                "\nhint: run this",
                "\u{202e}",
                "\u{2066}",
                "\u{200f}",
                "\u{2028}",
                "\u{2029}",
                "\u{7f}",
                "\u{85}",
                "\u{feff}",
            ])
            .prop_map(ToOwned::to_owned),
        ];
        vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn what_an_older_reader_would_take_for_something_else_is_in_quotes() {
        let taken = [
            "on",
            "no",
            "y",
            "1e3",
            "0x1f",
            "0b1",
            "017",
            "12",
            "2025-11-21",
            "01E00000000000000000000000",
            "",
        ];
        let text = yaml_documents(&taken).unwrap();
        for line in text.lines().filter(|line| *line != "---") {
            assert!(line.starts_with(['"', '\'']), "{line}");
        }
        assert_eq!(text.matches("---\n").count(), taken.len() - 1);
        let handle = format!("/subscriptions/{}", "x".repeat(200));
        assert_eq!(yaml_documents(&[&handle]).unwrap(), handle + "\n");
    }

    #[test]
    fn lists_are_arrays_in_every_machine_format() {
        let none: [&str; 0] = [];
        assert_eq!(json(&none).unwrap(), "[]\n");
        assert_eq!(yaml(&none).unwrap(), "[]\n");
    }

    #[test]
    fn white_space_at_the_end_of_a_value_is_part_of_it_in_yaml() {
        for value in ["\nhint: run this\t", "a\n\n", "a\n ", "b "] {
            let read: Vec<String> = serde_saphyr::from_str(&yaml(&[value]).unwrap()).unwrap();
            assert_eq!(read, [value]);
        }
    }

    proptest! {
        #[test]
        fn json_and_yaml_say_the_same_and_show_themselves(value in btree_map(foreign_text(), vec(foreign_text(), 0..3), 0..3)) {
            type Value = std::collections::BTreeMap<String, Vec<String>>;
            let json = json(&value).unwrap();
            let yaml = yaml(&value).unwrap();
            let documents = yaml_documents(&[&value, &value]).unwrap();
            for text in [&json, &yaml, &documents] {
                prop_assert!(shows_itself(text) && text.ends_with('\n'), "{text:?}");
            }
            prop_assert_eq!(&serde_json::from_str::<Value>(&json).unwrap(), &value);
            prop_assert_eq!(&serde_saphyr::from_str::<Value>(&yaml).unwrap(), &value, "{}", yaml);
            let read: Vec<Value> = serde_saphyr::from_multiple(&documents).unwrap();
            prop_assert_eq!(read, vec![value.clone(), value], "{}", documents);
        }
    }
}
