//! Role definitions: a table of built-ins.

use http::Method;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::groups;
use super::id::ResourceId;
use crate::context::RequestContext;
use kompox_emulator_core::reply::Reply;

/// Built-in roles: name, GUID, actions, data actions.
const ROLES: [(&str, &str, &[&str], &[&str]); 22] = [
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", &["*"], &[]),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", &["*"], &[]),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", &["*/read"], &[]),
    (
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        &["*/read", "Microsoft.Authorization/*"],
        &[],
    ),
    (
        "Role Based Access Control Administrator",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        &[
            "*/read",
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
        ],
        &[],
    ),
    (
        "DNS Zone Contributor",
        "befefa01-2a29-4197-83a8-272ff33ce314",
        &["Microsoft.Network/dnsZones/*"],
        &[],
    ),
    (
        "Private DNS Zone Contributor",
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        &["Microsoft.Network/privateDnsZones/*"],
        &[],
    ),
    (
        "Network Contributor",
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        &["Microsoft.Network/*"],
        &[],
    ),
    (
        "AcrPull",
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        &["Microsoft.ContainerRegistry/registries/pull/read"],
        &[],
    ),
    (
        "AcrPush",
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        &[
            "Microsoft.ContainerRegistry/registries/pull/read",
            "Microsoft.ContainerRegistry/registries/push/write",
        ],
        &[],
    ),
    (
        "Container Registry Repository Reader",
        "b93aa761-3e63-49ed-ac28-beffa264f7ac",
        &[],
        &[
            "Microsoft.ContainerRegistry/registries/repositories/content/read",
            "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
        ],
    ),
    (
        "Container Registry Repository Writer",
        "2a1e307c-b015-4ebd-883e-5b7698a07328",
        &[],
        &["Microsoft.ContainerRegistry/registries/repositories/*"],
    ),
    (
        "Container Registry Repository Contributor",
        "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
        &[],
        &["Microsoft.ContainerRegistry/registries/repositories/*"],
    ),
    (
        "Container Registry Repository Catalog Lister",
        "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7",
        &[],
        &["Microsoft.ContainerRegistry/registries/catalog/read"],
    ),
    (
        "Key Vault Secrets User",
        "4633458b-17de-408a-b874-0445c86b69e6",
        &[],
        &[
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
    ),
    (
        "Key Vault Certificate User",
        "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
        &[],
        &[
            "Microsoft.KeyVault/vaults/certificates/read",
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
            "Microsoft.KeyVault/vaults/keys/read",
        ],
    ),
    (
        "Azure Kubernetes Service RBAC Cluster Admin",
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    (
        "Azure Kubernetes Service Cluster User Role",
        "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &[],
    ),
    (
        "Azure Kubernetes Service Cluster Admin Role",
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        &["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"],
        &[],
    ),
    (
        "Disk Snapshot Contributor",
        "7efff54f-a5b4-42b5-a1c5-5411624893ce",
        &["Microsoft.Compute/snapshots/*"],
        &[],
    ),
    // What attaching a disk asks of the disk, and nothing else.
    (
        "Disk Restore Operator",
        "b50d9833-a0cb-478e-945f-707fcc997c13",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Compute/disks/write",
            "Microsoft.Compute/disks/read",
        ],
        &[],
    ),
    (
        "Virtual Machine Contributor",
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        &[
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/write",
        ],
        &[],
    ),
];

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

/// The data actions of the role that an assignment names.
pub(super) fn data_actions(definition: &str) -> &'static [&'static str] {
    let guid = definition.rsplit('/').next().unwrap_or_default();
    ROLES
        .iter()
        .find(|(_, known, ..)| known.eq_ignore_ascii_case(guid))
        .map_or(&[], |(.., data_actions)| data_actions)
}
