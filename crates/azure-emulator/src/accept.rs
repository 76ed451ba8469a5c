//! The first answer to a request that starts a long-running operation, in any of the published shapes.

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::reply::Reply;
use serde_json::Value;

use crate::arm;
use crate::arm::error::ArmError;
use crate::context::RequestContext;
use crate::operation::{self, Operation, Work};
use crate::types;

/// What the first answer of a resource type looks like when no fault plan says otherwise.
#[derive(Debug)]
pub(crate) struct Answer {
    shape: OperationShape,
    /// 201 or 202, or 200.
    status: u16,
    created: bool,
    body: Option<Value>,
}

impl Answer {
    /// A write that is accepted with the resource as it is by now.
    pub(crate) fn write(shape: OperationShape, status: u16, created: bool, body: Value) -> Self {
        Self {
            shape,
            status,
            created,
            body: Some(body),
        }
    }

    /// A delete.
    pub(crate) fn delete(shape: OperationShape) -> Self {
        Self {
            shape,
            status: 202,
            created: false,
            body: None,
        }
    }

    /// An action.
    pub(crate) fn action(shape: OperationShape) -> Self {
        Self::delete(shape)
    }

    /// A change of tags.
    pub(crate) fn tags() -> Self {
        Self {
            shape: OperationShape::Both,
            status: 202,
            created: false,
            body: None,
        }
    }
}

/// Records the operation and answers.
pub(crate) fn reply(cx: &mut RequestContext<'_>, operation: Operation, answer: &Answer) -> Reply {
    let shape = cx
        .fault
        .as_ref()
        .and_then(|fault| fault.shape)
        .unwrap_or(answer.shape);
    let id = operation.id.clone();
    let target = operation.target.clone();
    let is_accepted = matches!(
        operation.work,
        Work::Delete | Work::Action { .. } | Work::Answer { .. }
    );
    // What waits for other resources cannot be over at once.
    let is_deploy = matches!(operation.work, Work::Deploy);
    let headers = headers(cx, &operation, shape);
    cx.state.operations.put(operation);
    let mut reply = match shape {
        OperationShape::Both | OperationShape::AzureAsyncOperation | OperationShape::Location => {
            match &answer.body {
                Some(body) => Reply::json(answer.status, body),
                None => Reply::empty(answer.status),
            }
        }
        OperationShape::Body if is_accepted => Reply::empty(202),
        OperationShape::Body => {
            let status = if answer.created { 201 } else { 200 };
            answer
                .body
                .as_ref()
                .map_or_else(|| Reply::empty(status), |body| Reply::json(status, body))
        }
        OperationShape::Synchronous if is_deploy => match &answer.body {
            Some(body) => Reply::json(if answer.created { 201 } else { 200 }, body),
            None => Reply::empty(202),
        },
        OperationShape::EmptyOk => Reply::empty(200),
        OperationShape::Synchronous => return synchronous(cx, &id, &target, answer.created),
    };
    for (name, value) in headers {
        reply = reply.with(name, &value);
    }
    reply
}

fn synchronous(cx: &mut RequestContext<'_>, id: &str, target: &str, created: bool) -> Reply {
    operation::end(cx.state, cx.environment, id, cx.now);
    let failure = cx.state.operations.get::<Operation>(id).and_then(|operation| {
        operation
            .error()
            .map(|(code, message)| ArmError::new(409, code, message.to_owned()))
    });
    if let Some(error) = failure {
        return error.reply();
    }
    let status = if created { 201 } else { 200 };
    match cx
        .state
        .operations
        .get::<Operation>(id)
        .map(|operation| &operation.work)
    {
        Some(Work::Answer { status, body }) => return Reply::json(*status, body),
        Some(Work::Tags(_)) => return Reply::json(status, &arm::tags::document(cx.state, target)),
        Some(Work::Action { result, .. }) => {
            return result
                .as_ref()
                .map_or_else(|| Reply::empty(204), |result| Reply::json(status, result));
        }
        _ => {}
    }
    match types::read(cx.state, cx.environment, cx.now, target) {
        Some(document) => Reply::json(status, &document),
        None => Reply::empty(200),
    }
}

fn headers(
    cx: &RequestContext<'_>,
    operation: &Operation,
    shape: OperationShape,
) -> Vec<(&'static str, String)> {
    let (status, location) = match shape {
        OperationShape::Both => (true, true),
        OperationShape::AzureAsyncOperation => (true, false),
        OperationShape::Location => (false, true),
        _ => return Vec::new(),
    };
    let fault = cx.fault.clone().unwrap_or_default();
    let version = cx.request.query("api-version").unwrap_or_default();
    let url = |path: &str, parameters: &str| {
        if fault.garbage_urls {
            return "::not a url::".to_owned();
        }
        let mut url = format!(
            "{}{path}/{}?{parameters}api-version={version}",
            cx.request.base, operation.id
        );
        if url.len() < fault.url_bytes {
            // Real monitor URLs carry state of their own, of any length.
            url.push_str("&c=");
            let missing = fault.url_bytes.saturating_sub(url.len());
            url.extend(std::iter::repeat_n('A', missing));
        }
        url
    };
    let token = uuid::Uuid::new_v4();
    let mut headers = Vec::new();
    if status {
        headers.push((
            "Azure-AsyncOperation",
            url(&operation.status_path, &format!("p={token}&")),
        ));
    }
    if location {
        let shared = operation.status_path == operation.result_path;
        let parameters = if shared {
            format!("p={token}&monitor=true&")
        } else {
            format!("t={token}&")
        };
        headers.push(("Location", url(&operation.result_path, &parameters)));
    }
    if let Some(retry_after) = operation.retry_after() {
        headers.push(("Retry-After", retry_after.to_owned()));
    }
    headers
}
