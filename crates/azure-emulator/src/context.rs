//! What a handler sees: the request, the state, and the settings of the emulator.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::arm::error::{ArmError, ArmResult};
use crate::entra::Entra;
use crate::faults::{OperationFault, RetryAfter};
use crate::identity::Identity;
use crate::json;
use crate::operation::Course;
use crate::options::Options;
use crate::store::State;

/// One request, read completely.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path as sent.
    pub(crate) path: String,
    /// The path, decoded, in segments.
    pub(crate) segments: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Scheme, host and port that the client used, for absolute URLs in answers.
    pub(crate) base: String,
}

impl Request {
    /// Takes a request apart. `endpoint` is used for absolute URLs unless the client named another loopback host.
    pub(crate) fn new(parts: &http::request::Parts, body: Bytes, endpoint: &str) -> Self {
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

    /// A request that ARM itself makes, for whoever started a deployment.
    pub(crate) fn internal(
        method: Method,
        path: &str,
        version: &str,
        body: Option<&Value>,
        base: &str,
    ) -> Self {
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
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it only reads.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// The body as a JSON object, without members that are `null`.
    pub(crate) fn json(&self) -> ArmResult<Value> {
        let mut value = self.whole_json()?;
        json::drop_nulls(&mut value);
        Ok(value)
    }

    /// The body as a JSON object, as it is: in a template `null` means something.
    pub(crate) fn whole_json(&self) -> ArmResult<Value> {
        let value: Value =
            serde_json::from_slice(&self.body).map_err(|error| ArmError::content(&error.to_string()))?;
        if !value.is_object() {
            return Err(ArmError::content("a JSON object is expected"));
        }
        Ok(value)
    }
}

/// What does not change while the emulator runs.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) identity: Identity,
    /// `https://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    pub(crate) entra: Entra,
}

/// One request being handled.
pub(crate) struct Cx<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) world: &'a World,
    pub(crate) request: &'a Request,
    /// Ticks since the epoch.
    pub(crate) now: i64,
    /// What the fault plan wants of the operation that this request starts.
    pub(crate) fault: Option<OperationFault>,
}

impl Cx<'_> {
    /// The id of the subscription that the request is about, as answered; the emulator's own where it names none.
    pub(crate) fn subscription(&self) -> &str {
        let own = &self.world.identity.subscription_id;
        match self.request.segments.as_slice() {
            [first, id, ..]
                if first.eq_ignore_ascii_case("subscriptions") && !id.eq_ignore_ascii_case(own) =>
            {
                id
            }
            _ => own,
        }
    }

    /// How an operation that usually takes so long shall go.
    pub(crate) fn course(&self, usual: Duration) -> Course {
        self.course_announcing(usual, Some(self.world.options.timing.retry_after))
    }

    /// The same for one that announces another `Retry-After`, or none.
    pub(crate) fn course_announcing(&self, usual: Duration, retry_after: Option<u32>) -> Course {
        let timing = &self.world.options.timing;
        let fault = self.fault.clone().unwrap_or_default();
        let retry_after = match &fault.retry_after {
            RetryAfter::Usual => retry_after.map(|seconds| seconds.to_string()),
            RetryAfter::Missing => None,
            RetryAfter::Seconds(seconds) => Some(seconds.to_string()),
            RetryAfter::Raw(text) => Some(text.clone()),
        };
        Course {
            duration: json::ticks(fault.milliseconds.map_or(usual, Duration::from_millis)),
            looks: fault.polls.unwrap_or(timing.polls),
            retry_after,
            fault,
        }
    }

    /// Refuses what the caller may not do.
    pub(crate) fn authorize(&self, action: &str, scope: &str) -> ArmResult<()> {
        if self.state.access.allows(action, scope) {
            return Ok(());
        }
        let identity = &self.world.identity;
        Err(ArmError::new(
            403,
            "AuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over \
                 scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your \
                 credentials.",
                identity.client_id, identity.object_id
            ),
        ))
    }
}
