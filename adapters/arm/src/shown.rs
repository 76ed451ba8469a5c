//! Texts of answers as they may be shown: an answer may be anything, and is quoted in messages and logs.

use kompox_domain::text::is_unprintable;

/// How much text is kept.
pub(crate) const MAX_MESSAGE: usize = 4000;
/// Codes, states and names are words, not stories.
pub(crate) const MAX_WORD: usize = 200;
/// Ids of resources: a name has at most 260 characters, and there may be some of them below each other.
pub(crate) const MAX_PATH: usize = 2000;

/// A message as it may be shown: in one line, without what does not show itself, and not endless.
#[must_use]
pub fn clip(text: &str) -> String {
    shorten(&text.replace(['\n', '\t'], " "), MAX_MESSAGE)
}

/// A code, state or name as it may be shown.
#[must_use]
pub fn word(text: &str) -> String {
    shorten(text, MAX_WORD)
}

/// The resource that an error is about, as it may be shown.
pub(crate) fn path(text: &str) -> String {
    shorten(text, MAX_PATH)
}

fn shorten(text: &str, most: usize) -> String {
    let mut chars = text.chars().filter(|c| !is_unprintable(*c));
    let mut short: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}
