//! What the hooks of a resource type are given, and what they answer.

use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::Value;

use super::by_kind;
use crate::arm::id::ResourceId;
use crate::context::{Environment, RequestContext};
use crate::race::store_as_is;

/// The moment at which an operation takes effect: what its hooks may see and change.
pub(crate) struct End<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) environment: &'a Environment,
    /// Ticks since the epoch.
    pub(crate) now: i64,
}

impl End<'_> {
    /// The same moment, seen from a request.
    pub(crate) fn of<'a>(cx: &'a mut RequestContext<'_>) -> End<'a> {
        End {
            state: cx.state,
            environment: cx.environment,
            now: cx.now,
        }
    }

    /// Stores what Azure makes by itself; identity is filled in, nobody is asked.
    pub(crate) fn put(&mut self, id: &ResourceId, document: Value) {
        store_as_is(self.state, id, document, self.now);
    }

    /// Removes what lies at a lower-cased id and below it, and lets each type do what follows from it.
    pub(crate) fn remove(&mut self, key: &str) {
        let tree: Vec<(String, Value)> = self
            .state
            .documents
            .get(key)
            .into_iter()
            .chain(self.state.documents.below(key).map(|(_, resource)| resource))
            .filter(|resource| by_kind(&resource.kind).is_some())
            .map(|resource| (resource.kind.to_string(), resource.document()))
            .collect();
        self.state.remove_tree(key);
        for (kind, document) in tree {
            let id = document["id"].as_str().and_then(ResourceId::parse);
            if let (Some(kind), Some(id)) = (by_kind(&kind), id) {
                kind.deleted(self, &id, &document);
            }
        }
    }
}

/// What became of an action.
pub(crate) enum Acted {
    /// The type has no such action.
    Unknown,
    /// It is done.
    Done(Reply),
    /// It goes on as an operation; [`super::ResourceType::acted`] ends it.
    Started(LongAction),
}

/// A long-running action.
pub(crate) struct LongAction {
    /// What [`super::ResourceType::acted`] is told.
    pub(crate) input: Value,
    /// `provisioningState` of the resource until it ends; absent leaves it alone.
    pub(crate) transient: Option<&'static str>,
}

/// A path of a namespace.
pub(crate) struct Path<'a> {
    /// What comes before `/providers/{namespace}`: a subscription, group or resource. It need not exist.
    pub(crate) scope: &'a ResourceId,
    /// The segments after it, as sent.
    pub(crate) rest: &'a [&'a str],
    /// The same in lower case.
    pub(crate) lower: &'a [&'a str],
}

impl Path<'_> {
    /// Whether it hangs on the subscription itself.
    pub(crate) fn is_in_subscription(&self) -> bool {
        self.scope.group.is_none() && self.scope.providers.is_empty()
    }
}
