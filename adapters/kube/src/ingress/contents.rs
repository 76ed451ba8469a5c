//! What is in a namespace: of every kind that can be listed, besides what Kubernetes puts there by itself.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kompox_domain::Context;
use serde_json::Value;

use crate::apply::AT_ONCE;
use crate::client::{KubeClient, KubeError};
use crate::object::collection;

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
pub(super) async fn look(
    client: &KubeClient,
    cx: &Context,
    namespace: &str,
) -> Result<Vec<String>, KubeError> {
    let lists: Vec<Vec<String>> = stream::iter(kinds(client, cx).await?)
        .map(|found| async move {
            let path = collection(&found.group, &found.version, &found.plural, Some(namespace));
            let objects = client.list_metadata(cx, &path, &[]).await?;
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
    let groups = client.read(cx, "/apis").await?.unwrap_or_default();
    let preferred = groups["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| {
            let name = group["name"].as_str()?;
            let version = group["preferredVersion"]["version"].as_str()?;
            (!VIEWS.contains(&name)).then(|| (name.to_owned(), version.to_owned()))
        });
    let mut places = vec![(String::new(), "v1".to_owned())];
    places.extend(preferred);
    let lists: Vec<Vec<Found>> = stream::iter(places)
        .map(|(group, version)| async move {
            let path = match group.as_str() {
                "" => "/api/v1".to_owned(),
                group => format!("/apis/{group}/{version}"),
            };
            // A group whose server is away cannot be looked into, so nobody knows that nothing is there.
            let resources = client.read(cx, &path).await?.unwrap_or_default();
            let resources = resources["resources"].as_array().cloned().unwrap_or_default();
            Ok::<_, KubeError>(
                resources
                    .iter()
                    .filter(|resource| is_listed(resource))
                    .filter_map(|resource| {
                        Some(Found {
                            group: group.clone(),
                            version: version.clone(),
                            kind: resource["kind"].as_str()?.to_owned(),
                            plural: resource["name"].as_str()?.to_owned(),
                        })
                    })
                    .collect(),
            )
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(lists.into_iter().flatten().collect())
}

fn is_listed(resource: &Value) -> bool {
    let verbs = resource["verbs"].as_array();
    resource["namespaced"] == true
        && verbs.is_some_and(|verbs| verbs.iter().any(|verb| verb == "list"))
        && !resource["name"].as_str().unwrap_or("/").contains('/')
}
