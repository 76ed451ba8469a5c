//! Disks: what §7 of the contract says of list, create and delete, and the faults of the original.

use kompox_azure_emulator::{
    FaultAction, FaultRule, OperationFault, Options, Outcome, Race, RacingWrite, ReplicationLag, RequestKind,
    When,
};
use kompox_domain::driver::DiskCreate;
use kompox_domain::options::OptionValue;
use kompox_domain::progress::WarningKind;
use kompox_domain::{ErrorKind, Source, VolumeOptions};
use serde_json::json;

use crate::support::{GROUP, World, app, driver, gib, new_disk, sku};

#[tokio::test]
async fn b1_the_first_disk_is_assigned_and_later_ones_are_not() {
    let world = World::new().await;
    let first = world.create("db", "one").await.unwrap();
    let second = world.create("db", "two").await.unwrap();
    assert!(first.assigned && !second.assigned);
    assert_eq!(world.assigned("db").await, ["one"]);
    let tags = world.raw("disks", "db", "one").await.unwrap()["tags"].clone();
    assert_eq!(tags["managed-by"], "kompox");
    assert_eq!(tags["kompox-app"], "ws1/prv1/app1");
    assert_eq!(tags["kompox-volume"], "db-034d4d");
    assert_eq!(tags["kompox-disk-name"], "one");
    assert_eq!(tags["kompox-disk-assigned"], "true");
    assert_eq!(tags["kompox-disk-assigned-at"].as_str().unwrap().len(), 26);
    let second = world.raw("disks", "db", "two").await.unwrap();
    assert_eq!(second["tags"]["kompox-disk-assigned"], "false");
    assert_eq!(second["tags"].get("kompox-disk-assigned-at"), None);
}

#[tokio::test]
async fn b2_b3_options_of_volume_and_command_reach_azure_also_when_the_volume_has_none() {
    let world = World::new().await;
    let mut options: VolumeOptions = sku("PremiumV2_LRS");
    options = options.overridden_by(
        &[
            ("iops".to_owned(), OptionValue::Integer(4000)),
            ("mbps".to_owned(), OptionValue::Integer(200)),
        ]
        .into_iter()
        .collect(),
    );
    let request = DiskCreate {
        options,
        zone: Some("1".to_owned()),
        ..new_disk("one")
    };
    let disk = world.create_with("db", request).await.unwrap();
    let raw = world.raw("disks", "db", "one").await.unwrap();
    assert_eq!(raw["sku"]["name"], "PremiumV2_LRS");
    assert_eq!(raw["properties"]["diskIOPSReadWrite"], 4000);
    assert_eq!(raw["properties"]["diskMBpsReadWrite"], 200);
    assert_eq!(
        disk.record.options.get("sku"),
        Some(&OptionValue::Text("PremiumV2_LRS".to_owned()))
    );
    assert_eq!(
        world.raw("disks", "db", "one").await.unwrap()["zones"],
        json!(["1"])
    );
    // Without options: the default.
    world.create("data", "one").await.unwrap();
    assert_eq!(
        world.raw("disks", "data", "one").await.unwrap()["sku"]["name"],
        "Premium_LRS"
    );
}

