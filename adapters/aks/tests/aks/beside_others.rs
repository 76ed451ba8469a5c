//! Disks beside others: other apps, other operators, other tools, in one resource group.

use kompox_azure_emulator::{FaultAction, FaultRule, Race, RacingWrite, When};
use kompox_domain::ErrorKind;
use kompox_domain::progress::WarningKind;
use serde_json::json;

use crate::support::{GROUP, World, app, driver, new_disk};

fn rival(assigned_at: &str) -> serde_json::Value {
    json!({"location": "japaneast", "sku": {"name": "Premium_LRS"},
        "tags": {"managed-by": "kompox", "kompox-app": "ws1/prv1/app1", "kompox-volume": "db-034d4d",
            "kompox-disk-name": "rival", "kompox-disk-assigned": "true", "kompox-disk-assigned-at": assigned_at},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4,
            "timeCreated": "2026-11-21T00:00:00+00:00", "provisioningState": "Succeeded"}})
}

#[tokio::test]
async fn b11_disks_of_other_apps_and_strangers_in_the_group_are_not_seen() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let other = app("app2", GROUP);
    let other_driver = driver(&world.emulator, &other, &[]).unwrap();
    let volume = other.app.volumes.first().unwrap();
    other_driver
        .volumes()
        .unwrap()
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
            .volumes()
            .unwrap()
            .disk_create(&world.cx, &app, &volume, &new_disk(name))
            .await
            .unwrap();
    }
    assert_eq!(
        driver
            .volumes()
            .unwrap()
            .disk_list(&world.cx, &app, &[volume])
            .await
            .unwrap()
            .len(),
        2
    );
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

/// A first create that meets another disk, assigned at that moment, leaves that one assigned and says so.
async fn a_first_create_yields_to_a_rival_assigned_at(moment: &str) {
    let world = World::new().await;
    world.fault(FaultRule::new(
        "PUT",
        "**/disks/*",
        FaultAction::Race(Race {
            when: When::Before,
            id: Some(world.id("disks", "db", "rival")),
            write: RacingWrite::Put(rival(moment)),
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
async fn b20_two_first_creates_at_once_leave_one_assigned_disk_for_every_reader_and_the_loser_is_told() {
    a_first_create_yields_to_a_rival_assigned_at("7ZZZZZZZZZZZZZZZZZZZZZZZZZ").await;
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
async fn an_apps_group_that_is_a_clusters_is_refused_before_any_request() {
    let world = World::new().await;
    let app = app("app1", "RG-Cluster");
    let driver = driver(&world.emulator, &app, &[]).unwrap();
    let error = driver
        .volumes()
        .unwrap()
        .disk_list(&world.cx, &app, &app.app.volumes[..1])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("is that of cluster"), "{error}");
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn b20_a_first_create_that_comes_late_yields_to_the_disk_that_may_hold_data_already() {
    a_first_create_yields_to_a_rival_assigned_at("01000000000000000000000000").await;
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
