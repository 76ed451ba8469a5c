//! What is to be done for a mount, by what stands in the cluster.

use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim};
use kompox_domain::cluster::{Change, ChangeAction};
use kompox_domain::{Argument, ByteSize, Error, ErrorKind, Hint, VolumeMount};
use serde_json::{Value, json};

use crate::apply::first_difference;
use crate::labels::{MANAGED_BY, MANAGER};
use crate::manifest::{self, APP_ID, DISK, VOLUME};
use crate::object::{Desired, Keep, Kind, ObjectId, annotation, is_leaving, label, value};

/// Where the size of a volume stands, and where the one that a claim asks for.
const CAPACITY: &str = "/spec/capacity/storage";
const REQUEST: &str = "/spec/resources/requests/storage";

/// An object as it should be, and what is to be done so that it is.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) wanted: Desired,
    /// None: it is.
    pub(super) change: Option<Change>,
}

/// What is to be done for one mount.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) volume: Step,
    pub(super) claim: Step,
    /// What takes from the volume the claim that it was for: another one, or one that has gone.
    pub(super) release: Option<Value>,
}

/// Why an object cannot be used, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    message: String,
    hint: Hint,
}

fn refusal(message: String, hint: impl Into<Hint>) -> Refusal {
    Refusal {
        message,
        hint: hint.into(),
    }
}

/// Whether the namespace can take claims.
pub(super) fn namespace(mount: &VolumeMount, found: Option<&Namespace>) -> Result<(), Refusal> {
    match found {
        Some(found) if is_leaving(found) => Err(leaving(&ObjectId::of::<Namespace>(
            None,
            mount.namespace.as_str(),
        ))),
        _ => Ok(()),
    }
}

/// What is to be done for a mount.
pub(super) fn pair(
    mount: &VolumeMount,
    volume: Option<&PersistentVolume>,
    claim: Option<&PersistentVolumeClaim>,
) -> Result<Task, Refusal> {
    let wanted_volume = Desired::of(&manifest::volume(mount), Keep::Owned);
    let found_claim = claim.map(value);
    let mut wanted_claim = value(&manifest::claim(mount));
    if let Some(claim) = &found_claim {
        // It keeps the size it asks for: without a class it can be no other.
        copy(&mut wanted_claim, claim, REQUEST);
    }
    let wanted_claim = Desired::raw(Kind::of::<PersistentVolumeClaim>(), Keep::Owned, wanted_claim);
    if let Some(claim) = claim {
        usable_claim(mount, wanted_claim.id(), claim)?;
    }
    let release = match volume {
        Some(volume) => usable_volume(mount, wanted_volume.id(), volume)?,
        None => None,
    };
    Ok(Task {
        volume: step(
            mount,
            wanted_volume,
            volume.map(value).as_ref(),
            release.is_some(),
        ),
        claim: step(mount, wanted_claim, found_claim.as_ref(), false),
        release,
    })
}

fn step(mount: &VolumeMount, wanted: Desired, found: Option<&Value>, changed: bool) -> Step {
    let disk = &mount.disk;
    let what = match found {
        None => Some((ChangeAction::Create, format!("mounts disk {disk}"))),
        Some(found) if changed || differs(wanted.value(), found) => Some((
            ChangeAction::Update,
            format!("was not as disk {disk} is mounted now"),
        )),
        Some(_) => None,
    };
    let change = what.map(|(action, reason)| Change {
        action,
        resource: wanted.id().to_string(),
        reason,
    });
    Step { wanted, change }
}

/// Whether something that is wanted is not there, or otherwise. What others added does not count.
fn differs(wanted: &Value, found: &Value) -> bool {
    let mut wanted = wanted.clone();
    let size = |value: &Value| value.pointer(CAPACITY)?.as_str()?.parse::<ByteSize>().ok();
    // An API server has its own way to write a size.
    if size(&wanted).is_some() && size(&wanted) == size(found) {
        copy(&mut wanted, found, CAPACITY);
    }
    first_difference(&wanted, found).is_some()
}

/// Takes one field over.
fn copy(to: &mut Value, from: &Value, pointer: &str) {
    if let (Some(to), Some(from)) = (to.pointer_mut(pointer), from.pointer(pointer)) {
        *to = from.clone();
    }
}

fn usable_claim(mount: &VolumeMount, id: &ObjectId, claim: &PersistentVolumeClaim) -> Result<(), Refusal> {
    ours(mount, id, claim)?;
    let bound = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref());
    if let Some(other) = bound.filter(|bound| !bound.is_empty() && *bound != mount.name) {
        return Err(refusal(
            format!("{id} is bound to another volume: {other}"),
            "a claim cannot be pointed elsewhere: delete it, then run this again",
        ));
    }
    let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
    if phase == Some("Lost") {
        return Err(refusal(
            format!("{id} has lost its volume"),
            "delete it, then run this again; the disk and what is on it stay",
        ));
    }
    Ok(())
}

