//! `Microsoft.KeyVault/vaults`: deleted softly, always; the name stays taken until the deleted vault is purged.

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::reply::Reply;
use serde_json::{Map, Value, json};

use super::common::{boolean, integer, known, located, properties, string, taken_by, word};
use super::deleted_vaults as deleted;
use super::{Accepted, End, Path, ResourceType, TypeInfo, names};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// The type.
pub(crate) struct Vaults;

/// Lower-cased type of a stored vault.
pub(crate) const KIND: &str = "microsoft.keyvault/vaults";
/// Below which host its name is public.
const HOST: &str = "vault.azure.net";
/// From here on a vault without a word about it is authorized by roles.
const RBAC_BY_DEFAULT: &str = "2026-02-01";

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.KeyVault",
    kind: "vaults",
    versions: api_versions::VAULTS,
    accepted: Accepted::With201,
    creating: "RegisteringDns",
    shape: OperationShape::Body,
    delete_shape: OperationShape::Synchronous,
    status_path: "operationResults",
    result_path: "operationResults",
};

const SETTABLE: [&str; 8] = [
    "sku",
    "tenantId",
    "accessPolicies",
    "enabledForDeployment",
    "enabledForDiskEncryption",
    "enabledForTemplateDeployment",
    "networkAcls",
    "publicNetworkAccess",
];
/// Known besides: with rules of their own, or read-only and therefore not taken over.
const OTHERS: [&str; 9] = [
    "enableSoftDelete",
    "softDeleteRetentionInDays",
    "enablePurgeProtection",
    "enableRbacAuthorization",
    "createMode",
    "vaultUri",
    "hsmPoolResourceId",
    "provisioningState",
    "privateEndpointConnections",
];

impl ResourceType for Vaults {
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
        let sent = properties(body)?;
        check_known(&sent)?;
        let recovers = word(&sent, "createMode", &["default", "recover"])? == Some("recover");
        if existing.is_none() {
            check_free(cx, id)?;
            let softly = deleted::find(cx.state, cx.subscription(), id.name());
            if recovers {
                return softly
                    .filter(|record| record.location() == document["location"].as_str().unwrap_or_default())
                    .and_then(|record| record.vault_at(&id.key()))
                    .ok_or_else(no_such_deleted);
            }
            if softly.is_some() {
                return Err(deleted_conflict());
            }
        }
        let policies = sent.contains_key("accessPolicies");
        let stored = settings(cx, id, existing, &sent)?;
        if !policies && stored["enableRbacAuthorization"] != true {
            return Err(bad("The parameter accessPolicies is not specified."));
        }
        document["properties"] = stored;
        Ok(document)
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        let sent = properties(body)?;
        check_known(&sent)?;
        let mut whole = existing["properties"].as_object().cloned().unwrap_or_default();
        whole.extend(sent);
        let mut document = super::common::tags_patch(existing, body)?;
        document["properties"] = settings(cx, id, Some(existing), &whole)?;
        Ok(document)
    }

    fn accepted(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value, created: bool) {
        // A recovered vault is no deleted one any more.
        if created {
            deleted::forget(end, &id.subscription, id.name());
        }
    }

    fn deleted(&self, end: &mut End<'_>, id: &ResourceId, document: &Value) {
        deleted::record(end, id, document);
    }

    fn route(&self, cx: &mut RequestContext<'_>, path: &Path<'_>) -> Option<ArmResult<Reply>> {
        if !path.is_in_subscription() {
            return None;
        }
        match path.lower {
            ["checknameavailability"] => Some(check_availability(cx)),
            ["deletedvaults"] => Some(deleted::list(cx)),
            ["locations", _, "deletedvaults", _] => Some(deleted::get(cx, path.rest[1], path.rest[3])),
            ["locations", _, "deletedvaults", _, "purge"] => {
                Some(deleted::purge(cx, path.rest[1], path.rest[3]))
            }
            _ => None,
        }
    }
}

fn check_known(sent: &Map<String, Value>) -> ArmResult<()> {
    let all: Vec<&str> = SETTABLE.into_iter().chain(OTHERS).collect();
    known(sent, "VaultProperties", &all)
}

/// `properties` as stored: what is sent, and what Azure keeps or makes.
fn settings(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    existing: Option<&Value>,
    sent: &Map<String, Value>,
) -> ArmResult<Value> {
    let old = |name: &str| {
        existing
            .and_then(|existing| existing["properties"].get(name))
            .cloned()
    };
    check_required(sent)?;
    let mut stored = Map::new();
    for name in SETTABLE {
        if let Some(value) = sent.get(name) {
            stored.insert(name.to_owned(), value.clone());
        }
    }
    for (name, default) in [
        ("accessPolicies", json!([])),
        ("enabledForDeployment", json!(false)),
        ("publicNetworkAccess", json!("Enabled")),
    ] {
        stored.entry(name).or_insert(default);
    }
    let by_default = cx
        .request
        .query("api-version")
        .is_some_and(|version| version >= RBAC_BY_DEFAULT);
    let rbac = boolean(sent, "enableRbacAuthorization")?;
    stored.insert(
        "enableRbacAuthorization".to_owned(),
        rbac.map(Value::from)
            .or_else(|| old("enableRbacAuthorization"))
            .unwrap_or_else(|| by_default.into()),
    );
    stored.insert("enableSoftDelete".to_owned(), true.into());
    stored.insert(
        "softDeleteRetentionInDays".to_owned(),
        retention(&old, sent)?.into(),
    );
    // Off is said by saying nothing: `false` is refused, for a new vault too.
    if boolean(sent, "enablePurgeProtection")? == Some(true) || old("enablePurgeProtection").is_some() {
        stored.insert("enablePurgeProtection".to_owned(), true.into());
    }
    stored.insert(
        "vaultUri".to_owned(),
        format!("https://{}.{HOST}/", id.name().to_lowercase()).into(),
    );
    Ok(Value::Object(stored))
}

