//! `Microsoft.ContainerService/managedClusters/agentPools`: the cluster's pools, each a resource of its own.

use std::time::Duration;

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::set_property;
use serde_json::{Value, json};

use super::pools::{self, Place};
use super::{check_etag, check_idle, products, refusal, stored_pools};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;
use crate::options::Timing;
use crate::types::{Accepted, Acted, End, LongAction, ResourceType, TypeInfo, common};

/// The type.
pub(crate) struct AgentPools;

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.ContainerService",
    kind: "managedClusters/agentPools",
    versions: api_versions::AGENT_POOLS,
    accepted: Accepted::With201,
    creating: "Creating",
    shape: OperationShape::AzureAsyncOperation,
    delete_shape: OperationShape::Both,
    status_path: "operations",
    result_path: "operationresults",
};

/// `POST …/upgradeNodeImageVersion`, in lower case.
const UPGRADE_NODE_IMAGE: &str = "upgradenodeimageversion";

/// The cluster of a pool.
fn cluster_of(cx: &RequestContext<'_>, id: &ResourceId) -> ArmResult<(String, Value)> {
    let parent = id.parent().ok_or_else(|| ArmError::not_found(&cx.request.path))?;
    let key = parent.key();
    let cluster = cx
        .state
        .documents
        .document(&key)
        .ok_or_else(|| ArmError::resource_not_found(&parent))?;
    Ok((key, cluster))
}

impl ResourceType for AgentPools {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn duration(&self, timing: &Timing) -> Duration {
        timing.cluster
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        check_etag(cx, existing.map(|pool| &pool["properties"]["eTag"]))?;
        let (key, cluster) = cluster_of(cx, id)?;
        check_idle(cx.state, &key)?;
        check_running(&cluster)?;
        let sent = common::object_member(body, "properties")?
            .cloned()
            .unwrap_or_default();
        let place = Place::of(cx.state, &cluster, "properties")?;
        let there = existing.and_then(|pool| pool["properties"].as_object());
        let properties = pools::desired(&place, id.name(), there, &sent)?;
        if there.is_some() && properties.get("mode").and_then(Value::as_str) == Some("User") {
            check_system(cx, &key, id.name())?;
        }
        let before: Vec<Value> = existing.iter().map(|pool| pool["properties"].clone()).collect();
        let properties = Value::Object(properties);
        let region = cluster["location"].as_str().unwrap_or_default();
        pools::check_quota(cx, region, &before, std::slice::from_ref(&properties))?;
        Ok(json!({ "properties": properties }))
    }

    fn action(
        &self,
        cx: &mut RequestContext<'_>,
        id: &ResourceId,
        _existing: &Value,
        action: &str,
    ) -> ArmResult<Acted> {
        if action != UPGRADE_NODE_IMAGE {
            return Ok(Acted::Unknown);
        }
        let (key, cluster) = cluster_of(cx, id)?;
        check_idle(cx.state, &key)?;
        check_running(&cluster)?;
        Ok(Acted::Started(LongAction {
            input: json!({}),
            transient: Some("UpgradingNodeImageVersion"),
        }))
    }

    /// Each node is drained and gets the newest image, with all that its cluster's configuration says by now.
    fn acted(
        &self,
        end: &mut End<'_>,
        id: &ResourceId,
        _action: &str,
        _input: &Value,
    ) -> ArmResult<Option<Value>> {
        let missing = || ArmError::resource_not_found(id);
        let mut pool = end.state.documents.document(&id.key()).ok_or_else(missing)?;
        set_property(&mut pool, "nodeImageVersion", pools::NODE_IMAGE);
        end.state
            .documents
            .put(&id.key(), stored_pools::KIND, &pool, end.now);
        if let Some(cluster) = id.parent() {
            products::renew_scale_set(end, &cluster, &pool);
        }
        set_property(&mut pool, "provisioningState", "Succeeded");
        Ok(Some(pool))
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        _id: &ResourceId,
        _existing: &Value,
        _body: &Value,
    ) -> ArmResult<Value> {
        Err(ArmError::method(&cx.request.method))
    }

    fn check_delete(&self, cx: &RequestContext<'_>, id: &ResourceId, existing: &Value) -> ArmResult<()> {
        check_etag(cx, Some(&existing["properties"]["eTag"]))?;
        let (key, _) = cluster_of(cx, id)?;
        // Whoever asks for the same deletion again waits for it.
        if existing["properties"]["provisioningState"].as_str() != Some("Deleting") {
            check_idle(cx.state, &key)?;
        }
        check_system(cx, &key, id.name())
    }

    fn settled(&self, end: &mut End<'_>, id: &ResourceId, document: &Value, _created: bool) {
        if let Some(cluster) = id.parent() {
            products::make_scale_set(end, &cluster, document);
        }
    }

    fn deleted(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value) {
        // With its cluster it goes after the cluster's own record; then the whole node group goes.
        if let Some(cluster) = id.parent() {
            products::remove_scale_set(end, &cluster, id.name());
        }
    }
}

fn check_running(cluster: &Value) -> ArmResult<()> {
    if cluster["properties"]["powerState"]["code"].as_str() != Some("Stopped") {
        return Ok(());
    }
    Err(refusal(
        400,
        "OperationNotAllowed",
        "managed cluster is in Stopped state, no operations except Start and Delete are allowed.",
    ))
}

/// One pool for the system has to stay.
fn check_system(cx: &RequestContext<'_>, cluster: &str, without: &str) -> ArmResult<()> {
    let others = stored_pools::profiles(cx.state, cluster)
        .into_iter()
        .filter(|pool| pool["name"].as_str() != Some(without))
        .any(|pool| pool["mode"] == "System");
    if others {
        return Ok(());
    }
    Err(refusal(
        400,
        "OperationNotAllowed",
        "There has to be at least one system agent pool.",
    ))
}
