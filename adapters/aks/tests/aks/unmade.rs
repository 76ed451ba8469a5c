//! Disks and snapshots that were never made, and those whose later update failed.

use kompox_azure_emulator::{FaultAction, FaultRule, OperationFault, Outcome, RequestKind};
use kompox_domain::driver::{DiskCreate, SnapshotCreate};
use kompox_domain::hint::in_words;
use kompox_domain::volume::{Creation, Deletion};
use kompox_domain::{ErrorKind, Result, Source};

use crate::support::{World, driver, new_disk, restored, sku};

fn failing(path: &str) -> FaultRule {
    FaultRule::new("PUT", path, FaultAction::fail_late("InternalError", "Oops."))
}

fn stuck(path: &str) -> FaultRule {
    let fault = OperationFault {
        outcome: Outcome::Stuck,
        ..OperationFault::default()
    };
    FaultRule::new("PUT", path, FaultAction::Operation(fault))
}

impl World {
    fn mended(&self) {
        self.fault(FaultRule::new("*", "/nowhere", FaultAction::Hang));
    }

    /// Disk `one`, which is assigned, and snapshot `s`; then disk `bad` and snapshot `bad`, whose creation failed.
    async fn with_failed() -> Self {
        let world = Self::new().await;
        world.create("db", "one").await.unwrap();
        world.snapshot("db", "s").await.unwrap();
        world.fault(failing("**/disks/*"));
        world.create("db", "bad").await.unwrap_err();
        world.fault(failing("**/snapshots/*"));
        world.snapshot("db", "bad").await.unwrap_err();
        world.mended();
        world
    }

    fn writes(&self) -> usize {
        let requests = self.emulator.requests();
        let writes = requests
            .iter()
            .filter(|request| request.kind == RequestKind::Write);
        writes.count()
    }
}

fn refused<T: std::fmt::Debug>(what: &str, result: Result<T>, why: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{what}: {error}");
    assert!(error.to_string().contains(why), "{what}: {error}");
    assert!(!error.hints().is_empty(), "{what}");
}

#[tokio::test]
async fn what_was_never_made_is_listed_as_such_and_refused_as_target_and_as_source() {
    let world = World::with_failed().await;
    let disks = world.disks("db").await.unwrap();
    let bad = disks
        .iter()
        .find(|disk| disk.record.name.to_string() == "bad")
        .unwrap();
    assert_eq!(bad.record.creation, Creation::Failed);
    assert_eq!(bad.record.provisioning_state.as_deref(), Some("Failed"));
    assert_eq!(bad.record.state, None);
    let one = disks
        .iter()
        .find(|disk| disk.record.name.to_string() == "one")
        .unwrap();
    assert_eq!(one.record.creation, Creation::Done);
    assert_eq!(one.record.provisioning_state.as_deref(), Some("Succeeded"));
    let snapshots = world.snapshots("db").await.unwrap();
    let snapshot = snapshots
        .iter()
        .find(|found| found.name.to_string() == "bad")
        .unwrap();
    assert_eq!(snapshot.creation, Creation::Failed);

    world.emulator.clear_requests();
    let why = "was never made";
    refused("assign", world.assign("db", "bad").await, why);
    let sources = [
        Source::Disk("bad".parse().unwrap()),
        Source::Snapshot("bad".parse().unwrap()),
        Source::Resource(world.id("disks", "db", "bad")),
        Source::Resource(world.id("snapshots", "db", "bad")),
    ];
    for source in sources {
        let request = DiskCreate {
            source: Some(source.clone()),
            ..new_disk("copy")
        };
        refused("create", world.create_with("db", request).await, why);
        let request = SnapshotCreate {
            name: "copy".parse().unwrap(),
            source: Some(source),
        };
        refused("snapshot", world.snapshot_with("db", request).await, why);
    }
    refused("restore", world.restore("db", "bad", "copy").await, why);
    assert_eq!(world.writes(), 0);
    assert_eq!(world.assigned("db").await, ["one"]);
}

