//! The objects of one cluster in the store.

use kompox_emulator_core::json::{fields, object, ticks, timestamp_seconds};
use kompox_emulator_core::store::Documents;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cluster::{Cluster, Pace};
use super::endpoint::root;
use super::history::{Event, Histories};
use super::kinds::{Kind, KindRef};
use super::ssa::{self, Operation, Writer};

const KIND: &str = "_kubernetes/objects";
const REVISION_KIND: &str = "_kubernetes/revisions";
const JOB_KIND: &str = "_kubernetes/jobs";

/// What a cluster holds.
pub(crate) struct Objects<'a> {
    pub(crate) documents: &'a mut Documents,
    uid: String,
    /// Ticks since the epoch.
    pub(crate) now: i64,
    pub(crate) pace: Pace,
    /// The id of the group in which disks are made for claims.
    pub(crate) disk_group: Option<String>,
    /// What has changed and nobody has reacted to yet.
    pub(crate) changes: Vec<Change>,
}

/// What became of an object.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) kind: KindRef,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    /// What there is now, or was last.
    pub(crate) document: Value,
    pub(crate) removed: bool,
}

/// Something that a controller will do when it is time and has been looked at often enough.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) what: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

/// Which objects of a kind: those of one namespace, or all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) kind: &'a KindRef,
    pub(crate) namespace: Option<&'a str>,
}

impl<'a> Scope<'a> {
    /// Those of one namespace; all of a kind that has none.
    pub(crate) fn of(kind: &'a KindRef, namespace: Option<&'a str>) -> Self {
        Self { kind, namespace }
    }

    /// Where they lie in the store.
    pub(crate) fn prefix(self, uid: &str) -> String {
        let kind = self.kind;
        let group = if kind.group.is_empty() {
            "core"
        } else {
            &kind.group
        };
        let mut prefix = format!("{}/objects/{group}/{}", root(uid), kind.resource);
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
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    /// Where the next one begins.
    pub(crate) last: Option<String>,
}

impl<'a> Objects<'a> {
    /// The objects of a cluster; nothing takes any time.
    pub(crate) fn of(documents: &'a mut Documents, cluster: &Cluster, now: i64) -> Self {
        Self::paced(documents, cluster, now, &Pace::default())
    }

    /// The objects of a cluster, and how long things take there.
    pub(crate) fn paced(documents: &'a mut Documents, cluster: &Cluster, now: i64, pace: &Pace) -> Self {
        Self {
            documents,
            uid: cluster.uid.clone(),
            now,
            pace: pace.clone(),
            disk_group: cluster.disk_group.clone(),
            changes: Vec::new(),
        }
    }

    fn key(&self, scope: Scope<'_>, name: &str) -> String {
        format!("{}/{name}", scope.prefix(&self.uid))
    }

    /// The uid of the cluster.
    pub(crate) fn uid(&self) -> &str {
        &self.uid
    }

    /// Now, as Kubernetes writes it.
    pub(crate) fn timestamp(&self) -> String {
        timestamp_seconds(self.now)
    }

    /// The number of the last change.
    pub(crate) fn revision(&self) -> u64 {
        revision(self.documents, &self.uid)
    }

    fn next_revision(&mut self) -> u64 {
        let next = self.revision() + 1;
        let key = format!("{}/revision", root(&self.uid));
        self.documents
            .put(&key, REVISION_KIND, &json!({ "revision": next }), self.now);
        next
    }

    /// One object.
    pub(crate) fn get(&self, scope: Scope<'_>, name: &str) -> Option<Value> {
        let mut document = self.documents.document(&self.key(scope, name))?;
        present(scope.kind, &mut document);
        Some(document)
    }

