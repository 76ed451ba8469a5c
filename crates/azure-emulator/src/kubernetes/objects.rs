//! The objects of one cluster in the store.

use serde_json::{Value, json};
use uuid::Uuid;

use super::cluster::root;
use super::kinds::Kind;
use crate::json::{fields, object, timestamp_seconds};
use crate::store::State;

const KIND: &str = "_kubernetes/objects";
const REVISION_KIND: &str = "_kubernetes/revisions";

/// What a cluster holds.
pub(super) struct Objects<'a> {
    pub(super) state: &'a mut State,
    uid: String,
    /// Ticks since the epoch.
    pub(super) now: i64,
}

/// Which objects of a kind: those of one namespace, or all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) kind: &'static Kind,
    pub(super) namespace: Option<&'a str>,
}

impl Scope<'_> {
    fn prefix(self, uid: &str) -> String {
        let group = if self.kind.group.is_empty() {
            "core"
        } else {
            self.kind.group
        };
        let mut prefix = format!("{}/objects/{group}/{}", root(uid), self.kind.resource);
        if !self.kind.namespaced {
            prefix.push_str("/-");
        } else if let Some(namespace) = self.namespace {
            prefix.push('/');
            prefix.push_str(namespace);
        }
        prefix
    }
}

/// A page of a list.
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    /// Where the next one begins.
    pub(super) last: Option<String>,
}

impl<'a> Objects<'a> {
    /// The objects of the cluster with this `resourceUID`.
    pub(super) fn of(state: &'a mut State, uid: &str, now: i64) -> Self {
        Self {
            state,
            uid: uid.to_owned(),
            now,
        }
    }

    fn key(&self, scope: Scope<'_>, name: &str) -> String {
        format!("{}/{name}", scope.prefix(&self.uid))
    }

    /// `resourceUID` of the cluster.
    pub(super) fn uid(&self) -> &str {
        &self.uid
    }

    /// Now, as Kubernetes writes it.
    pub(super) fn timestamp(&self) -> String {
        timestamp_seconds(self.now)
    }

    /// The number of the last change.
    pub(super) fn revision(&self) -> u64 {
        self.state
            .document(&format!("{}/revision", root(&self.uid)))
            .and_then(|record| record["revision"].as_u64())
            .unwrap_or(0)
    }

    fn next_revision(&mut self) -> u64 {
        let next = self.revision() + 1;
        let key = format!("{}/revision", root(&self.uid));
        self.state
            .put(&key, REVISION_KIND, &json!({ "revision": next }), self.now);
        next
    }

    /// One object.
    pub(super) fn get(&self, scope: Scope<'_>, name: &str) -> Option<Value> {
        self.state.document(&self.key(scope, name))
    }

    /// Objects in order of namespace and name, from the one after `last` on, until there are `limit`.
    pub(super) fn page(
        &self,
        scope: Scope<'_>,
        last: Option<&str>,
        limit: Option<usize>,
        wanted: impl Fn(&Value) -> bool,
    ) -> Page {
        let prefix = scope.prefix(&self.uid);
        let last = last.map(|last| format!("{prefix}/{last}"));
        let mut page = Page {
            items: Vec::new(),
            last: None,
        };
        let mut end: Option<String> = None;
        for (key, resource) in self.state.after(&prefix, last.as_deref()) {
            let item = resource.document();
            if !wanted(&item) {
                continue;
            }
            if limit.is_some_and(|limit| page.items.len() == limit) {
                // There is one more: the page ends at the one before it.
                page.last = end;
                break;
            }
            end = key.strip_prefix(&prefix).map(|rest| rest[1..].to_owned());
            page.items.push(item);
        }
        page
    }

    /// All objects of a scope.
    pub(super) fn all(&self, scope: Scope<'_>) -> Vec<Value> {
        self.page(scope, None, None, |_| true).items
    }

    /// Fills in what the server says of a new object.
    pub(super) fn complete(&self, kind: &Kind, namespace: Option<&str>, document: &mut Value) {
        fields(document).insert("apiVersion".to_owned(), kind.api_version().into());
        fields(document).insert("kind".to_owned(), kind.kind.into());
        let created = self.timestamp();
        let metadata = object(document, "metadata");
        metadata
            .entry("uid")
            .or_insert_with(|| Uuid::new_v4().to_string().into());
        metadata
            .entry("creationTimestamp")
            .or_insert_with(|| created.into());
        if let Some(namespace) = namespace {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }

    /// Stores an object; its `resourceVersion` is the number of this change.
    pub(super) fn put(&mut self, scope: Scope<'_>, document: &mut Value) {
        let revision = self.next_revision();
        let metadata = object(document, "metadata");
        metadata.insert("resourceVersion".to_owned(), revision.to_string().into());
        let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default();
        let key = self.key(scope, name);
        self.state.put(&key, KIND, document, self.now);
    }

    /// Removes an object and says whether it was there.
    pub(super) fn remove(&mut self, scope: Scope<'_>, name: &str) -> bool {
        let key = self.key(scope, name);
        let was_there = self.state.remove(&key);
        if was_there {
            self.next_revision();
        }
        was_there
    }
}

/// Whether something holds on to an object.
pub(super) fn has_finalizers(document: &Value) -> bool {
    document["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|finalizers| !finalizers.is_empty())
}
