//! Answers of ARM.

use std::time::Duration;

use azure_core::http::headers::{HeaderName, Headers};
use bytes::Bytes;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::error::{ArmError, Result, ServiceError};
use crate::listed::ListedResource;
use crate::shown::word;

/// A complete answer with a status below 300.
#[derive(Debug, Clone)]
pub struct ArmResponse {
    /// The HTTP status.
    pub status: u16,
    pub(crate) headers: Headers,
    /// The body; may be empty where the contract promises one.
    pub body: Bytes,
    pub(crate) request: String,
}

impl ArmResponse {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &'static str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as JSON, which is an object in all that ARM answers.
    ///
    /// # Errors
    /// [`ArmError::Protocol`].
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        let wrong = |reason: String| ArmError::Protocol {
            correlation_id: None,
            request: self.request.clone(),
            reason,
        };
        if self.body.is_empty() {
            return Err(wrong("the body is empty".to_owned()));
        }
        // Serde quotes what it did not expect, however long it is.
        let read = serde_json::from_slice(&self.body).map_err(|error| wrong(word(&error.to_string())))?;
        if !is_object(&self.body) {
            return Err(wrong("the body is no object".to_owned()));
        }
        Ok(read)
    }

    /// The body as a resource, which has an id and a name.
    ///
    /// # Errors
    /// [`ArmError::Protocol`].
    pub fn resource<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        let _: ListedResource<'_> = self.json()?;
        self.json()
    }

    /// How long the server asks to wait before the next request about the same.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers, OffsetDateTime::now_utc())
    }
}

/// Whether a JSON text is an object. Serde would fill a struct from an array too, by position.
pub(crate) fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

pub(crate) fn header<'a>(headers: &'a Headers, name: &'static str) -> Option<&'a str> {
    headers.get_optional_str(&HeaderName::from_static(name))
}

/// How long a server asks to wait. A date is understood too, though ARM promises seconds.
pub(crate) fn retry_after(headers: &Headers, now: OffsetDateTime) -> Option<Duration> {
    let millis = |name| {
        header(headers, name)
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_millis)
    };
    if let Some(wait) = millis("x-ms-retry-after-ms").or_else(|| millis("retry-after-ms")) {
        return Some(wait);
    }
    let text = header(headers, "retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()?;
    Some(Duration::try_from(date - now).unwrap_or(Duration::ZERO))
}

/// The error that an answer with a status of 300 and more is.
pub(crate) fn refusal(status: u16, headers: &Headers, body: &[u8], request: String) -> ServiceError {
    ServiceError {
        correlation_id: header(headers, "x-ms-correlation-request-id")
            .or_else(|| header(headers, "x-ms-request-id"))
            .map(word),
        retry_after: retry_after(headers, OffsetDateTime::now_utc()),
        request,
        ..ServiceError::parse(status, body)
    }
}

#[cfg(test)]
mod tests {
    use azure_core::http::headers::HeaderValue;
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn headers(name: &'static str, value: &str) -> Headers {
        let mut headers = Headers::new();
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value.to_owned()));
        headers
    }

    #[test]
    fn what_is_no_object_is_not_read_as_one_without_members() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct Lenient {
            _id: String,
        }
        for body in ["", "[]", r#"["x"]"#, "null", "7", r#""x""#] {
            let response = ArmResponse {
                status: 200,
                headers: Headers::new(),
                body: Bytes::from_static(body.as_bytes()),
                request: "GET /x".to_owned(),
            };
            let error = response.json::<Lenient>().expect_err(body);
            assert!(matches!(error, ArmError::Protocol { .. }), "{body}: {error}");
            assert!(response.json::<Option<Lenient>>().is_err(), "{body}");
        }
    }

    #[test]
    fn seconds_milliseconds_and_dates_are_understood() {
        let now = datetime!(2026-11-21 10:00:00 UTC);
        let read = |name, value| retry_after(&headers(name, value), now);
        assert_eq!(read("retry-after", "17"), Some(Duration::from_secs(17)));
        assert_eq!(read("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(
            read("retry-after", "Sat, 21 Nov 2026 10:00:05 GMT"),
            Some(Duration::from_secs(5))
        );
        assert_eq!(
            read("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(read("retry-after", "soon"), None);
        assert_eq!(read("retry-after", "-1"), None);
    }

    proptest! {
        #[test]
        fn no_header_makes_the_parser_panic(value in "\\PC{0,60}") {
            let _ = retry_after(&headers("retry-after", &value), datetime!(2026-11-21 10:00:00 UTC));
        }
    }
}
