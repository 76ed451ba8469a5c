//! Objects of any kind, as they are sent and told of.

use std::fmt;

use k8s_openapi::Resource;
use kompox_domain::naming::hex_digest;
use serde::Serialize;
use serde_json::{Value, json};

use crate::labels;

/// A kind of objects, as paths and errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The kind: `Deployment`.
    pub kind: &'static str,
    /// In paths: `deployments`.
    pub plural: &'static str,
}

impl Kind {
    /// One that is always there.
    #[must_use]
    pub const fn of<K: Resource>() -> Self {
        Self {
            group: K::GROUP,
            version: K::VERSION,
            kind: K::KIND,
            plural: K::URL_PATH_SEGMENT,
        }
    }

    /// `apps/v1`, or `v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Where its objects are: in a namespace, or in none.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        collection(self.group, self.version, self.plural, namespace)
    }
}

/// Where objects are: in a namespace, or in none.
pub(crate) fn collection(group: &str, version: &str, plural: &str, namespace: Option<&str>) -> String {
    let root = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{plural}"),
    }
}

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectId {
    /// Its own path.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.kind.path(self.namespace.as_deref()), self.name)
    }

    /// That of an object which was read.
    pub(crate) fn read(kind: Kind, object: &Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
        Self {
            kind,
            namespace: text("namespace"),
            name: text("name").unwrap_or_default(),
        }
    }
}

/// `Deployment traefik/traefik`, `ClusterRole traefik-traefik`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind.kind, self.name),
            None => write!(f, "{} {}", self.kind.kind, self.name),
        }
    }
}

/// An object as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Desired {
    #[serde(skip)]
    id: ObjectId,
    #[serde(skip)]
    keep: Keep,
    value: Value,
}

/// What becomes of an object that somebody else made, and of ours when it is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nobody else may have it, and it goes when it is no longer wanted.
    Owned,
    /// It is left alone when somebody else made it.
    Shared,
    /// It holds data: it goes only when that is asked for.
    Data,
}

impl Desired {
    /// One of a kind that is always there.
    pub(crate) fn of<K: Resource + Serialize>(object: &K, keep: Keep) -> Self {
        // Types of the API are plain data, which JSON can always hold.
        Self::raw(
            Kind::of::<K>(),
            keep,
            serde_json::to_value(object).unwrap_or_default(),
        )
    }

    /// One of any kind. `value` needs no `apiVersion` and no `kind`.
    pub(crate) fn raw(kind: Kind, keep: Keep, mut value: Value) -> Self {
        value["apiVersion"] = kind.api_version().into();
        value["kind"] = kind.kind.into();
        Self {
            id: ObjectId::read(kind, &value),
            keep,
            value,
        }
    }

    /// With an annotation more.
    pub(crate) fn annotated(mut self, name: &str, text: &str) -> Self {
        self.value["metadata"]["annotations"][name] = json!(text);
        self
    }

    /// With the hash of all that it is.
    pub(crate) fn hashed(self) -> Self {
        let hash = hex_digest(&self.value.to_string(), 40);
        self.annotated(labels::HASH, &hash)
    }

    /// Which one it is.
    #[must_use]
    pub const fn id(&self) -> &ObjectId {
        &self.id
    }

    /// Whose it may be.
    #[must_use]
    pub const fn keep(&self) -> Keep {
        self.keep
    }

    /// What is sent.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }
}

/// A label of an object that was read.
pub(crate) fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["labels"][name].as_str()
}

/// An annotation of an object that was read.
pub(crate) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][name].as_str()
}

/// Whether an object is on its way out.
pub(crate) fn is_leaving(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}
