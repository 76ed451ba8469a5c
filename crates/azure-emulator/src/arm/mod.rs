//! Azure Resource Manager: routing, authentication, api-versions and the headers of every answer.

#[rustfmt::skip]
pub(crate) mod api_versions;
mod built_in_roles;
pub(crate) mod data_actions;
pub(crate) mod deployments;
pub(crate) mod error;
pub(crate) mod features;
mod filter;
pub(crate) mod groups;
pub(crate) mod id;
mod linked;
pub(crate) mod list;
pub(crate) mod locks;
pub(crate) mod metadata;
mod permissions;
pub(crate) mod providers;
mod resources;
mod role_definitions;
pub(crate) mod roles;
mod stacks;
pub(crate) mod subscriptions;
mod system_data;
pub(crate) mod tags;
pub(crate) mod version;

use http::Method;
use kompox_emulator_core::reply::Reply;

use crate::context::RequestContext;
use crate::operation::{self, Operation};
use crate::types;
use error::{ArmError, ArmResult};
use id::ResourceId;

/// Handles one request to ARM.
pub(crate) fn handle(cx: &mut RequestContext<'_>) -> Reply {
    let mut reply = match route(cx) {
        Ok(reply) => reply,
        Err(error) => error.reply(),
    };
    if cx.request.method == Method::HEAD {
        reply.body = bytes::Bytes::new();
        reply.headers.remove(http::header::CONTENT_TYPE);
    }
    reply
}

