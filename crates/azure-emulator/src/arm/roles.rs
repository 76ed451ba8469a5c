//! Role assignments.

use http::Method;
use kompox_emulator_core::json::timestamp;
use kompox_emulator_core::reply::Reply;
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub(crate) use super::data_actions::KIND;
use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use super::role_definitions::{bad_filter, comparison, definition_id, known_role};
use super::{groups, list, locks, system_data, version};
use crate::context::RequestContext;
use crate::types;

/// Scopes that are no resources of ARM.
const VAULT_CONTENTS: [&str; 3] = [
    "Microsoft.KeyVault/vaults/secrets",
    "Microsoft.KeyVault/vaults/certificates",
    "Microsoft.KeyVault/vaults/keys",
];

/// What a list of assignments is narrowed to.
#[derive(Default)]
struct Narrow {
    at_scope: bool,
    principal: Option<String>,
}

fn narrow(filter: &str) -> ArmResult<Narrow> {
    let mut narrow = Narrow::default();
    for part in filter
        .split(" and ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let assigned = part
            .strip_prefix("assignedTo(")
            .and_then(|rest| rest.strip_suffix(')'))
            .map(|value| value.trim().trim_matches('\'').to_owned());
        if part.eq_ignore_ascii_case("atScope()") {
            narrow.at_scope = true;
        } else if let Some(principal) = assigned {
            narrow.principal = Some(principal);
        } else {
            match comparison(part) {
                Some((field, value)) if field.eq_ignore_ascii_case("principalId") => {
                    narrow.principal = Some(value);
                }
                _ => return Err(bad_filter(filter)),
            }
        }
    }
    Ok(narrow)
}

/// `GET {scope}/providers/Microsoft.Authorization/roleAssignments`: at, above and (without `atScope()`) below.
pub(crate) fn list_assignments(cx: &mut RequestContext<'_>, scope: &ResourceId) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    supported(cx)?;
    cx.authorize("Microsoft.Authorization/roleAssignments/read", &scope.to_string())?;
    check_scope(cx, scope)?;
    let narrow = narrow(cx.request.query("$filter").unwrap_or_default())?;
    let start = list::start(cx.request)?;
    let key = scope.key();
    let all = format!("/subscriptions/{}", scope.subscription.to_lowercase());
    let entries = cx.state.documents.of_type(KIND, &all, start.as_deref());
    list::page(cx, entries, |assignment, resource| {
        let at = assignment.rsplit_once("/providers/")?.0;
        let above = key == at || key.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'));
        let below = at.strip_prefix(&key).is_some_and(|rest| rest.starts_with('/'));
        if !(above || (below && !narrow.at_scope)) {
            return None;
        }
        if let Some(principal) = &narrow.principal {
            let document = resource.document();
            let found = document["properties"]["principalId"].as_str().unwrap_or_default();
            if !found.eq_ignore_ascii_case(principal) {
                return None;
            }
        }
        Some(resource.body.to_string())
    })
}

/// 404 unless what is granted something on is there. What lies in a vault is known to its data plane only: there the
/// vault must be there, and any name below it will do.
fn check_scope(cx: &RequestContext<'_>, scope: &ResourceId) -> ArmResult<()> {
    let in_vault = VAULT_CONTENTS
        .iter()
        .any(|kind| scope.kind().eq_ignore_ascii_case(kind));
    match scope.parent() {
        Some(vault) if in_vault => groups::check_scope(cx, &vault),
        _ => groups::check_scope(cx, scope),
    }
}

/// One assignment.
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
        &format!("Microsoft.Authorization/roleAssignments/{action}"),
        &scope.to_string(),
    )?;
    let id = scope.extended("Microsoft.Authorization", "roleAssignments", name);
    let key = id.key();
    match method {
        Method::GET => {
            check_scope(cx, scope)?;
            match cx.state.documents.get(&key) {
                Some(assignment) => Ok(Reply::raw_json(200, assignment.body.to_string())),
                None => Err(ArmError::new(
                    404,
                    "RoleAssignmentNotFound",
                    format!("The role assignment '{name}' is not found."),
                )),
            }
        }
        Method::DELETE => {
            locks::check(cx, &id, locks::Intent::Delete)?;
            let Some(assignment) = cx
                .state
                .documents
                .get(&key)
                .map(|assignment| assignment.body.to_string())
            else {
                return Ok(Reply::empty(204));
            };
            cx.state.remove(&key);
            Ok(Reply::raw_json(200, assignment))
        }
        _ => {
            check_scope(cx, scope)?;
            locks::check(cx, &id, locks::Intent::Write)?;
            put(cx, scope, &id)
        }
    }
}

/// The immutable part of an assignment.
struct Grant {
    role: String,
    principal: String,
    kind: String,
}

