//! Availability zones.

use std::fmt;

/// An availability zone, by its number inside the region.
///
/// `1` and `<region>-1` both mean zone 1: the first is what a disk says, the second what a node's label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(u8);

/// Why a text is not a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidZone {
    /// Neither a number from 1 to 9 nor `<region>-<number>`.
    #[error("zone {0:?} is not valid: use a number such as 1, or <region>-1")]
    Syntax(String),
    /// A zone of another region than the provider's.
    #[error("zone {zone:?} lies in region {found:?}, but the provider's region is {expected:?}")]
    OtherRegion {
        /// The text as given.
        zone: String,
        /// The region in the text.
        found: String,
        /// The provider's region.
        expected: String,
    },
}

impl Zone {
    /// Reads `1` or `<region>-1`.
    ///
    /// # Errors
    /// [`InvalidZone::Syntax`]; [`InvalidZone::OtherRegion`] when the text names a region other
    /// than `region` (regions compare without case).
    pub fn parse(text: &str, region: &str) -> Result<Self, InvalidZone> {
        let syntax = || InvalidZone::Syntax(text.chars().take(60).collect());
        let (found, number) = match text.rsplit_once('-') {
            Some((found, number)) => (Some(found), number),
            None => (None, text),
        };
        let zone = match number.as_bytes() {
            [digit @ b'1'..=b'9'] => Self(digit - b'0'),
            _ => return Err(syntax()),
        };
        match found {
            Some("") => Err(syntax()),
            Some(found) if !found.eq_ignore_ascii_case(region) => Err(InvalidZone::OtherRegion {
                zone: text.chars().take(60).collect(),
                found: found.chars().take(60).collect(),
                expected: region.to_owned(),
            }),
            _ => Ok(Self(zone.0)),
        }
    }

    /// The number of the zone inside its region.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_mean_the_same_zone() {
        assert_eq!(
            Zone::parse("1", "japaneast"),
            Zone::parse("japaneast-1", "japaneast")
        );
        assert_eq!(Zone::parse("JapanEast-2", "japaneast").unwrap().number(), 2);
    }

    #[test]
    fn every_zone_prints_as_its_number_however_it_was_spelt() {
        for number in 1..=9_u8 {
            for text in [number.to_string(), format!("japaneast-{number}")] {
                let zone = Zone::parse(&text, "japaneast").unwrap();
                assert_eq!((zone.number(), zone.to_string()), (number, number.to_string()));
            }
        }
    }

    #[test]
    fn a_zone_of_another_region_is_named_as_such() {
        let error = Zone::parse("westus-1", "japaneast").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"zone "westus-1" lies in region "westus", but the provider's region is "japaneast""#
        );
    }

    #[test]
    fn however_long_a_text_is_the_error_is_short() {
        let error = Zone::parse(&format!("{}-1", "a".repeat(100_000)), "japaneast").unwrap_err();
        assert!(error.to_string().len() < 300);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for bad in ["", "0", "10", "-1", "a", "japaneast-", "japaneast", "1-", "１"] {
            assert!(
                matches!(Zone::parse(bad, "japaneast"), Err(InvalidZone::Syntax(_))),
                "{bad}"
            );
        }
    }
}