#[tokio::test]
async fn an_option_that_is_not_known_is_refused_before_any_request() {
    let world = World::new().await;
    let options = [("skus".to_owned(), OptionValue::Text("x".to_owned()))]
        .into_iter()
        .collect();
    let error = world
        .create_with(
            "db",
            DiskCreate {
                options,
                ..new_disk("one")
            },
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.hint(), Some("did you mean sku?"));
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn b4_a_size_is_rounded_up_to_gibibytes() {
    let mut world = World::new().await;
    world.app.app.volumes.get_mut(0).unwrap().size = "1.5Gi".parse().unwrap();
    assert_eq!(world.create("db", "one").await.unwrap().record.size, gib(2));
}

#[tokio::test]
async fn b5_both_spellings_of_a_zone_make_the_same_disk() {
    let world = World::new().await;
    for (name, zone) in [("one", "2"), ("two", "japaneast-2")] {
        let disk = world
            .create_with(
                "db",
                DiskCreate {
                    zone: Some(zone.to_owned()),
                    ..new_disk(name)
                },
            )
            .await
            .unwrap();
        assert_eq!(disk.record.zone.unwrap().number(), 2);
        assert_eq!(
            world.raw("disks", "db", name).await.unwrap()["zones"],
            json!(["2"])
        );
    }
    let error = world
        .create_with(
            "db",
            DiskCreate {
                zone: Some("westus-1".to_owned()),
                ..new_disk("x")
            },
        )
        .await
        .unwrap_err();
    assert!(error.to_string().contains("westus"), "{error}");
}

#[tokio::test]
async fn b11_disks_of_other_apps_and_strangers_in_the_group_are_not_seen() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let other = app("app2", GROUP);
    let other_driver = driver(&world.emulator, &other, &[]).unwrap();
    let volume = other.app.volumes.first().unwrap();
    other_driver
        .disk_create(&world.cx, &other, volume, &new_disk("one"))
        .await
        .unwrap();
    let stranger = json!({"location": "japaneast", "tags": {"kompox-volume": "db-034d4d"}, "properties": {}});
    let id = format!(
        "{}/providers/Microsoft.Compute/disks/stranger",
        world.group_id(GROUP)
    );
    world.emulator.put_resource(&id, stranger).await.unwrap();
    assert_eq!(world.disks("db").await.unwrap().len(), 1);
    assert!(world.disks("data").await.unwrap().is_empty());
}

#[tokio::test]
async fn disks_of_older_tools_and_of_az_with_our_tags_are_seen() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let legacy = json!({"location": "japaneast", "sku": {"name": "Standard_LRS"},
        "tags": {"Kompox-Volume": "db-034d4d", "kompox-disk-name": "legacy", "kompox-disk-assigned": "true", "owner": "me"},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 9, "timeCreated": "2020-01-01T00:00:00+00:00"}});
    world
        .emulator
        .put_resource(&world.id("disks", "db", "legacy"), legacy)
        .await
        .unwrap();
    let names: Vec<String> = world
        .disks("db")
        .await
        .unwrap()
        .iter()
        .map(|disk| disk.record.name.to_string())
        .collect();
    assert_eq!(names, ["one", "legacy"]);
    assert_eq!(world.assigned("db").await, ["one"]);
    world.assign("db", "legacy").await.unwrap();
    assert_eq!(world.assigned("db").await, ["legacy"]);
    assert_eq!(
        world.raw("disks", "db", "legacy").await.unwrap()["tags"]["owner"],
        "me"
    );
}

#[tokio::test]
async fn b12_no_two_names_make_one_resource_even_with_the_longest_prefix() {
    let world = World::new().await;
    let mut app = app("app1", GROUP);
    app.app.settings = kompox_domain::Settings::default();
    let driver = driver(
        &world.emulator,
        &app,
        &[("AZURE_RESOURCE_PREFIX", &"p".repeat(32))],
    )
    .unwrap();
    let mut volume = world.volume("db").clone();
    volume.name = "abcdefghijklmnop".parse().unwrap();
    app.app.volumes = vec![volume.clone()];
    for name in ["abcdefghijklmnopqrstuvw1", "abcdefghijklmnopqrstuvw2"] {
        driver
            .disk_create(&world.cx, &app, &volume, &new_disk(name))
            .await
            .unwrap();
    }
    assert_eq!(
        driver.disk_list(&world.cx, &app, &[volume]).await.unwrap().len(),
        2
    );
}

#[tokio::test]
async fn a_name_in_use_is_a_conflict_and_nothing_is_written() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let before = world.raw("disks", "db", "one").await;
    world.emulator.clear_requests();
    assert_eq!(
        world.create("db", "one").await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert!(
        !world
            .emulator
            .requests()
            .iter()
            .any(|request| request.kind == RequestKind::Write)
    );
    assert_eq!(world.raw("disks", "db", "one").await, before);
}

