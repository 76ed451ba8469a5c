//! A path in the code, as it is written.

/// A path in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    pub(super) kind: Kind,
    /// Whether it is an import that others can use.
    pub(super) reexport: bool,
}

/// What the path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It names one thing.
    Name,
    /// All names below it are imported: `path::*`.
    Glob,
    /// It is called with `!`.
    Macro,
}

/// Whether a name is that of a type, a variant or a constant.
pub(super) fn begins_upper(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}