#[tokio::test]
async fn a_state_that_a_later_update_left_is_told_and_refuses_nothing() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    world.snapshot("db", "s").await.unwrap();
    for state in ["Failed", "Updating", "Canceled"] {
        for (kind, item) in [("disks", "two"), ("snapshots", "s")] {
            let mut document = world.raw(kind, "db", item).await.unwrap();
            document["properties"]["provisioningState"] = state.into();
            let id = world.id(kind, "db", item);
            world.emulator.put_resource(&id, document).await.unwrap();
        }
        let disks = world.disks("db").await.unwrap();
        let two = disks
            .iter()
            .find(|disk| disk.record.name.to_string() == "two")
            .unwrap();
        assert_eq!(two.record.provisioning_state.as_deref(), Some(state));
        assert_eq!(two.record.state.as_deref(), Some("Unattached"));
        world.assign("db", "two").await.unwrap();
        world.assign("db", "one").await.unwrap();
        let name = format!("copy-{}", state.to_lowercase());
        let request = DiskCreate {
            source: Some(Source::Disk("two".parse().unwrap())),
            ..new_disk(&name)
        };
        world.create_with("db", request).await.unwrap();
        let name = format!("again-{}", state.to_lowercase());
        world.restore("db", "s", &name).await.unwrap();
    }
}

#[tokio::test]
async fn a_second_create_goes_on_with_the_one_that_failed() {
    let world = World::with_failed().await;
    let made = world.create("db", "bad").await.unwrap();
    assert!(!made.assigned && made.record.creation == Creation::Done);
    assert_eq!(made.record.provisioning_state.as_deref(), Some("Succeeded"));
    let snapshot = world.snapshot("db", "bad").await.unwrap();
    assert_eq!(snapshot.creation, Creation::Done);
    world.assign("db", "bad").await.unwrap();
    let error = world.create("db", "bad").await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Conflict,
        "what was made is not made again"
    );
    assert_eq!(world.assigned("db").await, ["bad"]);
}

#[tokio::test]
async fn the_first_disk_of_a_volume_is_assigned_also_when_its_creation_failed_at_first() {
    let world = World::new().await;
    world.fault(failing("**/disks/*"));
    world.create("db", "one").await.unwrap_err();
    world.mended();
    let made = world.create("db", "one").await.unwrap();
    assert!(made.assigned);
    assert_eq!(world.assigned("db").await, ["one"]);
    assert_eq!(world.delete("db", "one", true).await.unwrap(), Deletion::Deleted);
    assert_eq!(
        world.delete("db", "one", true).await.unwrap(),
        Deletion::WasNotThere
    );
}

