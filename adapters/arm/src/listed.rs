//! A resource in a listing.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A resource in a listing: what tells it apart from the others, and the whole of it as it came.
#[derive(Debug, Deserialize)]
pub struct ListedResource<'a> {
    /// Its id.
    #[serde(borrow, deserialize_with = "said")]
    pub id: Cow<'a, str>,
    /// Its name.
    #[serde(borrow, deserialize_with = "said")]
    pub name: Cow<'a, str>,
    #[serde(skip)]
    pub(crate) json: &'a str,
}

impl ListedResource<'_> {
    /// Reads the whole of it.
    ///
    /// # Errors
    /// Where it is something else than what is expected.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_str(self.json)
    }
}

/// A text that is not empty.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let Text(text) = Text::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(D::Error::custom("an id or a name is empty"));
    }
    Ok(text)
}
