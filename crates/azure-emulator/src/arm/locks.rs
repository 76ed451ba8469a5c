//! Management locks: kept like any resource, and asked before every write and delete.

use http::Method;
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use super::{groups, list};
use crate::context::RequestContext;

/// Lower-cased type of a stored lock.
pub(crate) const KIND: &str = "microsoft.authorization/locks";
/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Write,
    Delete,
}

/// 409 `ScopeLocked` if a lock at the resource or above it forbids the request; a delete of a group also
/// asks the locks inside it.
pub(crate) fn check(cx: &RequestContext<'_>, id: &ResourceId, intent: Intent) -> ArmResult<()> {
    let key = id.key();
    let whole_subscription = format!("/subscriptions/{}", id.subscription.to_lowercase());
    let scopes: Vec<String> = cx
        .state
        .documents
        .of_type(KIND, &whole_subscription, None)
        .filter_map(|(lock_key, lock)| {
            let scope = lock_key.rsplit_once("/providers/")?.0;
            let above = key == scope || key.strip_prefix(scope).is_some_and(|rest| rest.starts_with('/'));
            let inside = intent == Intent::Delete
                && scope.strip_prefix(&key).is_some_and(|rest| rest.starts_with('/'));
            if !above && !inside {
                return None;
            }
            let document = lock.document();
            let read_only = document["properties"]["level"].as_str() == Some("ReadOnly");
            if intent == Intent::Write && !read_only {
                return None;
            }
            let lock_id = document["id"].as_str().unwrap_or_default();
            Some(
                lock_id
                    .rsplit_once("/providers/")
                    .map_or(scope, |(scope, _)| scope)
                    .to_owned(),
            )
        })
        .collect();
    if scopes.is_empty() {
        return Ok(());
    }
    let verb = if intent == Intent::Delete {
        "delete"
    } else {
        "write"
    };
    Err(ArmError::new(
        409,
        "ScopeLocked",
        format!(
            "The scope '{id}' cannot perform {verb} operation because following scope(s) are locked: '{}'. Please \
             remove the lock and try again.",
            scopes.join(",")
        ),
    ))
}

/// `GET {scope}/providers/Microsoft.Authorization/locks`: at the scope, above and below.
pub(crate) fn list(cx: &mut RequestContext<'_>, scope: &ResourceId) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    supported(cx)?;
    cx.authorize("Microsoft.Authorization/locks/read", &scope.to_string())?;
    groups::check_scope(cx, scope)?;
    let at_scope = match cx.request.query("$filter").map(str::trim) {
        None | Some("") => false,
        Some(filter) if filter.eq_ignore_ascii_case("atScope()") => true,
        Some(filter) => {
            return Err(ArmError::new(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{filter}'."),
            ));
        }
    };
    let start = list::start(cx.request)?;
    let key = scope.key();
    let all = format!("/subscriptions/{}", scope.subscription.to_lowercase());
    let entries = cx.state.documents.of_type(KIND, &all, start.as_deref());
    list::page(cx, entries, |lock, resource| {
        let at = lock.rsplit_once("/providers/")?.0;
        let above = key == at || key.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'));
        let below = at.strip_prefix(&key).is_some_and(|rest| rest.starts_with('/'));
        (above || (below && !at_scope)).then(|| resource.body.to_string())
    })
}

/// One lock.
pub(crate) fn one(cx: &mut RequestContext<'_>, scope: &ResourceId, name: &str) -> ArmResult<Reply> {
    supported(cx)?;
    let method = cx.request.method.clone();
    let action = match method {
        Method::GET => "read",
        Method::PUT => "write",
        Method::DELETE => "delete",
        _ => return Err(ArmError::method(&method)),
    };
    cx.authorize(
        &format!("Microsoft.Authorization/locks/{action}"),
        &scope.to_string(),
    )?;
    groups::check_scope(cx, scope)?;
    let id = scope.extended("Microsoft.Authorization", "locks", name);
    let key = id.key();
    match method {
        Method::GET => match cx.state.documents.get(&key) {
            Some(lock) => Ok(Reply::raw_json(200, lock.body.to_string())),
            None => Err(ArmError::new(
                404,
                "LockNotFound",
                format!("The lock '{name}' could not be found."),
            )),
        },
        Method::DELETE => Ok(Reply::empty(if cx.state.remove(&key) { 200 } else { 204 })),
        _ => {
            let body = cx.request.json()?;
            let properties = &body["properties"];
            let level = level(properties)?;
            let mut document = json!({
                "id": id.to_string(),
                "name": name,
                "type": "Microsoft.Authorization/locks",
                "properties": { "level": level }
            });
            if let Some(notes) = properties.get("notes") {
                document["properties"]["notes"] = notes.clone();
            }
            let status = if cx.state.documents.get(&key).is_some() {
                200
            } else {
                201
            };
            cx.state.documents.put(&key, KIND, &document, cx.now);
            Ok(Reply::json(status, &document))
        }
    }
}

fn level(properties: &Value) -> ArmResult<&'static str> {
    let sent = properties["level"].as_str().unwrap_or_default();
    ["CanNotDelete", "ReadOnly"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(sent))
        .ok_or_else(|| {
            ArmError::new(
                400,
                "InvalidLockLevel",
                format!(
                    "The lock level '{sent}' is invalid. The supported levels are 'CanNotDelete,ReadOnly'."
                ),
            )
        })
}

fn supported(cx: &RequestContext<'_>) -> ArmResult<()> {
    let region = &cx.environment.options.region;
    super::version::supported(
        cx.request,
        "Microsoft.Authorization",
        "locks",
        super::api_versions::LOCKS,
        region,
    )
}
