//! What belongs to a value that a file holds, and what only its editor put there.

const BOM: &str = "\u{feff}";

/// A value without what editors and `echo` put around it: one byte order mark before, one line end after. Everything
/// else is part of it, white space too.
#[must_use]
pub fn value(text: &str) -> &str {
    let text = without_bom(text);
    match text.strip_suffix('\n') {
        Some(rest) => rest.strip_suffix('\r').unwrap_or(rest),
        None => text,
    }
}

/// A text without a byte order mark.
#[must_use]
pub fn without_bom(text: &str) -> &str {
    text.strip_prefix(BOM).unwrap_or(text)
}

/// The same as [`value`] of what need not be UTF-8.
pub(crate) fn value_bytes(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(BOM.as_bytes()).unwrap_or(bytes);
    match bytes.strip_suffix(b"\n") {
        Some(rest) => rest.strip_suffix(b"\r").unwrap_or(rest),
        None => bytes,
    }
}

/// Whether bytes begin with the byte order mark of UTF-16.
#[must_use]
pub fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_byte_order_mark_and_one_line_end_are_taken_off_and_nothing_else() {
        for (held, meant) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("\u{feff}a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r\n\r\n", "a\r\n"),
            ("a\r", "a\r"),
            ("a\n\r", "a\n\r"),
            ("\u{feff}\u{feff}a", "\u{feff}a"),
            ("a\u{feff}", "a\u{feff}"),
            (" \ta b\t \n", " \ta b\t "),
            ("\na", "\na"),
            ("\u{feff}\n", ""),
            ("\r\n", ""),
            ("", ""),
        ] {
            assert_eq!(value(held), meant, "{held:?}");
        }
    }

    proptest! {
        /// The two forms of the rule are one rule, and what is put around a value is exactly what is taken off.
        #[test]
        fn what_is_put_around_a_value_is_taken_off(
            inner in "[ \t\r\n\u{feff}a\u{e4}]{0,8}",
            bom in any::<bool>(),
            end in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let held = format!("{}{inner}{end}", if bom { BOM } else { "" });
            let meant = if bom { inner.as_str() } else { without_bom(&inner) };
            // A line end that follows a carriage return takes it along: there is no telling them apart.
            let meant = if end == "\n" { meant.strip_suffix('\r').unwrap_or(meant) } else { meant };
            prop_assert_eq!(value(&held), meant);
            prop_assert_eq!(value_bytes(held.as_bytes()), meant.as_bytes());
            prop_assert_eq!(value_bytes(inner.as_bytes()), value(&inner).as_bytes());
        }
    }
}
