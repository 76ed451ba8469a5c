//! Volumes that are made for claims: as Azure's CSI driver does for the storage classes that AKS brings, once a pod
//! uses the claim.
//!
//! The volume names a disk in the resource group of the nodes. The disk itself is not among the resources: nothing
//! here reads or writes its data.

use serde_json::{Value, json};

use crate::kinds::known;
use crate::objects::{Objects, Scope, is_leaving, set_finalizer};
use crate::storage::{CLASSES, VOLUME_PROTECTION};

const DRIVER: &str = "disk.csi.azure.com";

/// A pod has come or changed: the claims that it uses get the volumes that they wait for.
pub(super) fn of_pod(objects: &mut Objects<'_>, namespace: &str, pod: &Value) {
    let claims = known("persistentvolumeclaims");
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let name = volume["persistentVolumeClaim"]["claimName"].as_str();
        let claim = name.and_then(|name| objects.get(Scope::of(&claims, Some(namespace)), name));
        if let Some(claim) = claim {
            provision(objects, namespace, &claim);
        }
    }
}

fn provision(objects: &mut Objects<'_>, namespace: &str, claim: &Value) {
    let class = claim["spec"]["storageClassName"].as_str().unwrap_or_default();
    let waits = claim["status"]["phase"] == "Pending" && !is_leaving(claim);
    if !waits || !claim["spec"]["volumeName"].is_null() || !CLASSES.contains(&class) {
        return;
    }
    let volumes = known("persistentvolumes");
    let scope = Scope::of(&volumes, None);
    let name = format!("pvc-{}", claim["metadata"]["uid"].as_str().unwrap_or_default());
    if objects.get(scope, &name).is_some() {
        return;
    }
    let Some(group) = objects.disk_group.clone() else {
        return;
    };
    let disk = format!("{group}/providers/Microsoft.Compute/disks/{name}");
    let mut volume = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": { "pv.kubernetes.io/provisioned-by": DRIVER }
        },
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": { "storage": claim["spec"]["resources"]["requests"]["storage"] },
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace,
                "name": claim["metadata"]["name"], "uid": claim["metadata"]["uid"]
            },
            "csi": { "driver": DRIVER, "fsType": "ext4", "volumeHandle": disk },
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": class,
            "volumeMode": claim["spec"]["volumeMode"]
        }
    });
    objects.complete(&volumes, None, &mut volume);
    set_finalizer(&mut volume, VOLUME_PROTECTION, true);
    objects.put(scope, &mut volume);
}

/// A volume whose claim has gone: one that was made for it goes too, as its class says.
pub(super) fn released(objects: &mut Objects<'_>, volume: &Value) {
    let made = &volume["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"];
    let name = volume["metadata"]["name"].as_str().unwrap_or_default();
    if made == DRIVER && volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete" {
        objects.remove(Scope::of(&known("persistentvolumes"), None), name);
    }
}
