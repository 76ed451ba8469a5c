//! Names that cannot hold an invalid value.

use std::fmt;
use std::str::FromStr;

use ulid::Ulid;

/// Why a text is not a valid name. Says the rule, so that it can be shown as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {rule}")]
pub struct InvalidName {
    what: &'static str,
    text: String,
    rule: &'static str,
}

impl InvalidName {
    fn new(what: &'static str, text: &str, rule: &'static str) -> Self {
        // A name from outside may be huge; the message stays readable.
        let text = text.chars().take(80).collect();
        Self { what, text, rule }
    }
}

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?` of at most `max` bytes.
fn is_dns1123(text: &str, max: usize) -> bool {
    let bytes = text.as_bytes();
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    !bytes.is_empty()
        && bytes.len() <= max
        && bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes.iter().all(|b| alphanumeric(b) || *b == b'-')
}

/// The name of a workspace, provider, cluster or app: a DNS-1123 label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(String);

impl Label {
    /// The longest label that DNS-1123 allows, in characters.
    pub const MAX: usize = 63;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_dns1123(text, Self::MAX) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(
                "name",
                text,
                "use 1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit",
            ))
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a logical volume: `^[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VolumeName(String);

impl VolumeName {
    /// The longest volume name, in characters.
    pub const MAX: usize = 16;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VolumeName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_dns1123(text, Self::MAX) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(
                "volume name",
                text,
                "use 1 to 16 lower-case letters, digits and '-', starting and ending with a letter or digit",
            ))
        }
    }
}

impl fmt::Display for VolumeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a disk or snapshot is called inside its volume: made by us, or chosen by the user.
///
/// The two cannot be confused: a ULID has 26 characters in upper case, a label at most 24.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum ItemName {
    Ulid(Ulid),
    Label(String),
}

const ITEM_LABEL_MAX: usize = 24;
const ULID_LEN: usize = 26;

impl ItemName {
    fn parse(what: &'static str, text: &str) -> Result<Self, InvalidName> {
        if text.len() == ULID_LEN
            && let Ok(ulid) = Ulid::from_string(text)
            // The parser takes lower case and ambiguous letters too; a name has one spelling only.
            && ulid.to_string() == text
        {
            return Ok(Self::Ulid(ulid));
        }
        if is_dns1123(text, ITEM_LABEL_MAX) {
            return Ok(Self::Label(text.to_owned()));
        }
        Err(InvalidName::new(
            what,
            text,
            "use a ULID (26 characters, upper case) or 1 to 24 lower-case letters, digits and '-', \
             starting and ending with a letter or digit",
        ))
    }
}

impl fmt::Display for ItemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ulid(ulid) => write!(f, "{ulid}"),
            Self::Label(label) => f.write_str(label),
        }
    }
}

macro_rules! item_name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(ItemName);

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                ItemName::parse($what, text).map(Self)
            }
        }

        impl From<Ulid> for $name {
            fn from(ulid: Ulid) -> Self {
                Self(ItemName::Ulid(ulid))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

item_name! {
    /// The name of a disk inside its volume: a ULID or a DNS-1123 label of at most 24 characters.
    DiskName, "disk name"
}
item_name! {
    /// The name of a snapshot inside its volume: a ULID or a DNS-1123 label of at most 24 characters.
    SnapshotName, "snapshot name"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_label_has_one_to_sixty_three_characters() {
        for good in ["a", "0", "a--b", "0-9", &"a".repeat(63)] {
            assert!(good.parse::<Label>().is_ok(), "{good}");
        }
        for bad in ["", "-", "-a", "a-", "A", "aB", "a_b", "ä", "a.b", &"a".repeat(64)] {
            assert!(bad.parse::<Label>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_volume_name_has_one_to_sixteen_characters() {
        for good in ["a", "db", "a-b", "0", "abcdefghijklmnop"] {
            assert!(good.parse::<VolumeName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "abcdefghijklmnopq", "ä", "a.b", "a b"] {
            assert!(bad.parse::<VolumeName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_ulid_has_one_spelling_and_a_label_is_never_taken_for_one() {
        let ulid = "01K9ZZZZZZZZZZZZZZZZZZZZZZ";
        assert_eq!(ulid.parse::<DiskName>().unwrap().to_string(), ulid);
        assert!(ulid.to_lowercase().parse::<DiskName>().is_err());
        assert!("OIK9ZZZZZZZZZZZZZZZZZZZZZZ".parse::<DiskName>().is_err());
        // One more than the greatest: the parser drops what is beyond 128 bits.
        assert!("80000000000000000000000000".parse::<DiskName>().is_err());
        assert!("a".repeat(24).parse::<DiskName>().is_ok());
        assert!("a".repeat(25).parse::<DiskName>().is_err());
    }

    #[test]
    fn a_refusal_says_what_was_refused_and_the_rule_and_is_short_however_long_the_text_is() {
        let long = "A".repeat(100_000);
        let refusals = |text: &str| {
            [
                text.parse::<Label>().unwrap_err(),
                text.parse::<VolumeName>().unwrap_err(),
                text.parse::<DiskName>().unwrap_err(),
                text.parse::<SnapshotName>().unwrap_err(),
            ]
            .map(|refusal| refusal.to_string())
        };
        let starts = [
            r#"name "A" is not valid: use 1 to 63 lower-case letters"#,
            r#"volume name "A" is not valid: use 1 to 16 lower-case letters"#,
            r#"disk name "A" is not valid: use a ULID (26 characters, upper case) or 1 to 24 "#,
            r#"snapshot name "A" is not valid: use a ULID (26 characters, upper case) or 1 to 24 "#,
        ];
        for (refusal, start) in refusals("A").iter().zip(starts) {
            assert!(refusal.starts_with(start), "{refusal}");
        }
        for refusal in refusals(&long) {
            assert!(refusal.len() < 300, "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn what_follows_the_rule_is_a_name_and_prints_as_it_was_written(
            label in "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
            volume in "[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?",
            item in "[a-z0-9]([-a-z0-9]{0,22}[a-z0-9])?|[0-7][0-9A-HJKMNP-TV-Z]{25}",
        ) {
            let name: Label = label.parse().unwrap();
            prop_assert_eq!((name.as_str(), name.to_string()), (label.as_str(), label.clone()));
            let name: VolumeName = volume.parse().unwrap();
            prop_assert_eq!((name.as_str(), name.to_string()), (volume.as_str(), volume.clone()));
            prop_assert_eq!(item.parse::<DiskName>().unwrap().to_string(), item.clone());
            prop_assert_eq!(item.parse::<SnapshotName>().unwrap().to_string(), item);
        }

        #[test]
        fn a_name_that_was_made_from_a_ulid_is_read_back_as_the_same(ulid in any::<u128>()) {
            let (disk, snapshot) = (DiskName::from(Ulid(ulid)), SnapshotName::from(Ulid(ulid)));
            prop_assert_eq!(disk.to_string().parse(), Ok(disk));
            prop_assert_eq!(snapshot.to_string().parse(), Ok(snapshot));
        }

        #[test]
        fn what_parses_prints_as_it_was_written(text in "(?s).{0,40}") {
            if let Ok(name) = text.parse::<Label>() { prop_assert_eq!(name.as_str(), &text); }
            if let Ok(name) = text.parse::<VolumeName>() { prop_assert_eq!(name.as_str(), &text); }
            if let Ok(name) = text.parse::<DiskName>() { prop_assert_eq!(name.to_string(), text.clone()); }
            if let Ok(name) = text.parse::<SnapshotName>() { prop_assert_eq!(name.to_string(), text); }
        }
    }
}
