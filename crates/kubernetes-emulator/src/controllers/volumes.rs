//! Volumes and claims: they are bound to each other, and neither goes while it is in use.
//!
//! A claim is bound to a volume that is there; [`super::provisioner`] makes those that are asked for by a class.

use kompox_emulator_core::json::object;
use serde_json::{Value, json};

use super::manager::MANAGER;
use super::provisioner;
use crate::kinds::known;
use crate::objects::{Change, Objects, Scope, is_leaving, set_finalizer};
use crate::storage::{CLAIM_PROTECTION, VOLUME_PROTECTION};

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A claim has come, changed or gone.
pub(super) fn claim_changed(objects: &mut Objects<'_>, namespace: &str, name: &str) {
    let claims = known("persistentvolumeclaims");
    let scope = Scope::of(&claims, Some(namespace));
    match objects.get(scope, name) {
        None => release(objects, namespace, name),
        Some(claim) if is_leaving(&claim) => let_claim_go(objects, namespace, &claim),
        Some(claim) if claim["status"]["phase"] != "Bound" => bind(objects, namespace, &claim),
        Some(_) => {}
    }
}

/// A volume has come, changed or gone.
pub(super) fn volume_changed(objects: &mut Objects<'_>, change: &Change) {
    let volumes = known("persistentvolumes");
    let scope = Scope::of(&volumes, None);
    let live = objects.get(scope, &change.name);
    let Some(live) = live else {
        lose(objects, &change.document);
        return;
    };
    if is_leaving(&live) {
        if live["status"]["phase"] != "Bound" {
            let mut free = live.clone();
            set_finalizer(&mut free, VOLUME_PROTECTION, false);
            objects.write(scope, &live, free, MANAGER, "");
        }
        return;
    }
    let phase = text(&live, "/status/phase");
    if phase == "Released" {
        provisioner::released(objects, &live);
    }
    // Without the claim's uid it is for whoever comes by that name.
    let released = phase == "Released" && live["spec"]["claimRef"]["uid"].is_null();
    if phase.is_empty() || phase == "Pending" || released {
        let mut new = live.clone();
        new["status"]["phase"] = "Available".into();
        objects.write(scope, &live, new, MANAGER, "status");
    }
    let claims = known("persistentvolumeclaims");
    for claim in objects.all(Scope::of(&claims, None)) {
        if claim["status"]["phase"] != "Bound" && !is_leaving(&claim) {
            let namespace = text(&claim, "/metadata/namespace").to_owned();
            bind(objects, &namespace, &claim);
        }
    }
}

