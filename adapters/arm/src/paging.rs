//! Listings that come in pages.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;

use futures::future::{MaybeDone, maybe_done};
use futures::poll;
use kompox_domain::Context;
use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use url::Url;

use crate::client::ArmClient;
use crate::error::{ArmError, Result};
use crate::listed::ListedResource;
use crate::request::ArmRequest;
use crate::response::{ArmResponse, is_object};
use crate::shown::word;

/// The longest address of a next page that is followed.
const MAX_LINK: usize = 16 << 10;
/// The most elements of a page that are read; ARM gives some hundreds.
const MAX_ELEMENTS: usize = 100_000;

/// The envelope of every listing. Without a `value` that is a list nothing is known of what there is: to take it for
/// an empty list would be to say that what is there is not.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, deserialize_with = "elements")]
    value: Vec<&'a RawValue>,
    #[serde(borrow, rename = "nextLink", default)]
    next_link: Option<Cow<'a, str>>,
    #[serde(default)]
    error: Option<IgnoredAny>,
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
    /// never decoded. While a page is read the next one is on its way; no more than these two are held.
    ///
    /// # Errors
    /// Those of [`send`](Self::send); [`ArmError::Protocol`] for an answer that is no listing, and for a next page
    /// that lies on another host or was there before.
    pub async fn list(
        &self,
        cx: &Context,
        first: ArmRequest,
        mut each: impl FnMut(&RawValue) + Send,
    ) -> Result<()> {
        let each = |element: &RawValue| {
            each(element);
            Ok(())
        };
        self.try_list(cx, first, each).await
    }

    /// The same for resources: each has an id and a name, and one that stands on two pages, because the listing
    /// changed meanwhile, is handed over once.
    ///
    /// # Errors
    /// Those of [`list`](Self::list); [`ArmError::Protocol`] for a resource without id or name, and for one that
    /// cannot be read.
    pub async fn list_resources(
        &self,
        cx: &Context,
        first: ArmRequest,
        mut each: impl FnMut(ListedResource<'_>) -> serde_json::Result<()> + Send,
    ) -> Result<()> {
        let mut known: HashSet<String> = HashSet::new();
        let each = |element: &RawValue| {
            let mut resource: ListedResource<'_> = serde_json::from_str(element.get())?;
            resource.json = element.get();
            if known.insert(resource.id.to_ascii_lowercase()) {
                each(resource)
            } else {
                Ok(())
            }
        };
        self.try_list(cx, first, each).await
    }

    /// As [`list`](Self::list), where an element that cannot be read is no element to go without.
    ///
    /// # Errors
    /// Those of [`list`](Self::list); [`ArmError::Protocol`] for an element that cannot be read.
    pub async fn try_list(
        &self,
        cx: &Context,
        first: ArmRequest,
        mut each: impl FnMut(&RawValue) -> serde_json::Result<()> + Send,
    ) -> Result<()> {
        let mut seen: HashSet<Url> = HashSet::new();
        let mut request = first;
        let mut ahead = None;
        loop {
            let wrong = |reason: String| ArmError::Protocol {
                correlation_id: Some(self.correlation_id().to_owned()),
                request: request.label(),
                reason,
            };
            if !seen.insert(request.url.clone()) {
                return Err(wrong("the listing goes round in circles".to_owned()));
            }
            let response = match ahead.take() {
                Some((url, page)) if url == request.url => arrived(page).await?,
                _ => self.send(cx, &request).await?,
            };
            if let Some(url) =
                announced(&response.body).filter(|url| self.cloud().owns(url) && !seen.contains(url))
            {
                let next = following(&request, url.clone());
                let mut page = Box::pin(maybe_done(async move { self.send(cx, &next).await }));
                // Twice: the first lets the client take it up, the second the connection send it.
                for _ in 0..2 {
                    let _ = poll!(page.as_mut());
                    tokio::task::yield_now().await;
                }
                ahead = Some((url, page));
            }
            if !response.body.is_empty() && !is_object(&response.body) {
                return Err(wrong(
                    "it is no listing but something else than an object".to_owned(),
                ));
            }
            let page: Page<'_> = response.json().map_err(|error| self.correlated(error))?;
            if page.error.is_some() {
                return Err(wrong("it is an error with the status of a success".to_owned()));
            }
            for element in &page.value {
                let read = if is_object(element.get().as_bytes()) {
                    each(element)
                } else {
                    Err(serde_json::Error::custom("it is no object"))
                };
                read.map_err(|error| {
                    // Serde quotes what it did not expect, however long it is.
                    wrong(format!(
                        "an element of the listing cannot be read: {}",
                        word(&error.to_string())
                    ))
                })?;
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
            request = following(&request, next);
        }
    }
}

/// The request for the next page.
fn following(request: &ArmRequest, url: Url) -> ArmRequest {
    let mut next = ArmRequest::get(url);
    next.group_is_known = request.group_is_known;
    next
}

/// A page that was asked for before the one in front of it was read.
async fn arrived<F>(mut page: Pin<Box<MaybeDone<F>>>) -> Result<ArmResponse>
where
    F: Future<Output = Result<ArmResponse>>,
{
    page.as_mut().await;
    page.as_mut().take_output().unwrap_or_else(|| {
        Err(ArmError::Protocol {
            correlation_id: None,
            request: "the next page".to_owned(),
            reason: "it was taken already".to_owned(),
        })
    })
}

/// The address of the next page where it is easy to find: at the end of the body, where ARM writes it. Only a guess,
/// which what the page says when it is read overrules.
fn announced(body: &[u8]) -> Option<Url> {
    const NAME: &[u8] = b"\"nextLink\"";
    let end = body.get(body.len().saturating_sub(MAX_LINK)..)?;
    let at = end.windows(NAME.len()).rposition(|window| window == NAME)? + NAME.len();
    let value = end.get(at..)?.trim_ascii_start().strip_prefix(b":")?;
    let link = String::deserialize(&mut serde_json::Deserializer::from_slice(value)).ok()?;
    Url::parse(&link).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_guessed_from_the_end_of_a_body() {
        let url = |body: &str| announced(body.as_bytes()).map(String::from);
        assert_eq!(
            url(r#"{"value":[],"nextLink":"https://a/b?c=1"}"#).as_deref(),
            Some("https://a/b?c=1")
        );
        assert_eq!(
            url(r#"{"value":[], "nextLink" : "https:\/\/a\/b" }"#).as_deref(),
            Some("https://a/b")
        );
        assert_eq!(url(r#"{"value":[],"nextLink":null}"#), None);
        assert_eq!(url(r#"{"value":[]}"#), None);
        assert_eq!(url("\"nextLink\""), None);
        assert_eq!(url(""), None);
    }
}