fn put(cx: &mut RequestContext<'_>, scope: &ResourceId, id: &ResourceId) -> ArmResult<Reply> {
    let name = id.name();
    if Uuid::try_parse(name).is_err() {
        return Err(ArmError::new(
            400,
            "InvalidRoleAssignmentId",
            format!("The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."),
        ));
    }
    let body = cx.request.json()?;
    let empty = Map::new();
    let properties = body["properties"].as_object().unwrap_or(&empty);
    let grant = grant(cx, properties)?;
    let here = scope.key();
    let mut existing = None;
    let all = format!("/subscriptions/{}", scope.subscription.to_lowercase());
    for (key, resource) in cx.state.documents.of_type(KIND, &all, None) {
        let document = resource.document();
        let same = |field: &str, value: &str| {
            document["properties"][field]
                .as_str()
                .is_some_and(|stored| stored.eq_ignore_ascii_case(value))
        };
        let at = key.rsplit_once("/providers/").map_or("", |(at, _)| at);
        let same_grant =
            at == here && same("principalId", &grant.principal) && same("roleDefinitionId", &grant.role);
        let other_name = document["name"].as_str().unwrap_or_default();
        if other_name.eq_ignore_ascii_case(name) {
            // A GUID names one assignment everywhere, and what it grants is fixed.
            if !same_grant {
                return Err(ArmError::new(
                    400,
                    "RoleAssignmentUpdateNotPermitted",
                    "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
                ));
            }
            existing = Some(document);
        } else if same_grant {
            return Err(ArmError::new(
                409,
                "RoleAssignmentExists",
                format!(
                    "The role assignment already exists. The ID of the conflicting role assignment is {}.",
                    other_name.replace('-', "").to_lowercase()
                ),
            ));
        }
    }
    let created = existing.is_none();
    let before = existing.clone();
    let mut document = existing.unwrap_or_else(|| fresh(cx, scope, id, &grant));
    for field in ["description", "condition", "conditionVersion"] {
        document["properties"][field] = properties.get(field).cloned().unwrap_or(Value::Null);
    }
    document["properties"]["updatedOn"] = timestamp(cx.now).into();
    document["properties"]["updatedBy"] = cx.environment.identity.object_id.clone().into();
    system_data::stamp(cx, KIND, &mut document, before.as_ref());
    cx.state.documents.put(&id.key(), KIND, &document, cx.now);
    Ok(Reply::json(if created { 201 } else { 200 }, &document))
}

fn fresh(cx: &RequestContext<'_>, scope: &ResourceId, id: &ResourceId, grant: &Grant) -> Value {
    json!({
        "id": id.to_string(),
        "name": id.name(),
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": grant.role,
            "principalId": grant.principal,
            "principalType": grant.kind,
            "scope": scope.to_string(),
            "createdOn": timestamp(cx.now),
            "createdBy": cx.environment.identity.object_id,
            "delegatedManagedIdentityResourceId": null
        }
    })
}

fn grant(cx: &RequestContext<'_>, properties: &Map<String, Value>) -> ArmResult<Grant> {
    let text = |name: &str| {
        properties
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (role, principal, kind) = (
        text("roleDefinitionId"),
        text("principalId"),
        text("principalType"),
    );
    if role.is_empty() || principal.is_empty() {
        return Err(ArmError::new(
            400,
            "InvalidCreateRoleAssignmentRequest",
            "The create role assignment request is not valid: roleDefinitionId and principalId are required.",
        ));
    }
    if Uuid::try_parse(&principal).is_err() {
        return Err(ArmError::new(
            400,
            "InvalidPrincipalId",
            format!("The Principal ID '{principal}' is not valid. Principal ID must be a GUID."),
        ));
    }
    let guid = role.rsplit('/').next().unwrap_or_default();
    let known = known_role(guid).ok_or_else(|| {
        ArmError::new(
            400,
            "RoleDefinitionDoesNotExist",
            format!(
                "The specified role definition with ID '{}' does not exist.",
                guid.replace('-', "")
            ),
        )
    })?;
    let kinds = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];
    let kind = if kind.is_empty() {
        check_principal(cx, &principal)?;
        "ServicePrincipal".to_owned()
    } else {
        match kinds.into_iter().find(|known| known.eq_ignore_ascii_case(&kind)) {
            Some(known) => known.to_owned(),
            None => {
                return Err(ArmError::new(
                    400,
                    "InvalidPrincipalType",
                    format!("The principal type '{kind}' is not valid."),
                ));
            }
        }
    };
    Ok(Grant {
        role: definition_id(cx, known),
        principal,
        kind,
    })
}

/// Without a principal type the directory is asked, and it may not know a new principal yet.
fn check_principal(cx: &RequestContext<'_>, principal: &str) -> ArmResult<()> {
    let known = std::iter::once(&cx.environment.identity.object_id)
        .chain(&cx.environment.options.principals)
        .any(|known| known.eq_ignore_ascii_case(principal));
    if known || types::principals::is_known(cx.state, principal) {
        Ok(())
    } else {
        Err(ArmError::principal_not_found(
            principal,
            &cx.environment.identity.tenant_id,
        ))
    }
}

fn supported(cx: &RequestContext<'_>) -> ArmResult<()> {
    let region = &cx.environment.options.region;
    version::supported(
        cx.request,
        "Microsoft.Authorization",
        "roleAssignments",
        super::api_versions::ROLE_ASSIGNMENTS,
        region,
    )
}
