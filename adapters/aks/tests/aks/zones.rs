//! In which zone a disk lies when nobody says.

use kompox_azure_emulator::{FaultAction, FaultRule, RequestKind};
use kompox_domain::ErrorKind;
use kompox_domain::driver::DiskCreate;
use kompox_domain::hint::in_words;
use kompox_domain::progress::WarningKind;
use serde_json::json;

use crate::support::{World, new_disk, sku};

async fn with_pools(pools: serde_json::Value) -> World {
    let world = World::new().await;
    let group = world.group_id("rg-cluster");
    let body = json!({"location": "japaneast", "properties": {"provisioningState": "Succeeded"}});
    world.emulator.put_resource(&group, body).await.unwrap();
    let cluster = json!({"location": "japaneast", "tags": {"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c1"},
        "properties": {"provisioningState": "Succeeded", "agentPoolProfiles": pools}});
    let id = format!("{group}/providers/Microsoft.ContainerService/managedClusters/aks1");
    world.emulator.put_resource(&id, cluster).await.unwrap();
    world
}

#[tokio::test]
async fn with_zonal_nodes_a_zone_must_be_given_and_the_error_names_them() {
    let world = with_pools(json!([{"name": "u", "mode": "User", "availabilityZones": ["1", "2"]}])).await;
    let error = world.create("db", "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(in_words(error.hints()).contains("1, 2"), "{:?}", error.hints());
    assert!(
        !world
            .emulator
            .requests()
            .iter()
            .any(|request| request.kind == RequestKind::Write)
    );
    world
        .create_with(
            "db",
            DiskCreate {
                zone: Some("2".to_owned()),
                ..new_disk("one")
            },
        )
        .await
        .unwrap();
    world
        .create_with(
            "db",
            DiskCreate {
                options: sku("Premium_ZRS"),
                ..new_disk("two")
            },
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn the_apps_own_zone_is_taken_where_none_is_asked_for() {
    let mut world = with_pools(json!([{"name": "u", "mode": "User", "availabilityZones": ["1"]}])).await;
    world.app.app.zone = Some("japaneast-1".to_owned());
    assert_eq!(
        world
            .create("db", "one")
            .await
            .unwrap()
            .record
            .zone
            .unwrap()
            .number(),
        1
    );
    let asked = DiskCreate {
        zone: Some("2".to_owned()),
        ..new_disk("two")
    };
    assert_eq!(
        world
            .create_with("db", asked)
            .await
            .unwrap()
            .record
            .zone
            .unwrap()
            .number(),
        2
    );
}

#[tokio::test]
async fn with_regional_nodes_a_disk_needs_no_zone_and_nobody_is_warned() {
    let world = with_pools(json!([{"name": "u", "mode": "User"}])).await;
    assert_eq!(world.create("db", "one").await.unwrap().record.zone, None);
    assert!(world.told.warnings().is_empty());
}

#[tokio::test]
async fn without_a_cluster_or_the_right_to_read_it_a_warning_is_given() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    assert!(matches!(
        world.told.warnings().as_slice(),
        [(WarningKind::ZoneUnknown, _)]
    ));
    let world = World::new().await;
    world.fault(FaultRule::new(
        "GET",
        "**/managedClusters",
        FaultAction::respond(403, "AuthorizationFailed", "No."),
    ));
    world.create("db", "one").await.unwrap();
    assert!(matches!(
        world.told.warnings().as_slice(),
        [(WarningKind::ZoneUnknown, _)]
    ));
}

#[tokio::test]
async fn a_zone_for_a_disk_that_lies_in_all_of_them_is_refused() {
    let world = World::new().await;
    let request = DiskCreate {
        zone: Some("1".to_owned()),
        options: sku("Premium_ZRS"),
        ..new_disk("one")
    };
    assert_eq!(
        world.create_with("db", request).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert!(world.emulator.requests().is_empty());
}

#[tokio::test]
async fn a_cluster_that_cannot_be_read_for_another_reason_is_an_error_before_any_write() {
    let world = World::new().await;
    let trouble = FaultAction::respond(503, "ServerBusy", "Busy.");
    world.fault(FaultRule::new("GET", "**/managedClusters", trouble));
    let error = world.create("db", "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        !world
            .emulator
            .requests()
            .iter()
            .any(|request| request.kind == RequestKind::Write)
    );
}