/// Adds the headers that every answer of ARM has, also one that a fault plan made. `left` tells what the caller may
/// still ask for, where that is counted.
pub(crate) fn stamp(
    request: &kompox_emulator_core::request::Request,
    region: &str,
    left: Option<Vec<(String, String)>>,
    mut reply: Reply,
) -> Reply {
    let request_id = uuid::Uuid::new_v4().to_string();
    let correlation = request
        .header("x-ms-correlation-request-id")
        .or_else(|| request.header("x-ms-correlation-id"))
        .unwrap_or(&request_id)
        .to_owned();
    let left = left.unwrap_or_else(|| {
        let (what, own, all) = match request.method {
            Method::GET | Method::HEAD => ("reads", "249", "3749"),
            Method::DELETE => ("deletes", "199", "2999"),
            _ => ("writes", "199", "2999"),
        };
        let header = |scope: &str| format!("x-ms-ratelimit-remaining-subscription-{scope}{what}");
        vec![(header(""), own.to_owned()), (header("global-"), all.to_owned())]
    });
    reply = reply
        .with("Cache-Control", "no-cache")
        .with("x-ms-request-id", &request_id)
        .with("x-ms-correlation-request-id", &correlation)
        .with(
            "x-ms-routing-request-id",
            &format!("{}:{request_id}", region.to_ascii_uppercase()),
        )
        .with("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .with("X-Content-Type-Options", "nosniff");
    for (name, value) in left {
        reply = reply.with(&name, &value);
    }
    let echo = request
        .header("x-ms-return-client-request-id")
        .is_some_and(|wanted| wanted.eq_ignore_ascii_case("true"));
    match request.header("x-ms-client-request-id") {
        Some(id) if echo => reply.with("x-ms-client-request-id", id),
        _ => reply,
    }
}

fn route(cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
    let request = cx.request;
    if let [first, second] = request.segments.as_slice()
        && first.eq_ignore_ascii_case("metadata")
        && second.eq_ignore_ascii_case("endpoints")
    {
        return metadata::endpoints(cx);
    }
    let header = request.header("authorization");
    cx.environment
        .entra
        .authenticate(header, &cx.environment.identity, &cx.state.settings, cx.now)?;
    dispatch(cx)
}

/// A request of a caller who is known, or of ARM itself.
pub(crate) fn dispatch(cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
    let request = cx.request;
    let segments: Vec<String> = request
        .segments
        .iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect();
    let lower: Vec<&str> = segments.iter().map(String::as_str).collect();
    version::well_formed(request)?;
    match lower.as_slice() {
        ["tenants"] => subscriptions::tenants(cx),
        ["subscriptions"] => subscriptions::list(cx),
        ["subscriptions", subscription, rest @ ..] => {
            subscriptions::check(cx, subscription)?;
            in_subscription(cx, rest)
        }
        _ => Err(ArmError::not_found(&request.path)),
    }
}

fn in_subscription(cx: &mut RequestContext<'_>, rest: &[&str]) -> ArmResult<Reply> {
    match rest {
        [] => subscriptions::get(cx),
        ["locations"] => subscriptions::locations(cx),
        ["providers"] => providers::list(cx),
        ["providers", namespace] => providers::get(cx, namespace),
        ["providers", namespace, "register"] if cx.request.method == Method::POST => {
            providers::set_registered(cx, namespace, true)
        }
        ["providers", namespace, "unregister"] if cx.request.method == Method::POST => {
            providers::set_registered(cx, namespace, false)
        }
        [
            "providers",
            "microsoft.features",
            "providers",
            namespace,
            "features",
            rest @ ..,
        ] => features::handle(cx, namespace, rest),
        ["resourcegroups"] => groups::list(cx),
        ["resources"] => resources::list_all(cx, None),
        ["tagnames"] => tags::names(cx),
        ["resourcegroups", _] => groups::one(cx),
        ["resourcegroups", _, "resources"] => {
            let group = cx.request.segments.get(3).cloned().unwrap_or_default();
            resources::list_all(cx, Some(&group))
        }
        ["operationresults" | "operationstatuses", _] => {
            monitor(cx)?.ok_or_else(|| ArmError::new(404, "NotFound", "The operation could not be found."))
        }
        _ => in_provider(cx),
    }
}

/// Requests below a `/providers/Namespace/…`.
fn in_provider(cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
    let segments = &cx.request.segments;
    let not_found = || ArmError::not_found(&cx.request.path);
    let at = segments
        .iter()
        .rposition(|segment| segment.eq_ignore_ascii_case("providers"))
        .ok_or_else(not_found)?;
    let namespace = segments.get(at + 1).ok_or_else(not_found)?;
    let rest: Vec<&str> = segments[at + 2..].iter().map(String::as_str).collect();
    let scope = ResourceId::from_segments(&segments[..at]).ok_or_else(not_found)?;
    let namespace = namespace.to_ascii_lowercase();
    let lower: Vec<String> = rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    if let Some(reply) = monitor(cx)? {
        return Ok(reply);
    }
    match (namespace.as_str(), lower.as_slice()) {
        ("microsoft.resources", ["tags", "default"]) => tags::handle(cx, &scope),
        ("microsoft.resources", ["deployments", ..]) => deployments::handle(cx, &scope, &rest),
        ("microsoft.resources", ["deploymentstacks", ..]) if at == 2 => stacks::handle(cx, &rest),
        ("microsoft.authorization", ["locks"]) => locks::list(cx, &scope),
        ("microsoft.authorization", ["locks", _]) => locks::one(cx, &scope, rest[1]),
        ("microsoft.authorization", ["permissions"]) => permissions::list(cx, &scope),
        ("microsoft.authorization", ["roledefinitions"]) => role_definitions::list(cx, &scope),
        ("microsoft.authorization", ["roledefinitions", name]) => role_definitions::one(cx, &scope, name),
        ("microsoft.authorization", ["roleassignments"]) => roles::list_assignments(cx, &scope),
        ("microsoft.authorization", ["roleassignments", _]) => roles::one(cx, &scope, rest[1]),
        ("microsoft.compute", ["skus"]) if at == 2 => types::compute::skus(cx),
        ("microsoft.compute", ["locations", _, "usages"]) if at == 2 => types::compute::usages(cx, rest[1]),
        (_, ["locations", _, kind, _]) if kind.contains("operation") => {
            Err(ArmError::new(404, "NotFound", "The entity was not found."))
        }
        _ => {
            let path = types::Path {
                scope: &scope,
                rest: &rest,
                lower: &lower,
            };
            match types::route(cx, &namespace, &path) {
                Some(reply) => reply,
                None => resources::handle(cx, &scope, &namespace, &rest),
            }
        }
    }
}

/// Answers a monitor URL; `None` if the path is no monitor's.
fn monitor(cx: &mut RequestContext<'_>) -> ArmResult<Option<Reply>> {
    let Some((path, id)) = cx.request.path.rsplit_once('/') else {
        return Ok(None);
    };
    let Some(operation) = cx.state.operations.get::<Operation>(id) else {
        return Ok(None);
    };
    let at_result = operation.result_path.eq_ignore_ascii_case(path);
    let at_status = operation.status_path.eq_ignore_ascii_case(path);
    if !at_result && !at_status {
        return Ok(None);
    }
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    // Where both live under one path, as with disks, `monitor=true` tells them apart.
    let result = at_result && (!at_status || cx.request.query("monitor").is_some());
    // Who may use stacks may poll them: the built-in role for them has no right to operations.
    let action = if operation.is_of_stack() {
        "Microsoft.Resources/deploymentStacks/read".to_owned()
    } else {
        monitor_action(path)
    };
    cx.authorize(&action, path)?;
    let (id, now, environment) = (id.to_owned(), cx.now, cx.environment);
    operation::monitor(cx.state, environment, &id, result, now, |state, key| {
        types::read(state, environment, now, key)
    })
    .map(Some)
}

/// The permission that polling takes: it is at subscription scope, apart from the resource's own.
fn monitor_action(path: &str) -> String {
    match path
        .split("/providers/")
        .nth(1)
        .map(|rest| rest.split('/').collect::<Vec<_>>())
    {
        Some(rest) if rest.len() >= 4 => format!("{}/{}/{}/read", rest[0], rest[1], rest[3]),
        _ => "Microsoft.Resources/subscriptions/operationresults/read".to_owned(),
    }
}
