//! Direct handles on what a cluster holds, for tests: nobody is asked, nothing is validated.

use kompox_emulator_core::json::object;
use kompox_emulator_core::store::Documents;
use serde_json::Value;

use super::cluster::{Cluster, Pace};
use super::controllers;
use super::crds;
use super::kinds::KindRef;
use super::logs;
use super::namespaces;
use super::objects::{Objects, Scope};

fn kind(documents: &Documents, uid: &str, resource: &str) -> Result<KindRef, String> {
    crds::by_name(documents, uid, resource).ok_or_else(|| format!("{resource:?} is not served"))
}

/// The objects of a cluster as they are now.
fn objects<'a>(documents: &'a mut Documents, cluster: &Cluster, now: i64, pace: &Pace) -> Objects<'a> {
    let mut objects = Objects::paced(documents, cluster, now, pace);
    controllers::settle(&mut objects);
    objects
}

/// Sets what a container of a pod has logged.
pub fn set_log(
    documents: &mut Documents,
    cluster: &Cluster,
    container: (&str, &str, &str),
    text: &str,
    now: i64,
) -> Result<(), String> {
    logs::set(documents, &cluster.uid, container, text, now);
    Ok(())
}

/// Makes an image one that cannot be pulled, or can be again.
pub fn refuse_image(
    documents: &mut Documents,
    cluster: &Cluster,
    (image, refused): (&str, bool),
    now: i64,
    pace: &Pace,
) -> Result<(), String> {
    controllers::pods::refuse_image(&mut objects(documents, cluster, now, pace), image, refused);
    Ok(())
}

/// Stores an object as it is, in place of one with the same name.
pub fn put(
    documents: &mut Documents,
    cluster: &Cluster,
    mut document: Value,
    now: i64,
    pace: &Pace,
) -> Result<(), String> {
    let kind = crds::by_object(documents, &cluster.uid, &document)
        .ok_or_else(|| format!("{} {} is not served", document["apiVersion"], document["kind"]))?;
    let metadata = object(&mut document, "metadata");
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").ok_or("an object has a name")?;
    let namespace = kind
        .namespaced
        .then(|| text("namespace").unwrap_or_else(|| "default".to_owned()));
    let scope = Scope::of(&kind, namespace.as_deref());
    let mut objects = objects(documents, cluster, now, pace);
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
pub fn get(
    documents: &mut Documents,
    cluster: &Cluster,
    (resource, namespace, name): (&str, Option<&str>, &str),
    now: i64,
    pace: &Pace,
) -> Result<Option<Value>, String> {
    let kind = kind(documents, &cluster.uid, resource)?;
    Ok(objects(documents, cluster, now, pace).get(Scope::of(&kind, namespace), name))
}

/// All objects of a resource in all namespaces.
pub fn list(
    documents: &mut Documents,
    cluster: &Cluster,
    resource: &str,
    now: i64,
    pace: &Pace,
) -> Result<Vec<Value>, String> {
    let kind = kind(documents, &cluster.uid, resource)?;
    Ok(objects(documents, cluster, now, pace).all(Scope::of(&kind, None)))
}

/// Removes an object, finalizers or not, and says whether it was there.
pub fn remove(
    documents: &mut Documents,
    cluster: &Cluster,
    (resource, namespace, name): (&str, Option<&str>, &str),
    now: i64,
    pace: &Pace,
) -> Result<bool, String> {
    let kind = kind(documents, &cluster.uid, resource)?;
    let mut objects = objects(documents, cluster, now, pace);
    let removed = objects.remove(Scope::of(&kind, namespace), name);
    if let Some(namespace) = namespace {
        namespaces::settle(&mut objects, namespace);
    }
    controllers::react(&mut objects);
    Ok(removed)
}
