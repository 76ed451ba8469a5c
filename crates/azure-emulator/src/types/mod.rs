//! The registry of resource types: what is special about each is in a file of its own.

mod clusters;
mod common;
pub(crate) mod compute;
pub(crate) mod disks;
mod snapshots;

use std::time::Duration;

use serde_json::Value;

use crate::arm::error::ArmResult;
use crate::arm::id::ResourceId;
use crate::context::{Cx, World};
use crate::faults::OperationShape;
use crate::options::Timing;
use crate::store::{Resource, State};

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
    /// Newest first; the last is the oldest that is accepted.
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

/// What is special about a resource type.
pub(crate) trait ResourceType: Sync {
    /// Its name and habits.
    fn info(&self) -> &'static TypeInfo;

    /// How long its operations take.
    fn duration(&self, timing: &Timing) -> Duration;

    /// Checks a PUT and returns the whole new document; `provisioningState` and identity are filled in after.
    fn put(&self, cx: &Cx<'_>, id: &ResourceId, existing: Option<&Value>, body: &Value) -> ArmResult<Value>;

    /// Checks a PATCH and returns the whole new document.
    fn patch(&self, cx: &Cx<'_>, id: &ResourceId, existing: &Value, body: &Value) -> ArmResult<Value>;

    /// Refuses a delete that Azure would refuse.
    fn check_delete(&self, _cx: &Cx<'_>, _id: &ResourceId, _existing: &Value) -> ArmResult<()> {
        Ok(())
    }
}

/// All types.
pub(crate) fn all() -> &'static [&'static dyn ResourceType] {
    &[&disks::Disks, &snapshots::Snapshots, &clusters::ManagedClusters]
}

/// The type with this name, compared without case.
pub(crate) fn find(namespace: &str, kind: &str) -> Option<&'static dyn ResourceType> {
    all().iter().copied().find(|known| {
        known.info().namespace.eq_ignore_ascii_case(namespace) && known.info().kind.eq_ignore_ascii_case(kind)
    })
}

/// Whether a lower-cased type shows up in lists of resources: groups, locks and role assignments do not.
pub(crate) fn is_tracked(kind: &str) -> bool {
    !kind.starts_with("microsoft.authorization/") && !kind.starts_with("microsoft.resources/")
}

/// A stored document as it reads now.
pub(crate) fn read(state: &State, world: &World, now: i64, key: &str) -> Option<Value> {
    let resource = state.get(key)?;
    let mut document = resource.document();
    if &*resource.kind == snapshots::KIND {
        snapshots::project(state, world, now, key, &mut document);
    }
    Some(document)
}

/// A stored document as it reads now, serialised; only types with computed fields are parsed for it.
pub(crate) fn render(state: &State, world: &World, now: i64, key: &str, resource: &Resource) -> String {
    if &*resource.kind == snapshots::KIND {
        return read(state, world, now, key).unwrap_or_default().to_string();
    }
    resource.body.to_string()
}

/// Counts a GET of a resource whose answer depends on how often it was read.
pub(crate) fn count_read(state: &mut State, key: &str) {
    if state
        .get(key)
        .is_some_and(|resource| &*resource.kind == snapshots::KIND)
    {
        *state.snapshot_reads.entry(key.to_owned()).or_default() += 1;
    }
}
