//! Driver settings: keys and values whose meaning only the driver knows.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Result;
use crate::secret::{Secret, SecretReader, SecretRef};

/// One value of [`Settings`].
#[derive(Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// The value itself. It may be a secret that somebody wrote into the file.
    Plain(String),
    /// A value that stands elsewhere.
    Reference(SecretRef),
}

impl SettingValue {
    /// The value, read through `reader` where it stands elsewhere.
    ///
    /// # Errors
    /// Those of [`SecretReader::read`].
    pub fn resolve(&self, reader: &dyn SecretReader) -> Result<Secret> {
        match self {
            Self::Plain(value) => Ok(Secret::new(value.clone())),
            Self::Reference(reference) => reader.read(reference),
        }
    }
}

impl fmt::Debug for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Reference(reference) => write!(f, "Reference({reference})"),
        }
    }
}

/// Settings of a provider, cluster or app, by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings(BTreeMap<String, SettingValue>);

impl Settings {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&SettingValue> {
        self.0.get(key)
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SettingValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether there is no setting at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, SettingValue)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, SettingValue)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_keys_and_references_but_no_value() {
        let settings: Settings = [
            (
                "AZURE_CLIENT_SECRET".to_owned(),
                SettingValue::Plain("hunter2".to_owned()),
            ),
            (
                "OTHER".to_owned(),
                SettingValue::Reference(SecretRef::Env("NAME".to_owned())),
            ),
        ]
        .into_iter()
        .collect();
        let text = format!("{settings:?} {:?}", Secret::new("hunter2".to_owned()));
        assert!(!text.contains("hunter2"), "{text}");
        assert!(
            text.contains("AZURE_CLIENT_SECRET") && text.contains("env:NAME"),
            "{text}"
        );
    }
}