#[tokio::test]
async fn a_hash_collision_is_told_and_the_other_apps_disk_is_never_touched() {
    let world = World::new().await;
    world.create("data", "one").await.unwrap();
    let foreign = json!({"location": "japaneast",
        "tags": {"kompox-volume": "db-034d4d", "kompox-app": "ws1/prv1/other", "kompox-disk-assigned": "true"},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}});
    world
        .emulator
        .put_resource(&world.id("disks", "db", "one"), foreign)
        .await
        .unwrap();
    assert!(world.disks("db").await.unwrap().is_empty());
    assert!(
        world
            .told
            .warnings()
            .iter()
            .any(|(kind, _)| *kind == WarningKind::ForeignResource)
    );
    let error = world.create("db", "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("ws1/prv1/other"), "{error}");
    assert_eq!(
        world.delete("db", "one", true).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert!(world.raw("disks", "db", "one").await.is_some());
}

#[tokio::test]
async fn b15_a_missing_disk_or_group_is_deleted_already_and_the_assigned_one_is_kept() {
    let world = World::new().await;
    world.delete("db", "one", false).await.unwrap();
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    let error = world.delete("db", "one", false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(error.hint().unwrap().contains("--force"));
    world.delete("db", "two", false).await.unwrap();
    world.delete("db", "two", false).await.unwrap();
    world.delete("db", "one", true).await.unwrap();
    assert!(world.disks("db").await.unwrap().is_empty());
}

#[tokio::test]
async fn b15_an_attached_disk_is_not_deleted_even_by_force_and_the_machine_is_named() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world
        .emulator
        .attach_disk(&world.id("disks", "db", "one"), "/vm/web-1")
        .await
        .unwrap();
    for force in [false, true] {
        let error = world.delete("db", "one", force).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert!(error.to_string().to_lowercase().contains("/vm/web-1"), "{error}");
    }
    let disk = world.disks("db").await.unwrap().remove(0);
    assert_eq!(disk.record.state.as_deref(), Some("Attached"));
    assert_eq!(disk.record.attached_to.len(), 1);
}

#[tokio::test]
async fn a_disk_that_is_attached_between_look_and_delete_is_refused_by_azure_and_the_machine_is_named() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    let attach = json!({"managedBy": "/vm/web-1", "properties": {"diskState": "Attached"}});
    world.fault(FaultRule::new(
        "DELETE",
        "**/disks/*",
        FaultAction::Race(Race {
            when: When::Before,
            id: None,
            write: RacingWrite::Merge(attach),
        }),
    ));
    let error = world.delete("db", "two", false).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Precondition, Some("OperationNotAllowed"))
    );
    assert!(error.to_string().contains("/vm/web-1"), "{error}");
}

#[tokio::test]
async fn b16_a_resource_group_that_exists_is_never_written_again() {
    let world = World::new().await;
    let group = json!({"location": "westus", "tags": {"owner": "me"}, "properties": {"provisioningState": "Succeeded"}});
    world
        .emulator
        .put_resource(&world.group_id(GROUP), group)
        .await
        .unwrap();
    world.create("db", "one").await.unwrap();
    let group = world.emulator.resource(&world.group_id(GROUP)).await.unwrap();
    assert_eq!(group["tags"], json!({"owner": "me"}));
    assert_eq!(group["location"], "westus");
}

#[tokio::test]
async fn a_resource_group_that_is_missing_is_made_with_our_tag() {
    let world = World::new().await;
    assert!(world.disks("db").await.unwrap().is_empty());
    assert!(world.emulator.resource(&world.group_id(GROUP)).await.is_none());
    world.create("db", "one").await.unwrap();
    let group = world.emulator.resource(&world.group_id(GROUP)).await.unwrap();
    assert_eq!(group["tags"], json!({"managed-by": "kompox"}));
}

#[tokio::test]
async fn two_creates_at_once_in_one_process_make_the_group_once() {
    let world = World::new().await;
    let (one, two) = futures::join!(world.create("db", "one"), world.create("data", "one"));
    assert!(one.unwrap().assigned && two.unwrap().assigned);
    let made =
        world.emulator.requests().into_iter().filter(|request| {
            request.method == "PUT" && !request.path.to_lowercase().contains("/providers/")
        });
    assert_eq!(made.count(), 1);
}

#[tokio::test]
async fn b17_making_a_disk_gives_nobody_a_role() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    assert!(
        !world
            .emulator
            .requests()
            .iter()
            .any(|request| request.path.to_lowercase().contains("roleassignments"))
    );
}