/// Whether a volume is good for a claim.
fn suits(volume: &Value, claim: &Value) -> bool {
    let reference = &volume["spec"]["claimRef"];
    let reserved = reference.is_object();
    let for_it = text(reference, "/name") == text(claim, "/metadata/name")
        && text(reference, "/namespace") == text(claim, "/metadata/namespace")
        && (reference["uid"].is_null() || reference["uid"] == claim["metadata"]["uid"]);
    let modes = |object: &Value| {
        object["spec"]["accessModes"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    let offered = modes(volume);
    let named = text(claim, "/spec/volumeName");
    let same = |field: &str| text(volume, field) == text(claim, field);
    (if reserved { for_it } else { true })
        && (named.is_empty() || named == text(volume, "/metadata/name"))
        && same("/spec/storageClassName")
        && same("/spec/volumeMode")
        && modes(claim).iter().all(|mode| offered.contains(mode))
        && bytes(&volume["spec"]["capacity"]["storage"])
            >= bytes(&claim["spec"]["resources"]["requests"]["storage"])
        && volume["status"]["phase"] != "Released"
        && !is_leaving(volume)
}

/// A quantity of storage.
fn bytes(quantity: &Value) -> f64 {
    const UNITS: [(&str, f64); 10] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    let text = match quantity {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    let (number, factor) = unit.map_or((text.as_str(), 1.0), |(unit, factor)| {
        (text.trim_end_matches(unit), *factor)
    });
    number.parse::<f64>().map_or(0.0, |number| number * factor)
}

fn bind(objects: &mut Objects<'_>, namespace: &str, claim: &Value) {
    let volumes = known("persistentvolumes");
    let all = objects.all(Scope::of(&volumes, None));
    // The one that was meant for it, or the smallest that is good enough.
    let best = all
        .iter()
        .filter(|volume| suits(volume, claim))
        .min_by(|one, other| {
            let rank = |volume: &Value| {
                let free = if volume["spec"]["claimRef"].is_object() {
                    0.0
                } else {
                    1e18
                };
                free + bytes(&volume["spec"]["capacity"]["storage"])
            };
            rank(one).total_cmp(&rank(other))
        });
    let Some(volume) = best else { return };
    let mut bound = volume.clone();
    bound["spec"]["claimRef"] = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace,
        "name": claim["metadata"]["name"], "uid": claim["metadata"]["uid"]
    });
    bound["status"]["phase"] = "Bound".into();
    let mut new = claim.clone();
    new["spec"]["volumeName"] = volume["metadata"]["name"].clone();
    object(&mut new["metadata"], "annotations")
        .insert("pv.kubernetes.io/bind-completed".to_owned(), "yes".into());
    new["status"] = json!({
        "phase": "Bound",
        "accessModes": volume["spec"]["accessModes"],
        "capacity": volume["spec"]["capacity"]
    });
    objects.write(Scope::of(&volumes, None), volume, bound, MANAGER, "status");
    let claims = known("persistentvolumeclaims");
    objects.write(Scope::of(&claims, Some(namespace)), claim, new, MANAGER, "status");
}

/// The volume of a claim that has gone is released; one that somebody brought is kept whatever its policy, as nothing
/// here deletes disks.
fn release(objects: &mut Objects<'_>, namespace: &str, name: &str) {
    let volumes = known("persistentvolumes");
    let scope = Scope::of(&volumes, None);
    for volume in objects.all(scope) {
        let reference = &volume["spec"]["claimRef"];
        if text(reference, "/namespace") == namespace
            && text(reference, "/name") == name
            && volume["status"]["phase"] == "Bound"
        {
            let mut new = volume.clone();
            new["status"]["phase"] = "Released".into();
            objects.write(scope, &volume, new, MANAGER, "status");
        }
    }
}

/// The claim of a volume that has gone has lost it.
fn lose(objects: &mut Objects<'_>, volume: &Value) {
    let claims = known("persistentvolumeclaims");
    let reference = &volume["spec"]["claimRef"];
    let (namespace, name) = (text(reference, "/namespace"), text(reference, "/name"));
    let scope = Scope::of(&claims, Some(namespace));
    if let Some(claim) = objects.get(scope, name)
        && claim["spec"]["volumeName"] == volume["metadata"]["name"]
        && claim["status"]["phase"] == "Bound"
    {
        let mut new = claim.clone();
        new["status"]["phase"] = "Lost".into();
        objects.write(scope, &claim, new, MANAGER, "status");
    }
}

fn uses(pod: &Value, claim: &str) -> bool {
    let volumes = pod["spec"]["volumes"].as_array();
    volumes
        .into_iter()
        .flatten()
        .any(|volume| volume["persistentVolumeClaim"]["claimName"] == claim)
}

fn let_claim_go(objects: &mut Objects<'_>, namespace: &str, claim: &Value) {
    let pods = known("pods");
    let name = text(claim, "/metadata/name");
    let used = objects
        .all(Scope::of(&pods, Some(namespace)))
        .iter()
        .any(|pod| uses(pod, name));
    if !used {
        let claims = known("persistentvolumeclaims");
        let mut free = claim.clone();
        set_finalizer(&mut free, CLAIM_PROTECTION, false);
        objects.write(Scope::of(&claims, Some(namespace)), claim, free, MANAGER, "");
    }
}

/// A pod has changed or gone: claims that waited for it may go.
pub(super) fn of_pod(objects: &mut Objects<'_>, namespace: &str, pod: &Value) {
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() {
            let claims = known("persistentvolumeclaims");
            if let Some(claim) = objects
                .get(Scope::of(&claims, Some(namespace)), claim)
                .filter(is_leaving)
            {
                let_claim_go(objects, namespace, &claim);
            }
        }
    }
}
