//! Namespaces: what is special about making and deleting them.

use serde_json::{Value, json};

use super::kinds::{self, KINDS, Kind};
use super::objects::{Objects, Scope, has_finalizers};
use super::status::{Answer, Status};
use crate::json::object;

/// Those that may not be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

/// The kind.
pub(super) fn kind() -> Option<&'static Kind> {
    kinds::by_path("", "v1", "namespaces")
}

/// Fills in what every namespace has.
pub(super) fn complete(document: &mut Value) {
    let name = document["metadata"]["name"].clone();
    let metadata = object(document, "metadata");
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    crate::json::fields(labels).insert("kubernetes.io/metadata.name".to_owned(), name);
    document["spec"] = json!({ "finalizers": ["kubernetes"] });
    document["status"] = json!({ "phase": "Active" });
}

/// Refuses a new object in a namespace that is not there or on its way out.
pub(super) fn check(objects: &Objects<'_>, kind: &Kind, namespace: &str, name: &str) -> Answer<()> {
    let Some(namespaces) = self::kind() else {
        return Ok(());
    };
    let scope = Scope {
        kind: namespaces,
        namespace: None,
    };
    let Some(document) = objects.get(scope, namespace) else {
        return Err(Status::not_found(namespaces, namespace));
    };
    if document["metadata"].get("deletionTimestamp").is_some() {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        return Err(Status::forbidden_object(kind, name, &why));
    }
    Ok(())
}

/// Deletes a namespace with everything in it; what has finalizers keeps it, terminating. Returns what is answered.
pub(super) fn delete(
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
    let mut document = document;
    let deleted = objects.timestamp();
    object(&mut document, "metadata")
        .entry("deletionTimestamp")
        .or_insert_with(|| deleted.into());
    document["status"]["phase"] = "Terminating".into();
    if dry_run {
        return Ok(document);
    }
    objects.put(scope, &mut document);
    settle(objects, &name);
    Ok(document)
}

/// Goes on with a namespace that is being deleted: nothing waits in between, so all that can go goes at once.
pub(super) fn settle(objects: &mut Objects<'_>, name: &str) {
    let Some(kind) = kind() else { return };
    let scope = Scope {
        kind,
        namespace: None,
    };
    let Some(mut document) = objects.get(scope, name) else {
        return;
    };
    if document["metadata"].get("deletionTimestamp").is_none() {
        return;
    }
    let mut held = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.namespaced) {
        let inside = Scope {
            kind,
            namespace: Some(name),
        };
        for mut content in objects.all(inside) {
            let content_name = content["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if !has_finalizers(&content) {
                objects.remove(inside, &content_name);
                continue;
            }
            if content["metadata"].get("deletionTimestamp").is_none() {
                content["metadata"]["deletionTimestamp"] = objects.timestamp().into();
                objects.put(inside, &mut content);
            }
            held.push(kind.qualified());
        }
    }
    if held.is_empty() && !has_finalizers(&document) {
        objects.remove(scope, name);
        return;
    }
    held.dedup();
    let message = format!(
        "Some content in the namespace has finalizers remaining: {}",
        held.join(", ")
    );
    let condition = json!([{
        "type": "NamespaceFinalizersRemaining",
        "status": if held.is_empty() { "False" } else { "True" },
        "reason": if held.is_empty() { "ContentHasNoFinalizers" } else { "SomeFinalizersRemain" },
        "message": if held.is_empty() { "All content-preserving finalizers finished".to_owned() } else { message },
        "lastTransitionTime": objects.timestamp()
    }]);
    if document["status"]["conditions"] != condition {
        document["status"]["conditions"] = condition;
        objects.put(scope, &mut document);
    }
}
