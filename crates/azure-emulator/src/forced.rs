//! Answers that nobody works out: refusals of the server, and what the fault plan gives in place of an answer.

use kompox_emulator_core::faults::{FaultAction, ReplicationLag, Respond};
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;

use crate::arm::error::ArmError;
use crate::arm::id::ResourceId;
use crate::context::Environment;

/// Whose answer a client expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Entra,
    Arm,
    Kubernetes,
}

/// A refusal as the client expects it.
pub(crate) fn error(side: Side, status: u16, code: &str, message: String) -> Reply {
    match side {
        Side::Entra => Reply::json(
            status,
            &serde_json::json!({ "error": code, "error_description": message }),
        ),
        Side::Arm => ArmError::new(status, code, message).reply(),
        Side::Kubernetes => kompox_kubernetes_emulator::forced(status, code, &message),
    }
}

/// An answer that the fault plan gives instead of handling the request.
pub(crate) fn forced(
    environment: &Environment,
    side: Side,
    request: &Request,
    action: Option<&FaultAction>,
) -> Option<Reply> {
    match action? {
        FaultAction::Respond(respond) => Some(forced_error(side, respond)),
        FaultAction::ReplicationLag(lag) => Some(lagging(environment, request, *lag)),
        _ => None,
    }
}

fn forced_error(side: Side, respond: &Respond) -> Reply {
    let mut reply = match &respond.body {
        Some(body) => Reply::raw_json(respond.status, body.clone()),
        None if respond.code.is_empty() && respond.message.is_empty() => Reply::empty(respond.status),
        None => error(side, respond.status, &respond.code, respond.message.clone()),
    };
    for (name, value) in &respond.headers {
        reply = reply.with(name, value);
    }
    reply
}

fn lagging(environment: &Environment, request: &Request, lag: ReplicationLag) -> Reply {
    let segments = &request.segments;
    match lag {
        ReplicationLag::ResourceGroupNotFound => {
            ArmError::group_not_found(segments.get(3).map_or("", String::as_str)).reply()
        }
        ReplicationLag::ResourceNotFound => match ResourceId::from_segments(segments) {
            Some(id) => ArmError::resource_not_found(&id).reply(),
            None => ArmError::not_found(&request.path).reply(),
        },
        ReplicationLag::PrincipalNotFound => {
            let body = request.json().unwrap_or_default();
            let principal = body["properties"]["principalId"].as_str().unwrap_or_default();
            ArmError::principal_not_found(principal, &environment.identity.tenant_id).reply()
        }
    }
}
