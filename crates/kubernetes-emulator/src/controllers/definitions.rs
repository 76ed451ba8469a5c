//! CustomResourceDefinitions: their kinds are served from the beginning, and their objects go with them.

use serde_json::{Value, json};

use super::manager::set_condition;
use crate::crds;
use crate::kinds::known;
use crate::objects::{Objects, Scope, has_finalizers, is_leaving, removal, set_finalizer};

/// Keeps a definition that is being deleted until its objects are gone. It comes with the deletion.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
const MANAGER: &str = "kube-apiserver";

/// Brings a definition's status up to date; one that leaves takes its objects along.
pub(super) fn reconcile(objects: &mut Objects<'_>, name: &str) {
    let definitions = known("customresourcedefinitions");
    let scope = Scope::of(&definitions, None);
    let Some(live) = objects.get(scope, name) else {
        return;
    };
    if is_leaving(&live) {
        leave(objects, scope, &live);
        return;
    }
    let mut new = live.clone();
    let now = objects.timestamp();
    let status = &mut new["status"];
    status["acceptedNames"] = live["spec"]["names"].clone();
    let storage = live["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|version| version["storage"] == true)
        .map(|version| version["name"].clone());
    let mut stored = status["storedVersions"].as_array().cloned().unwrap_or_default();
    stored.extend(storage.filter(|version| !stored.contains(version)));
    status["storedVersions"] = Value::Array(stored);
    for (kind, reason, message) in [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        (
            "Established",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        ),
    ] {
        set_condition(status, kind, true, reason, message, &now);
    }
    objects.write(scope, &live, new, MANAGER, "status");
}

fn leave(objects: &mut Objects<'_>, scope: Scope<'_>, live: &Value) {
    let mut left = false;
    if let Some(kind) = crds::of(live).into_iter().next() {
        for item in objects.all(Scope::of(&kind, None)) {
            let namespace = item["metadata"]["namespace"].as_str();
            let inside = Scope::of(&kind, namespace);
            if !has_finalizers(&item) {
                objects.remove(inside, item["metadata"]["name"].as_str().unwrap_or_default());
                continue;
            }
            left = true;
            if !is_leaving(&item) {
                objects.put(inside, &mut removal(&item, objects.now));
            }
        }
    }
    let mut new = live.clone();
    let now = objects.timestamp();
    if new["status"].is_null() {
        new["status"] = json!({});
    }
    if left {
        let message = "CustomResource deletion is in progress";
        set_condition(
            &mut new["status"],
            "Terminating",
            true,
            "InstanceDeletionInProgress",
            message,
            &now,
        );
    } else {
        set_finalizer(&mut new, CLEANUP, false);
    }
    objects.write(scope, live, new, MANAGER, "status");
}

/// Goes on with the definition of a kind of which an object has gone.
pub(super) fn removed(objects: &mut Objects<'_>, definition: &str) {
    let definitions = known("customresourcedefinitions");
    let live = objects.get(Scope::of(&definitions, None), definition);
    if live.as_ref().is_some_and(is_leaving) {
        reconcile(objects, definition);
    }
}
