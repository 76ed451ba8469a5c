//! Words of a command line, as they are shown to be copied.

use std::path::Path;

/// A text as one word: the id of what is in no workspace has brackets.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/\\:._-+,@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A path as one word that is no flag.
pub(crate) fn path(path: &Path) -> String {
    let text = path.display().to_string();
    // Else it would be taken for a flag.
    let flag = if text.starts_with('-') { "./" } else { "" };
    word(&format!("{flag}{text}"))
}
