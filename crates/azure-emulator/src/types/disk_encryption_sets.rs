//! `Microsoft.Compute/diskEncryptionSets`: the customer's key that disks and snapshots are encrypted with.

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::common::{boolean, known, located, object_member, properties, string, tags_patch, word};
use super::{Accepted, ResourceType, TypeInfo, disks, identities, snapshots, vaults};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// The type.
pub(crate) struct DiskEncryptionSets;

/// Lower-cased type of a stored set.
pub(crate) const KIND: &str = "microsoft.compute/diskencryptionsets";
/// Both layers: the platform's key, and the customer's over it.
pub(crate) const DOUBLE: &str = "EncryptionAtRestWithPlatformAndCustomerKeys";
const ENCRYPTION_TYPES: [&str; 3] = [
    "EncryptionAtRestWithCustomerKey",
    DOUBLE,
    "ConfidentialVmEncryptedWithCustomerKey",
];
const CLUSTERS: &str = "microsoft.containerservice/managedclusters";

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.Compute",
    kind: "diskEncryptionSets",
    versions: api_versions::DISK_ENCRYPTION_SETS,
    accepted: Accepted::With202,
    creating: "Updating",
    shape: OperationShape::Both,
    delete_shape: OperationShape::Both,
    status_path: "DiskOperations",
    result_path: "DiskOperations",
};

/// Properties that a client sets; the rest is Azure's, and not taken over.
const OWN: [&str; 8] = [
    "activeKey",
    "encryptionType",
    "rotationToLatestKeyVersionEnabled",
    "federatedClientId",
    "provisioningState",
    "previousKeys",
    "lastKeyRotationTimestamp",
    "autoKeyRotationError",
];

impl ResourceType for DiskEncryptionSets {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        check_name(id.name())?;
        let mut document = located(id, existing, body)?;
        document["identity"] = identity(cx, existing, body)?;
        document["properties"] = settings(cx, existing, &document, &properties(body)?)?;
        Ok(document)
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        let mut document = tags_patch(existing, body)?;
        if body.get("identity").is_some() {
            document["identity"] = identity(cx, Some(existing), body)?;
        }
        let mut whole = existing["properties"].as_object().cloned().unwrap_or_default();
        whole.extend(properties(body)?);
        document["properties"] = settings(cx, Some(existing), &document, &whole)?;
        Ok(document)
    }

    fn check_delete(&self, cx: &RequestContext<'_>, id: &ResourceId, _existing: &Value) -> ArmResult<()> {
        match user_of(cx, id) {
            None => Ok(()),
            Some(user) => Err(ArmError::new(
                409,
                "OperationNotAllowed",
                format!(
                    "Disk encryption set '{}' cannot be deleted: it is used by '{user}'.",
                    id.name()
                ),
            )),
        }
    }
}

fn check_name(name: &str) -> ArmResult<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=80).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(ArmError::invalid_parameter(
        "diskEncryptionSet.name",
        format!(
            "The entity name 'diskEncryptionSet.name' is invalid according to its validation rule: \
             ^[a-zA-Z0-9_-]{{1,80}}$. The name given is '{name}'."
        ),
    ))
}

fn missing(target: &str) -> Box<ArmError> {
    ArmError::invalid_parameter(
        target,
        format!("Required parameter '{target}' is missing (null)."),
    )
}

/// The identity with which it reads its key: there is none without.
fn identity(cx: &RequestContext<'_>, existing: Option<&Value>, body: &Value) -> ArmResult<Value> {
    let sent = object_member(body, "identity")?;
    let there = existing.map(|existing| existing["identity"].clone());
    let (Some(sent), there) = (sent, &there) else {
        return there.ok_or_else(|| missing("diskEncryptionSet.identity"));
    };
    let kinds = ["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"];
    let kind = word(sent, "type", &kinds)?.ok_or_else(|| missing("diskEncryptionSet.identity.type"))?;
    let mut stored = json!({ "type": kind });
    if kind.starts_with("SystemAssigned") {
        let before = there.as_ref().map(|there| &there["principalId"]);
        stored["principalId"] = before
            .filter(|id| id.is_string())
            .cloned()
            .unwrap_or_else(|| Uuid::new_v4().to_string().into());
        stored["tenantId"] = cx.environment.identity.tenant_id.clone().into();
    }
    if kind.ends_with("UserAssigned") {
        stored["userAssignedIdentities"] = user_assigned(cx, sent)?;
    }
    Ok(stored)
}

