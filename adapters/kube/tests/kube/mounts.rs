//! What mounts disks, and what names them.
//!
//! A real API server binds no claims to volumes, so tests say themselves what is bound and what was released.

use std::collections::BTreeMap;

use kompox_domain::cluster::Change;
use kompox_domain::model::AnyId;
use kompox_domain::{ByteSize, DiskMount, ErrorKind, Result, VolumeClass, VolumeMount};
use kompox_kube::DiskReference;
use serde_json::{Value, json};

use crate::world::World;

const VOLUMES: &str = "/api/v1/persistentvolumes";
const CLAIMS: &str = "/api/v1/namespaces/prod/persistentvolumeclaims";
const CLASS: VolumeClass = VolumeClass {
    storage_class: "fast",
    csi_driver: "disk.example.com",
    fs_type: "ext4",
    access_modes: &["ReadWriteOnce"],
    reclaim_policy: "Retain",
    volume_mode: "Filesystem",
};

/// The only disk of volume `db`, outside all zones.
fn mount(disk: &str) -> VolumeMount {
    let Ok(AnyId::App(app)) = "/ws/ws1/prv/prv1/cls/c1/app/shop".parse() else {
        unreachable!()
    };
    VolumeMount {
        app,
        volume: "db".parse().unwrap(),
        disk: disk.parse().unwrap(),
        name: format!("kompox-db-034d4d-{disk}"),
        namespace: "prod".parse().unwrap(),
        // An API server writes it in a way of its own: 1500 is no power of two.
        size: ByteSize::from_bytes(1_500_000_000).unwrap(),
        class: CLASS,
        disk_mount: DiskMount {
            handle: format!("/disks/db-{disk}"),
            attributes: BTreeMap::from([("cachingMode".to_owned(), "None".to_owned())]),
            node_labels: BTreeMap::from([("topology.disk.example.com/zone".to_owned(), vec![String::new()])]),
        },
    }
}

fn volume_path(mount: &VolumeMount) -> String {
    format!("{VOLUMES}/{}", mount.name)
}

fn claim_path(mount: &VolumeMount) -> String {
    format!("{CLAIMS}/{}", mount.name)
}

async fn apply(world: &World, mounts: &[VolumeMount]) -> Result<Vec<Change>> {
    world.client.apply_mounts(&world.cx(), mounts).await
}

/// `create PersistentVolume …`, one line each.
fn told(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| format!("{} {}", change.action, change.resource))
        .collect()
}

/// Says of a volume what a controller would: its state, and which claim it is or was bound to.
async fn set_phase(world: &World, mount: &VolumeMount, phase: &str, uid: &str) {
    let path = volume_path(mount);
    let reference = json!({ "spec": { "claimRef": { "uid": uid } } });
    world.api.merge(&path, &reference).await;
    let status = json!({ "status": { "phase": phase } });
    world.api.merge(&format!("{path}/status"), &status).await;
}

/// Takes a claim away for good, whatever keeps it.
async fn remove_claim(world: &World, mount: &VolumeMount) {
    let path = claim_path(mount);
    world.api.must("DELETE", &path, None).await;
    if world.api.get(&path).await.is_some() {
        let free = json!({ "metadata": { "finalizers": null } });
        world.api.merge(&path, &free).await;
    }
    assert!(world.api.get(&path).await.is_none());
}

#[tokio::test]
async fn what_mounts_a_disk_is_made_once_and_nothing_is_written_the_second_time() {
    let world = World::quiet().await;
    let mounts = [mount("one")];
    let made = apply(&world, &mounts).await.unwrap();
    assert_eq!(
        told(&made),
        [
            "create Namespace prod",
            "create PersistentVolume kompox-db-034d4d-one",
            "create PersistentVolumeClaim prod/kompox-db-034d4d-one",
        ]
    );
    let volume = world.api.must("GET", &volume_path(&mounts[0]), None).await;
    let terms = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
    assert_eq!(terms[0]["matchExpressions"][0]["values"], json!([""]));
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    world.forget_requests();
    assert_eq!(apply(&world, &mounts).await.unwrap(), []);
    if let Some(requests) = world.requests() {
        assert_eq!(requests.len(), 4, "{requests:?}");
        assert!(
            requests.iter().all(|request| request.starts_with("GET ")),
            "{requests:?}"
        );
    }
    let after = world.api.must("GET", &volume_path(&mounts[0]), None).await;
    assert_eq!(version(&after), version(&volume));
}

