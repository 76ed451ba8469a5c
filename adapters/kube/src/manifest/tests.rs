//! What stands in the manifests, field by field, and for any names.

use kompox_domain::model::{AnyId, AppId};
use kompox_domain::{ByteSize, VolumeClass};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const CLASS: VolumeClass = VolumeClass {
    storage_class: "fast",
    csi_driver: "disk.example",
    fs_type: "ext4",
    access_modes: &["ReadWriteOnce"],
    reclaim_policy: "Retain",
    volume_mode: "Filesystem",
};

fn app(name: &str) -> AppId {
    match format!("/ws/(nil)/prv/p/cls/c/app/{name}").parse() {
        Ok(AnyId::App(id)) => id,
        other => panic!("{other:?}"),
    }
}

fn mount() -> VolumeMount {
    VolumeMount {
        app: app("shop"),
        volume: "db".parse().unwrap(),
        disk: "first".parse().unwrap(),
        name: "kompox-db-034d4d-abcdef".to_owned(),
        namespace: "prod".parse().unwrap(),
        size: ByteSize::from_gib(32).unwrap(),
        class: CLASS,
        disk_mount: DiskMount {
            handle: "/disks/db-first".to_owned(),
            attributes: BTreeMap::new(),
            node_labels: BTreeMap::new(),
        },
    }
}

fn values(mount: VolumeMount) -> [Value; 2] {
    let objects = objects(&[mount]);
    let values: Vec<Value> = objects
        .iter()
        .map(|object| serde_json::to_value(object).unwrap())
        .collect();
    values.try_into().unwrap()
}

#[test]
fn a_volume_and_its_claim_name_each_other_and_the_class_of_the_driver() {
    let [volume, claim] = values(mount());
    let labels = json!({
        "app.kubernetes.io/managed-by": "kompoxops",
        "ops.kompox.dev/app": "shop",
        "ops.kompox.dev/disk": "first",
        "ops.kompox.dev/volume": "db",
    });
    let annotations = json!({ "ops.kompox.dev/app-id": "/ws/(nil)/prv/p/cls/c/app/shop" });
    assert_eq!(
        volume,
        json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {
                "name": "kompox-db-034d4d-abcdef",
                "labels": labels,
                "annotations": annotations,
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": { "storage": "32Gi" },
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "name": "kompox-db-034d4d-abcdef",
                    "namespace": "prod",
                },
                "csi": { "driver": "disk.example", "fsType": "ext4", "volumeHandle": "/disks/db-first" },
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "fast",
                "volumeMode": "Filesystem",
            },
        })
    );
    assert_eq!(
        claim,
        json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "kompox-db-034d4d-abcdef",
                "namespace": "prod",
                "labels": labels,
                "annotations": annotations,
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": { "requests": { "storage": "32Gi" } },
                "storageClassName": "fast",
                "volumeMode": "Filesystem",
                "volumeName": "kompox-db-034d4d-abcdef",
            },
        })
    );
}

#[test]
fn what_the_driver_says_of_a_disk_reaches_the_volume() {
    let mut zonal = mount();
    zonal.disk_mount.attributes = BTreeMap::from([("cachingMode".to_owned(), "None".to_owned())]);
    zonal.disk_mount.node_labels = BTreeMap::from([("example/zone".to_owned(), vec!["r-1".to_owned()])]);
    let [volume, _] = values(zonal);
    assert_eq!(
        volume["spec"]["csi"]["volumeAttributes"],
        json!({ "cachingMode": "None" })
    );
    assert_eq!(
        volume["spec"]["nodeAffinity"],
        json!({ "required": { "nodeSelectorTerms": [{
            "matchExpressions": [{ "key": "example/zone", "operator": "In", "values": ["r-1"] }]
        }] } })
    );
}

#[test]
fn a_raw_disk_has_no_file_system() {
    let mut raw = mount();
    raw.class.volume_mode = "Block";
    let [volume, claim] = values(raw);
    assert_eq!(volume["spec"]["csi"].get("fsType"), None);
    assert_eq!(
        (&volume["spec"]["volumeMode"], &claim["spec"]["volumeMode"]),
        (&json!("Block"), &json!("Block"))
    );
}

#[test]
fn a_list_holds_the_objects_in_their_order() {
    let list = serde_json::to_value(List::of(objects(&[mount(), mount()]))).unwrap();
    assert_eq!(
        (&list["apiVersion"], &list["kind"]),
        (&json!("v1"), &json!("List"))
    );
    let kinds: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["kind"])
        .collect();
    assert_eq!(
        kinds,
        [
            "PersistentVolume",
            "PersistentVolumeClaim",
            "PersistentVolume",
            "PersistentVolumeClaim"
        ]
    );
}

/// What Kubernetes takes as the value of a label.
fn is_label_value(text: &str) -> bool {
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && end(text.chars().next())
        && end(text.chars().last())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

proptest! {
    #[test]
    fn labels_are_valid_for_any_names_and_equal_input_gives_equal_bytes(
        name in "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        volume in "[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?",
        disk in "[a-z0-9]([-a-z0-9]{0,22}[a-z0-9])?|0[0-9A-HJKMNP-TV-Z]{25}",
        bytes in 1_u64..,
        labels in proptest::collection::btree_map("[a-z]{1,9}", proptest::collection::vec("[a-z]{1,9}", 1..3), 0..3),
    ) {
        let mut mount = mount();
        mount.app = app(&name);
        mount.volume = volume.parse().unwrap();
        mount.disk = disk.parse().unwrap();
        mount.size = ByteSize::from_bytes(bytes).unwrap();
        mount.disk_mount.node_labels = labels;
        for value in values(mount.clone()) {
            for label in value["metadata"]["labels"].as_object().unwrap().values() {
                prop_assert!(is_label_value(label.as_str().unwrap()), "{}", label);
            }
        }
        let bytes = |mount: &VolumeMount| serde_json::to_vec(&objects(std::slice::from_ref(mount))).unwrap();
        prop_assert_eq!(bytes(&mount), bytes(&mount.clone()));
    }
}
