//! What is in a namespace: of every kind that can be listed, besides what Kubernetes puts there by itself.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, APIResource};
use kompox_domain::Context;
use kube::api::{ListParams, PartialObjectMeta};
use serde::Deserialize;

use crate::apply::AT_ONCE;
use crate::client::{KubeClient, KubeError};
use crate::object::{Place, Scope, segment};

/// Groups whose objects are views of others.
const VIEWS: [&str; 3] = [
    "metrics.k8s.io",
    "custom.metrics.k8s.io",
    "external.metrics.k8s.io",
];
/// Kinds that follow from others, or tell of them.
const ECHOES: [&str; 3] = ["Event", "Endpoints", "EndpointSlice"];
/// What is in every namespace.
const ALWAYS: [(&str, &str); 2] = [("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")];

/// A kind, as discovery tells of it.
struct Found {
    group: String,
    version: String,
    kind: String,
    plural: String,
}

/// Everything in a namespace that somebody put there: `ConfigMap settings`.
pub(super) async fn list(
    client: &KubeClient,
    cx: &Context,
    namespace: &str,
) -> Result<Vec<String>, KubeError> {
    let lists: Vec<Vec<String>> = stream::iter(kinds(client, cx).await?)
        .map(|found| async move {
            let place = Place {
                group: &found.group,
                version: &found.version,
                kind: &found.kind,
                plural: &found.plural,
                scope: Scope::Namespace(namespace),
            };
            let all = ListParams::default();
            let objects = client.list::<PartialObjectMeta>(cx, &place, &all).await?;
            let objects = objects.unwrap_or_default();
            Ok::<_, KubeError>(
                objects
                    .iter()
                    .filter_map(|object| named(&found, object))
                    .collect(),
            )
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut contents: Vec<String> = lists.into_iter().flatten().collect();
    contents.sort();
    contents.dedup();
    Ok(contents)
}

fn named(found: &Found, object: &PartialObjectMeta) -> Option<String> {
    let metadata = &object.metadata;
    let name = metadata.name.as_deref().unwrap_or_default();
    let owned = metadata
        .owner_references
        .as_ref()
        .is_some_and(|owners| !owners.is_empty());
    // What is owned goes with its owner, which is in the same namespace and counted itself.
    let echo = owned || ECHOES.contains(&found.kind.as_str());
    (!echo && !ALWAYS.contains(&(found.kind.as_str(), name))).then(|| format!("{} {name}", found.kind))
}

/// Which groups an API server serves.
///
/// Discovery is read here and not by that of kube-rs, which asks for every version of every group, one after the other.
/// The documents are not its types either: those take one without a list for an empty one, and a namespace with
/// something in it would be deleted.
#[derive(Deserialize)]
struct Groups {
    kind: String,
    groups: Vec<APIGroup>,
}

/// Which kinds a group has.
#[derive(Deserialize)]
struct Resources {
    kind: String,
    resources: Vec<APIResource>,
}

async fn kinds(client: &KubeClient, cx: &Context) -> Result<Vec<Found>, KubeError> {
    let unknown = |what: &str| client.strange(&format!("it does not tell {what}"));
    let groups = client.discover::<Groups>(cx, "/apis").await?;
    let groups = groups.filter(|groups| groups.kind == "APIGroupList");
    let groups = groups.ok_or_else(|| unknown("which API groups there are"))?;
    let mut places = vec![(String::new(), "v1".to_owned())];
    for group in groups.groups {
        let name = told(group.name).ok_or_else(|| unknown("what an API group is called"))?;
        let version = group.preferred_version.and_then(|version| told(version.version));
        let version = version.ok_or_else(|| unknown("which version of an API group it prefers"))?;
        if !VIEWS.contains(&name.as_str()) {
            places.push((name, version));
        }
    }
    let lists: Vec<Vec<Found>> = stream::iter(places)
        .map(|(group, version)| of_group(client, cx, group, version))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(lists.into_iter().flatten().collect())
}

/// The kinds of one group that can be listed in a namespace.
async fn of_group(
    client: &KubeClient,
    cx: &Context,
    group: String,
    version: String,
) -> Result<Vec<Found>, KubeError> {
    let unknown = || client.strange("it does not tell which kinds there are");
    let path = match group.as_str() {
        "" => "/api/v1".to_owned(),
        group => format!("/apis/{}/{}", segment(group), segment(&version)),
    };
    // A group whose server is away cannot be looked into, so nobody knows that nothing is there.
    let resources = match client.discover::<Resources>(cx, &path).await? {
        Some(document) if document.kind == "APIResourceList" => document.resources,
        Some(_) => return Err(unknown()),
        None if group.is_empty() => return Err(unknown()),
        // It went with its last definition since the groups were read.
        None => Vec::new(),
    };
    let mut kinds = Vec::new();
    for resource in resources {
        let listed = is_listed(&resource);
        let (plural, kind) = told(resource.name).zip(told(resource.kind)).ok_or_else(unknown)?;
        if listed {
            kinds.push(Found {
                group: group.clone(),
                version: version.clone(),
                kind,
                plural,
            });
        }
    }
    Ok(kinds)
}

fn is_listed(resource: &APIResource) -> bool {
    resource.namespaced && resource.verbs.iter().any(|verb| verb == "list") && !resource.name.contains('/')
}

/// A text that is not empty.
fn told(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
