//! `Microsoft.Authorization/permissions`: what the caller may do at a scope.
//!
//! The specifications have it for groups and for resources. For a subscription it stands in old pages and public
//! scripts only, and is served here too; a fault plan takes it away.

use http::Method;
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use crate::access::access;
use crate::context::RequestContext;

/// `GET {scope}/providers/Microsoft.Authorization/permissions`. Everybody may ask for their own.
pub(crate) fn list(cx: &RequestContext<'_>, scope: &ResourceId) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    super::version::supported(
        cx.request,
        "Microsoft.Authorization",
        "permissions",
        super::api_versions::ROLE_DEFINITIONS,
        &cx.environment.options.region,
    )?;
    super::groups::check_scope(cx, scope)?;
    let given = access(cx.state).at(&scope.to_string()).into_iter();
    let permissions: Vec<Value> = given
        .map(|actions| {
            json!({ "actions": actions, "notActions": [], "dataActions": [], "notDataActions": [] })
        })
        .collect();
    Ok(Reply::json(200, &json!({ "value": permissions })))
}