#[tokio::test]
async fn b13_an_operation_that_outlasts_the_deadline_is_told_as_such_and_the_next_run_sees_what_it_left() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let stuck = OperationFault {
        outcome: Outcome::Stuck,
        ..OperationFault::default()
    };
    world.fault(FaultRule::new("PUT", "**/disks/*", FaultAction::Operation(stuck)));
    let cx = world.deadline(std::time::Duration::from_millis(300));
    let error = world
        .driver
        .disk_create(&cx, &world.app, world.volume("db"), &new_disk("two"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("under way in Azure"), "{error}");
    assert_eq!(world.disks("db").await.unwrap().len(), 2);
    assert_eq!(world.assigned("db").await, ["one"]);
}

#[tokio::test]
async fn b20_two_first_creates_at_once_leave_one_assigned_disk_for_every_reader_and_the_loser_is_told() {
    let world = World::new().await;
    let earlier = json!({"location": "japaneast", "sku": {"name": "Premium_LRS"},
        "tags": {"managed-by": "kompox", "kompox-app": "ws1/prv1/app1", "kompox-volume": "db-034d4d", "kompox-disk-name": "rival",
            "kompox-disk-assigned": "true", "kompox-disk-assigned-at": "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4, "timeCreated": "2026-11-21T00:00:00+00:00"}});
    world.fault(FaultRule::new(
        "PUT",
        "**/disks/*",
        FaultAction::Race(Race {
            when: When::Before,
            id: Some(world.id("disks", "db", "rival")),
            write: RacingWrite::Put(earlier),
        }),
    ));
    let disk = world.create("db", "one").await.unwrap();
    assert!(!disk.assigned);
    assert_eq!(world.assigned("db").await, ["rival"]);
    let warnings = world.told.warnings();
    assert!(
        warnings
            .iter()
            .any(|(kind, text)| *kind == WarningKind::LostRace && text.contains("rival")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn two_creates_of_one_name_at_once_are_a_conflict_for_the_one_that_was_overwritten() {
    let world = World::new().await;
    let rival = json!({"tags": {"kompox-disk-assigned-at": "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}});
    world.fault(FaultRule::new(
        "PUT",
        "**/disks/*",
        FaultAction::Race(Race {
            when: When::After,
            id: None,
            write: RacingWrite::Merge(rival),
        }),
    ));
    let error = world.create("db", "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("at the same time"), "{error}");
}

#[tokio::test]
async fn a_listing_never_believes_a_missing_group_without_asking_the_group() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound);
    world.fault(FaultRule::new("GET", "**/disks", lag.clone()).times(2));
    assert_eq!(world.disks("db").await.unwrap().len(), 1);
    world.fault(FaultRule::new("GET", "**/disks", lag.clone()).times(2));
    world.create("db", "two").await.unwrap();
    world.fault(FaultRule::new("DELETE", "**/disks/*", lag).times(2));
    world.delete("db", "two", false).await.unwrap();
    assert!(world.raw("disks", "db", "two").await.is_none());
}

#[tokio::test]
async fn a_group_made_just_now_may_not_be_known_everywhere_yet() {
    let world = World::new().await;
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound);
    world.fault(FaultRule::new("PUT", "**/disks/*", lag).times(3));
    assert!(world.create("db", "one").await.unwrap().assigned);
}

#[tokio::test]
async fn a_read_that_fails_is_never_taken_for_nothing_there() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.fault(FaultRule::new(
        "GET",
        "**/disks",
        FaultAction::respond(403, "AuthorizationFailed", "No."),
    ));
    assert_eq!(
        world.disks("db").await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    assert_eq!(
        world.create("db", "two").await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    assert_eq!(
        world.delete("db", "one", true).await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
}

#[tokio::test]
async fn a_disk_is_made_from_a_disk_a_snapshot_or_any_resource_and_is_at_least_as_large() {
    let mut world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.snapshot("db", "snap").await.unwrap();
    world.app.app.volumes.get_mut(0).unwrap().size = gib(2);
    let id = world.id("snapshots", "db", "snap");
    let sources = [
        Source::Disk("one".parse().unwrap()),
        Source::Snapshot("snap".parse().unwrap()),
        Source::Resource(id.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")),
    ];
    for (index, source) in sources.into_iter().enumerate() {
        let request = DiskCreate {
            source: Some(source),
            ..new_disk(&format!("copy{index}"))
        };
        let disk = world.create_with("db", request).await.unwrap();
        assert_eq!(disk.record.size, gib(4));
        assert!(!disk.assigned);
    }
    for source in [
        Source::Disk("nosuch".parse().unwrap()),
        Source::Snapshot("nosuch".parse().unwrap()),
        Source::Resource(world.id("disks", "db", "nosuch")),
    ] {
        let request = DiskCreate {
            source: Some(source),
            ..new_disk("x")
        };
        assert_eq!(
            world.create_with("db", request).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
    let request = DiskCreate {
        source: Some(Source::Resource("/subscriptions/s".to_owned())),
        ..new_disk("x")
    };
    assert_eq!(
        world.create_with("db", request).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn every_page_of_a_listing_is_read_and_the_newest_comes_first() {
    let world = World::with(Options {
        page_size: 2,
        ..Options::default()
    })
    .await;
    for index in 0..5 {
        world.create("db", &format!("d{index}")).await.unwrap();
    }
    let names: Vec<String> = world
        .disks("db")
        .await
        .unwrap()
        .iter()
        .map(|disk| disk.record.name.to_string())
        .collect();
    assert_eq!(names, ["d4", "d3", "d2", "d1", "d0"]);
}

#[tokio::test]
async fn an_apps_group_that_is_a_clusters_is_refused_before_any_request() {
    let world = World::new().await;
    let app = app("app1", "RG-Cluster");
    let driver = driver(&world.emulator, &app, &[]).unwrap();
    let error = driver
        .disk_list(&world.cx, &app, &app.app.volumes[..1])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("is that of cluster"), "{error}");
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn without_group_and_prefix_the_error_names_both_ways_out() {
    let world = World::new().await;
    let mut app = app("app1", GROUP);
    app.app.settings = kompox_domain::Settings::default();
    let driver = driver(&world.emulator, &app, &[]).unwrap();
    let error = driver
        .disk_list(&world.cx, &app, &app.app.volumes[..1])
        .await
        .unwrap_err();
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("AZURE_RESOURCE_GROUP_NAME") && hint.contains("AZURE_RESOURCE_PREFIX"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_missing_permission_names_the_action_and_what_to_do() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let read = [
        "Microsoft.Compute/disks/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    ];
    world
        .emulator
        .restrict_caller(Some(read.map(str::to_owned).to_vec()));
    let error = world.create("db", "two").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::PermissionDenied, Some("AuthorizationFailed"))
    );
    assert!(
        error.to_string().contains("Microsoft.Compute/disks/write"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("role"));
}

#[tokio::test]
async fn a_lock_is_named_and_is_not_mistaken_for_success() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    let lock = format!(
        "{}/providers/Microsoft.Authorization/locks/keep",
        world.group_id(GROUP)
    );
    world
        .emulator
        .put_resource(&lock, json!({"properties": {"level": "CanNotDelete"}}))
        .await
        .unwrap();
    let error = world.delete("db", "two", false).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Precondition, Some("ScopeLocked"))
    );
    assert!(world.raw("disks", "db", "two").await.is_some());
}

#[tokio::test]
async fn every_operation_works_with_exactly_the_permissions_that_are_listed_for_it() {
    use kompox_aks::permissions::actions;
    use kompox_domain::Operation as Op;
    let world = World::new().await;
    let allow = |operation| {
        world.emulator.restrict_caller(Some(
            actions(operation)
                .iter()
                .map(|action| (*action).to_owned())
                .collect(),
        ));
    };
    allow(Op::DiskCreate);
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    allow(Op::DiskList);
    world.disks("db").await.unwrap();
    allow(Op::DiskAssign);
    world.assign("db", "two").await.unwrap();
    allow(Op::SnapshotCreate);
    world.snapshot("db", "snap").await.unwrap();
    allow(Op::SnapshotList);
    world.snapshots("db").await.unwrap();
    allow(Op::SnapshotRestore);
    world.restore("db", "snap", "three").await.unwrap();
    allow(Op::SnapshotDelete);
    world.delete_snapshot("db", "snap").await.unwrap();
    allow(Op::DiskDelete);
    world.delete("db", "one", false).await.unwrap();
}

fn rival(assigned_at: &str) -> serde_json::Value {
    json!({"location": "japaneast", "sku": {"name": "Premium_LRS"},
        "tags": {"managed-by": "kompox", "kompox-app": "ws1/prv1/app1", "kompox-volume": "db-034d4d",
            "kompox-disk-name": "rival", "kompox-disk-assigned": "true", "kompox-disk-assigned-at": assigned_at},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4,
            "timeCreated": "2026-11-21T00:00:00+00:00", "provisioningState": "Succeeded"}})
}

#[tokio::test]
async fn b20_a_first_create_that_comes_late_yields_to_the_disk_that_may_hold_data_already() {
    let world = World::new().await;
    world.fault(FaultRule::new(
        "PUT",
        "**/disks/*",
        FaultAction::Race(Race {
            when: When::Before,
            id: Some(world.id("disks", "db", "rival")),
            write: RacingWrite::Put(rival("01000000000000000000000000")),
        }),
    ));
    let disk = world.create("db", "one").await.unwrap();
    assert!(!disk.assigned);
    assert_eq!(world.assigned("db").await, ["rival"]);
    let warnings = world.told.warnings();
    assert!(
        warnings
            .iter()
            .any(|(kind, text)| *kind == WarningKind::LostRace && text.contains("rival")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_does_not_write_over_what_came_after_it() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.emulator.clear_requests();
    let since = json!({"tags": {"owner": "me", "kompox-disk-assigned": "true",
        "kompox-disk-assigned-at": "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}});
    let race = FaultAction::Race(Race {
        when: When::After,
        id: None,
        write: RacingWrite::Merge(since),
    });
    let rules = [
        FaultRule::new("PUT", "**/disks/*", race),
        FaultRule::new("PUT", "**/disks/*", FaultAction::ResetAfter).times(1),
    ];
    world
        .emulator
        .set_faults(kompox_azure_emulator::FaultPlan::new(rules))
        .unwrap();
    world.create("db", "two").await.unwrap();
    assert_eq!(
        world
            .emulator
            .requests()
            .iter()
            .filter(|request| request.method == "PUT")
            .count(),
        1
    );
    assert_eq!(
        world.raw("disks", "db", "two").await.unwrap()["tags"]["owner"],
        "me"
    );
    assert_eq!(world.assigned("db").await, ["two"]);
}

#[tokio::test]
async fn a_misspelt_setting_of_app_or_cluster_is_refused_before_any_request() {
    let world = World::new().await;
    let mut misspelt = app("app1", GROUP);
    misspelt.app.settings = crate::support::settings([("AZURE_RESOURCE_GROUP_NMAE", "data")]);
    let driver = driver(&world.emulator, &misspelt, &[("AZURE_RESOURCE_PREFIX", "p")]).unwrap();
    let error = driver
        .disk_list(&world.cx, &misspelt, &misspelt.app.volumes[..1])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.hint(), Some("did you mean AZURE_RESOURCE_GROUP_NAME?"));
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn a_disk_whose_name_is_written_in_another_case_is_the_same_disk() {
    let world = World::new().await;
    world.create("data", "any").await.unwrap();
    let id = world
        .id("disks", "db", "one")
        .replace("/db-034d4d-one", "/DB-034D4D-ONE");
    let mut other = rival("01000000000000000000000000");
    other["tags"]["kompox-disk-name"] = json!("one");
    world.emulator.put_resource(&id, other).await.unwrap();
    assert_eq!(world.assigned("db").await, ["one"]);
    assert_eq!(
        world.create("db", "one").await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    world.delete("db", "one", true).await.unwrap();
    assert!(world.disks("db").await.unwrap().is_empty());
}

#[tokio::test]
async fn kubernetes_is_told_the_class_of_a_disk_volume_and_files_are_refused() {
    let world = World::new().await;
    let class = world.driver.volume_class(&world.app, world.volume("db")).unwrap();
    assert_eq!(
        (class.storage_class, class.csi_driver),
        ("managed-csi", "disk.csi.azure.com")
    );
    assert_eq!(
        (class.fs_type, class.access_modes),
        ("ext4", ["ReadWriteOnce"].as_slice())
    );
    assert_eq!(
        (class.reclaim_policy, class.volume_mode),
        ("Retain", "Filesystem")
    );
    let error = world
        .driver
        .volume_class(&world.app, world.volume("share"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        world.create("share", "one").await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert!(world.emulator.requests().is_empty());
}
