//! What is in a namespace: of every kind that can be listed, besides what Kubernetes puts there by itself.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kompox_domain::Context;
use serde_json::Value;

use crate::apply::AT_ONCE;
use crate::client::{KubeClient, KubeError};
use crate::object::{Place, Scope};

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
            let objects = client.list_metadata(cx, &place, &[]).await?;
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

fn named(found: &Found, object: &Value) -> Option<String> {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let owned = metadata["ownerReferences"]
        .as_array()
        .is_some_and(|owners| !owners.is_empty());
    // What is owned goes with its owner, which is in the same namespace and counted itself.
    let echo = owned || ECHOES.contains(&found.kind.as_str());
    (!echo && !ALWAYS.contains(&(found.kind.as_str(), name))).then(|| format!("{} {name}", found.kind))
}

async fn kinds(client: &KubeClient, cx: &Context) -> Result<Vec<Found>, KubeError> {
    let unknown = |what: &str| client.strange(&format!("it does not tell {what}"));
    let groups = client.discover(cx, "/apis", "APIGroupList", "groups").await?;
    let mut places = vec![(String::new(), "v1".to_owned())];
    for group in groups.ok_or_else(|| unknown("which API groups there are"))? {
        let name = text(&group["name"]).ok_or_else(|| unknown("what an API group is called"))?;
        let version = text(&group["preferredVersion"]["version"])
            .ok_or_else(|| unknown("which version of an API group it prefers"))?;
        if !VIEWS.contains(&name) {
            places.push((name.to_owned(), version.to_owned()));
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
        group => format!("/apis/{group}/{version}"),
    };
    // A group whose server is away cannot be looked into, so nobody knows that nothing is there.
    let resources = match client.discover(cx, &path, "APIResourceList", "resources").await? {
        Some(resources) => resources,
        None if group.is_empty() => return Err(unknown()),
        // It went with its last definition since the groups were read.
        None => Vec::new(),
    };
    let mut kinds = Vec::new();
    for resource in resources {
        let (plural, kind) = text(&resource["name"])
            .zip(text(&resource["kind"]))
            .ok_or_else(unknown)?;
        if is_listed(&resource, plural) {
            kinds.push(Found {
                group: group.clone(),
                version: version.clone(),
                kind: kind.to_owned(),
                plural: plural.to_owned(),
            });
        }
    }
    Ok(kinds)
}

fn is_listed(resource: &Value, plural: &str) -> bool {
    let verbs = resource["verbs"].as_array();
    resource["namespaced"] == true
        && verbs.is_some_and(|verbs| verbs.iter().any(|verb| verb == "list"))
        && !plural.contains('/')
}

/// A text that is not empty.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}
