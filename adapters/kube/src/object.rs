//! Objects of any kind, as they are sent and told of.

use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};
use k8s_openapi::api::core::v1::{LoadBalancerIngress, Service};
use kompox_domain::naming::hex_digest;
use kube::Resource as _;
use kube::api::{ApiResource, DynamicObject};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
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
        api_version(self.group, self.version)
    }

    /// Its objects there.
    pub(crate) const fn within<'a>(&self, scope: Scope<'a>) -> Place<'a> {
        Place {
            group: self.group,
            version: self.version,
            kind: self.kind,
            plural: self.plural,
            scope,
        }
    }
}

/// Among which objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope<'a> {
    /// Of a kind whose objects are in no namespace.
    Cluster,
    /// Those in one namespace.
    Namespace(&'a str),
    /// Those in every namespace.
    Every,
}

/// Where objects of one kind are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// The API group; empty for the core.
    pub(crate) group: &'a str,
    /// Its version.
    pub(crate) version: &'a str,
    /// What a list of them is called, without `List`: that is the kind, unless who defined it chose otherwise.
    pub(crate) kind: &'a str,
    /// In paths: `deployments`.
    pub(crate) plural: &'a str,
    /// Which of them.
    pub(crate) scope: Scope<'a>,
}

impl Place<'_> {
    /// The path of the listing.
    pub(crate) fn path(&self) -> String {
        // kube-rs writes what it is given into the path as it is.
        let (group, version) = (segment(self.group), segment(self.version));
        let resource = ApiResource {
            api_version: api_version(&group, &version),
            group,
            version,
            kind: self.kind.to_owned(),
            plural: segment(self.plural),
        };
        let namespace = match self.scope {
            Scope::Namespace(namespace) => Some(segment(namespace)),
            Scope::Cluster | Scope::Every => None,
        };
        DynamicObject::url_path(&resource, namespace.as_deref())
    }

    /// `apps/v1`, or `v1`.
    pub(crate) fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }
}

/// `apps/v1`, or `v1` for the core.
fn api_version(group: &str, version: &str) -> String {
    match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    }
}

/// What a segment of a path may hold as it is. Names come from objects that anybody may have written.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b':');

/// A name as one segment of a path, whatever is in it.
pub(crate) fn segment(name: &str) -> String {
    match name {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        name => utf8_percent_encode(name, PLAIN).to_string(),
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
    /// One of a kind that is always there.
    pub(crate) fn of<K: Resource>(namespace: Option<&str>, name: &str) -> Self {
        Self {
            kind: Kind::of::<K>(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// The path of the listing in which it is.
    pub(crate) fn collection(&self) -> String {
        let scope = self.namespace.as_deref().map_or(Scope::Cluster, Scope::Namespace);
        self.kind.within(scope).path()
    }

    /// That of an object which was read.
    pub(crate) fn read(kind: Kind, object: &impl kube::Resource) -> Self {
        let meta = object.meta();
        Self {
            kind,
            namespace: meta.namespace.clone(),
            name: meta.name.clone().unwrap_or_default(),
        }
    }

    /// That of an object as it should be.
    fn wanted(kind: Kind, value: &Value) -> Self {
        let text = |field: &str| Some(value.get("metadata")?.get(field)?.as_str()?.to_owned());
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
        Self::raw(Kind::of::<K>(), keep, value(object))
    }

    /// One of any kind. `value` needs no `apiVersion` and no `kind`.
    pub(crate) fn raw(kind: Kind, keep: Keep, mut value: Value) -> Self {
        value["apiVersion"] = kind.api_version().into();
        value["kind"] = kind.kind.into();
        Self {
            id: ObjectId::wanted(kind, &value),
            keep,
            value,
        }
    }

    /// With an annotation more.
    pub(crate) fn annotated(mut self, name: &str, text: &str) -> Self {
        self.value["metadata"]["annotations"][name] = json!(text);
        self
    }

    /// Without an annotation.
    pub(crate) fn without(mut self, name: &str) -> Self {
        if let Some(Value::Object(annotations)) = self.value.pointer_mut("/metadata/annotations") {
            annotations.remove(name);
        }
        self
    }

    /// An annotation of it.
    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        let metadata = self.value.get("metadata")?;
        metadata.get("annotations")?.get(name)?.as_str()
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
pub(crate) fn label<'a>(object: &'a impl kube::Resource, name: &str) -> Option<&'a str> {
    object.meta().labels.as_ref()?.get(name).map(String::as_str)
}

/// An annotation of an object that was read.
pub(crate) fn annotation<'a>(object: &'a impl kube::Resource, name: &str) -> Option<&'a str> {
    object.meta().annotations.as_ref()?.get(name).map(String::as_str)
}

/// Whether an object is on its way out.
pub(crate) fn is_leaving(object: &impl kube::Resource) -> bool {
    object.meta().deletion_timestamp.is_some()
}

/// An object as JSON, to be held against one that is wanted.
pub(crate) fn value(object: &impl Serialize) -> Value {
    // Types of the API are plain data, which JSON can always hold.
    serde_json::to_value(object).unwrap_or_default()
}

/// The condition of this type and status that a Deployment has.
pub(crate) fn condition<'a>(
    deployment: &'a Deployment,
    type_: &str,
    status: &str,
) -> Option<&'a DeploymentCondition> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    let is = |condition: &&DeploymentCondition| {
        condition.type_.as_deref() == Some(type_) && condition.status.as_deref() == Some(status)
    };
    conditions.iter().find(is)
}

/// Where the load balancer of a Service is reached.
pub(crate) fn load_balancer_points(service: &Service) -> impl Iterator<Item = &LoadBalancerIngress> {
    let status = service.status.as_ref();
    let balancer = status.and_then(|status| status.load_balancer.as_ref());
    balancer
        .and_then(|balancer| balancer.ingress.as_ref())
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_it_stays_one_segment_of_the_path() {
        const GATEWAY: Kind = Kind {
            group: "gateway.networking.k8s.io",
            version: "v1",
            kind: "Gateway",
            plural: "gateways",
        };
        let path = |namespace: &str, name: &str| {
            let id = ObjectId {
                kind: GATEWAY,
                namespace: Some(namespace.to_owned()),
                name: name.to_owned(),
            };
            let path = format!("{}/{}", id.collection(), segment(&id.name));
            let rest = path.strip_prefix("/apis/gateway.networking.k8s.io/v1/namespaces/");
            rest.unwrap().to_owned()
        };
        assert_eq!(path("shop-1", "a.b:c_d"), "shop-1/gateways/a.b:c_d");
        assert_eq!(path("..", "../secrets?x"), "%2E%2E/gateways/..%2Fsecrets%3Fx");
        assert_eq!(path("shop", "."), "shop/gateways/%2E");
    }
}
