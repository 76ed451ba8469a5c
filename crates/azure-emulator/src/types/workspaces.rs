//! `Microsoft.OperationalInsights/workspaces`. Azure keeps a deleted workspace for two weeks and brings it back under
//! its old name; here it is gone.

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::common::{integer, known, located, object_member, properties, word};
use super::{Accepted, ResourceType, TypeInfo};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// The type.
pub(crate) struct Workspaces;

/// Lower-cased type of a stored workspace.
pub(crate) const KIND: &str = "microsoft.operationalinsights/workspaces";

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.OperationalInsights",
    kind: "workspaces",
    versions: api_versions::WORKSPACES,
    accepted: Accepted::With201,
    creating: "Creating",
    shape: OperationShape::Body,
    delete_shape: OperationShape::Location,
    status_path: "operationStatuses",
    result_path: "operationresults",
};

const SKUS: [&str; 4] = ["PerGB2018", "Standalone", "CapacityReservation", "LACluster"];

impl ResourceType for Workspaces {
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
        document["properties"] = settings(cx, existing, &properties(body)?)?;
        Ok(document)
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        let mut whole = existing["properties"].as_object().cloned().unwrap_or_default();
        whole.extend(properties(body)?);
        let mut document = super::common::tags_patch(existing, body)?;
        document["properties"] = settings(cx, Some(existing), &whole)?;
        Ok(document)
    }
}

fn settings(
    cx: &RequestContext<'_>,
    existing: Option<&Value>,
    sent: &Map<String, Value>,
) -> ArmResult<Value> {
    known(
        sent,
        "WorkspaceProperties",
        &[
            "sku",
            "retentionInDays",
            "features",
            "workspaceCapping",
            "publicNetworkAccessForIngestion",
            "publicNetworkAccessForQuery",
            "forceCmkForQuery",
            "defaultDataCollectionRuleResourceId",
            "customerId",
            "provisioningState",
            "createdDate",
            "modifiedDate",
        ],
    )?;
    let old = |name: &str| existing.map(|existing| existing["properties"][name].clone());
    let empty = Map::new();
    let sku = match sent.get("sku") {
        None => "PerGB2018",
        Some(Value::Object(sku)) => word(sku, "name", &SKUS)?.unwrap_or("PerGB2018"),
        Some(_) => return Err(ArmError::content("'sku' must be an object")),
    };
    let days = integer(sent, "retentionInDays")?.unwrap_or(30);
    if !(30..=730).contains(&days) && days != 7 {
        return Err(ArmError::new(
            400,
            "BadRequest",
            format!(
                "'RetentionInDays' property doesn't match the SKU limits: {days} is not between 30 and 730."
            ),
        ));
    }
    let sent_value = Value::Object(sent.clone());
    let asked = object_member(&sent_value, "features")?.unwrap_or(&empty);
    let mut features =
        json!({ "legacy": 0, "searchVersion": 1, "enableLogAccessUsingOnlyResourcePermissions": true });
    for (name, value) in asked {
        features[name] = value.clone();
    }
    let mut stored = json!({
        "customerId": old("customerId").unwrap_or_else(|| Uuid::new_v4().to_string().into()),
        "sku": { "name": sku, "lastSkuUpdate": timestamp(cx.now) },
        "retentionInDays": days,
        "features": features,
        "workspaceCapping": { "dailyQuotaGb": -1.0, "dataIngestionStatus": "RespectQuota" },
        "createdDate": old("createdDate").unwrap_or_else(|| timestamp(cx.now).into()),
        "modifiedDate": timestamp(cx.now),
    });
    if let Some(capping) = object_member(&sent_value, "workspaceCapping")? {
        for (name, value) in capping {
            stored["workspaceCapping"][name] = value.clone();
        }
    }
    for name in ["publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"] {
        let access = word(sent, name, &["Enabled", "Disabled", "SecuredByPerimeter"])?;
        stored[name] = access.unwrap_or("Enabled").into();
    }
    for name in ["forceCmkForQuery", "defaultDataCollectionRuleResourceId"] {
        if let Some(value) = sent.get(name) {
            stored[name] = value.clone();
        }
    }
    Ok(stored)
}

fn check_name(name: &str) -> ArmResult<()> {
    let outer = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if (4..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && outer(name.chars().next())
        && outer(name.chars().next_back())
    {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "InvalidResourceName",
        format!(
            "The workspace name '{name}' is invalid: 4 to 63 letters, digits and '-', and no '-' at the beginning or end."
        ),
    ))
}

/// A workspace that another resource names by id.
pub(super) fn find(cx: &RequestContext<'_>, id: &str) -> Option<ResourceId> {
    let id = ResourceId::parse(id)?;
    cx.state
        .documents
        .get(&id.key())
        .is_some_and(|resource| &*resource.kind == KIND)
        .then_some(id)
}
