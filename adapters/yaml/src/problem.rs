//! What is wrong with a text, and where.

/// A line and a column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Mark {
    /// The beginning of a text; also the place of what was not read but made.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub mark: Mark,
    /// What it is.
    pub kind: ProblemKind,
}

/// What can be wrong. No message holds a value, which may be a secret; one holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The text cannot be parsed.
    #[error("this is not valid YAML: {0}")]
    NotYaml(String),
    /// A tab where spaces are needed.
    #[error("a tab is used as indentation")]
    Tab,
    /// [`Bounds::depth`](crate::Bounds::depth) is reached.
    #[error("lists and mappings are nested more than {0} deep")]
    TooDeep(usize),
    /// [`Bounds::depth`](crate::Bounds::depth) is reached by aliases.
    #[error("aliases are nested more than {0} deep")]
    AliasesTooDeep(usize),
    /// [`Bounds::alias_bytes`](crate::Bounds::alias_bytes) is reached.
    #[error("aliases repeat more than {} MiB of text", .0 >> 20)]
    AliasesTooLong(usize),
    /// [`Bounds::values`](crate::Bounds::values) is reached.
    #[error("there are more than {0} values")]
    TooManyValues(usize),
    /// An alias of nothing.
    #[error("this alias names an anchor that is not in the document")]
    UnknownAnchor,
    /// An alias inside of what it stands for.
    #[error("this alias stands inside of what it names, which would have no end")]
    EndlessAlias,
    /// A list or mapping in place of a key.
    #[error("a key must be a plain text, not a list or mapping")]
    KeyNotText,
    /// Null in place of a key.
    #[error("a key is missing before the colon")]
    KeyMissing,
    /// The same key twice in one mapping.
    #[error("a key is there twice, first in line {}", first.line)]
    KeyRepeated {
        /// The key as it was written.
        key: String,
        /// Where it was first.
        first: Mark,
    },
    /// `<<` with something else than mappings.
    #[error("\"<<\" takes a mapping or a list of mappings, not {0}")]
    MergeOfNoMapping(&'static str),
    /// A tag that says something about a value that the tree cannot hold.
    #[error("this tag is not understood")]
    UnknownTag,
}

impl ProblemKind {
    /// Whether a bound of all texts together is reached, so that reading on would cost too much.
    #[must_use]
    pub const fn ends_the_text(&self) -> bool {
        matches!(self, Self::AliasesTooLong(_) | Self::TooManyValues(_))
    }
}
