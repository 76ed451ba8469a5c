//! Names of hosts and zones, and the addresses they lead to.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A name in DNS: in small letters, without a dot at its end. Its first label may be `*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);

/// A text that is no name in DNS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name in DNS")]
pub struct InvalidDomainName(String);

impl FromStr for DomainName {
    type Err = InvalidDomainName;

    fn from_str(text: &str) -> Result<Self, InvalidDomainName> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let label = |(place, label): (usize, &str)| {
            (place == 0 && label == "*")
                || ((1..=63).contains(&label.len())
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
        };
        if name.len() <= 253 && name != "*" && name.split('.').enumerate().all(label) {
            Ok(Self(name))
        } else {
            Err(InvalidDomainName(text.chars().take(300).collect()))
        }
    }
}

impl DomainName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before a zone's name, `@` for the zone itself. None where the name does not end with it.
    #[must_use]
    pub fn within(&self, zone: &Self) -> Option<&str> {
        if self == zone {
            return Some("@");
        }
        self.0.strip_suffix(&zone.0)?.strip_suffix('.')
    }

    /// The whole name of what is called so in a zone: [`within`](Self::within) the other way round.
    ///
    /// # Errors
    /// Where that is no name.
    pub fn of_record(name: &str, zone: &Self) -> Result<Self, InvalidDomainName> {
        if name == "@" {
            Ok(zone.clone())
        } else {
            format!("{name}.{}", zone.0).parse()
        }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// Another name.
    Name(DomainName),
}

impl FromStr for Address {
    type Err = InvalidDomainName;

    fn from_str(text: &str) -> Result<Self, InvalidDomainName> {
        if let Ok(address) = text.parse() {
            return Ok(Self::V4(address));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::V6(address));
        }
        text.parse().map(Self::Name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> DomainName {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_read_in_any_case_with_and_without_the_last_dot() {
        assert_eq!(name("WWW.Example.COM."), name("www.example.com"));
        assert_eq!(name("*.example.com").as_str(), "*.example.com");
        for bad in [
            "",
            ".",
            "*",
            "a..b",
            "a.*.b",
            "x*.com",
            "a b.com",
            "ü.com",
            "https://a",
            "a:1",
        ] {
            assert!(bad.parse::<DomainName>().is_err(), "{bad}");
        }
        assert!("a".repeat(64).parse::<DomainName>().is_err());
        assert!(vec!["abcdefgh"; 29].join(".").parse::<DomainName>().is_err());
    }

    #[test]
    fn a_name_is_within_a_zone_at_the_border_of_a_label_only() {
        let zone = name("example.com");
        assert_eq!(name("example.com").within(&zone), Some("@"));
        assert_eq!(name("a.b.example.com").within(&zone), Some("a.b"));
        assert_eq!(name("*.example.com").within(&zone), Some("*"));
        assert_eq!(name("badexample.com").within(&zone), None);
        assert_eq!(name("com").within(&zone), None);
    }

    #[test]
    fn addresses_are_told_apart_by_how_they_are_written() {
        assert!(matches!("192.0.2.1".parse(), Ok(Address::V4(_))));
        assert!(matches!("2001:DB8::1".parse(), Ok(Address::V6(_))));
        assert!(matches!("lb.example.com.".parse(), Ok(Address::Name(_))));
        assert!("not an address".parse::<Address>().is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_within_a_zone_is_put_together_again(
            host in "(\\*\\.)?[a-z0-9]{1,4}(\\.[a-z0-9]{1,4}){0,4}",
            zone in "[a-z0-9]{1,4}(\\.[a-z0-9]{1,4}){0,2}",
        ) {
            let (host, zone) = (name(&host), name(&zone));
            let expected = host == zone || host.as_str().ends_with(&format!(".{zone}"));
            prop_assert_eq!(host.within(&zone).is_some(), expected);
            if let Some(relative) = host.within(&zone) {
                prop_assert_eq!(DomainName::of_record(relative, &zone), Ok(host));
            }
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in "(?s).{0,80}") {
            if let Ok(name) = text.parse::<DomainName>() {
                prop_assert_eq!(name.as_str().parse::<DomainName>(), Ok(name));
            }
            let _ = text.parse::<Address>();
        }
    }
}