fn user_assigned(cx: &RequestContext<'_>, sent: &Map<String, Value>) -> ArmResult<Value> {
    let target = "diskEncryptionSet.identity.userAssignedIdentities";
    let ids = sent.get("userAssignedIdentities").and_then(Value::as_object);
    let ids = ids.filter(|ids| !ids.is_empty()).ok_or_else(|| missing(target))?;
    let mut stored = json!({});
    for id in ids.keys() {
        let found = ResourceId::parse(id)
            .filter(|id| id.kind().eq_ignore_ascii_case(identities::KIND))
            .and_then(|id| cx.state.documents.document(&id.key()))
            .ok_or_else(|| {
                ArmError::new(
                    400,
                    "FailedIdentityOperation",
                    format!("Identity operation for resource failed: the identity '{id}' was not found."),
                )
            })?;
        let of = &found["properties"];
        stored[id] = json!({ "principalId": of["principalId"], "clientId": of["clientId"] });
    }
    Ok(stored)
}

fn settings(
    cx: &RequestContext<'_>,
    existing: Option<&Value>,
    document: &Value,
    sent: &Map<String, Value>,
) -> ArmResult<Value> {
    known(sent, "EncryptionSetProperties", &OWN)?;
    let old = existing.map(|existing| &existing["properties"]);
    let kind = word(sent, "encryptionType", &ENCRYPTION_TYPES)?;
    let kind = kind
        .or_else(|| old?["encryptionType"].as_str())
        .unwrap_or(ENCRYPTION_TYPES[0]);
    let key = active_key(cx, document, sent)?;
    let unchanged = old.filter(|old| old["activeKey"] == key);
    let rotated = unchanged.map_or_else(
        || timestamp(cx.now).into(),
        |old| old["lastKeyRotationTimestamp"].clone(),
    );
    let mut stored = json!({
        "activeKey": key,
        "encryptionType": kind,
        "rotationToLatestKeyVersionEnabled":
            boolean(sent, "rotationToLatestKeyVersionEnabled")?.unwrap_or(false),
        "lastKeyRotationTimestamp": rotated,
    });
    if let Some(client) = string(sent, "federatedClientId")?.filter(|client| *client != "None") {
        stored["federatedClientId"] = client.into();
    }
    Ok(stored)
}

/// The key: a full URL, version included, and where a vault is named one of the same subscription and region.
fn active_key(cx: &RequestContext<'_>, document: &Value, sent: &Map<String, Value>) -> ArmResult<Value> {
    let whole = Value::Object(sent.clone());
    let key = object_member(&whole, "activeKey")?.ok_or_else(|| missing("diskEncryptionSet.activeKey"))?;
    let url = string(key, "keyUrl")?.ok_or_else(|| missing("diskEncryptionSet.activeKey.keyUrl"))?;
    let path = url.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
    let parts: Vec<&str> = path.map_or_else(Vec::new, |(_, path)| path.split('/').collect());
    if !matches!(parts.as_slice(), ["keys", name, version] if !name.is_empty() && !version.is_empty()) {
        return Err(ArmError::invalid_parameter(
            "diskEncryptionSet.activeKey.keyUrl",
            format!("The key URL '{url}' is invalid: https://<vault>/keys/<name>/<version> is expected."),
        ));
    }
    let Some(vault) = object_member(&Value::Object(key.clone()), "sourceVault")?.cloned() else {
        return Ok(json!({ "keyUrl": url }));
    };
    let id = string(&vault, "id")?.ok_or_else(|| missing("diskEncryptionSet.activeKey.sourceVault.id"))?;
    let refuse = |why: &str| {
        ArmError::invalid_parameter(
            "diskEncryptionSet.activeKey.sourceVault.id",
            format!("The key vault '{id}' {why}."),
        )
    };
    let found = ResourceId::parse(id)
        .filter(|id| id.kind().eq_ignore_ascii_case(vaults::KIND))
        .and_then(|id| cx.state.documents.document(&id.key()))
        .ok_or_else(|| refuse("was not found"))?;
    if found["location"] != document["location"] {
        return Err(refuse("must be in the same location as the disk encryption set"));
    }
    if found["properties"]["enablePurgeProtection"] != true {
        return Err(refuse("must have purge protection enabled"));
    }
    Ok(json!({ "keyUrl": url, "sourceVault": { "id": id } }))
}