/// Whether the volume can be used, and what takes its claim from it if that is not the one that it is for.
fn usable_volume(
    mount: &VolumeMount,
    id: &ObjectId,
    volume: &PersistentVolume,
) -> Result<Option<Value>, Refusal> {
    ours(mount, id, volume)?;
    let spec = volume.spec.as_ref();
    let csi = spec.and_then(|spec| spec.csi.as_ref());
    let handle = csi.map_or("none", |csi| csi.volume_handle.as_str());
    if !handle.eq_ignore_ascii_case(&mount.disk_mount.handle) {
        return Err(refusal(
            format!("{id} is for another disk: {handle}"),
            "a volume cannot be pointed elsewhere: delete it, then run this again; both disks stay",
        ));
    }
    let Some(reference) = spec.and_then(|spec| spec.claim_ref.as_ref()) else {
        return Ok(None);
    };
    let namespace = reference.namespace.as_deref().unwrap_or_default();
    let name = reference.name.as_deref().unwrap_or_default();
    let for_it = namespace == mount.namespace.as_str() && name == mount.name;
    match (for_it, phase(volume)) {
        (true, Some("Released")) => {}
        (true, _) => return Ok(None),
        (false, Some("Bound")) => {
            return Err(refusal(
                format!("{id} is used by another claim: {namespace}/{name}"),
                Hint::argument(
                    "delete that claim first, the disk stays; or keep to its namespace",
                    Argument::Namespace(Some(namespace.to_owned().into())),
                ),
            ));
        }
        (false, _) => {}
    }
    Ok(Some(json!({
        "metadata": { "resourceVersion": volume.metadata.resource_version },
        "spec": { "claimRef": {
            "namespace": mount.namespace.as_str(), "name": mount.name, "uid": null, "resourceVersion": null } }
    })))
}

fn phase(volume: &PersistentVolume) -> Option<&str> {
    volume.status.as_ref()?.phase.as_deref()
}

/// Whether an object was made for the same app, by us or from what we print, and stays.
fn ours(mount: &VolumeMount, id: &ObjectId, object: &impl kube::Resource) -> Result<(), Refusal> {
    if is_leaving(object) {
        return Err(leaving(id));
    }
    if is_ours(mount, object) {
        return Ok(());
    }
    Err(refusal(
        format!("{id} is somebody else's: it does not carry our labels"),
        "it is never touched; delete it if nobody needs it",
    ))
}

fn is_ours(mount: &VolumeMount, object: &impl kube::Resource) -> bool {
    label(object, MANAGED_BY) == Some(MANAGER)
        && annotation(object, APP_ID).is_some_and(|id| *id == mount.app.to_string())
}

fn leaving(id: &ObjectId) -> Refusal {
    refusal(
        format!("{id} is being deleted"),
        "wait until it is gone, then run this again",
    )
}

/// What is told of a volume of the app that mounts another disk of one of the mounts' volumes.
pub(super) fn other(mounts: &[VolumeMount], volume: &PersistentVolume) -> Option<Change> {
    let name = volume.metadata.name.as_deref()?;
    let of_volume = label(volume, VOLUME)?;
    let mount = mounts.iter().find(|mount| mount.volume.as_str() == of_volume)?;
    let wanted = mounts.iter().any(|mount| mount.name == name);
    if wanted || !is_ours(mount, volume) {
        return None;
    }
    let claim = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    let claim = claim.and_then(|claim| claim.namespace.as_deref().zip(claim.name.as_deref()));
    let delete_claim = match (phase(volume), claim) {
        (Some("Bound"), Some((namespace, claim))) => format!("kubectl delete pvc -n {namespace} {claim} && "),
        _ => String::new(),
    };
    Some(Change {
        action: ChangeAction::Keep,
        resource: format!("PersistentVolume {name}"),
        reason: format!(
            "mounts disk {}, which is not the assigned one; to remove it: {delete_claim}kubectl delete pv {name}",
            label(volume, DISK).unwrap_or("of another name"),
        ),
    })
}

/// One error of all refusals.
pub(super) fn refused(refusals: &[Refusal]) -> Option<Error> {
    if refusals.is_empty() {
        return None;
    }
    let mut messages: Vec<&str> = Vec::new();
    let mut hints: Vec<Hint> = Vec::new();
    for refusal in refusals {
        if !messages.contains(&refusal.message.as_str()) {
            messages.push(&refusal.message);
        }
        if !hints.contains(&refusal.hint) {
            hints.push(refusal.hint.clone());
        }
    }
    Some(Error::new(ErrorKind::Precondition, messages.join("; ")).with_hints(hints))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_api_server_adds_or_writes_otherwise_is_as_wanted_and_what_is_missing_or_differs_is_not() {
        let wanted = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "4Gi"}, "storageClassName": "fast", "claimRef": {"name": "n"}}});
        let found = json!({"metadata": {"labels": {"a": "b", "c": "d"}, "uid": "u"}, "status": {"phase": "Bound"},
            "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "4294967296"},
                "storageClassName": "fast", "claimRef": {"name": "n", "uid": "u"}}});
        assert!(!differs(&wanted, &found));
        for (path, value) in [
            ("/metadata/labels/a", json!("z")),
            ("/metadata/labels", json!({})),
            ("/spec/accessModes", json!([])),
            ("/spec/accessModes", json!(["ReadWriteOnce", "ReadOnlyMany"])),
            ("/spec/capacity/storage", json!("5Gi")),
            ("/spec/capacity/storage", json!("much")),
            ("/spec/storageClassName", json!("slow")),
            ("/spec/claimRef", json!({})),
            ("/spec/claimRef", json!({"name": "m"})),
        ] {
            let mut other = found.clone();
            *other.pointer_mut(path).unwrap() = value.clone();
            assert!(differs(&wanted, &other), "{path}: {value}");
        }
    }

    #[test]
    fn several_refusals_are_one_error_that_says_each_thing_once() {
        let refusal = |message: &str| refusal(message.to_owned(), "wait");
        assert!(refused(&[]).is_none());
        let error = refused(&[refusal("a"), refusal("b"), refusal("a")]).unwrap();
        assert_eq!(error.to_string(), "a; b");
        assert_eq!(error.hints(), [Hint::text("wait")]);
    }
}
