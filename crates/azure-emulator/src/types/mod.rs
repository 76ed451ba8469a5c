//! The registry of resource types: what is special about each is in a file of its own.

mod alerts;
pub(crate) mod clusters;
mod common;
mod components;
pub(crate) mod compute;
mod data_collection;
mod deleted_vaults;
mod diagnostics;
mod disk_creation;
pub(crate) mod disk_encryption_sets;
pub(crate) mod disks;
mod federated_credentials;
mod hooks;
mod identities;
pub(crate) mod names;
mod networks;
mod node_resources;
pub(crate) mod principals;
pub(crate) mod quotas;
mod record_data;
mod record_sets;
mod registries;
mod snapshots;
mod vaults;
pub(crate) mod vm_sizes;
mod workspaces;
mod zones;

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::{Resource, State};
use serde_json::Value;

use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::{Environment, RequestContext};
use crate::options::Timing;

pub(crate) use hooks::{Acted, End, LongAction, Path};

/// How a type's PUT is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// 202, as compute does.
    With202,
    /// 201 for a new resource, 200 for an update, as most others do.
    With201,
}

/// What the generic part needs to know about a type.
#[derive(Debug)]
pub(crate) struct TypeInfo {
    pub(crate) namespace: &'static str,
    /// Without the namespace; nested ones have several segments.
    pub(crate) kind: &'static str,
    /// Those that exist, newest first.
    pub(crate) versions: &'static [&'static str],
    pub(crate) accepted: Accepted,
    /// `provisioningState` while it is being created.
    pub(crate) creating: &'static str,
    pub(crate) shape: OperationShape,
    pub(crate) delete_shape: OperationShape,
    /// Last segment of the `Azure-AsyncOperation` path.
    pub(crate) status_path: &'static str,
    /// Last segment of the `Location` path.
    pub(crate) result_path: &'static str,
}

impl TypeInfo {
    /// A type whose writes and deletes are over when they are answered.
    const fn synchronous(
        namespace: &'static str,
        kind: &'static str,
        versions: &'static [&'static str],
    ) -> Self {
        Self {
            namespace,
            kind,
            versions,
            accepted: Accepted::With201,
            creating: "Creating",
            shape: OperationShape::Synchronous,
            delete_shape: OperationShape::Synchronous,
            status_path: "operationStatuses",
            result_path: "operationResults",
        }
    }

    /// `Namespace/type`, as registered.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.kind)
    }
}

/// Where resources of a type live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// In a resource group; nested ones below their parent.
    Group,
    /// On any resource, group or subscription: `{scope}/providers/{namespace}/{type}/{name}`.
    Extension,
}

/// What is special about a resource type.
///
/// Only [`info`](Self::info), [`put`](Self::put) and [`patch`](Self::patch) must be there; the rest means «nothing
/// special» until a type says otherwise.
pub(crate) trait ResourceType: Sync {
    /// Its name and habits.
    fn info(&self) -> &'static TypeInfo;

    /// How long its operations take.
    fn duration(&self, timing: &Timing) -> Duration {
        timing.resource
    }

    /// Checks a PUT and returns the whole new document; `provisioningState` and identity are filled in after.
    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value>;