    /// Objects in order of namespace and name, from the one after `last` on, until there are `limit`.
    pub(crate) fn page(
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
        for (key, resource) in self.documents.after(&prefix, last.as_deref()) {
            let mut item = resource.document();
            if !wanted(&item) {
                continue;
            }
            if limit.is_some_and(|limit| page.items.len() == limit) {
                // There is one more: the page ends at the one before it.
                page.last = end;
                break;
            }
            end = key.strip_prefix(&prefix).map(|rest| rest[1..].to_owned());
            present(scope.kind, &mut item);
            page.items.push(item);
        }
        page
    }

    /// All objects of a scope.
    pub(crate) fn all(&self, scope: Scope<'_>) -> Vec<Value> {
        self.page(scope, None, None, |_| true).items
    }

    /// Fills in what the server says of a new object.
    pub(crate) fn complete(&self, kind: &Kind, namespace: Option<&str>, document: &mut Value) {
        fields(document).insert("apiVersion".to_owned(), kind.api_version().into());
        fields(document).insert("kind".to_owned(), kind.kind.clone().into());
        let created = self.timestamp();
        let metadata = object(document, "metadata");
        metadata
            .entry("uid")
            .or_insert_with(|| Uuid::new_v4().to_string().into());
        metadata
            .entry("creationTimestamp")
            .or_insert_with(|| created.into());
        if kind.generation {
            metadata.entry("generation").or_insert_with(|| 1.into());
        }
        if let Some(namespace) = namespace {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }

    /// Stores an object; its `resourceVersion` is the number of this change.
    pub(crate) fn put(&mut self, scope: Scope<'_>, document: &mut Value) {
        let floor = self.revision();
        let revision = self.next_revision();
        let metadata = object(document, "metadata");
        metadata.insert("resourceVersion".to_owned(), revision.to_string().into());
        let name = metadata
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let key = self.key(scope, &name);
        let before = self.documents.get(&key).map(|resource| resource.body.clone());
        self.documents.put(&key, KIND, document, self.now);
        let after = self.documents.get(&key).map(|resource| resource.body.clone());
        self.remember(
            floor,
            Event {
                revision,
                key: key.into(),
                before,
                after,
            },
        );
        self.changed(scope, name, document.clone(), false);
    }

    /// Removes an object and says whether it was there.
    pub(crate) fn remove(&mut self, scope: Scope<'_>, name: &str) -> bool {
        let key = self.key(scope, name);
        let Some(resource) = self.documents.get(&key) else {
            return false;
        };
        let (before, document) = (resource.body.clone(), resource.document());
        self.documents.remove(&key);
        let floor = self.revision();
        let revision = self.next_revision();
        let event = Event {
            revision,
            key: key.into(),
            before: Some(before),
            after: None,
        };
        self.remember(floor, event);
        self.changed(scope, name.to_owned(), document, true);
        true
    }

    fn remember(&mut self, floor: u64, event: Event) {
        let histories = self.documents.memory.get_or_insert_default::<Histories>();
        histories.of_mut(&self.uid).add(floor, event);
    }

    fn changed(&mut self, scope: Scope<'_>, name: String, document: Value, removed: bool) {
        self.changes.push(Change {
            kind: scope.kind.clone(),
            namespace: scope
                .namespace
                .map(str::to_owned)
                .filter(|_| scope.kind.namespaced),
            name,
            document,
            removed,
        });
    }

    /// Stores what a controller has made of an object, unless it is as before. An object that was on its way out and
    /// that nothing holds any more goes.
    pub(crate) fn write(
        &mut self,
        scope: Scope<'_>,
        live: &Value,
        mut new: Value,
        manager: &str,
        part: &str,
    ) {
        if *live == new {
            return;
        }
        let name = new["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if is_leaving(&new) && !has_finalizers(&new) {
            self.remove(scope, &name);
            return;
        }
        let writer = Writer {
            name: manager.to_owned(),
            operation: Operation::Update,
            api_version: scope.kind.api_version(),
            subresource: part.to_owned(),
            time: self.timestamp(),
        };
        ssa::update(&scope.kind.schema, live, &mut new, &writer);
        self.put(scope, &mut new);
    }

    fn jobs(&self) -> String {
        format!("{}/jobs", root(&self.uid))
    }

    /// Has a controller do something after a while; what is planned already stays as it is.
    pub(crate) fn plan(
        &mut self,
        what: &str,
        namespace: Option<&str>,
        name: &str,
        after: std::time::Duration,
    ) {
        let key = format!("{}/{what}/{}/{name}", self.jobs(), namespace.unwrap_or("-"));
        if self.documents.get(&key).is_some() {
            return;
        }
        let job = json!({ "due": self.now.saturating_add(ticks(after)), "looks": self.pace.polls });
        self.documents.put(&key, JOB_KIND, &job, self.now);
    }

    /// Whether a controller will do something yet.
    pub(crate) fn is_planned(&self, what: &str, namespace: Option<&str>, name: &str) -> bool {
        let key = format!("{}/{what}/{}/{name}", self.jobs(), namespace.unwrap_or("-"));
        self.documents.get(&key).is_some()
    }

    /// Takes the jobs that are due.
    pub(crate) fn due(&mut self) -> Vec<Job> {
        let prefix = self.jobs();
        let due: Vec<String> = self
            .documents
            .below(&prefix)
            .filter(|(_, job)| {
                let job = job.document();
                job["looks"] == 0 && job["due"].as_i64().is_none_or(|due| due <= self.now)
            })
            .map(|(key, _)| key.to_string())
            .collect();
        due.iter()
            .filter_map(|key| {
                self.documents.remove(key);
                let mut parts = key.strip_prefix(&prefix)?.split('/').skip(1);
                Some(Job {
                    what: parts.next()?.to_owned(),
                    namespace: parts.next().filter(|name| *name != "-").map(str::to_owned),
                    name: parts.next()?.to_owned(),
                })
            })
            .collect()
    }

    /// Somebody looks: what waits for that comes nearer.
    pub(crate) fn look(&mut self) {
        let waiting: Vec<(String, Value)> = self
            .documents
            .below(&self.jobs())
            .map(|(key, job)| (key.to_string(), job.document()))
            .filter(|(_, job)| job["looks"] != 0)
            .collect();
        for (key, mut job) in waiting {
            job["looks"] = job["looks"].as_u64().map_or(0, |looks| looks - 1).into();
            self.documents.put(&key, JOB_KIND, &job, self.now);
        }
    }
}

/// The number of the last change in a cluster.
pub(crate) fn revision(documents: &Documents, uid: &str) -> u64 {
    documents
        .document(&format!("{}/revision", root(uid)))
        .and_then(|record| record["revision"].as_u64())
        .unwrap_or(0)
}

/// Objects of kinds with several versions are stored once, and shown as the version that was asked for.
pub(crate) fn present(kind: &Kind, document: &mut Value) {
    if kind.custom.is_some() {
        fields(document).insert("apiVersion".to_owned(), kind.api_version().into());
    }
}

/// Whether something holds on to an object.
pub(crate) fn has_finalizers(document: &Value) -> bool {
    document["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|finalizers| !finalizers.is_empty())
}

/// Whether an object is being deleted.
pub(crate) fn is_leaving(document: &Value) -> bool {
    document["metadata"]["deletionTimestamp"].is_string()
}

/// Adds a finalizer, or takes it away.
pub(crate) fn set_finalizer(document: &mut Value, name: &str, wanted: bool) {
    let metadata = object(document, "metadata");
    let mut list: Vec<Value> = metadata
        .get("finalizers")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    list.retain(|there| there != name);
    if wanted {
        list.push(name.into());
    }
    if list.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers".to_owned(), list.into());
    }
}

/// An object as it is once it is being deleted.
pub(crate) fn removal(document: &Value, now: i64) -> Value {
    let mut document = document.clone();
    document["metadata"]["deletionTimestamp"] = timestamp_seconds(now).into();
    document["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    document
}
