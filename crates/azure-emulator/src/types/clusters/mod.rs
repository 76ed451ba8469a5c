//! `Microsoft.ContainerService/managedClusters`: the cluster, its node pools, what it brings along, its credentials.

mod agent_pools;
mod checks;
mod credentials;
mod dataplane;
mod desired;
mod egress;
mod facts;
mod maintenance;
pub(crate) mod owner;
mod pools;
mod products;
mod stored_pools;
mod upgrades;
mod versions;

use std::time::Duration;

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::{set_property, timestamp_seconds};
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::{Accepted, Acted, End, LongAction, Path, ResourceType, TypeInfo, common};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::{Environment, RequestContext};
use crate::operation::Operation;
use crate::operation::Work;
use crate::options::Timing;
use stored_pools::KIND as POOLS;

pub(crate) use agent_pools::AgentPools;
pub(crate) use maintenance::MaintenanceConfigurations;
pub(crate) use stored_pools::{keys as pools_of, scale};

/// The type.
pub(crate) struct ManagedClusters;

/// Lower-cased type of a stored cluster.
pub(crate) const KIND: &str = "microsoft.containerservice/managedclusters";

static INFO: TypeInfo = TypeInfo {
    namespace: "Microsoft.ContainerService",
    kind: "managedClusters",
    versions: api_versions::MANAGED_CLUSTERS,
    accepted: Accepted::With201,
    creating: "Creating",
    shape: OperationShape::AzureAsyncOperation,
    delete_shape: OperationShape::Both,
    status_path: "operations",
    result_path: "operationresults",
};

/// A refusal in the shape of AKS: it has no envelope.
fn refusal(status: u16, code: &str, message: impl Into<String>) -> Box<ArmError> {
    ArmError::new(status, code, message).bare()
}

impl ResourceType for ManagedClusters {
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
        check_name(id.name())?;
        check_etag(cx, existing.map(|cluster| &cluster["eTag"]))?;
        if existing.is_some() {
            check_idle(cx.state, &id.key())?;
        }
        desired::cluster(cx, id, existing, body)
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        check_etag(cx, Some(&existing["eTag"]))?;
        check_idle(cx.state, &id.key())?;
        let mut document = common::tags_patch(existing, body)?;
        document["eTag"] = new_etag();
        set_property(
            &mut document,
            "agentPoolProfiles",
            stored_pools::profiles(cx.state, &id.key()),
        );
        Ok(document)
    }

    fn check_delete(&self, cx: &RequestContext<'_>, _id: &ResourceId, existing: &Value) -> ArmResult<()> {
        check_etag(cx, Some(&existing["eTag"]))?;
        products::check_delete(cx, existing)
    }

    fn accepted(&self, end: &mut End<'_>, id: &ResourceId, document: &Value, created: bool) {
        if created {
            products::make_group(end, id, document);
            stored_pools::make(end, id, document);
        } else {
            stored_pools::set_states(end, &id.key(), "Updating");
        }
    }

    fn settled(&self, end: &mut End<'_>, id: &ResourceId, document: &Value, _created: bool) {
        stored_pools::take(end, id, document);
        products::make(end, id, document);
        if let Some(cluster) = owner::described(&current(end.state, document)) {
            kompox_kubernetes_emulator::open(&mut end.state.documents, &id.key(), &cluster, end.now);
        }
    }

    fn failed(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value, created: bool) {
        stored_pools::set_states(end, &id.key(), if created { "Failed" } else { "Succeeded" });
    }

    fn deleted(&self, end: &mut End<'_>, _id: &ResourceId, document: &Value) {
        if let Some(cluster) = owner::described(document) {
            kompox_kubernetes_emulator::close(&mut end.state.documents, &cluster);
        }
        products::remove(end, document);
    }

    fn action(
        &self,
        cx: &mut RequestContext<'_>,
        id: &ResourceId,
        existing: &Value,
        action: &str,
    ) -> ArmResult<Acted> {
        let running = existing["properties"]["powerState"]["code"].as_str() != Some("Stopped");
        let transient = match action {
            "listclusteradmincredential" => return credentials::admin(cx, id, existing).map(Acted::Done),
            "listclusterusercredential" => return credentials::user(cx, id, existing).map(Acted::Done),
            "start" => "Starting",
            "stop" => "Stopping",
            _ => return Ok(Acted::Unknown),
        };
        check_idle(cx.state, &id.key())?;
        // Asking for what is so already is no error, and still an operation.
        let changes = running == (action == "stop");
        Ok(Acted::Started(LongAction {
            input: json!({}),
            transient: changes.then_some(transient),
        }))
    }

    fn acted(
        &self,
        end: &mut End<'_>,
        id: &ResourceId,
        action: &str,
        _input: &Value,
    ) -> ArmResult<Option<Value>> {
        let power = if action == "start" { "Running" } else { "Stopped" };
        stored_pools::set_power(end, &id.key(), power);
        Ok(None)
    }

    fn route(&self, cx: &mut RequestContext<'_>, path: &Path<'_>) -> Option<ArmResult<Reply>> {
        match path.lower {
            ["locations", _, "kubernetesversions"] if path.is_in_subscription() => {
                Some(versions::list(cx, path.rest[1]))
            }
            ["managedclusters", _, "outboundnetworkdependenciesendpoints"] if path.scope.group.is_some() => {
                let id = path.scope.extended(INFO.namespace, INFO.kind, path.rest[1]);
                Some(egress::list(cx, &id))
            }
            _ => None,
        }
    }

    fn is_computed(&self) -> bool {
        true
    }

    /// The pools are resources of their own; here they read as they are by now.
    fn project(&self, state: &State, _world: &Environment, _now: i64, key: &str, document: &mut Value) {
        let pools = stored_pools::profiles(state, key);
        if !pools.is_empty() {
            set_property(document, "agentPoolProfiles", pools);
        }
    }
}

