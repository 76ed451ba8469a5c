//! Role definitions, as they are read.

use http::Method;
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::built_in_roles::ROLES;
use super::error::{ArmError, ArmResult};
use super::groups;
use super::id::ResourceId;
use crate::context::RequestContext;

/// `GET {scope}/providers/Microsoft.Authorization/roleDefinitions`.
pub(crate) fn list(cx: &RequestContext<'_>, scope: &ResourceId) -> ArmResult<Reply> {
    definitions_access(cx, scope)?;
    let name = match cx
        .request
        .query("$filter")
        .map(str::trim)
        .filter(|filter| !filter.is_empty())
    {
        None => None,
        Some(filter) => match comparison(filter) {
            Some((field, value)) if field.eq_ignore_ascii_case("roleName") => Some(value),
            Some((field, _)) if field.eq_ignore_ascii_case("type") => None,
            _ if filter.eq_ignore_ascii_case("atScopeAndBelow()") => None,
            _ => return Err(bad_filter(filter)),
        },
    };
    let value: Vec<Value> = ROLES
        .iter()
        .filter(|(role, ..)| name.as_ref().is_none_or(|name| role.eq_ignore_ascii_case(name)))
        .map(|role| definition_document(cx, role))
        .collect();
    Ok(Reply::json(200, &json!({ "value": value })))
}

/// `GET {scope}/providers/Microsoft.Authorization/roleDefinitions/{guid}`.
pub(crate) fn one(cx: &RequestContext<'_>, scope: &ResourceId, name: &str) -> ArmResult<Reply> {
    definitions_access(cx, scope)?;
    match ROLES.iter().find(|(_, guid, ..)| guid.eq_ignore_ascii_case(name)) {
        Some(role) => Ok(Reply::json(200, &definition_document(cx, role))),
        None => Err(ArmError::new(
            404,
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{name}' does not exist."),
        )),
    }
}

fn definitions_access(cx: &RequestContext<'_>, scope: &ResourceId) -> ArmResult<()> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    super::version::supported(
        cx.request,
        "Microsoft.Authorization",
        "roleDefinitions",
        super::api_versions::ROLE_DEFINITIONS,
        &cx.environment.options.region,
    )?;
    cx.authorize("Microsoft.Authorization/roleDefinitions/read", &scope.to_string())?;
    groups::check_scope(cx, scope)
}

fn definition_document(
    cx: &RequestContext<'_>,
    (name, guid, actions, data_actions): &(&str, &str, &[&str], &[&str]),
) -> Value {
    json!({
        "id": definition_id(cx, guid),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid,
        "properties": {
            "roleName": name,
            "type": "BuiltInRole",
            "description": name,
            "assignableScopes": ["/"],
            "permissions": [{ "actions": actions, "notActions": [], "dataActions": data_actions, "notDataActions": [] }]
        }
    })
}

/// The id of a role, as assignments name it.
pub(super) fn definition_id(cx: &RequestContext<'_>, guid: &str) -> String {
    format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
        cx.subscription()
    )
}

/// `field eq 'value'`.
pub(super) fn comparison(text: &str) -> Option<(&str, String)> {
    let (field, rest) = text.split_once(char::is_whitespace)?;
    let (operator, value) = rest.trim_start().split_once(char::is_whitespace)?;
    let value = value
        .trim()
        .strip_prefix('\'')?
        .strip_suffix('\'')?
        .replace("''", "'");
    operator.eq_ignore_ascii_case("eq").then_some((field, value))
}

/// 400 for a filter that is not understood.
pub(super) fn bad_filter(filter: &str) -> Box<ArmError> {
    ArmError::new(
        400,
        "BadRequestFormat",
        format!("The filter '{filter}' is not supported."),
    )
}

/// The GUID of a built-in role, if there is one with this GUID.
pub(super) fn known_role(guid: &str) -> Option<&'static str> {
    ROLES
        .iter()
        .map(|(_, known, ..)| *known)
        .find(|known| known.eq_ignore_ascii_case(guid))
}
