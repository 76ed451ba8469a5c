//! Snapshots: take, list, delete, restore.

use kompox_azure_emulator::{FaultAction, FaultRule, Options, RequestKind, SnapshotCopy, Timing};
use kompox_domain::driver::{SnapshotCreate, SnapshotRestore};
use kompox_domain::hint::in_words;
use kompox_domain::options::OptionValue;
use kompox_domain::{ErrorKind, Source};
use serde_json::json;

use crate::support::{GROUP, World, gib, new_disk, restored, sku};
use kompox_domain::driver::DiskCreate;

async fn one_disk() -> World {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world
}

#[tokio::test]
async fn b6_a_snapshot_is_incremental_standard_and_says_whose_it_is() {
    let world = one_disk().await;
    let snapshot = world.snapshot("db", "snap").await.unwrap();
    assert_eq!(snapshot.source_disk.as_deref(), Some("one"));
    assert_eq!(snapshot.size, Some(gib(4)));
    assert!(snapshot.completion_percent.is_done());
    let raw = world.raw("snapshots", "db", "snap").await.unwrap();
    assert_eq!(raw["properties"]["incremental"], true);
    assert_eq!(raw["sku"]["name"], "Standard_LRS");
    let tags = &raw["tags"];
    assert_eq!(tags["kompox-app"], "ws1/prv1/app1");
    assert_eq!(tags["kompox-volume"], "db-034d4d");
    assert_eq!(tags["kompox-snapshot-name"], "snap");
    assert_eq!(tags["kompox-disk-name"], "one");
    assert_eq!(tags["managed-by"], "kompox");
}

/// One disk, whose snapshots are copied in the background and say so far at each look.
async fn one_disk_whose_copies_read(percents: &[f64]) -> World {
    let timing = Timing {
        snapshot_copy: SnapshotCopy::Reads(percents.to_vec()),
        snapshot_copy_every_sku: true,
        ..Timing::zero()
    };
    let world = World::with(Options {
        timing,
        ..Options::default()
    })
    .await;
    world.create("db", "one").await.unwrap();
    world
}

#[tokio::test]
async fn b7_a_snapshot_is_ready_only_when_its_copy_is_complete() {
    let world = one_disk_whose_copies_read(&[0.0, 30.0, 99.9]).await;
    let snapshot = world.snapshot("db", "snap").await.unwrap();
    assert!(snapshot.completion_percent.is_done());
    assert!(
        world
            .told
            .states()
            .iter()
            .filter(|state| *state == "copying")
            .count()
            >= 2
    );
}

