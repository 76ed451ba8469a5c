//! One request, taken apart.

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::json;

/// A body that is no JSON object.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAnObject(pub String);

/// One request, read completely.
#[derive(Debug)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// The path as sent.
    pub path: String,
    /// The path, decoded, in segments.
    pub segments: Vec<String>,
    query: Vec<(String, String)>,
    /// Headers as sent.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Scheme, host and port that the client used, for absolute URLs in answers.
    pub base: String,
}

impl Request {
    /// Takes a request apart. `endpoint` is used for absolute URLs unless the client named another loopback host.
    #[must_use]
    pub fn new(parts: &http::request::Parts, body: Bytes, endpoint: &str) -> Self {
        let path = parts.uri.path().to_owned();
        let segments = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let port = endpoint.rsplit(':').next().unwrap_or_default();
        let base = parts
            .headers
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok())
            .filter(|host| *host == format!("localhost:{port}") || *host == format!("[::1]:{port}"))
            .map_or_else(|| endpoint.to_owned(), |host| format!("https://{host}"));
        Self {
            method: parts.method.clone(),
            path,
            segments,
            query,
            headers: parts.headers.clone(),
            body,
            base,
        }
    }

    /// A request that the emulator itself makes, for whoever asked for something larger.
    #[must_use]
    pub fn internal(method: Method, path: &str, version: &str, body: Option<&Value>, base: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            segments: path
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
                .collect(),
            query: vec![("api-version".to_owned(), version.to_owned())],
            headers: HeaderMap::new(),
            body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
            base: base.to_owned(),
        }
    }

    /// A query parameter; names compare without case.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// The body as a JSON object, without members that are `null`.
    ///
    /// # Errors
    ///
    /// If the body is no JSON object.
    pub fn json(&self) -> Result<Value, NotAnObject> {
        let mut value = self.whole_json()?;
        json::drop_nulls(&mut value);
        Ok(value)
    }

    /// The body as a JSON object, as it is: somewhere `null` means something.
    ///
    /// # Errors
    ///
    /// If the body is no JSON object.
    pub fn whole_json(&self) -> Result<Value, NotAnObject> {
        let value: Value =
            serde_json::from_slice(&self.body).map_err(|error| NotAnObject(error.to_string()))?;
        if !value.is_object() {
            return Err(NotAnObject("a JSON object is expected".to_owned()));
        }
        Ok(value)
    }
}
