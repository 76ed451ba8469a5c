//! Customers' keys: which disk encryption set a disk, a snapshot and what is restored from it have.

use std::sync::Arc;

use kompox_azure_emulator::{FaultAction, FaultRule, RequestKind};
use kompox_domain::cluster::Verdict;
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore};
use kompox_domain::options::OptionValue;
use kompox_domain::volume::VolumeDisk;
use kompox_domain::{ErrorKind, Result, Source, VolumeOptions};
use serde_json::json;

use crate::support::{World, driver, new_disk, restored, sku};

fn set_id(world: &World, name: &str) -> String {
    format!(
        "{}/providers/Microsoft.Compute/diskEncryptionSets/{name}",
        world.group_id("rg-keys")
    )
}

async fn make_set(world: &World, name: &str, region: &str, kind: &str) -> String {
    let id = set_id(world, name);
    let body = json!({"location": region, "identity": {"type": "SystemAssigned"}, "properties": {
        "provisioningState": "Succeeded", "encryptionType": kind,
        "activeKey": {"keyUrl": "https://kv.vault.azure.net/keys/disks/1"}}});
    world.emulator.put_resource(&id, body).await.unwrap();
    id
}

const CUSTOMER: &str = "EncryptionAtRestWithCustomerKey";
const DOUBLE: &str = "EncryptionAtRestWithPlatformAndCustomerKeys";

/// With the sets `one` and `two`, and one that lies elsewhere.
async fn with_sets() -> World {
    let world = World::new().await;
    let group = json!({"location": "japaneast", "properties": {"provisioningState": "Succeeded"}});
    let id = world.group_id("rg-keys");
    world.emulator.put_resource(&id, group).await.unwrap();
    make_set(&world, "one", "japaneast", CUSTOMER).await;
    make_set(&world, "two", "japaneast", DOUBLE).await;
    make_set(&world, "far", "eastus", CUSTOMER).await;
    make_set(
        &world,
        "vm",
        "japaneast",
        "ConfidentialVmEncryptedWithCustomerKey",
    )
    .await;
    world
}

fn with(set: &str) -> VolumeOptions {
    let option = ("diskEncryptionSet".to_owned(), OptionValue::Text(set.to_owned()));
    [option].into_iter().collect()
}

async fn disk(
    world: &World,
    name: &str,
    options: VolumeOptions,
    source: Option<Source>,
) -> Result<VolumeDisk> {
    let request = DiskCreate {
        options,
        source,
        zone: Some("1".to_owned()),
        ..new_disk(name)
    };
    world.create_with("db", request).await
}

async fn restore(world: &World, name: &str, options: VolumeOptions) -> Result<VolumeDisk> {
    let request = SnapshotRestore {
        options,
        zone: Some("1".to_owned()),
        ..restored("snap", name)
    };
    world.restore_with("db", request).await
}

async fn encryption(world: &World, kind: &str, name: &str) -> serde_json::Value {
    world.raw(kind, "db", name).await.unwrap()["properties"]["encryption"].clone()
}

fn wrote(world: &World) -> bool {
    let requests = world.emulator.requests();
    requests.iter().any(|request| request.kind == RequestKind::Write)
}

#[tokio::test]
async fn a_disk_its_snapshots_and_what_is_made_of_them_keep_the_key_unless_another_is_named() {
    let world = with_sets().await;
    let (one, two) = (set_id(&world, "one"), set_id(&world, "two"));
    let by = |set: &str, kind: &str| json!({"type": kind, "diskEncryptionSetId": set});
    let made = disk(&world, "first", with(&one), None).await.unwrap();
    assert_eq!(
        made.record.options.get("diskEncryptionSet"),
        Some(&OptionValue::Text(one.clone()))
    );
    assert_eq!(encryption(&world, "disks", "first").await, by(&one, CUSTOMER));

    let taken = world.snapshot("db", "snap").await.unwrap();
    assert_eq!(
        taken.options.get("diskEncryptionSet"),
        Some(&OptionValue::Text(one.clone()))
    );
    assert_eq!(encryption(&world, "snapshots", "snap").await, by(&one, CUSTOMER));
    let copy = SnapshotCreate {
        name: "copy".parse().unwrap(),
        source: Some(Source::Snapshot("snap".parse().unwrap())),
    };
    world.snapshot_with("db", copy).await.unwrap();
    assert_eq!(encryption(&world, "snapshots", "copy").await, by(&one, CUSTOMER));

    restore(&world, "kept", VolumeOptions::default()).await.unwrap();
    assert_eq!(encryption(&world, "disks", "kept").await, by(&one, CUSTOMER));
    restore(&world, "other", with(&two)).await.unwrap();
    assert_eq!(encryption(&world, "disks", "other").await, by(&two, DOUBLE));
    for (name, source) in [
        ("by-name", Source::Disk("first".parse().unwrap())),
        ("by-snap", Source::Snapshot("snap".parse().unwrap())),
        ("by-id", Source::Resource(world.id("disks", "db", "first"))),
        (
            "by-snap-id",
            Source::Resource(world.id("snapshots", "db", "snap")),
        ),
    ] {
        disk(&world, name, VolumeOptions::default(), Some(source))
            .await
            .unwrap();
        assert_eq!(
            encryption(&world, "disks", name).await,
            by(&one, CUSTOMER),
            "{name}"
        );
    }
    // What was never encrypted so has the platform's key, and so do its snapshots.
    let plain = DiskCreate {
        zone: Some("1".to_owned()),
        ..new_disk("plain")
    };
    world.create_with("data", plain).await.unwrap();
    let raw = world.raw("disks", "data", "plain").await.unwrap();
    assert_eq!(
        raw["properties"]["encryption"],
        json!({"type": "EncryptionAtRestWithPlatformKey"})
    );
}