fn check_required(sent: &Map<String, Value>) -> ArmResult<()> {
    let tenant = string(sent, "tenantId")?.ok_or_else(|| bad("The parameter tenantId is not specified."))?;
    if uuid::Uuid::try_parse(tenant).is_err() {
        return Err(bad("An invalid value was provided for 'tenantId'."));
    }
    let sku = sent
        .get("sku")
        .and_then(Value::as_object)
        .ok_or_else(|| bad("The parameter sku is not specified."))?;
    if word(sku, "family", &["A"])?.is_none() || word(sku, "name", &["standard", "premium"])?.is_none() {
        return Err(bad("The parameter sku must have a family and a name."));
    }
    if boolean(sent, "enableSoftDelete")? == Some(false) {
        return Err(bad(
            "The property \"enableSoftDelete\" cannot be set to false. Enabling the soft delete for a vault is an \
             irreversible action.",
        ));
    }
    if boolean(sent, "enablePurgeProtection")? == Some(false) {
        return Err(bad(
            "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge protection for a vault \
             is an irreversible action.",
        ));
    }
    Ok(())
}

fn retention(old: &impl Fn(&str) -> Option<Value>, sent: &Map<String, Value>) -> ArmResult<i64> {
    const NAME: &str = "softDeleteRetentionInDays";
    let asked = integer(sent, NAME)?;
    match (old(NAME).and_then(|days| days.as_i64()), asked) {
        (Some(old), Some(asked)) if old != asked => Err(bad(
            "The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.",
        )),
        (Some(old), _) => Ok(old),
        (None, None) => Ok(90),
        (None, Some(days)) if (7..=90).contains(&days) => Ok(days),
        (None, Some(_)) => Err(bad(
            "The property \"softDeleteRetentionInDays\" must be a value between 7 and 90.",
        )),
    }
}

fn bad(message: &str) -> Box<ArmError> {
    ArmError::new(400, "BadRequest", message)
}

fn check_name(name: &str) -> ArmResult<()> {
    if is_name(name) {
        return Ok(());
    }
    Err(ArmError::new(400, "VaultNameNotValid", name_rule(name)))
}

fn is_name(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !name.contains("--")
}

fn name_rule(name: &str) -> String {
    format!(
        "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must \
         begin with a letter, end with a letter or digit, and not contain consecutive hyphens."
    )
}

/// 409 for a name that a vault in another group, or another tenant's, has.
fn check_free(cx: &RequestContext<'_>, id: &ResourceId) -> ArmResult<()> {
    if taken_by(cx, KIND, id).is_some() || names::is_held(cx.state, id.name(), HOST) {
        return Err(ArmError::new(409, "VaultAlreadyExists", in_use(id.name())));
    }
    Ok(())
}

fn in_use(name: &str) -> String {
    format!(
        "The vault name '{name}' is already in use. Vault names are globaly unique so it is possible that the name is \
         already taken. If you are sure that the vault name was not taken then it is possible that a vault with the \
         same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a \
         recoverable state then the vault will need to be purged before reusing the name. For more information on soft \
         delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740."
    )
}

fn deleted_conflict() -> Box<ArmError> {
    ArmError::new(
        409,
        "ConflictError",
        "A vault with the same name already exists in deleted state. You need to either recover or purge existing key \
         vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
    )
}

fn no_such_deleted() -> Box<ArmError> {
    ArmError::new(
        400,
        "SoftDeletedVaultDoesNotExist",
        "A soft deleted vault with the given name does not exist. Ensure that the name for the vault that is being \
         attempted to recover is in a recoverable state. For more information on soft delete please follow this link \
         https://go.microsoft.com/fwlink/?linkid=2149745",
    )
}

/// `POST …/checkNameAvailability`.
fn check_availability(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    let action = "Microsoft.KeyVault/checkNameAvailability/read";
    let name = names::asked(cx, &INFO, action)?;
    let id = ResourceId::of_subscription(cx.subscription()).extended("Microsoft.KeyVault", "vaults", &name);
    let answer = if !is_name(&name) {
        names::unavailable("AccountNameInvalid", &name_rule(&name))
    } else if check_free(cx, &id).is_err() || deleted::find(cx.state, cx.subscription(), &name).is_some() {
        names::unavailable("AlreadyExists", &in_use(&name))
    } else {
        json!({ "nameAvailable": true })
    };
    Ok(Reply::json(200, &answer))
}
