//! Vaults in soft delete: below a location, with the tags they had, until they are recovered or purged. That Azure
//! purges them by itself when their time has come is not modelled.

use std::time::Duration;

use http::Method;
use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::{fields, ticks, timestamp};
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::End;
use crate::accept::{self, Answer};
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::{api_versions, list, version};
use crate::context::RequestContext;
use crate::operation::{Operation, Work};

const KIND: &str = "microsoft.keyvault/locations/deletedvaults";
/// In a stored record: the vault as it was. Taken out before it is answered.
const VAULT: &str = "emulatorVault";

/// A deleted vault.
pub(super) struct Record {
    key: String,
    document: Value,
}

impl Record {
    /// The region it lies in.
    pub(super) fn location(&self) -> &str {
        self.document["properties"]["location"]
            .as_str()
            .unwrap_or_default()
    }

    /// The vault as it was, if this was its id: a vault is recovered where it was, as it was.
    pub(super) fn vault_at(&self, key: &str) -> Option<Value> {
        let was = self.document["properties"]["vaultId"].as_str()?;
        was.eq_ignore_ascii_case(key)
            .then(|| self.document[VAULT].clone())
    }

    fn is_protected(&self) -> bool {
        self.document["properties"]["purgeProtectionEnabled"] == true
    }

    fn shown(&self) -> Value {
        let mut document = self.document.clone();
        fields(&mut document).remove(VAULT);
        document
    }
}

fn scope(subscription: &str) -> String {
    format!("/subscriptions/{}", subscription.to_lowercase())
}

/// The deleted vault of this name, in whichever region.
pub(super) fn find(state: &State, subscription: &str, name: &str) -> Option<Record> {
    let ending = format!("/{}", name.to_lowercase());
    state
        .documents
        .of_type(KIND, &scope(subscription), None)
        .find(|(key, _)| key.ends_with(&ending))
        .map(|(key, resource)| Record {
            key: key.to_string(),
            document: resource.document(),
        })
}

/// Keeps a vault that was deleted.
pub(super) fn record(end: &mut End<'_>, vault: &ResourceId, document: &Value) {
    let location = document["location"].as_str().unwrap_or_default();
    let mut id = ResourceId::of_subscription(&vault.subscription).extended(
        "Microsoft.KeyVault",
        "locations",
        location,
    );
    if let Some(provider) = id.providers.last_mut() {
        provider
            .types
            .push(("deletedVaults".to_owned(), vault.name().to_owned()));
    }
    let properties = &document["properties"];
    let days = properties["softDeleteRetentionInDays"].as_u64().unwrap_or(90);
    let purge = end.now + ticks(Duration::from_secs(days * 24 * 3600));
    let mut body = json!({
        "id": id.to_string(),
        "name": vault.name(),
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": vault.to_string(),
            "location": location,
            "tags": document.get("tags").cloned().unwrap_or_else(|| json!({})),
            "deletionDate": seconds(end.now),
            "scheduledPurgeDate": seconds(purge),
        }
    });
    if properties["enablePurgeProtection"] == true {
        body["properties"]["purgeProtectionEnabled"] = true.into();
    }
    body[VAULT] = document.clone();
    end.put(&id, body);
}

/// This provider writes whole seconds.
fn seconds(now: i64) -> String {
    let text = timestamp(now);
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

/// Forgets the deleted vault of this name.
pub(super) fn forget(end: &mut End<'_>, subscription: &str, name: &str) {
    if let Some(record) = find(end.state, subscription, name) {
        end.remove(&record.key);
    }
}

/// `GET /subscriptions/{s}/providers/Microsoft.KeyVault/deletedVaults`.
pub(super) fn list(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    access(cx, &Method::GET, "Microsoft.KeyVault/deletedVaults/read")?;
    let start = list::start(cx.request)?;
    let entries = cx
        .state
        .documents
        .of_type(KIND, &scope(cx.subscription()), start.as_deref());
    list::page(cx, entries, |key, resource| {
        let record = Record {
            key: key.to_owned(),
            document: resource.document(),
        };
        Some(record.shown().to_string())
    })
}

/// `GET …/locations/{location}/deletedVaults/{name}`.
pub(super) fn get(cx: &RequestContext<'_>, location: &str, name: &str) -> ArmResult<Reply> {
    access(
        cx,
        &Method::GET,
        "Microsoft.KeyVault/locations/deletedVaults/read",
    )?;
    Ok(Reply::json(200, &at(cx, location, name)?.shown()))
}

/// `POST …/deletedVaults/{name}/purge`.
pub(super) fn purge(cx: &mut RequestContext<'_>, location: &str, name: &str) -> ArmResult<Reply> {
    let action = "Microsoft.KeyVault/locations/deletedVaults/purge/action";
    access(cx, &Method::POST, action)?;
    let record = at(cx, location, name)?;
    if record.is_protected() {
        return Err(ArmError::new(
            405,
            "MethodNotAllowed",
            "Operation 'DeletedVaultPurge' is not allowed.",
        ));
    }
    let answer = Answer::delete(OperationShape::Location);
    let under_way = cx.state.operations.running_on(&record.key).into_iter().next();
    if let Some(operation) = under_way.and_then(|id| cx.state.operations.get::<Operation>(&id).cloned()) {
        return Ok(accept::reply(cx, operation, &answer));
    }
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/locations/{}/operationResults",
        cx.subscription(),
        record.location()
    );
    let course = cx.course(cx.environment.options.timing.resource);
    let operation = Operation::start(record.key, Work::Delete, path.clone(), path, cx.now, course);
    Ok(accept::reply(cx, operation, &answer))
}

fn at(cx: &RequestContext<'_>, location: &str, name: &str) -> ArmResult<Record> {
    find(cx.state, cx.subscription(), name)
        .filter(|record| {
            crate::arm::providers::find_region(location)
                .is_some_and(|region| region.name == record.location())
        })
        .ok_or_else(|| {
            ArmError::new(
                404,
                "DeletedVaultNotFound",
                format!("The specified deleted vault '{name}' does not exist in location '{location}'."),
            )
        })
}

fn access(cx: &RequestContext<'_>, method: &Method, action: &str) -> ArmResult<()> {
    if cx.request.method != method {
        return Err(ArmError::method(&cx.request.method));
    }
    cx.authorize(
        action,
        &ResourceId::of_subscription(cx.subscription()).to_string(),
    )?;
    let region = &cx.environment.options.region;
    version::supported(
        cx.request,
        "Microsoft.KeyVault",
        "deletedVaults",
        api_versions::VAULTS,
        region,
    )
}
