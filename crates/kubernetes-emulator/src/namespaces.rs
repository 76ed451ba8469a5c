//! Namespaces: what is special about making and deleting them.

use kompox_emulator_core::json::{fields, object};
use serde_json::{Value, json};

use super::crds;
use super::kinds::{Kind, known};
use super::objects::removal;
use super::objects::{Objects, Scope, has_finalizers, is_leaving};
use super::status::{Answer, Status};

/// Those that may not be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];
/// The controller's job: what is in a namespace goes.
pub(crate) const JOB: &str = "namespace";

/// Fills in what every new namespace has.
pub(crate) fn complete(document: &mut Value) {
    label(document);
    document["spec"] = json!({ "finalizers": ["kubernetes"] });
    document["status"] = json!({ "phase": "Active" });
}

/// Each is found by its name.
pub(crate) fn label(document: &mut Value) {
    let name = document["metadata"]["name"].clone();
    let metadata = object(document, "metadata");
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    fields(labels).insert("kubernetes.io/metadata.name".to_owned(), name);
}

/// Puts into a namespace what its controllers put into each.
pub(crate) fn furnish(objects: &mut Objects<'_>, name: &str) {
    let certificate = super::endpoint::find(objects.documents, objects.uid())
        .map(|endpoint| endpoint.ca_certificate)
        .unwrap_or_default();
    for (kind, mut document) in [
        (
            known("serviceaccounts"),
            json!({ "metadata": { "name": "default" } }),
        ),
        (
            known("configmaps"),
            json!({ "metadata": { "name": "kube-root-ca.crt" }, "data": { "ca.crt": certificate } }),
        ),
    ] {
        let scope = Scope::of(&kind, Some(name));
        let own = document["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if objects.get(scope, &own).is_none() {
            objects.complete(&kind, Some(name), &mut document);
            objects.put(scope, &mut document);
        }
    }
}

/// Refuses a new object in a namespace that is not there or on its way out.
pub(crate) fn check(objects: &Objects<'_>, kind: &Kind, namespace: &str, name: &str) -> Answer<()> {
    let namespaces = known("namespaces");
    let Some(document) = objects.get(Scope::of(&namespaces, None), namespace) else {
        return Err(Status::not_found(&namespaces, namespace));
    };
    if is_leaving(&document) {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        return Err(Status::terminating(kind, name, namespace, &why));
    }
    Ok(())
}

/// Sends a namespace off with everything in it. Returns what is answered.
pub(crate) fn delete(
    objects: &mut Objects<'_>,
    scope: Scope<'_>,
    document: Value,
    dry_run: bool,
) -> Answer<Value> {
    let name = document["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if IMMORTAL.contains(&name.as_str()) {
        return Err(Status::forbidden_object(
            scope.kind,
            &name,
            "this namespace may not be deleted",
        ));
    }
    if is_leaving(&document) {
        return Ok(document);
    }
    let mut document = removal(&document, objects.now);
    fields(&mut document["metadata"]).remove("deletionGracePeriodSeconds");
    document["status"]["phase"] = "Terminating".into();
    if dry_run {
        return Ok(document);
    }
    objects.put(scope, &mut document);
    objects.plan(JOB, None, &name, objects.pace.namespace);
    Ok(document)
}

/// Goes on with a namespace that is being deleted: all that can go goes at once.
pub(crate) fn settle(objects: &mut Objects<'_>, name: &str) {
    let namespaces = known("namespaces");
    let scope = Scope::of(&namespaces, None);
    let Some(document) = objects.get(scope, name).filter(is_leaving) else {
        return;
    };
    let mut held = Vec::new();
    for kind in crds::namespaced(objects) {
        let inside = Scope::of(&kind, Some(name));
        for content in objects.all(inside) {
            let content_name = content["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if !has_finalizers(&content) {
                objects.remove(inside, &content_name);
                continue;
            }
            if !is_leaving(&content) {
                objects.put(inside, &mut removal(&content, objects.now));
            }
            held.push(kind.qualified());
        }
    }
    if held.is_empty() && !has_finalizers(&document) {
        objects.remove(scope, name);
        return;
    }
    held.dedup();
    let remaining = !held.is_empty();
    let conditions = [
        (
            "NamespaceContentRemaining",
            "SomeResourcesRemain",
            "ContentRemoved",
            format!(
                "Some resources are remaining: {} has 1 or more resource instances",
                held.join(", ")
            ),
            "All content successfully removed",
        ),
        (
            "NamespaceFinalizersRemaining",
            "SomeFinalizersRemain",
            "ContentHasNoFinalizers",
            format!(
                "Some content in the namespace has finalizers remaining: {}",
                held.join(", ")
            ),
            "All content-preserving finalizers finished",
        ),
    ];
    let conditions: Vec<Value> = conditions
        .into_iter()
        .rev()
        .map(|(kind, some, none, message, over)| {
            json!({
                "type": kind,
                "status": if remaining { "True" } else { "False" },
                "reason": if remaining { some } else { none },
                "message": if remaining { message } else { over.to_owned() },
                "lastTransitionTime": objects.timestamp()
            })
        })
        .collect();
    let reasons = |conditions: &Value| -> Vec<Value> {
        let conditions = conditions.as_array().into_iter().flatten();
        conditions.map(|condition| condition["message"].clone()).collect()
    };
    let conditions = Value::Array(conditions);
    if reasons(&document["status"]["conditions"]) != reasons(&conditions) {
        let mut document = document;
        document["status"]["conditions"] = conditions;
        objects.put(scope, &mut document);
    }
}
