//! The manifests by which an app mounts its volumes: persistent volumes and the claims for them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    CSIPersistentVolumeSource, Namespace, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm,
    ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeSpec, VolumeNodeAffinity, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kompox_domain::{DiskMount, VolumeMount};
use serde::Serialize;

use crate::labels::{MANAGED_BY, MANAGER};

/// A label: the app, by its name.
pub(crate) const APP: &str = "ops.kompox.dev/app";
pub(crate) const VOLUME: &str = "ops.kompox.dev/volume";
pub(crate) const DISK: &str = "ops.kompox.dev/disk";
/// An annotation: an id is no value of a label.
pub(crate) const APP_ID: &str = "ops.kompox.dev/app-id";

/// An object of a manifest. Written twice it is the same to the byte.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Object {
    /// The disk, as the cluster knows it.
    Volume(Box<PersistentVolume>),
    /// What the app's pods name.
    Claim(Box<PersistentVolumeClaim>),
}

/// Objects in one document, as kubectl prints several.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Object>,
}

impl List {
    /// Of these objects.
    #[must_use]
    pub const fn of(items: Vec<Object>) -> Self {
        Self {
            api_version: "v1",
            kind: "List",
            items,
        }
    }
}

/// The objects that mount these volumes, a volume and its claim for each, in this order.
#[must_use]
pub fn objects(mounts: &[VolumeMount]) -> Vec<Object> {
    mounts
        .iter()
        .flat_map(|mount| {
            [
                Object::Volume(Box::new(volume(mount))),
                Object::Claim(Box::new(claim(mount))),
            ]
        })
        .collect()
}

/// The same for both, or they are never bound. A claim that names its volume gets no other one made by its class; what
/// the class is for is that the claim may grow.
fn storage_class(mount: &VolumeMount) -> Option<String> {
    Some(mount.class.storage_class.to_owned())
}

pub(crate) fn volume(mount: &VolumeMount) -> PersistentVolume {
    let class = &mount.class;
    let file_system = class.volume_mode == "Filesystem";
    let attributes = &mount.disk_mount.attributes;
    PersistentVolume {
        metadata: metadata(mount),
        spec: Some(PersistentVolumeSpec {
            access_modes: Some(access_modes(mount)),
            capacity: Some(storage(mount)),
            claim_ref: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                name: Some(mount.name.clone()),
                namespace: Some(mount.namespace.to_string()),
                ..ObjectReference::default()
            }),
            csi: Some(CSIPersistentVolumeSource {
                driver: class.csi_driver.to_owned(),
                fs_type: file_system.then(|| class.fs_type.to_owned()),
                volume_attributes: (!attributes.is_empty()).then(|| attributes.clone()),
                volume_handle: mount.disk_mount.handle.clone(),
                ..CSIPersistentVolumeSource::default()
            }),
            node_affinity: node_affinity(&mount.disk_mount),
            persistent_volume_reclaim_policy: Some(class.reclaim_policy.to_owned()),
            storage_class_name: storage_class(mount),
            volume_mode: Some(class.volume_mode.to_owned()),
            ..PersistentVolumeSpec::default()
        }),
        status: None,
    }
}

pub(crate) fn claim(mount: &VolumeMount) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            namespace: Some(mount.namespace.to_string()),
            ..metadata(mount)
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(access_modes(mount)),
            resources: Some(VolumeResourceRequirements {
                limits: None,
                requests: Some(storage(mount)),
            }),
            storage_class_name: storage_class(mount),
            volume_mode: Some(mount.class.volume_mode.to_owned()),
            volume_name: Some(mount.name.clone()),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}

/// The namespace of the claim, where nobody has made one.
pub(crate) fn namespace(mount: &VolumeMount) -> Namespace {
    Namespace {
        metadata: ObjectMeta {
            name: Some(mount.namespace.to_string()),
            labels: Some(BTreeMap::from([
                (MANAGED_BY.to_owned(), MANAGER.to_owned()),
                (APP.to_owned(), mount.app.app.to_string()),
            ])),
            annotations: Some(BTreeMap::from([(APP_ID.to_owned(), mount.app.to_string())])),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

fn metadata(mount: &VolumeMount) -> ObjectMeta {
    let labels = [
        (MANAGED_BY, MANAGER.to_owned()),
        (APP, mount.app.app.to_string()),
        (VOLUME, mount.volume.to_string()),
        (DISK, mount.disk.to_string()),
    ];
    ObjectMeta {
        name: Some(mount.name.clone()),
        labels: Some(
            labels
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        ),
        annotations: Some(BTreeMap::from([(APP_ID.to_owned(), mount.app.to_string())])),
        ..ObjectMeta::default()
    }
}

fn access_modes(mount: &VolumeMount) -> Vec<String> {
    mount
        .class
        .access_modes
        .iter()
        .map(|mode| (*mode).to_owned())
        .collect()
}

fn storage(mount: &VolumeMount) -> BTreeMap<String, Quantity> {
    BTreeMap::from([("storage".to_owned(), Quantity(mount.size.to_string()))])
}

fn node_affinity(disk: &DiskMount) -> Option<VolumeNodeAffinity> {
    if disk.node_labels.is_empty() {
        return None;
    }
    let requirements = disk
        .node_labels
        .iter()
        .map(|(key, values)| NodeSelectorRequirement {
            key: key.clone(),
            operator: "In".to_owned(),
            values: Some(values.clone()),
        });
    Some(VolumeNodeAffinity {
        required: Some(NodeSelector {
            node_selector_terms: vec![NodeSelectorTerm {
                match_expressions: Some(requirements.collect()),
                match_fields: None,
            }],
        }),
    })
}

#[cfg(test)]
mod tests;