#[tokio::test]
async fn a_set_that_cannot_be_used_is_told_before_anything_is_written() {
    let world = with_sets().await;
    let elsewhere = set_id(&world, "one").replacen("/subscriptions/", "/subscriptions/1", 1);
    for (set, sku_name, kind, expected) in [
        (
            set_id(&world, "gone"),
            "Premium_LRS",
            ErrorKind::NotFound,
            "does not exist",
        ),
        (
            set_id(&world, "far"),
            "Premium_LRS",
            ErrorKind::Precondition,
            "region eastus",
        ),
        (
            set_id(&world, "vm"),
            "Premium_LRS",
            ErrorKind::Precondition,
            "ConfidentialVm",
        ),
        (
            set_id(&world, "two"),
            "PremiumV2_LRS",
            ErrorKind::Precondition,
            "encrypted twice",
        ),
        (
            elsewhere,
            "Premium_LRS",
            ErrorKind::InvalidInput,
            "another subscription",
        ),
        (
            "not-an-id".to_owned(),
            "Premium_LRS",
            ErrorKind::InvalidInput,
            "diskEncryptionSet",
        ),
    ] {
        let options = with(&set).overridden_by(&sku(sku_name));
        let error = disk(&world, "first", options, None).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{set}: {error:?}");
        assert!(error.to_string().contains(expected), "{set}: {error}");
        assert!(!error.hints().is_empty(), "{set}");
        assert!(!wrote(&world), "{set}");
    }
    let no = FaultAction::respond(403, "AuthorizationFailed", "No.");
    world.fault(FaultRule::new("GET", "**/diskEncryptionSets/one", no));
    let error = disk(&world, "first", with(&set_id(&world, "one")), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert!(!wrote(&world));
}

#[tokio::test]
async fn a_restore_that_goes_on_with_a_disk_of_another_key_is_refused() {
    let world = with_sets().await;
    disk(&world, "first", with(&set_id(&world, "one")), None)
        .await
        .unwrap();
    world.snapshot("db", "snap").await.unwrap();
    restore(&world, "again", with(&set_id(&world, "two")))
        .await
        .unwrap();
    let request = SnapshotRestore {
        resume: true,
        zone: Some("1".to_owned()),
        ..restored("snap", "again")
    };
    let error = world.restore_with("db", request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("disk encryption set"), "{error}");
}

#[tokio::test]
async fn the_sets_of_volumes_are_checked_with_their_cluster() {
    let mut world = with_sets().await;
    let (one, gone, far) = (
        set_id(&world, "one"),
        set_id(&world, "gone"),
        set_id(&world, "far"),
    );
    for (set, verdict, expected) in [
        (&one, Verdict::Pass, "is there"),
        (&gone, Verdict::Warn, "there is no"),
        (&far, Verdict::Warn, "region eastus"),
    ] {
        for volume in &mut world.app.app.volumes {
            volume.options = with(set);
        }
        world.driver = Arc::clone(&driver(&world.emulator, &world.app, &[]).unwrap());
        let checks = world
            .driver
            .clusters()
            .unwrap()
            .check(&world.cx, &world.app.cluster.clone())
            .await
            .unwrap();
        let of_sets: Vec<_> = checks
            .iter()
            .filter(|check| check.kind == "diskEncryptionSet")
            .collect();
        let [check] = of_sets.as_slice() else {
            panic!("each set is told once: {of_sets:?}")
        };
        assert_eq!(check.verdict, verdict, "{check:?}");
        assert!(check.message.contains(expected), "{check:?}");
    }
}
