//! `Microsoft.ContainerService/managedClusters`: stored as sent, agent pools and all.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Accepted, ResourceType, TypeInfo, common};
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::Cx;
use crate::faults::OperationShape;
use crate::options::Timing;

/// The type.
pub(crate) struct ManagedClusters;

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.ContainerService",
    kind: "managedClusters",
    versions: &[
        "2026-08-01",
        "2026-06-01",
        "2025-05-01",
        "2024-09-01",
        "2023-10-01",
        "2022-01-01",
    ],
    accepted: Accepted::With201,
    creating: "Creating",
    shape: OperationShape::AzureAsyncOperation,
    delete_shape: OperationShape::Both,
    status_path: "operations",
    result_path: "operationresults",
};

impl ResourceType for ManagedClusters {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn duration(&self, timing: &Timing) -> Duration {
        timing.cluster
    }

    fn put(&self, cx: &Cx<'_>, id: &ResourceId, existing: Option<&Value>, body: &Value) -> ArmResult<Value> {
        check_name(id.name())?;
        let mut document = common::plain_put(cx, id, existing, body)?;
        let group = id.group.as_deref().unwrap_or_default();
        let location = document["location"].as_str().unwrap_or_default().to_owned();
        let properties = crate::json::object(&mut document, "properties");
        properties
            .entry("nodeResourceGroup")
            .or_insert_with(|| format!("MC_{group}_{}_{location}", id.name()).into());
        properties
            .entry("powerState")
            .or_insert_with(|| json!({ "code": "Running" }));
        let uid = existing.map_or_else(
            || Value::from(uuid::Uuid::new_v4().simple().to_string()),
            |existing| existing["properties"]["resourceUID"].clone(),
        );
        properties.insert("resourceUID".to_owned(), uid);
        Ok(document)
    }

    fn patch(&self, _cx: &Cx<'_>, _id: &ResourceId, existing: &Value, body: &Value) -> ArmResult<Value> {
        common::tags_patch(existing, body)
    }
}

fn check_name(name: &str) -> ArmResult<()> {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let outer = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if name.len() <= 63
        && name.chars().all(inner)
        && outer(name.chars().next())
        && outer(name.chars().next_back())
    {
        return Ok(());
    }
    Err(ArmError::invalid_parameter(
        "resourceName",
        format!("The value of parameter resourceName is invalid: '{name}'."),
    ))
}