#[tokio::test]
async fn a_snapshot_that_is_still_being_copied_cannot_be_restored() {
    let world = one_disk().await;
    world.snapshot("db", "snap").await.unwrap();
    let id = world.id("snapshots", "db", "snap");
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["properties"]["completionPercent"] = json!(42.0);
    world.emulator.put_resource(&id, raw).await.unwrap();
    let error = world.restore("db", "snap", "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(in_words(error.hints()).contains("100"));
}

#[tokio::test]
async fn b8_without_a_source_it_is_the_assigned_disk_and_without_one_the_error_says_what_to_do() {
    let world = World::new().await;
    let error = world.snapshot("db", "snap").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(in_words(error.hints()).contains(": disk create"));
    assert!(world.emulator.resource(&world.group_id(GROUP)).await.is_none());
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    world.assign("db", "two").await.unwrap();
    assert_eq!(
        world.snapshot("db", "snap").await.unwrap().source_disk.as_deref(),
        Some("two")
    );
}

#[tokio::test]
async fn b9_snapshots_of_one_volume_are_not_seen_in_another_and_do_not_take_its_names() {
    let world = one_disk().await;
    world.create("data", "one").await.unwrap();
    world.snapshot("db", "snap").await.unwrap();
    assert!(world.snapshots("data").await.unwrap().is_empty());
    world.snapshot("data", "snap").await.unwrap();
    assert_eq!(world.snapshots("data").await.unwrap().len(), 1);
    assert_eq!(
        world.snapshot("data", "snap").await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
}

#[tokio::test]
async fn every_kind_of_source_is_taken_and_a_missing_one_is_not_found() {
    let world = one_disk().await;
    world.snapshot("db", "base").await.unwrap();
    let sources = [
        Source::Disk("one".parse().unwrap()),
        Source::Snapshot("base".parse().unwrap()),
        Source::Resource(world.id("disks", "db", "one")),
    ];
    for (index, source) in sources.into_iter().enumerate() {
        let name = format!("s{index}").parse().unwrap();
        world
            .snapshot_with(
                "db",
                SnapshotCreate {
                    name,
                    source: Some(source),
                },
            )
            .await
            .unwrap();
    }
    for source in [
        Source::Disk("no".parse().unwrap()),
        Source::Snapshot("no".parse().unwrap()),
        Source::Resource(world.id("disks", "db", "no")),
    ] {
        let request = SnapshotCreate {
            name: "x".parse().unwrap(),
            source: Some(source),
        };
        assert_eq!(
            world.snapshot_with("db", request).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
}

#[tokio::test]
async fn deleting_a_missing_snapshot_or_in_a_missing_group_is_success() {
    let world = World::new().await;
    world.delete_snapshot("db", "snap").await.unwrap();
    world.create("db", "one").await.unwrap();
    world.snapshot("db", "snap").await.unwrap();
    world.delete_snapshot("db", "snap").await.unwrap();
    world.delete_snapshot("db", "snap").await.unwrap();
    assert!(world.snapshots("db").await.unwrap().is_empty());
}

#[tokio::test]
async fn b4_a_restored_disk_is_at_least_as_large_as_snapshot_and_volume_and_never_assigned() {
    let mut world = one_disk().await;
    world.snapshot("db", "snap").await.unwrap();
    world.app.app.volumes.get_mut(0).unwrap().size = gib(1);
    let disk = world.restore("db", "snap", "small").await.unwrap();
    assert_eq!((disk.record.size, disk.assigned), (Some(gib(4)), false));
    world.app.app.volumes.get_mut(0).unwrap().size = gib(16);
    assert_eq!(
        world.restore("db", "snap", "large").await.unwrap().record.size,
        Some(gib(16))
    );
    world.delete("db", "one", true).await.unwrap();
    world.delete("db", "small", false).await.unwrap();
    world.delete("db", "large", false).await.unwrap();
    assert!(!world.restore("db", "snap", "only").await.unwrap().assigned);
    assert!(world.assigned("db").await.is_empty());
}

#[tokio::test]
async fn a_restored_disk_lies_where_asked_else_where_its_origin_lies() {
    let world = World::new().await;
    world
        .create_with(
            "db",
            DiskCreate {
                zone: Some("3".to_owned()),
                ..new_disk("one")
            },
        )
        .await
        .unwrap();
    world.snapshot("db", "snap").await.unwrap();
    assert_eq!(
        world
            .restore("db", "snap", "two")
            .await
            .unwrap()
            .record
            .zone
            .unwrap()
            .number(),
        3
    );
    let asked = SnapshotRestore {
        zone: Some("japaneast-1".to_owned()),
        ..restored("snap", "three")
    };
    assert_eq!(
        world
            .restore_with("db", asked)
            .await
            .unwrap()
            .record
            .zone
            .unwrap()
            .number(),
        1
    );
}

#[tokio::test]
async fn a_restored_disk_has_the_sku_of_the_volume_or_the_one_asked_for() {
    let mut world = one_disk().await;
    world.app.app.volumes.get_mut(0).unwrap().options = sku("StandardSSD_LRS");
    world.snapshot("db", "snap").await.unwrap();
    let found = |disk: kompox_domain::VolumeDisk| disk.record.options.get("sku").cloned();
    let two = world.restore("db", "snap", "two").await.unwrap();
    assert_eq!(found(two), Some(OptionValue::Text("StandardSSD_LRS".to_owned())));
    let asked = SnapshotRestore {
        options: sku("Premium_ZRS"),
        ..restored("snap", "three")
    };
    let three = world.restore_with("db", asked).await.unwrap();
    assert_eq!(found(three), Some(OptionValue::Text("Premium_ZRS".to_owned())));
}

#[tokio::test]
async fn a_restore_from_nothing_or_onto_a_name_in_use_writes_nothing() {
    let world = one_disk().await;
    world.snapshot("db", "snap").await.unwrap();
    world.emulator.clear_requests();
    assert_eq!(
        world.restore("db", "nosuch", "two").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        world.restore("db", "snap", "one").await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert!(
        !world
            .emulator
            .requests()
            .iter()
            .any(|request| request.kind == RequestKind::Write)
    );
}

#[tokio::test]
async fn a_copy_that_fails_late_is_a_failure_with_azures_words() {
    let world = one_disk().await;
    world.fault(FaultRule::new(
        "PUT",
        "**/snapshots/*",
        FaultAction::fail_late("InternalExecutionError", "The copy broke."),
    ));
    let error = world.snapshot("db", "snap").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Failed, Some("InternalExecutionError"))
    );
    assert!(error.to_string().contains("The copy broke."), "{error}");
}

#[tokio::test]
async fn a_copy_that_azure_gives_up_is_not_waited_for() {
    let world = one_disk_whose_copies_read(&[10.0, 20.0]).await;
    let body = json!({"id": world.id("snapshots", "db", "snap"), "name": "x", "location": "japaneast",
        "properties": {"creationData": {"createOption": "Copy"}, "diskSizeGB": 4, "completionPercent": 10.0,
            "provisioningState": "Failed"}});
    let answer = kompox_azure_emulator::Respond {
        status: 200,
        body: Some(body.to_string()),
        ..Default::default()
    };
    world.fault(FaultRule::new("GET", "**/snapshots/*", FaultAction::Respond(answer)).after(1));
    let error = world.snapshot("db", "snap").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
}

#[tokio::test]
async fn a_snapshot_of_our_own_disk_given_by_its_id_knows_the_disk() {
    let world = one_disk().await;
    let source = Some(Source::Resource(world.id("disks", "db", "one")));
    let request = SnapshotCreate {
        name: "snap".parse().unwrap(),
        source,
    };
    let snapshot = world.snapshot_with("db", request).await.unwrap();
    assert_eq!(snapshot.source_disk.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_snapshot_of_another_region_is_copied_in_the_background_and_waited_for() {
    let timing = Timing {
        snapshot_copy: SnapshotCopy::Reads(vec![50.0]),
        ..Timing::zero()
    };
    let world = World::with(Options {
        timing,
        ..Options::default()
    })
    .await;
    world.create("db", "one").await.unwrap();
    let far = format!(
        "{}/providers/Microsoft.Compute/snapshots/far",
        world.group_id(GROUP)
    );
    let body = json!({"location": "westus", "sku": {"name": "Standard_LRS"},
        "properties": {"provisioningState": "Succeeded", "incremental": true, "diskSizeGB": 4, "completionPercent": 100.0,
            "diskSizeBytes": 4_294_967_296_u64, "uniqueId": "11111111-1111-1111-1111-111111111111",
            "creationData": {"createOption": "Copy", "sourceResourceId": world.id("disks", "db", "one")}}});
    world.emulator.put_resource(&far, body).await.unwrap();
    let request = SnapshotCreate {
        name: "near".parse().unwrap(),
        source: Some(Source::Resource(far)),
    };
    let snapshot = world.snapshot_with("db", request).await.unwrap();
    assert!(snapshot.completion_percent.is_done());
    let raw = world.raw("snapshots", "db", "near").await.unwrap();
    assert_eq!(raw["properties"]["creationData"]["createOption"], "CopyStart");
    assert_eq!(raw["location"], "japaneast");
}
