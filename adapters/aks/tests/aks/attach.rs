//! A disk that is made can be attached by its cluster.

use kompox_azure_emulator::{FaultAction, FaultRule};
use kompox_domain::driver::DiskCreate;
use kompox_domain::progress::WarningKind;
use kompox_domain::{AppScope, Result, VolumeDisk, VolumeOptions};

use crate::installing::Site;

const DISK_RESTORE_OPERATOR: &str = "b50d9833-a0cb-478e-945f-707fcc997c13";

async fn create(site: &Site, name: &str) -> (Result<VolumeDisk>, Vec<(WarningKind, String)>) {
    let operator = site.operator();
    let app = AppScope {
        cluster: site.cluster.clone(),
        app: site.apps[0].clone(),
    };
    let request = DiskCreate {
        name: name.parse().unwrap(),
        source: None,
        zone: Some("1".to_owned()),
        options: VolumeOptions::default(),
    };
    let volume = &app.app.volumes[0];
    let made = operator
        .driver
        .volumes()
        .unwrap()
        .disk_create(&operator.cx, &app, volume, &request)
        .await;
    (made, operator.told.warnings())
}

fn assignments(site: &Site, method: &str) -> usize {
    let requests = site.world.emulator.requests();
    let asked = |request: &&kompox_azure_emulator::LoggedRequest| {
        request.method == method && request.path.contains("/roleAssignments/")
    };
    requests.iter().filter(asked).count()
}

#[tokio::test]
async fn the_first_disk_of_an_app_brings_the_clusters_right_to_attach_it_and_the_next_one_only_looks() {
    let site = Site::new().await;
    create(&site, "one").await.0.unwrap();
    let group = format!("{}/resourceGroups/rg-app", site.world.subscription());
    let cluster = site.output("AZURE_AKS_CLUSTER_PRINCIPAL_ID").await;
    let expected = [(group, DISK_RESTORE_OPERATOR.to_owned(), cluster)];
    assert_eq!(site.rights().await, expected);
    site.world.emulator.clear_requests();
    let (made, warnings) = create(&site, "two").await;
    made.unwrap();
    assert_eq!(warnings, []);
    assert_eq!((assignments(&site, "GET"), assignments(&site, "PUT")), (1, 0));
    assert_eq!(site.rights().await, expected);
}

#[tokio::test]
async fn a_disk_whose_cluster_may_not_attach_it_is_made_all_the_same_with_a_warning() {
    let site = Site::new().await;
    let refused = FaultAction::respond(403, "AuthorizationFailed", "The client may not do that.");
    site.world
        .fault(FaultRule::new("PUT", "**/roleAssignments/*", refused));
    let (made, warnings) = create(&site, "one").await;
    assert!(made.unwrap().assigned);
    let [(WarningKind::AttachRoleMissing, message)] = warnings.as_slice() else {
        panic!("{warnings:?}")
    };
    assert!(
        message.contains("the cluster identity ") && message.contains("roleAssignments/write"),
        "{message}"
    );
}

#[tokio::test]
async fn without_a_cluster_nobody_is_asked_for_rights() {
    let site = Site::new().await;
    let id = site.world.cluster_id().await;
    site.world.emulator.remove_resource(&id).await.unwrap();
    site.world.emulator.clear_requests();
    create(&site, "one").await.0.unwrap();
    assert_eq!((assignments(&site, "GET"), assignments(&site, "PUT")), (0, 0));
}

#[tokio::test]
async fn status_tells_of_an_app_whose_disks_cannot_be_attached_and_of_nothing_where_they_can() {
    let site = Site::new().await;
    let told = async || {
        let operator = site.operator();
        let status = operator
            .driver
            .clusters()
            .unwrap()
            .status(&operator.cx, &operator.scope)
            .await
            .unwrap();
        let found = status
            .conditions
            .into_iter()
            .find(|one| one.kind == "attachRoleMissing");
        found.map(|one| (one.status, one.reason, one.message))
    };
    assert_eq!(told().await, None, "there is no group yet");
    create(&site, "one").await.0.unwrap();
    assert_eq!(told().await, None);
    let group = format!("{}/resourceGroups/rg-app", site.world.subscription());
    let all = site.world.emulator.resources(&group).await;
    let right = all
        .iter()
        .find(|one| one["properties"]["scope"] == group.as_str())
        .unwrap();
    let id = right["id"].as_str().unwrap();
    site.world.emulator.remove_resource(id).await.unwrap();
    let (status, reason, message) = told().await.unwrap();
    assert_eq!((status, reason.as_str()), (Some(true), "notAssigned"));
    assert!(
        message.contains("rg-app") && message.contains("cluster install"),
        "{message}"
    );
    let refused = FaultAction::respond(403, "AuthorizationFailed", "The client may not do that.");
    site.world
        .fault(FaultRule::new("GET", "**/roleAssignments/*", refused));
    let (status, reason, _) = told().await.unwrap();
    assert_eq!((status, reason.as_str()), (None, "unread"));
}