/// A cluster with its pools as they are by now.
fn current(state: &State, document: &Value) -> Value {
    let mut document = document.clone();
    let key = document["id"].as_str().unwrap_or_default().to_lowercase();
    set_property(
        &mut document,
        "agentPoolProfiles",
        stored_pools::profiles(state, &key),
    );
    document
}

fn new_etag() -> Value {
    uuid::Uuid::new_v4().to_string().into()
}

/// `If-Match` and `If-None-Match`, which clusters and pools know.
fn check_etag(cx: &RequestContext<'_>, there: Option<&Value>) -> ArmResult<()> {
    let tag = |name: &str| {
        cx.request
            .header(name)
            .map(|tag| tag.trim_matches('"').to_owned())
    };
    let there = there.map(|tag| tag.as_str().unwrap_or_default());
    let met = tag("if-match").is_none_or(|wanted| match there {
        None => false,
        Some(there) => wanted == "*" || wanted == there,
    });
    let unmet = tag("if-none-match")
        .is_some_and(|unwanted| there.is_some_and(|there| unwanted == "*" || unwanted == there));
    if met && !unmet {
        return Ok(());
    }
    Err(refusal(
        412,
        "EtagMismatch",
        "The etag of the request does not match that of the resource.",
    ))
}

/// 409 while another operation is under way on a cluster or one of its pools.
fn check_idle(state: &State, cluster: &str) -> ArmResult<()> {
    let pools = state
        .documents
        .of_type(POOLS, cluster, None)
        .map(|(key, _)| key.to_string());
    let targets = std::iter::once(cluster.to_owned()).chain(pools);
    let Some(operation) = targets
        .flat_map(|target| state.operations.running_on(&target))
        .find_map(|id| state.operations.get::<Operation>(&id))
    else {
        return Ok(());
    };
    let on_pool = operation.target != cluster;
    let what = if on_pool { "agent pool" } else { "managed cluster" };
    let verb = match &operation.work {
        Work::Write { previous: None } => "create".to_owned(),
        Work::Write { previous: Some(_) } | Work::Tags(_) | Work::Deploy | Work::Answer { .. } => {
            "update".to_owned()
        }
        Work::Delete => "delete".to_owned(),
        Work::Action { name, .. } => name.clone(),
    };
    Err(refusal(
        409,
        "OperationNotAllowed",
        format!(
            "Operation is not allowed because there's an in progress {verb} {what} operation (operation ID: {}) on the \
             {what} started on UTC {}. Please wait for it to finish before starting a new operation. You can also use \
             'az aks operation-abort --name <clusterName> --resource-group <resourceGroup>' to abort the ongoing \
             operation.",
            operation.id,
            timestamp_seconds(operation.started)
        ),
    ))
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
    )
    .bare())
}
