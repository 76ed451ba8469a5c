//! Direct handles on what a cluster holds, for tests: nobody is asked, nothing is validated.

use serde_json::Value;

use super::cluster;
use super::controllers;
use super::crds;
use super::kinds::KindRef;
use super::logs;
use super::namespaces;
use super::objects::{Objects, Scope};
use crate::json::object;
use crate::options::Timing;
use crate::store::State;

fn uid(state: &State, key: &str) -> Result<String, String> {
    cluster::uid_of_cluster(state, key)
        .ok_or_else(|| format!("there is no cluster with an endpoint at {key}"))
}

fn kind(state: &State, uid: &str, resource: &str) -> Result<KindRef, String> {
    crds::by_name(state, uid, resource).ok_or_else(|| format!("{resource:?} is not served"))
}

/// The objects of a cluster as they are now.
fn objects<'a>(state: &'a mut State, uid: &str, now: i64, timing: &Timing) -> Objects<'a> {
    let mut objects = Objects::paced(state, uid, now, timing);
    controllers::settle(&mut objects);
    objects
}

/// Sets what a container of a pod has logged.
pub(crate) fn set_log(
    state: &mut State,
    key: &str,
    container: (&str, &str, &str),
    text: &str,
    now: i64,
) -> Result<(), String> {
    let uid = uid(state, key)?;
    logs::set(state, &uid, container, text, now);
    Ok(())
}

/// Makes an image one that cannot be pulled, or can be again.
pub(crate) fn refuse_image(
    state: &mut State,
    key: &str,
    (image, refused): (&str, bool),
    now: i64,
    timing: &Timing,
) -> Result<(), String> {
    let uid = uid(state, key)?;
    controllers::pods::refuse_image(&mut objects(state, &uid, now, timing), image, refused);
    Ok(())
}

/// Stores an object as it is, in place of one with the same name.
pub(crate) fn put(
    state: &mut State,
    key: &str,
    mut document: Value,
    now: i64,
    timing: &Timing,
) -> Result<(), String> {
    let uid = uid(state, key)?;
    let kind = crds::by_object(state, &uid, &document)
        .ok_or_else(|| format!("{} {} is not served", document["apiVersion"], document["kind"]))?;
    let metadata = object(&mut document, "metadata");
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").ok_or("an object has a name")?;
    let namespace = kind
        .namespaced
        .then(|| text("namespace").unwrap_or_else(|| "default".to_owned()));
    let scope = Scope::of(&kind, namespace.as_deref());
    let mut objects = objects(state, &uid, now, timing);
    if let Some(there) = objects.get(scope, &name) {
        let metadata = object(&mut document, "metadata");
        for field in ["uid", "creationTimestamp"] {
            metadata
                .entry(field)
                .or_insert_with(|| there["metadata"][field].clone());
        }
    }
    objects.complete(&kind, namespace.as_deref(), &mut document);
    if kind.kind == "Namespace" && document.get("status").is_none() {
        namespaces::complete(&mut document);
    }
    objects.put(scope, &mut document);
    // Nothing follows from what a test says is so, but that whoever takes the last finalizer away lets a namespace go.
    objects.changes.clear();
    namespaces::settle(&mut objects, namespace.as_deref().unwrap_or(&name));
    Ok(())
}

/// One object; `resource` is `pods`, `deployments.apps` and the like.
pub(crate) fn get(
    state: &mut State,
    key: &str,
    (resource, namespace, name): (&str, Option<&str>, &str),
    now: i64,
    timing: &Timing,
) -> Result<Option<Value>, String> {
    let uid = uid(state, key)?;
    let kind = kind(state, &uid, resource)?;
    Ok(objects(state, &uid, now, timing).get(Scope::of(&kind, namespace), name))
}

/// All objects of a resource in all namespaces.
pub(crate) fn list(
    state: &mut State,
    key: &str,
    resource: &str,
    now: i64,
    timing: &Timing,
) -> Result<Vec<Value>, String> {
    let uid = uid(state, key)?;
    let kind = kind(state, &uid, resource)?;
    Ok(objects(state, &uid, now, timing).all(Scope::of(&kind, None)))
}

/// Removes an object, finalizers or not, and says whether it was there.
pub(crate) fn remove(
    state: &mut State,
    key: &str,
    (resource, namespace, name): (&str, Option<&str>, &str),
    now: i64,
    timing: &Timing,
) -> Result<bool, String> {
    let uid = uid(state, key)?;
    let kind = kind(state, &uid, resource)?;
    let mut objects = objects(state, &uid, now, timing);
    let removed = objects.remove(Scope::of(&kind, namespace), name);
    if let Some(namespace) = namespace {
        namespaces::settle(&mut objects, namespace);
    }
    controllers::react(&mut objects);
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