#[tokio::test]
async fn what_failed_and_is_not_what_would_be_made_is_a_conflict_with_the_way_out() {
    let world = World::with_failed().await;
    let from = |source: Source| DiskCreate {
        source: Some(source),
        ..new_disk("bad")
    };
    let cases = [
        (from(Source::Disk("one".parse().unwrap())), "source"),
        (
            DiskCreate {
                options: sku("StandardSSD_LRS"),
                ..new_disk("bad")
            },
            "SKU",
        ),
        (
            DiskCreate {
                zone: Some("2".to_owned()),
                ..new_disk("bad")
            },
            "zone",
        ),
    ];
    world.emulator.clear_requests();
    for (request, what) in cases {
        let error = world.create_with("db", request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{what}: {error}");
        assert!(error.to_string().ends_with(&format!("in {what}")), "{error}");
        assert!(
            in_words(error.hints()).contains("disk delete (volume db, name bad)"),
            "{error:?}"
        );
    }
    let mut larger = world.app.clone();
    for volume in &mut larger.app.volumes {
        volume.size = "16Gi".parse().unwrap();
    }
    let volume = larger.app.volume(&"db".parse().unwrap()).unwrap();
    let other = driver(&world.emulator, &larger, &[]).unwrap();
    let error = other
        .volumes()
        .unwrap()
        .disk_create(&world.cx, &larger, volume, &new_disk("bad"))
        .await
        .unwrap_err();
    assert!(error.to_string().ends_with("in size"), "{error}");
    let request = SnapshotCreate {
        name: "bad".parse().unwrap(),
        source: Some(Source::Snapshot("s".parse().unwrap())),
    };
    let error = world.snapshot_with("db", request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(
        in_words(error.hints()).contains("snapshot delete (volume db, name bad)"),
        "{error:?}"
    );
    assert_eq!(world.writes(), 0);

    let id = world.id("disks", "db", "bad");
    let mut attached = world.emulator.resource(&id).await.unwrap();
    attached["properties"]["LastOwnershipUpdateTime"] = "2026-01-01T00:00:00Z".into();
    world.emulator.put_resource(&id, attached).await.unwrap();
    let error = world.create("db", "bad").await.unwrap_err();
    assert!(error.to_string().contains("has been attached"), "{error}");
}

#[tokio::test]
async fn what_another_operator_is_still_creating_is_refused_until_it_is_there() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let hurried = world.deadline(std::time::Duration::from_millis(500));
    world.fault(stuck("**/disks/*"));
    let two = new_disk("two");
    let volumes = world.driver.volumes().unwrap();
    let made = volumes.disk_create(&hurried, &world.app, world.volume("db"), &two);
    assert_eq!(made.await.unwrap_err().kind(), ErrorKind::Timeout);
    world.mended();
    let two = world.disks("db").await.unwrap();
    let two = two
        .iter()
        .find(|disk| disk.record.name.to_string() == "two")
        .unwrap();
    assert_eq!(two.record.creation, Creation::UnderWay);
    refused(
        "assign",
        world.assign("db", "two").await,
        "is still being created",
    );
    let error = world.create("db", "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("is being created already"), "{error}");
}

#[tokio::test]
async fn a_restore_that_is_to_be_assigned_goes_on_with_its_own_disk_only() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.snapshot("db", "s").await.unwrap();
    world.snapshot("db", "other").await.unwrap();
    let resumed = |snapshot: &str| {
        let mut request = restored(snapshot, "new");
        request.resume = true;
        request
    };
    let made = world.restore("db", "s", "new").await.unwrap();
    world.emulator.clear_requests();
    let again = world.restore_with("db", resumed("s")).await.unwrap();
    assert_eq!(again.record, made.record);
    assert_eq!(world.writes(), 0);
    let conflict = |result: Result<_>, why: &str| {
        let result: Result<kompox_domain::VolumeDisk> = result;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(
            in_words(error.hints()).contains("disk assign (volume db, name new)"),
            "{error:?}"
        );
    };
    conflict(world.restore_with("db", resumed("other")).await, "in source");
    let mut zoned = resumed("s");
    zoned.zone = Some("2".to_owned());
    conflict(world.restore_with("db", zoned).await, "in zone");
    assert!(
        world
            .emulator
            .attach_disk(&world.id("disks", "db", "new"), "/vm/1")
            .await
            .is_ok()
    );
    conflict(world.restore_with("db", resumed("s")).await, "has been attached");
    world
        .emulator
        .remove_resource(&world.id("disks", "db", "new"))
        .await
        .unwrap();
    world.restore("db", "s", "new").await.unwrap();
    world.assign("db", "new").await.unwrap();
    conflict(world.restore_with("db", resumed("s")).await, "has been assigned");
    world.assign("db", "one").await.unwrap();
    conflict(world.restore_with("db", resumed("s")).await, "has been assigned");
    // Without the wish to go on a name in use is a conflict, as ever.
    assert_eq!(
        world.restore("db", "s", "new").await.unwrap_err().kind(),
        ErrorKind::Conflict
    );

    // One that broke off while Azure was making it, or that Azure gave up, is gone on with too.
    for (name, rule) in [("stuck", stuck("**/disks/*")), ("failed", failing("**/disks/*"))] {
        let mut request = restored("s", name);
        request.resume = true;
        world.fault(rule);
        let hurried = world.deadline(std::time::Duration::from_millis(500));
        let volumes = world.driver.volumes().unwrap();
        let broken = volumes.snapshot_restore(&hurried, &world.app, world.volume("db"), &request);
        broken.await.unwrap_err();
        world.mended();
        let made = world.restore_with("db", request).await.unwrap();
        assert_eq!(made.record.creation, Creation::Done, "{name}");
    }
}
