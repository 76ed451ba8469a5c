//! Options of a volume: what its disks should be like beyond their size.

use std::collections::BTreeMap;
use std::fmt;

/// The value of one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Bool(bool),
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Bool(yes) => write!(f, "{yes}"),
        }
    }
}

/// Options by name. Which exist, and what they take, is the driver's word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VolumeOptions(BTreeMap<String, OptionValue>);

impl VolumeOptions {
    /// The value of an option.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.0.get(name)
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These options, with those of `over` in their place where both have one.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        let mut merged = self.0.clone();
        merged.extend(over.0.iter().map(|(name, value)| (name.clone(), value.clone())));
        Self(merged)
    }
}

impl FromIterator<(String, OptionValue)> for VolumeOptions {
    fn from_iter<I: IntoIterator<Item = (String, OptionValue)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_given_now_win_over_those_of_the_volume_even_when_it_has_none() {
        let none = VolumeOptions::default();
        let given: VolumeOptions = [("sku".to_owned(), OptionValue::Text("Premium_ZRS".to_owned()))]
            .into_iter()
            .collect();
        assert_eq!(none.overridden_by(&given), given);
        assert_eq!(given.overridden_by(&none), given);
    }
}
