//! Direct handles on what a cluster holds, for tests: nobody is asked, nothing is validated.

use serde_json::Value;

use super::cluster;
use super::kinds::{self, Kind};
use super::namespaces;
use super::objects::{Objects, Scope};
use crate::json::object;
use crate::store::State;

fn uid(state: &State, key: &str) -> Result<String, String> {
    cluster::uid_of_cluster(state, key)
        .ok_or_else(|| format!("there is no cluster with an endpoint at {key}"))
}

fn kind(resource: &str) -> Result<&'static Kind, String> {
    kinds::by_name(resource).ok_or_else(|| format!("{resource:?} is not served"))
}

/// Stores an object as it is, in place of one with the same name.
pub(crate) fn put(state: &mut State, key: &str, mut document: Value, now: i64) -> Result<(), String> {
    let uid = uid(state, key)?;
    let kind = kinds::by_object(&document)
        .ok_or_else(|| format!("{} {} is not served", document["apiVersion"], document["kind"]))?;
    let metadata = object(&mut document, "metadata");
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").ok_or("an object has a name")?;
    let namespace = kind
        .namespaced
        .then(|| text("namespace").unwrap_or_else(|| "default".to_owned()));
    let scope = Scope {
        kind,
        namespace: namespace.as_deref(),
    };
    let mut objects = Objects::of(state, &uid, now);
    if let Some(there) = objects.get(scope, &name) {
        let metadata = object(&mut document, "metadata");
        for field in ["uid", "creationTimestamp"] {
            metadata
                .entry(field)
                .or_insert_with(|| there["metadata"][field].clone());
        }
    }
    objects.complete(kind, namespace.as_deref(), &mut document);
    if kind.kind == "Namespace" && document.get("status").is_none() {
        namespaces::complete(&mut document);
    }
    objects.put(scope, &mut document);
    // Whoever takes the last finalizer away lets a namespace go.
    namespaces::settle(&mut objects, namespace.as_deref().unwrap_or(&name));
    Ok(())
}

/// One object; `resource` is `pods`, `deployments.apps` and the like.
pub(crate) fn get(
    state: &mut State,
    key: &str,
    (resource, namespace, name): (&str, Option<&str>, &str),
    now: i64,
) -> Result<Option<Value>, String> {
    let (uid, kind) = (uid(state, key)?, kind(resource)?);
    Ok(Objects::of(state, &uid, now).get(Scope { kind, namespace }, name))
}

/// All objects of a resource in all namespaces.
pub(crate) fn list(state: &mut State, key: &str, resource: &str, now: i64) -> Result<Vec<Value>, String> {
    let (uid, kind) = (uid(state, key)?, kind(resource)?);
    Ok(Objects::of(state, &uid, now).all(Scope {
        kind,
        namespace: None,
    }))
}

/// Removes an object, finalizers or not, and says whether it was there.
pub(crate) fn remove(
    state: &mut State,
    key: &str,
    (resource, namespace, name): (&str, Option<&str>, &str),
    now: i64,
) -> Result<bool, String> {
    let (uid, kind) = (uid(state, key)?, kind(resource)?);
    let mut objects = Objects::of(state, &uid, now);
    let removed = objects.remove(Scope { kind, namespace }, name);
    if let Some(namespace) = namespace {
        namespaces::settle(&mut objects, namespace);
    }
    Ok(removed)
}

/// Makes a cluster's endpoint fall silent, or speak again.
pub(crate) fn set_answering(state: &mut State, key: &str, answering: bool) -> Result<(), String> {
    let uid = uid(state, key)?;
    if answering {
        state.mute.remove(&uid);
    } else {
        state.mute.insert(uid);
    }
    Ok(())
}
