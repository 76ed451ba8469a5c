//! What a new disk or snapshot is made from.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::name::{DiskName, SnapshotName};

/// The source of a new disk or snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A disk of the same volume.
    Disk(DiskName),
    /// A snapshot of the same volume.
    Snapshot(SnapshotName),
    /// A resource of the cloud, by its own id.
    Resource(String),
}

/// What a name without a prefix means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare {
    /// A disk, as in `snapshot create`.
    Disk,
    /// A snapshot, as in `disk create`.
    Snapshot,
}

impl Source {
    /// Reads `[disk:|snapshot:]<name>` or a resource id, which starts with `/`.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput).
    pub fn parse(text: &str, bare: Bare) -> Result<Self> {
        if text.starts_with('/') {
            // Control characters have no place in an id and would end up in a request line.
            if text.len() > 2048 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return Err(Error::new(ErrorKind::InvalidInput, "source: not a resource id"));
            }
            return Ok(Self::Resource(text.to_owned()));
        }
        match (text.split_once(':'), bare) {
            (Some(("disk", name)), _) => Ok(Self::Disk(name.parse()?)),
            (Some(("snapshot", name)), _) => Ok(Self::Snapshot(name.parse()?)),
            (Some((prefix, _)), _) => Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "source prefix {:?} is not known",
                    prefix.chars().take(80).collect::<String>()
                ),
            )
            .with_hint("write disk:<name>, snapshot:<name> or a resource id")),
            (None, Bare::Disk) => Ok(Self::Disk(text.parse()?)),
            (None, Bare::Snapshot) => Ok(Self::Snapshot(text.parse()?)),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(name) => write!(f, "disk:{name}"),
            Self::Snapshot(name) => write!(f, "snapshot:{name}"),
            Self::Resource(id) => f.write_str(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_is_shown_as_it_is_written() {
        for text in ["disk:one", "snapshot:one", "/subscriptions/x"] {
            assert_eq!(Source::parse(text, Bare::Disk).unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_id_is_bounded_and_holds_neither_white_space_nor_control_characters() {
        let of_length = |length: usize| Source::parse(&format!("/{}", "x".repeat(length - 1)), Bare::Disk);
        assert!(of_length(2047).is_ok() && of_length(2048).is_ok());
        assert!(of_length(2049).is_err());
        for bad in ["/a b", "/a\u{3000}b", "/a\u{7}b", "/a\u{9b}b", "/a\n"] {
            assert!(Source::parse(bad, Bare::Disk).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_bare_name_means_what_the_command_says() {
        assert!(matches!(Source::parse("one", Bare::Disk), Ok(Source::Disk(_))));
        assert!(matches!(
            Source::parse("one", Bare::Snapshot),
            Ok(Source::Snapshot(_))
        ));
        assert!(matches!(
            Source::parse("disk:one", Bare::Snapshot),
            Ok(Source::Disk(_))
        ));
        assert!(matches!(
            Source::parse("/subscriptions/x", Bare::Disk),
            Ok(Source::Resource(_))
        ));
    }

    #[test]
    fn an_unknown_prefix_says_which_there_are() {
        let error = Source::parse("volume:one", Bare::Disk).unwrap_err();
        assert!(matches!(error.hints(), [hint] if hint.text.contains("snapshot:<name>")));
    }

    #[test]
    fn however_long_a_prefix_is_the_error_is_short() {
        let error = Source::parse(&format!("{}:one", "a".repeat(100_000)), Bare::Disk).unwrap_err();
        assert!(error.to_string().len() < 200);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(?s).{0,60}") {
            let _ = Source::parse(&text, Bare::Disk);
            let _ = Source::parse(&text, Bare::Snapshot);
        }
    }
}
