//! ARM's error envelope and the errors that several places answer.

use serde_json::{Value, json};

use kompox_arm_template::error::TemplateError;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::NotAnObject;

use super::id::ResourceId;

/// A refusal: `{"error":{"code","message"}}` with a status.
#[derive(Debug, Clone)]
pub(crate) struct ArmError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    target: Option<String>,
    details: Vec<Value>,
    bare: bool,
    headers: Vec<(&'static str, String)>,
}

/// What most handlers return.
pub(crate) type ArmResult<T> = Result<T, Box<ArmError>>;

impl From<NotAnObject> for Box<ArmError> {
    fn from(error: NotAnObject) -> Self {
        ArmError::content(&error.to_string())
    }
}

impl ArmError {
    /// A refusal with this status, code and message.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            target: None,
            details: Vec::new(),
            bare: false,
            headers: Vec::new(),
        })
    }

    /// Names the property or parameter in question.
    pub(crate) fn target(mut self: Box<Self>, target: &str) -> Box<Self> {
        self.target = Some(target.to_owned());
        self
    }

    /// Adds the errors behind this one.
    pub(crate) fn details(mut self: Box<Self>, details: Vec<Value>) -> Box<Self> {
        self.details = details;
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self: Box<Self>, name: &'static str, value: String) -> Box<Self> {
        self.headers.push((name, value));
        self
    }

    /// Without the envelope, as AKS answers what it finds wrong itself.
    pub(crate) fn bare(mut self: Box<Self>) -> Box<Self> {
        self.bare = true;
        self
    }

    /// 400 with the code that compute answers for a bad value.
    pub(crate) fn invalid_parameter(target: &str, message: impl Into<String>) -> Box<Self> {
        Self::new(400, "InvalidParameter", message).target(target)
    }

    /// 400 for a body that is not what the operation takes.
    pub(crate) fn content(reason: &str) -> Box<Self> {
        Self::new(
            400,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{reason}'."),
        )
    }

    /// 404 for a path nothing answers to.
    pub(crate) fn not_found(path: &str) -> Box<Self> {
        Self::new(404, "NotFound", format!("No route matches '{path}'."))
    }

    /// 405 for a method that a resource does not have.
    pub(crate) fn method(method: &http::Method) -> Box<Self> {
        Self::new(
            405,
            "HttpMethodNotSupported",
            format!("The http method '{method}' is not supported for this resource."),
        )
    }

    /// 404 for a resource group.
    pub(crate) fn group_not_found(group: &str) -> Box<Self> {
        Self::new(
            404,
            "ResourceGroupNotFound",
            format!("Resource group '{group}' could not be found."),
        )
    }

    /// 404 for a resource in a group.
    pub(crate) fn resource_not_found(id: &ResourceId) -> Box<Self> {
        let mut kind = String::new();
        if let Some(provider) = id.providers.last() {
            kind.push_str(&provider.namespace);
            for (segment, name) in &provider.types {
                kind.push('/');
                kind.push_str(segment);
                kind.push('/');
                kind.push_str(name);
            }
        }
        let place = id
            .group
            .as_ref()
            .map_or_else(String::new, |group| format!(" under resource group '{group}'"));
        Self::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{kind}'{place} was not found. For more details please go to \
                 https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    /// 400, as ARM answers a template that it refuses.
    pub(crate) fn refused_template(error: TemplateError) -> Box<Self> {
        let message = if error.code == "InvalidTemplate" {
            format!("Deployment template validation failed: '{}'.", error.message)
        } else {
            error.message
        };
        Self::new(400, &error.code, message)
    }

    /// 400 `PrincipalNotFound`.
    pub(crate) fn principal_not_found(principal: &str, tenant: &str) -> Box<Self> {
        Self::new(
            400,
            "PrincipalNotFound",
            format!(
                "Principal {} does not exist in the directory {tenant}. Check that you have the correct principal ID. If \
                 you are creating this principal and then immediately assigning a role, this error might be related to a \
                 replication delay. In this case, set the role assignment principalType property to a value, such as \
                 ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype",
                principal.replace('-', "")
            ),
        )
    }

    /// What is wrong, as it stands in an envelope.
    pub(crate) fn inner(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(target) = &self.target {
            error["target"] = target.clone().into();
        }
        if !self.details.is_empty() {
            error["details"] = self.details.clone().into();
        }
        error
    }

    /// The body: in its envelope, or bare.
    pub(crate) fn body(&self) -> Value {
        let mut error = self.inner();
        if !self.bare {
            return json!({ "error": error });
        }
        if self.details.is_empty() {
            error["details"] = Value::Null;
        }
        error["subcode"] = "".into();
        error
    }

    /// The answer.
    pub(crate) fn reply(&self) -> Reply {
        let mut reply = Reply::json(self.status, &self.body());
        for (name, value) in &self.headers {
            reply = reply.with(name, value);
        }
        reply
    }
}
