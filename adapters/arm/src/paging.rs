//! Listings that come in pages.

use std::borrow::Cow;
use std::collections::HashSet;

use kompox_domain::Context;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::client::ArmClient;
use crate::error::{ArmError, Result};
use crate::request::ArmRequest;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    value: Vec<&'a RawValue>,
    #[serde(borrow, rename = "nextLink", default)]
    next_link: Option<Cow<'a, str>>,
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
