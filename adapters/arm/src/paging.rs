//! Listings that come in pages.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use kompox_domain::Context;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use url::Url;

use crate::client::ArmClient;
use crate::error::{ArmError, Result};
use crate::request::ArmRequest;

/// The longest address of a next page that is followed.
const MAX_LINK: usize = 16 << 10;
/// The most elements of a page that are read; ARM gives some hundreds.
const MAX_ELEMENTS: usize = 100_000;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default, deserialize_with = "elements")]
    value: Vec<&'a RawValue>,
    #[serde(borrow, rename = "nextLink", default)]
    next_link: Option<Cow<'a, str>>,
}

/// Elements as they came, as long as there are not absurdly many.
fn elements<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'de RawValue>, D::Error> {
    struct Elements;
    impl<'de> Visitor<'de> for Elements {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = list.next_element()? {
                if elements.len() == MAX_ELEMENTS {
                    return Err(A::Error::custom(format_args!(
                        "there are more than {MAX_ELEMENTS} elements on one page"
                    )));
                }
                elements.push(element);
            }
            Ok(elements)
        }
    }
    deserializer.deserialize_seq(Elements)
}

impl ArmClient {
    /// Reads a listing page by page and hands over each element as it came, so that what is not wanted is
    /// never decoded, and no more than a page is held.
    ///
    /// # Errors
    /// Those of [`send`](Self::send); [`ArmError::Protocol`] for a page that cannot be read, or a next page
    /// that lies on another host or was there before.
    pub async fn list(
        &self,
        cx: &Context,
        first: ArmRequest,
        mut each: impl FnMut(&RawValue) + Send,
    ) -> Result<()> {
        let mut seen: HashSet<Url> = HashSet::new();
        let mut request = first;
        loop {
            let wrong = |reason: String| ArmError::Protocol {
                correlation_id: None,
                request: request.label(),
                reason,
            };
            if !seen.insert(request.url.clone()) {
                return Err(wrong("the listing goes round in circles".to_owned()));
            }
            let response = self.send(cx, &request).await?;
            let page: Page<'_> = response.json()?;
            for element in &page.value {
                each(element);
            }
            let Some(next) = page.next_link.filter(|link| !link.is_empty()) else {
                return Ok(());
            };
            if next.len() > MAX_LINK {
                return Err(wrong("the address of the next page is far too long".to_owned()));
            }
            let next =
                Url::parse(&next).map_err(|error| wrong(format!("the next page is no URL: {error}")))?;
            if !self.cloud().owns(&next) {
                return Err(wrong(
                    "the next page lies on another host, which is not given our token".to_owned(),
                ));
            }
            let known = request.group_is_known;
            request = ArmRequest::get(next);
            request.group_is_known = known;
        }
    }
}
