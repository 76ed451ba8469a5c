//! Sizes in bytes.

use std::fmt;

const GIB: u64 = 1 << 30;

/// A size in bytes, more than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteSize(u64);

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSize {
    /// Not a number with a known unit.
    #[error("size {0:?} is not valid: use a number of bytes, or one with Ki, Mi, Gi, Ti, K, M, G or T")]
    Syntax(String),
    /// Zero bytes cannot be stored on anything.
    #[error("a size must be more than zero")]
    Zero,
    /// More than 2^64 - 1 bytes.
    #[error("size {0:?} is too large")]
    TooLarge(String),
}

impl ByteSize {
    /// A size in bytes.
    ///
    /// # Errors
    /// [`InvalidSize::Zero`].
    pub const fn from_bytes(bytes: u64) -> Result<Self, InvalidSize> {
        if bytes == 0 {
            Err(InvalidSize::Zero)
        } else {
            Ok(Self(bytes))
        }
    }

    /// A size in GiB.
    ///
    /// # Errors
    /// [`InvalidSize::Zero`], [`InvalidSize::TooLarge`].
    pub fn from_gib(gib: u64) -> Result<Self, InvalidSize> {
        let bytes = gib
            .checked_mul(GIB)
            .ok_or_else(|| InvalidSize::TooLarge(format!("{gib}Gi")))?;
        Self::from_bytes(bytes)
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The size in GiB, rounded up, so that what was asked for always fits.
    #[must_use]
    pub const fn gib_ceil(self) -> u64 {
        self.0.div_ceil(GIB)
    }
}

impl std::str::FromStr for ByteSize {
    type Err = InvalidSize;

    /// Reads a Kubernetes-style quantity: `32Gi`, `1.5Ti`, `500M`, or plain bytes.
    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let syntax = || InvalidSize::Syntax(text.chars().take(40).collect());
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let factor: u128 = match unit {
            "" => 1,
            "Ki" => 1 << 10,
            "Mi" => 1 << 20,
            "Gi" => 1 << 30,
            "Ti" => 1 << 40,
            "K" | "k" => 1_000,
            "M" => 1_000_000,
            "G" => 1_000_000_000,
            "T" => 1_000_000_000_000,
            _ => return Err(syntax()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.len() <= 20 && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return Err(syntax());
        }
        let parse = |part: &str| {
            if part.is_empty() {
                Ok(0)
            } else {
                part.parse::<u128>()
            }
        };
        let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(20));
        let whole = parse(whole).map_err(|_| syntax())?;
        let fraction = parse(fraction).map_err(|_| syntax())?;
        // Rounded up to the byte: a request is never made smaller than it was written.
        let bytes = whole * factor + (fraction * factor).div_ceil(scale);
        let bytes =
            u64::try_from(bytes).map_err(|_| InvalidSize::TooLarge(text.chars().take(40).collect()))?;
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, factor) in [("Ti", GIB << 10), ("Gi", GIB), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
            if self.0.is_multiple_of(factor) {
                return write!(f, "{}{unit}", self.0 / factor);
            }
        }
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bare_integer_is_bytes_and_units_are_those_of_kubernetes() {
        assert_eq!("1073741824".parse::<ByteSize>().unwrap().gib_ceil(), 1);
        assert_eq!("32Gi".parse::<ByteSize>().unwrap().bytes(), 32 * GIB);
        assert_eq!("1.5Gi".parse::<ByteSize>().unwrap().bytes(), 3 * GIB / 2);
        assert_eq!("2G".parse::<ByteSize>().unwrap().bytes(), 2_000_000_000);
    }

    #[test]
    fn every_unit_is_its_factor_and_is_printed_where_it_divides() {
        for (text, bytes, printed) in [
            ("1", 1, "1"),
            ("1023", 1023, "1023"),
            ("3Ki", 3 << 10, "3Ki"),
            ("3Mi", 3 << 20, "3Mi"),
            ("3Gi", 3 << 30, "3Gi"),
            ("3Ti", 3 << 40, "3Ti"),
            ("1024Gi", 1 << 40, "1Ti"),
            ("3k", 3_000, "3000"),
            ("3K", 3_000, "3000"),
            ("3M", 3_000_000, "3000000"),
            ("3G", 3_000_000_000, "3000000000"),
            ("3T", 3_000_000_000_000, "2929687500Ki"),
            // A fraction has its own weight, and is rounded up to the byte.
            ("1.25Ki", 1280, "1280"),
            ("0.05k", 50, "50"),
            (".5Ki", 512, "512"),
            ("2.Ki", 2048, "2Ki"),
            ("1.0001Ki", 1025, "1025"),
            ("0.1", 1, "1"),
            (" 7 ", 7, "7"),
            ("18446744073709551615", u64::MAX, "18446744073709551615"),
            ("00000000000000000001", 1, "1"),
            ("0.00000000000000000001", 1, "1"),
        ] {
            let size = text.parse::<ByteSize>().unwrap();
            assert_eq!(
                (size.bytes(), size.to_string().as_str()),
                (bytes, printed),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_size_is_told_apart_from_what_is_none_or_too_large() {
        let syntax = |text: &str| InvalidSize::Syntax(text.to_owned());
        let large = |text: &str| InvalidSize::TooLarge(text.to_owned());
        for (text, error) in [
            ("0", InvalidSize::Zero),
            ("0.0Gi", InvalidSize::Zero),
            ("", syntax("")),
            (".", syntax(".")),
            ("Gi", syntax("Gi")),
            ("1.x", syntax("1.x")),
            ("-.5", syntax("-.5")),
            ("1.-5", syntax("1.-5")),
            ("1e3", syntax("1e3")),
            ("1Gib", syntax("1Gib")),
            ("000000000000000000001", syntax("000000000000000000001")),
            ("0.000000000000000000001", syntax("0.000000000000000000001")),
            ("18446744073709551616", large("18446744073709551616")),
            ("16777216Ti", large("16777216Ti")),
        ] {
            assert_eq!(text.parse::<ByteSize>(), Err(error), "{text}");
        }
        assert_eq!(ByteSize::from_gib(0), Err(InvalidSize::Zero));
        assert_eq!(ByteSize::from_gib(3).unwrap().bytes(), 3 << 30);
        assert_eq!(
            ByteSize::from_gib((1 << 34) - 1).unwrap().gib_ceil(),
            (1 << 34) - 1
        );
        assert_eq!(ByteSize::from_gib(1 << 34), Err(large("17179869184Gi")));
        assert_eq!(ByteSize::from_bytes(0), Err(InvalidSize::Zero));
    }

    #[test]
    fn gibibytes_are_rounded_up_never_down() {
        assert_eq!("1.5Gi".parse::<ByteSize>().unwrap().gib_ceil(), 2);
        assert_eq!(ByteSize::from_bytes(1).unwrap().gib_ceil(), 1);
        assert_eq!("32Gi".parse::<ByteSize>().unwrap().gib_ceil(), 32);
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for bad in [
            "",
            "Gi",
            "-1Gi",
            "1e3",
            "1 Gi",
            "1GiB",
            "0",
            "0Gi",
            "99999999999999999999Ti",
            "1.2.3Gi",
            ".",
        ] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_size_reads_back_as_the_same(bytes in 1_u64..) {
            let size = ByteSize::from_bytes(bytes).unwrap();
            prop_assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(?s).{0,60}") {
            let _ = text.parse::<ByteSize>();
        }
    }
}
