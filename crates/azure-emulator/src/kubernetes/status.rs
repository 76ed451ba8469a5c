//! Refusals as Kubernetes writes them: `Status` objects.

use serde_json::{Value, json};

use super::kinds::Kind;
use crate::reply::Reply;

/// A refusal.
#[derive(Debug)]
pub(super) struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Value>,
}

/// What handlers return.
pub(super) type Answer<T> = Result<T, Box<Status>>;

impl Status {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            code,
            reason,
            message: message.into(),
            details: None,
        })
    }

    fn about(mut self: Box<Self>, kind: &Kind, name: &str) -> Box<Self> {
        let mut details = json!({ "name": name, "kind": kind.resource });
        if !kind.group.is_empty() {
            details["group"] = kind.group.into();
        }
        self.details = Some(details);
        self
    }

    /// 401: nobody is known to ask.
    pub(super) fn unauthorized() -> Box<Self> {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403, with the whole message.
    pub(super) fn forbidden(message: impl Into<String>) -> Box<Self> {
        Self::new(403, "Forbidden", message)
    }

    /// 403 about an object.
    pub(super) fn forbidden_object(kind: &Kind, name: &str, why: &str) -> Box<Self> {
        let message = format!("{} {name:?} is forbidden: {why}", kind.qualified());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 404: there is no such path.
    pub(super) fn no_path() -> Box<Self> {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    }

    /// 404: there is no such object.
    pub(super) fn not_found(kind: &Kind, name: &str) -> Box<Self> {
        let message = format!("{} {name:?} not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// 405.
    pub(super) fn method() -> Box<Self> {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    /// 409: the name is taken.
    pub(super) fn exists(kind: &Kind, name: &str) -> Box<Self> {
        let message = format!("{} {name:?} already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409: it is not what the client took it for.
    pub(super) fn conflict(kind: &Kind, name: &str, why: &str) -> Box<Self> {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: {why}",
            kind.qualified()
        );
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 410: a list changed too long ago to go on with it.
    pub(super) fn expired() -> Box<Self> {
        Self::new(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result.",
        )
    }

    /// 400.
    pub(super) fn bad_request(message: impl Into<String>) -> Box<Self> {
        Self::new(400, "BadRequest", message)
    }

    /// 415.
    pub(super) fn media_type(sent: &str) -> Box<Self> {
        let message = format!(
            "the body of the request was in an unknown format ({sent}) - accepted media types include: application/json"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 421: the name that the connection was made to is another's.
    pub(super) fn misdirected() -> Box<Self> {
        Self::new(
            421,
            "Misdirected",
            "the server name of this connection is not that of the cluster",
        )
    }

    /// 422 about one field.
    pub(super) fn invalid(kind: &Kind, name: &str, field: &str, problem: &str) -> Box<Self> {
        let message = format!("{} {name:?} is invalid: {field}: {problem}", kind.kind);
        let mut status = Self::new(422, "Invalid", message).about(kind, name);
        if let Some(details) = &mut status.details {
            details["kind"] = kind.kind.into();
            details["causes"] =
                json!([{ "reason": "FieldValueInvalid", "message": problem, "field": field }]);
        }
        status
    }

    /// 422 for a field that has to be there.
    pub(super) fn required(kind: &Kind, field: &str) -> Box<Self> {
        Self::invalid(kind, "", field, "Required value")
    }

    /// The answer.
    pub(super) fn reply(&self) -> Reply {
        let mut body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code
        });
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        Reply::json(self.code, &body)
    }
}

/// A refusal that a fault plan makes.
pub(crate) fn forced(code: u16, reason: &str, message: &str) -> Reply {
    Reply::json(
        code,
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code
        }),
    )
}
