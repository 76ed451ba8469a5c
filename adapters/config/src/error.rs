//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use kompox_domain::{Error, ErrorKind, Hint};
use kompox_yaml::Mark;

/// How many errors of one load are kept; the rest is only counted.
pub(crate) const KEPT: usize = 100;
/// How many errors the message of a [`kompox_domain::Error`] lists.
const LISTED: usize = 5;
/// How much of a text from outside an error shows, in characters.
const SHOWN: usize = 80;

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, relative to the current directory where it lies below; absent where a flag or variable is wrong.
    pub file: Option<PathBuf>,
    /// The document in the file, from 1.
    pub document: usize,
    /// The line in the file, from 1. An error about the file as a whole stands at 1:1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, without the place and without any value of a setting.
    pub message: String,
    /// What can be done about it.
    pub hints: Vec<Hint>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            let (line, column, document) = (self.line, self.column, self.document);
            write!(f, "{}:{line}:{column} (document {document}): ", file.display())?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Why there is no catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Something that was read, or should have been, is wrong.
    Invalid,
    /// There is no configuration anywhere.
    NothingConfigured,
    /// There are two configurations, and nothing says which one is meant.
    Ambiguous,
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    reason: Reason,
    errors: Vec<ConfigError>,
    more: usize,
    searched: Option<String>,
}

impl ConfigErrors {
    /// Why there is no catalog.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// With [`Reason::NothingConfigured`]: the place in which KOM documents were looked for, and the flag, variable or
    /// field that names it. Absent where there is no such place yet.
    #[must_use]
    pub fn searched(&self) -> Option<&str> {
        self.searched.as_deref()
    }

    /// Each error, in the order of files and lines as far as they were read.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.errors.iter()
    }

    /// How many errors were found beyond those of [`iter`](Self::iter), which keeps a bounded number.
    #[must_use]
    pub const fn more(&self) -> usize {
        self.more
    }

    /// How many errors were found.
    fn count(&self) -> usize {
        self.errors.len() + self.more
    }

    /// The one error of a load that could not even begin.
    pub(crate) fn one(reason: Reason, message: String, hints: Vec<Hint>) -> Self {
        let error = ConfigError {
            file: None,
            document: 1,
            line: 1,
            column: 1,
            message,
            hints,
        };
        Self {
            reason,
            errors: vec![error],
            more: 0,
            searched: None,
        }
    }

    /// With the place in which KOM documents were looked for.
    pub(crate) fn searched_in(self, searched: Option<String>) -> Self {
        Self { searched, ..self }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.as_slice() {
            [only] if self.more == 0 => only.fmt(f),
            _ => write!(f, "the configuration has {} errors", self.count()),
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl From<ConfigErrors> for Error {
    /// `InvalidInput`; the message lists the first few errors, each on a line of its own.
    fn from(errors: ConfigErrors) -> Self {
        if let ([only], 0) = (errors.errors.as_slice(), errors.more) {
            let error = Self::new(ErrorKind::InvalidInput, only.to_string());
            return error.with_hints(only.hints.iter().cloned());
        }
        let mut message = errors.to_string();
        for error in errors.iter().take(LISTED) {
            message.push_str("\n  ");
            message.push_str(&error.to_string());
            for hint in error.hints.iter().filter(|hint| hint.means.is_none()) {
                message.push_str("; ");
                message.push_str(&hint.text);
            }
        }
        match errors.count().saturating_sub(LISTED) {
            0 => Self::new(ErrorKind::InvalidInput, message),
            rest => Self::new(ErrorKind::InvalidInput, format!("{message}\n  and {rest} more"))
                .with_hint("correct these first, then run the command again"),
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    pub(crate) document: usize,
    pub(crate) mark: Mark,
}

impl Place {
    /// The beginning of a file.
    pub(crate) fn file(shown: &Path) -> Self {
        Self {
            file: shown.to_owned(),
            document: 1,
            mark: Mark::START,
        }
    }
}

/// What is wrong, still without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) hints: Vec<Hint>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The errors of one load, collected up to a bound.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    errors: Vec<ConfigError>,
    more: usize,
}

impl Faults {
    /// Adds an error; `place` is absent where a flag or variable is wrong.
    pub(crate) fn push(&mut self, place: Option<&Place>, fault: Fault) {
        if self.is_full() {
            self.more += 1;
            return;
        }
        let (document, mark) = place.map_or((1, Mark::START), |place| (place.document, place.mark));
        self.errors.push(ConfigError {
            file: place.map(|place| place.file.clone()),
            document,
            line: mark.line,
            column: mark.column,
            message: fault.message,
            hints: fault.hints,
        });
    }

    /// Puts the errors from the given count on, which are those of one file, into the order of its lines.
    pub(crate) fn sort_from(&mut self, count: usize) {
        if let Some(errors) = self.errors.get_mut(count..) {
            errors.sort_by_key(|error| (error.line, error.column));
        }
    }

    /// Whether further errors would only be counted.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= KEPT
    }

    /// How many there were so far.
    pub(crate) fn count(&self) -> usize {
        self.errors.len() + self.more
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The errors, if there are any.
    pub(crate) fn into_result(self) -> Result<(), ConfigErrors> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(ConfigErrors {
            reason: Reason::Invalid,
            errors: self.errors,
            more: self.more,
            searched: None,
        })
    }
}

/// A text from outside as an error shows it: quoted, without control characters, and short.
pub(crate) fn quoted(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        format!("{text:?}")
    } else {
        let start: String = text.chars().take(SHOWN).collect();
        format!("{:?}", format!("{start}…"))
    }
}

/// «did you mean …?» where one of `all` is near, else what there is `mostly`.
pub(crate) fn advice(what: &str, written: &str, all: &[&str], mostly: &[&str]) -> String {
    match kompox_domain::suggest::nearest(written, all.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None => format!("{what}: {}", mostly.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(count: usize) -> ConfigErrors {
        let mut faults = Faults::default();
        for line in 1..=count {
            let place = Place {
                file: PathBuf::from("kom/app.yml"),
                document: 2,
                mark: Mark { line, column: 5 },
            };
            faults.push(
                Some(&place),
                Fault::new("unknown field \"volums\"").hint("did you mean \"volumes\"?"),
            );
        }
        faults.into_result().unwrap_err()
    }

    #[test]
    fn an_error_says_file_line_column_and_document() {
        let errors = errors(1);
        assert_eq!(
            errors.iter().next().unwrap().to_string(),
            r#"kom/app.yml:1:5 (document 2): unknown field "volums""#
        );
        let error = Error::from(errors);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.hints(), [Hint::text("did you mean \"volumes\"?")]);
    }

    #[test]
    fn the_domain_error_lists_the_first_few_and_counts_the_rest() {
        let error = Error::from(errors(7));
        let text = error.to_string();
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(text.ends_with("and 2 more"), "{text}");
    }

    #[test]
    fn the_number_of_kept_errors_is_bounded() {
        let errors = errors(1000);
        assert_eq!((errors.iter().count(), errors.more()), (100, 900));
        assert_eq!(errors.to_string(), "the configuration has 1000 errors");
    }

    #[test]
    fn text_from_outside_is_shown_short_and_without_control_characters() {
        let shown = quoted(&"\u{1b}[31m".repeat(100));
        assert!(
            shown.chars().count() < 800 && !shown.contains('\u{1b}'),
            "{shown}"
        );
    }
}
