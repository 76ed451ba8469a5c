//! What belongs to something that is gone goes as well (`metadata.ownerReferences`).

use std::collections::HashSet;

use serde_json::Value;

use super::manager::MANAGER;
use crate::crds;
use crate::endpoint::root;
use crate::kinds::KindRef;
use crate::objects::{Change, Objects, Scope, has_finalizers, is_leaving, removal, set_finalizer};

/// Holds an object until all that belongs to it has gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// The `uid`s of all that something belongs to.
pub(super) fn owners_of_any(objects: &Objects<'_>) -> HashSet<String> {
    let below = format!("{}/objects", root(objects.uid()));
    objects
        .documents
        .below(&below)
        .filter(|(_, resource)| resource.body.contains("\"ownerReferences\""))
        .flat_map(|(_, resource)| {
            let document = resource.document();
            let uids = owners(&document).filter_map(|owner| owner["uid"].as_str().map(str::to_owned));
            uids.collect::<Vec<_>>()
        })
        .collect()
}

/// Everything whose owner has this `uid`.
fn belongings(objects: &Objects<'_>, owner: &str) -> Vec<(KindRef, Value)> {
    if owner.is_empty() {
        return Vec::new();
    }
    let below = format!("{}/objects", root(objects.uid()));
    objects
        .documents
        .below(&below)
        // Most objects do not name it at all, and need not be read.
        .filter(|(_, resource)| resource.body.contains(owner))
        .map(|(_, resource)| resource.document())
        .filter(|document| owners(document).any(|there| there["uid"] == owner))
        .filter_map(|document| {
            let kind = crds::by_object(objects.documents, objects.uid(), &document)?;
            Some((kind, document))
        })
        .collect()
}

fn owners(document: &Value) -> impl Iterator<Item = &Value> {
    document["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
}

fn exists(objects: &Objects<'_>, uid: &Value) -> bool {
    let text = uid.to_string();
    let below = format!("{}/objects", root(objects.uid()));
    objects
        .documents
        .below(&below)
        .filter(|(_, resource)| resource.body.contains(&text))
        .any(|(_, resource)| resource.document()["metadata"]["uid"] == *uid)
}

fn name(document: &Value) -> (String, Option<String>) {
    let metadata = &document["metadata"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (
        text(&metadata["name"]).unwrap_or_default(),
        text(&metadata["namespace"]),
    )
}

/// Takes an owner away from an object.
fn disown(objects: &mut Objects<'_>, kind: &KindRef, document: &Value, owner: &Value) {
    let mut left = document.clone();
    if let Some(Value::Array(list)) = left["metadata"].get_mut("ownerReferences") {
        list.retain(|there| there["uid"] != *owner);
        if list.is_empty() {
            kompox_emulator_core::json::fields(&mut left["metadata"]).remove("ownerReferences");
        }
    }
    let namespace = name(document).1;
    objects.write(Scope::of(kind, namespace.as_deref()), document, left, MANAGER, "");
}

/// Sends an object off, or removes it where nothing holds it.
fn send_off(objects: &mut Objects<'_>, kind: &KindRef, document: &Value) {
    let (name, namespace) = name(document);
    let scope = Scope::of(kind, namespace.as_deref());
    if !has_finalizers(document) {
        objects.remove(scope, &name);
    } else if !is_leaving(document) {
        objects.put(scope, &mut removal(document, objects.now));
    }
}

/// Lets go of all that belongs to an object that leaves without it.
pub(crate) fn orphan(objects: &mut Objects<'_>, owner: &Value) {
    let uid = &owner["metadata"]["uid"];
    for (kind, document) in belongings(objects, uid.as_str().unwrap_or_default()) {
        disown(objects, &kind, &document, uid);
    }
}

/// An object has gone: what belonged to it goes too, unless it has another owner still.
pub(super) fn removed(objects: &mut Objects<'_>, owner: &Value, owners_of_any: &HashSet<String>) {
    let uid = &owner["metadata"]["uid"];
    let known = uid.as_str().filter(|uid| owners_of_any.contains(*uid));
    for (kind, document) in known.map_or_else(Vec::new, |uid| belongings(objects, uid)) {
        let others = owners(&document).filter(|there| there["uid"] != *uid);
        if others.into_iter().any(|there| exists(objects, &there["uid"])) {
            disown(objects, &kind, &document, uid);
        } else {
            send_off(objects, &kind, &document);
        }
    }
    // It may have been the last that its own owner waited for.
    for reference in owners(owner) {
        let Some(kind) = crds::by_object(objects.documents, objects.uid(), reference) else {
            continue;
        };
        let name = reference["name"].as_str().unwrap_or_default();
        let namespace = owner["metadata"]["namespace"]
            .as_str()
            .filter(|_| kind.namespaced);
        if let Some(document) = objects.get(Scope::of(&kind, namespace), name)
            && document["metadata"]["uid"] == reference["uid"]
            && is_leaving(&document)
        {
            wait(objects, &kind, namespace, &document);
        }
    }
}

/// An object is on its way out.
pub(super) fn leaving(objects: &mut Objects<'_>, change: &Change) {
    wait(
        objects,
        &change.kind,
        change.namespace.as_deref(),
        &change.document,
    );
}

/// Goes on with an object that goes after all that belongs to it.
fn wait(objects: &mut Objects<'_>, kind: &KindRef, namespace: Option<&str>, owner: &Value) {
    let held = owner["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|finalizers| finalizers.iter().any(|finalizer| finalizer == FOREGROUND));
    if !held {
        return;
    }
    let uid = owner["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    for (kind, document) in belongings(objects, &uid) {
        send_off(objects, &kind, &document);
    }
    if belongings(objects, &uid).is_empty() {
        let scope = Scope::of(kind, namespace);
        let Some(live) = objects.get(scope, &name(owner).0) else {
            return;
        };
        let mut free = live.clone();
        set_finalizer(&mut free, FOREGROUND, false);
        objects.write(scope, &live, free, MANAGER, "");
    }
}
