//! `Microsoft.Authorization/permissions`: what the caller may do at a scope.

use http::Method;
use serde_json::json;

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use crate::context::Cx;
use crate::reply::Reply;

/// `GET {scope}/providers/Microsoft.Authorization/permissions`. Everybody may ask for their own.
pub(crate) fn list(cx: &Cx<'_>, scope: &ResourceId) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    super::version::supported(
        cx.request,
        "Microsoft.Authorization",
        "permissions",
        super::api_versions::ROLE_DEFINITIONS,
        &cx.world.options.region,
    )?;
    super::groups::check_scope(cx, scope)?;
    let actions = cx
        .state
        .caller_actions
        .clone()
        .unwrap_or_else(|| vec!["*".to_owned()]);
    Ok(Reply::json(
        200,
        &json!({ "value": [{ "actions": actions, "notActions": [], "dataActions": [], "notDataActions": [] }] }),
    ))
}