/// `encryption` of a disk or snapshot: the platform's key, or a set of the same subscription and region.
///
/// `inherited` is the set of the disk that a snapshot is taken from: both have the same
/// (virtual-machines-managed-disks-customer-managed-keys-restrictions.md).
pub(crate) fn encryption(
    cx: &RequestContext<'_>,
    what: &str,
    location: &str,
    properties: &Map<String, Value>,
    inherited: Option<&Value>,
) -> ArmResult<Value> {
    const PLATFORM: &str = "EncryptionAtRestWithPlatformKey";
    let whole = Value::Object(properties.clone());
    let empty = Map::new();
    let sent = object_member(&whole, "encryption")?.unwrap_or(&empty);
    known(sent, "Encryption", &["type", "diskEncryptionSetId"])?;
    let target = format!("{what}.encryption.diskEncryptionSetId");
    let refuse = |why: String| ArmError::invalid_parameter(&target, why);
    let kind = word(sent, "type", &[PLATFORM, ENCRYPTION_TYPES[0], DOUBLE])?;
    let from = inherited.and_then(Value::as_str);
    let Some(set) = string(sent, "diskEncryptionSetId")?.or(from) else {
        return match kind.filter(|kind| *kind != PLATFORM) {
            None => Ok(json!({ "type": PLATFORM })),
            Some(kind) => Err(refuse(format!(
                "'{target}' is required for encryption type '{kind}'."
            ))),
        };
    };
    let id = ResourceId::parse(set)
        .filter(|id| id.kind().eq_ignore_ascii_case(KIND))
        .ok_or_else(|| refuse(format!("'{set}' is not the id of a disk encryption set.")))?;
    let found = cx
        .state
        .documents
        .document(&id.key())
        .ok_or_else(|| ArmError::resource_not_found(&id))?;
    if !id.subscription.eq_ignore_ascii_case(cx.subscription()) || found["location"] != location {
        return Err(refuse(format!(
            "The disk encryption set '{id}' must be in the same subscription and location as the {what}."
        )));
    }
    let its = found["properties"]["encryptionType"].as_str().unwrap_or_default();
    if kind.is_some_and(|kind| kind != its) || !ENCRYPTION_TYPES[..2].contains(&its) {
        return Err(refuse(format!(
            "The encryption type '{}' is not that of the disk encryption set '{id}', which is '{its}'.",
            kind.unwrap_or(its)
        )));
    }
    if from.is_some_and(|from| !from.eq_ignore_ascii_case(set)) {
        return Err(refuse(format!(
            "A {what} must have the disk encryption set of its source, '{}'.",
            from.unwrap_or_default()
        )));
    }
    Ok(json!({ "type": its, "diskEncryptionSetId": set }))
}

/// The disk, snapshot or cluster that is encrypted with it, if any.
fn user_of(cx: &RequestContext<'_>, id: &ResourceId) -> Option<String> {
    let scope = format!("/subscriptions/{}", id.subscription.to_lowercase());
    let is = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case(&id.to_string()))
    };
    [disks::KIND, snapshots::KIND, CLUSTERS]
        .into_iter()
        .find_map(|kind| {
            let resources = cx.state.documents.of_type(kind, &scope, None);
            let documents = resources.map(|(_, resource)| resource.document());
            let user = documents.filter(|document| {
                let properties = &document["properties"];
                is(&properties["encryption"]["diskEncryptionSetId"]) || is(&properties["diskEncryptionSetID"])
            });
            user.filter_map(|document| document["id"].as_str().map(str::to_owned))
                .next()
        })
}
