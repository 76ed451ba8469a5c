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
    fn all_that_was_named_is_among_it() {
        let marks = [
            0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff,
        ];
        let codes = (0..0x20).chain(0x7f..=0x9f).chain(marks);
        for code in codes {
            let character = char::from_u32(code).unwrap();
            assert!(is_unprintable(character), "{code:x}");
        }
    }
}
