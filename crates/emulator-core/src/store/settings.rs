//! The table of durable settings: names and values.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::journal::{Change, Journal};

/// All settings.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub(super) values: BTreeMap<String, String>,
    pub(super) journal: Journal,
}

impl Settings {
    /// The value of a setting.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Settings whose names begin so, in order of name.
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.values
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets or (with `None`) removes a setting.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.values.insert(name.to_owned(), value.to_owned()),
            None => self.values.remove(name),
        };
        self.journal
            .note(|| Change::Setting(name.to_owned(), value.map(str::to_owned)));
    }

    /// Makes everything as it was in `kept`.
    pub(super) fn restore(&mut self, kept: &Self) {
        let before = std::mem::replace(self, kept.clone());
        self.journal = before.journal;
        for name in before.values.into_keys() {
            if !kept.values.contains_key(&name) {
                self.journal.note(|| Change::Setting(name, None));
            }
        }
        for (name, value) in &kept.values {
            self.journal
                .note(|| Change::Setting(name.clone(), Some(value.clone())));
        }
    }
}