    /// Checks a PATCH and returns the whole new document.
    fn patch(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value>;

    /// Refuses a delete that Azure would refuse.
    fn check_delete(&self, _cx: &RequestContext<'_>, _id: &ResourceId, _existing: &Value) -> ArmResult<()> {
        Ok(())
    }

    /// Where its resources live.
    fn placement(&self) -> Placement {
        Placement::Group
    }

    /// Whether its resources have a `provisioningState`.
    fn has_state(&self) -> bool {
        true
    }

    /// A write was accepted and is stored; its operation goes on. `created` tells it from an update.
    fn accepted(&self, _end: &mut End<'_>, _id: &ResourceId, _document: &Value, _created: bool) {}

    /// A write has ended well. What Azure makes besides, by itself, is put into the state here.
    fn settled(&self, _end: &mut End<'_>, _id: &ResourceId, _document: &Value, _created: bool) {}

    /// A write has ended badly; `document` is what remains: a new one as sent, of an update what was there before.
    fn failed(&self, _end: &mut End<'_>, _id: &ResourceId, _document: &Value, _created: bool) {}

    /// The resource is gone, by itself or with its group or parent. `document` is what it was.
    fn deleted(&self, _end: &mut End<'_>, _id: &ResourceId, _document: &Value) {}

    /// `POST {resource}/{action}`, once the caller is known to be allowed it and the resource to be there.
    /// `action` is in lower case.
    fn action(
        &self,
        _cx: &mut RequestContext<'_>,
        _id: &ResourceId,
        _existing: &Value,
        _action: &str,
    ) -> ArmResult<Acted> {
        Ok(Acted::Unknown)
    }

    /// A long-running action ([`Acted::Started`]) reaches its end: does what it does, and returns what its
    /// `Location` answers (204 without). An error is how the operation fails.
    fn acted(
        &self,
        _end: &mut End<'_>,
        _id: &ResourceId,
        action: &str,
        _input: &Value,
    ) -> ArmResult<Option<Value>> {
        Err(ArmError::new(
            500,
            "InternalServerError",
            format!("The action '{action}' has no end."),
        ))
    }

    /// Any other path of its namespace, asked before anything else: what hangs on locations or on the subscription,
    /// and what is below a resource without being one. It authorizes and checks api-version and method itself.
    fn route(&self, _cx: &mut RequestContext<'_>, _path: &Path<'_>) -> Option<ArmResult<Reply>> {
        None
    }

    /// Whether [`project`](Self::project) has anything to do; documents of other types are not parsed to be read.
    fn is_computed(&self) -> bool {
        false
    }

    /// Fills in what depends on when it is read, or on other resources.
    fn project(&self, _state: &State, _world: &Environment, _now: i64, _key: &str, _document: &mut Value) {}
}

/// All types.
pub(crate) fn all() -> &'static [&'static dyn ResourceType] {
    &[
        &disk_encryption_sets::DiskEncryptionSets,
        &disks::Disks,
        &snapshots::Snapshots,
        &clusters::ManagedClusters,
        &clusters::AgentPools,
        &clusters::MaintenanceConfigurations,
        &node_resources::NodeResource::ScaleSet,
        &node_resources::NodeResource::LoadBalancer,
        &node_resources::NodeResource::Address,
        &vaults::Vaults,
        &registries::Registries,
        &workspaces::Workspaces,
        &components::Components,
        &diagnostics::DiagnosticSettings,
        &alerts::SmartDetectorAlertRules,
        &alerts::ActionGroups,
        &data_collection::Rules,
        &data_collection::Associations,
        &identities::UserAssignedIdentities,
        &federated_credentials::FederatedCredentials,
        &networks::VirtualNetworks,
        &networks::Subnets,
        &zones::DnsZones,
        &zones::PrivateDnsZones,
        &zones::VirtualNetworkLinks,
    ]
}

/// The type with this name, compared without case.
pub(crate) fn find(namespace: &str, kind: &str) -> Option<&'static dyn ResourceType> {
    all().iter().copied().find(|known| {
        known.info().namespace.eq_ignore_ascii_case(namespace) && known.info().kind.eq_ignore_ascii_case(kind)
    })
}

/// What a type of this namespace answers to a path that is no resource's.
pub(crate) fn route(
    cx: &mut RequestContext<'_>,
    namespace: &str,
    path: &Path<'_>,
) -> Option<ArmResult<Reply>> {
    all()
        .iter()
        .filter(|kind| kind.info().namespace.eq_ignore_ascii_case(namespace))
        .find_map(|kind| kind.route(cx, path))
}

/// The type with this lower-cased `namespace/type`.
pub(crate) fn by_kind(kind: &str) -> Option<&'static dyn ResourceType> {
    static KINDS: LazyLock<HashMap<String, &'static dyn ResourceType>> = LazyLock::new(|| {
        all()
            .iter()
            .map(|kind| (kind.info().full_name().to_lowercase(), *kind))
            .collect()
    });
    KINDS.get(kind).copied()
}

/// Whether a lower-cased type shows up in lists of resources: groups, nested and extension resources do not.
pub(crate) fn is_tracked(kind: &str) -> bool {
    !kind.starts_with("microsoft.authorization/")
        && !kind.starts_with("microsoft.resources/")
        && kind.matches('/').count() == 1
        && by_kind(kind).is_none_or(|kind| kind.placement() == Placement::Group)
}

/// A stored document as it reads now.
pub(crate) fn read(state: &State, environment: &Environment, now: i64, key: &str) -> Option<Value> {
    let resource = state.documents.get(key)?;
    let mut document = resource.document();
    if let Some(kind) = computed(&resource.kind) {
        kind.project(state, environment, now, key, &mut document);
    }
    Some(document)
}

/// A stored document as it reads now, serialised; only types with computed fields are parsed for it.
pub(crate) fn render(
    state: &State,
    environment: &Environment,
    now: i64,
    key: &str,
    resource: &Resource,
) -> String {
    if computed(&resource.kind).is_some() {
        return read(state, environment, now, key).unwrap_or_default().to_string();
    }
    resource.body.to_string()
}

fn computed(kind: &str) -> Option<&'static dyn ResourceType> {
    by_kind(kind).filter(|kind| kind.is_computed())
}

/// What a GET of a resource shows besides it, by lower-cased id: of a cluster its pools.
pub(crate) fn shown_in(state: &State, key: &str) -> Vec<String> {
    if state
        .documents
        .get(key)
        .is_some_and(|resource| &*resource.kind == clusters::KIND)
    {
        return clusters::pools_of(state, key);
    }
    Vec::new()
}

/// Counts a GET of a resource whose answer depends on how often it was read.
pub(crate) fn count_read(state: &mut State, key: &str) {
    if let Some(resource) = state.documents.get(key)
        && &*resource.kind == snapshots::KIND
    {
        let created = resource.created;
        snapshots::count_read(state, key, created);
    }
}