#[tokio::test]
async fn what_kubectl_made_of_the_manifest_is_ours_and_what_was_changed_in_it_is_put_right() {
    let world = World::quiet().await;
    let mount = mount("one");
    world.api.namespace("prod").await;
    for object in kompox_kube::manifest::objects(std::slice::from_ref(&mount)) {
        let object = serde_json::to_value(object).unwrap();
        let list = if object["kind"] == "PersistentVolume" {
            VOLUMES
        } else {
            CLAIMS
        };
        world.api.must("POST", list, Some(&object)).await;
    }
    let mounts = std::slice::from_ref(&mount);
    assert_eq!(apply(&world, mounts).await.unwrap(), []);
    let change = json!({ "metadata": { "labels": { "team": "blue" } },
        "spec": { "persistentVolumeReclaimPolicy": "Delete", "capacity": { "storage": "1Gi" } } });
    world.api.merge(&volume_path(&mount), &change).await;
    let changed = apply(&world, mounts).await.unwrap();
    assert_eq!(told(&changed), ["update PersistentVolume kompox-db-034d4d-one"]);
    let volume = world.api.must("GET", &volume_path(&mount), None).await;
    assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
    assert_eq!(volume["metadata"]["labels"]["team"], "blue");
    // A disk that was enlarged: the volume says so, the claim cannot.
    let larger = VolumeMount {
        size: ByteSize::from_gib(8).unwrap(),
        ..mount.clone()
    };
    let changed = apply(&world, std::slice::from_ref(&larger)).await.unwrap();
    assert_eq!(told(&changed), ["update PersistentVolume kompox-db-034d4d-one"]);
    assert_eq!(apply(&world, &[larger]).await.unwrap(), []);
}

#[tokio::test]
async fn a_volume_whose_claim_has_gone_takes_the_new_one_also_in_another_namespace() {
    let world = World::quiet().await;
    let mount = mount("one");
    let mounts = std::slice::from_ref(&mount);
    apply(&world, mounts).await.unwrap();
    remove_claim(&world, &mount).await;
    set_phase(&world, &mount, "Released", "00000000-old").await;
    let changed = apply(&world, mounts).await.unwrap();
    assert_eq!(
        told(&changed),
        [
            "update PersistentVolume kompox-db-034d4d-one",
            "create PersistentVolumeClaim prod/kompox-db-034d4d-one",
        ]
    );
    let volume = world.api.must("GET", &volume_path(&mount), None).await;
    assert_ne!(volume["spec"]["claimRef"]["uid"], "00000000-old");

    let elsewhere = [VolumeMount {
        namespace: "stage".parse().unwrap(),
        ..mount.clone()
    }];
    set_phase(&world, &mount, "Bound", "00000000-new").await;
    let refused = apply(&world, &elsewhere).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Precondition);
    assert!(
        refused.to_string().contains("prod/kompox-db-034d4d-one"),
        "{refused}"
    );
    assert!(world.api.get("/api/v1/namespaces/stage").await.is_none());
    remove_claim(&world, &mount).await;
    set_phase(&world, &mount, "Released", "00000000-new").await;
    apply(&world, &elsewhere).await.unwrap();
    let volume = world.api.must("GET", &volume_path(&mount), None).await;
    assert_eq!(volume["spec"]["claimRef"]["namespace"], "stage");
}

#[tokio::test]
async fn objects_of_others_are_refused_and_pairs_of_other_disks_are_told() {
    let world = World::quiet().await;
    let one = mount("one");
    apply(&world, std::slice::from_ref(&one)).await.unwrap();
    set_phase(&world, &one, "Bound", "00000000-one").await;
    let two = mount("two");
    let told_of = apply(&world, std::slice::from_ref(&two)).await.unwrap();
    let kept = told_of.last().unwrap();
    assert_eq!(kept.resource, "PersistentVolume kompox-db-034d4d-one");
    assert!(
        kept.reason.ends_with(
            "kubectl delete pvc -n prod kompox-db-034d4d-one && kubectl delete pv kompox-db-034d4d-one"
        ),
        "{}",
        kept.reason
    );
    let theirs = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "somebody" } } });
    world.api.merge(&claim_path(&two), &theirs).await;
    let refused = apply(&world, &[two]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Precondition);
    assert!(refused.to_string().contains("is somebody else's"), "{refused}");
}

#[tokio::test]
async fn two_at_once_make_one_pair() {
    let world = World::quiet().await;
    let mounts = [mount("one"), mount("two")];
    let (left, right) = futures::join!(apply(&world, &mounts), apply(&world, &mounts));
    left.unwrap();
    right.unwrap();
    assert_eq!(world.api.names(VOLUMES).await.len(), 2);
    let left = apply(&world, &mounts).await.unwrap();
    assert_eq!(left, []);
}

#[tokio::test]
async fn a_disk_is_found_by_its_handle_in_any_case_whoever_named_it() {
    let world = World::quiet().await;
    apply(&world, &[mount("one")]).await.unwrap();
    let by_hand = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "by-hand" },
        "spec": { "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"],
            "csi": { "driver": "disk.example.com", "volumeHandle": "/DISKS/DB-One" } }
    });
    world.api.must("POST", VOLUMES, Some(&by_hand)).await;
    let cx = world.cx();
    let mut found = world.client.references(&cx, "/disks/db-one").await.unwrap();
    found.sort_by(|one, other| one.volume.cmp(&other.volume));
    let reference = |volume: &str, claim: Option<(&str, &str)>| DiskReference {
        volume: volume.to_owned(),
        claim: claim.map(|(namespace, name)| (namespace.to_owned(), name.to_owned())),
    };
    assert_eq!(
        found,
        [
            reference("by-hand", None),
            reference("kompox-db-034d4d-one", Some(("prod", "kompox-db-034d4d-one"))),
        ]
    );
    assert_eq!(world.client.references(&cx, "/disks/db-o").await.unwrap(), []);
}
