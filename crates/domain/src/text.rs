//! Text from outside, as it may be shown: names, messages and file names are somebody else's words.

/// Whether a character does not show itself, but does something to what is around it.
///
/// Control characters drive a terminal (C1 ones too, where it is asked to). Marks of direction make a line read as
/// something else, and U+2028 and U+2029 begin a new one. Line feed and tab are among them: where they may stand, the
/// caller says so.
#[must_use]
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// The text in one line: what separates lines is a space, and what else does not show itself stands there as `\u{…}`.
#[must_use]
pub fn one_line(text: &str) -> String {
    let spaced = text.trim().replace("\r\n", " ").replace(['\n', '\t'], " ");
    escaped(&spaced, |_| false)
}

/// The same, but lines and tabs stay: for text whose lines are our own.
#[must_use]
pub fn lines(text: &str) -> String {
    escaped(text, |character| matches!(character, '\n' | '\t'))
}

fn escaped(text: &str, may_stay: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unprintable(character) && !may_stay(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_show_itself_is_shown_by_its_number() {
        assert_eq!(
            one_line(" a\u{1b}[31mb\u{202e}c\r\nd\n\te\rf\u{85}g\u{2028}h\u{7f} "),
            r"a\u{1b}[31mb\u{202e}c d  e\u{d}f\u{85}g\u{2028}h\u{7f}"
        );
        assert_eq!(lines("one\n\ttwo\r\n"), "one\n\ttwo\\u{d}\n");
        assert_eq!(one_line("grün, 日本, 🦀, a\u{301}"), "grün, 日本, 🦀, a\u{301}");
    }

    #[test]
    fn nothing_is_unprintable_but_control_characters_marks_of_direction_and_what_begins_a_line() {
        let expected = [
            0..=0x1f,
            0x7f..=0x9f,
            0x61c..=0x61c,
            0x200e..=0x200f,
            0x2028..=0x202e,
            0x2066..=0x2069,
            0xfeff..=0xfeff,
        ];
        let expected: Vec<char> = expected
            .into_iter()
            .flatten()
            .filter_map(char::from_u32)
            .collect();
        let found: Vec<char> = ('\0'..=char::MAX)
            .filter(|character| is_unprintable(*character))
            .collect();
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn whatever_is_shown_in_one_line_is_printable_and_shown_again_the_same(
            // Any text, and often what does not show itself.
            text in r"(?s)(.|[\x00-\x1f\x{202a}-\x{202e}]){0,40}",
        ) {
            let shown = one_line(&text);
            prop_assert!(!shown.chars().any(is_unprintable), "{:?}", shown);
            prop_assert_eq!(&one_line(&shown), &shown);
        }

        #[test]
        fn lines_keep_all_printable_text_line_feeds_and_tabs(text in r"(\PC|[\n\t\x1b\x{202e}]){0,40}") {
            let hidden = |character: char| is_unprintable(character) && !matches!(character, '\n' | '\t');
            let shown = lines(&text);
            prop_assert!(!shown.chars().any(hidden), "{:?}", shown);
            prop_assert_eq!(shown == text, !text.chars().any(hidden));
        }
    }
}
