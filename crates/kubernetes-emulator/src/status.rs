//! Refusals as Kubernetes writes them: `Status` objects.

use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::ssa::Conflicts;

/// A refusal.
#[derive(Debug)]
pub(crate) struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Value>,
}

/// What handlers return.
pub(crate) type Answer<T> = Result<T, Box<Status>>;

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
        let mut details = json!({ "name": name, "kind": kind.resource.clone() });
        if !kind.group.is_empty() {
            details["group"] = kind.group.clone().into();
        }
        self.details = Some(details);
        self
    }

    /// 401: nobody is known to ask.
    pub(crate) fn unauthorized() -> Box<Self> {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403, with the whole message.
    pub(crate) fn forbidden(message: impl Into<String>) -> Box<Self> {
        Self::new(403, "Forbidden", message)
    }

    /// 403 about an object.
    pub(crate) fn forbidden_object(kind: &Kind, name: &str, why: &str) -> Box<Self> {
        let message = format!("{} {name:?} is forbidden: {why}", kind.qualified());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 403: nothing new comes into a namespace that goes.
    pub(crate) fn terminating(kind: &Kind, name: &str, namespace: &str, why: &str) -> Box<Self> {
        let mut status = Self::forbidden_object(kind, name, why);
        if let Some(details) = &mut status.details {
            details["causes"] = json!([{
                "reason": "NamespaceTerminating",
                "message": format!("namespace {namespace} is being terminated"),
                "field": "metadata.namespace"
            }]);
        }
        status
    }

    /// 404: there is no such path.
    pub(crate) fn no_path() -> Box<Self> {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    }

    /// 404: there is no such object.
    pub(crate) fn not_found(kind: &Kind, name: &str) -> Box<Self> {
        let message = format!("{} {name:?} not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// 405.
    pub(crate) fn method() -> Box<Self> {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    /// 409: the name is taken.
    pub(crate) fn exists(kind: &Kind, name: &str) -> Box<Self> {
        let message = format!("{} {name:?} already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409: it is not what the client took it for.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Box<Self> {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: {why}",
            kind.qualified()
        );
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 410: a list changed too long ago to go on with it.
    pub(crate) fn expired() -> Box<Self> {
        Self::new(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result.",
        )
    }

    /// 400.
    pub(crate) fn bad_request(message: impl Into<String>) -> Box<Self> {
        Self::new(400, "BadRequest", message)
    }

    /// 415, with what would be taken.
    pub(crate) fn media_type(sent: &str, accepted: &[&str]) -> Box<Self> {
        let accepted = accepted.join(", ");
        let message = format!(
            "the body of the request was in an unknown format ({sent}) - accepted media types include: {accepted}"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 421: the name that the connection was made to is another's.
    pub(crate) fn misdirected() -> Box<Self> {
        Self::new(
            421,
            "Misdirected",
            "the server name of this connection is not that of the cluster",
        )
    }

    /// 422 about fields.
    pub(crate) fn invalid(kind: &Kind, name: &str, problems: &[Problem]) -> Box<Self> {
        let told: Vec<String> = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.field, problem.message))
            .collect();
        let told = match told.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {told}", kind.qualified_kind());
        let mut status = Self::new(422, "Invalid", message).about(kind, name);
        let causes = problems.iter().map(
            |problem| json!({ "reason": problem.reason, "message": problem.message, "field": problem.field }),
        );
        if let Some(details) = &mut status.details {
            details["kind"] = kind.kind.clone().into();
            details["causes"] = Value::Array(causes.collect());
        }
        status
    }

    /// 422 about the options of a request.
    pub(crate) fn invalid_options(kind: &str, problem: &Problem) -> Box<Self> {
        let message = format!(
            "{kind}.meta.k8s.io \"\" is invalid: {}: {}",
            problem.field, problem.message
        );
        let mut status = Self::new(422, "Invalid", message);
        status.details = Some(json!({
            "group": "meta.k8s.io", "kind": kind,
            "causes": [{ "reason": problem.reason, "message": problem.message, "field": problem.field }]
        }));
        status
    }

    /// 422: a patch that cannot be done.
    pub(crate) fn unprocessable(why: &str) -> Box<Self> {
        let message = "the server rejected our request due to an error in our request";
        let mut status = Self::new(422, "Invalid", message);
        status.details =
            Some(json!({ "causes": [{ "reason": "UnexpectedServerResponse", "message": why }] }));
        status
    }

    /// 409: others own what was to be applied.
    pub(crate) fn apply_conflict(conflicts: &Conflicts) -> Box<Self> {
        let mut status = Self::new(409, "Conflict", conflicts.message());
        status.details = Some(json!({ "causes": conflicts.causes() }));
        status
    }

    /// 410: a watch begins where nobody remembers any more.
    pub(crate) fn too_old(asked: u64, oldest: u64) -> Box<Self> {
        let message = format!("too old resource version: {asked} ({oldest})");
        Self::new(410, "Expired", message)
    }

    /// 500 without a reason: what kube-apiserver has no word for.
    pub(crate) fn unnamed(message: impl Into<String>) -> Box<Self> {
        Self::new(500, "", message)
    }

    /// The answer.
    pub(crate) fn reply(&self) -> Reply {
        Reply::json(self.code, &self.body())
    }

    /// The object.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code
        });
        if !self.reason.is_empty() {
            body["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body
    }
}

/// What is wrong with one field.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    reason: &'static str,
    field: String,
    message: String,
}

impl Problem {
    fn new(reason: &'static str, field: &str, message: String) -> Self {
        Self {
            reason,
            field: field.to_owned(),
            message,
        }
    }

    /// It has to be there.
    pub(crate) fn required(field: &str) -> Self {
        Self::new("FieldValueRequired", field, "Required value".to_owned())
    }

    /// It has to be there, and why.
    pub(crate) fn required_for(field: &str, why: &str) -> Self {
        Self::new("FieldValueRequired", field, format!("Required value: {why}"))
    }

    /// It cannot be that.
    pub(crate) fn value(field: &str, value: &Value, why: &str) -> Self {
        Self::new(
            "FieldValueInvalid",
            field,
            format!("Invalid value: {value}: {why}"),
        )
    }

    /// It is none of those that there are.
    pub(crate) fn unsupported(field: &str, value: &Value, supported: &[String]) -> Self {
        let supported = supported.join(", ");
        let message = format!("Unsupported value: {value}: supported values: {supported}");
        Self::new("FieldValueNotSupported", field, message)
    }

    /// It may not be there, or not be changed.
    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Self::new("FieldValueForbidden", field, format!("Forbidden: {why}"))
    }

    /// It is there twice.
    pub(crate) fn duplicate(field: &str, value: &Value) -> Self {
        Self::new("FieldValueDuplicate", field, format!("Duplicate value: {value}"))
    }

    /// What it names is not there.
    pub(crate) fn not_found(field: &str, value: &Value) -> Self {
        Self::new("FieldValueNotFound", field, format!("Not found: {value}"))
    }
}

/// A refusal that a fault plan makes.
pub fn forced(code: u16, reason: &str, message: &str) -> Reply {
    Reply::json(
        code,
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code
        }),
    )
}
