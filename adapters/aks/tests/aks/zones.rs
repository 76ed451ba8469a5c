//! In which zone a disk lies when nobody says.

use kompox_azure_emulator::{FaultAction, FaultRule, Options, RequestKind};
use kompox_domain::ErrorKind;
use kompox_domain::driver::DiskCreate;
use kompox_domain::hint::in_words;
use kompox_domain::progress::WarningKind;
use serde_json::json;

use kompox_domain::ProviderScope;
use kompox_domain::driver::DriverFactory as _;
use kompox_domain::model::{Provider, VolumeKind};

use crate::support::{World, app, factory, new_disk, settings, sku};

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

async fn in_region(region: &str) -> World {
    World::with(Options {
        region: region.to_owned(),
        ..Options::default()
    })
    .await
}

async fn of_sku(world: &World, name: &str, sku_name: &str, zone: Option<&str>) -> kompox_domain::Result<()> {
    let request = DiskCreate {
        options: sku(sku_name),
        zone: zone.map(str::to_owned),
        ..new_disk(name)
    };
    world.create_with("db", request).await.map(|_| ())
}

fn writes_of_disks(world: &World) -> usize {
    let requests = world.emulator.requests();
    let writes = requests
        .iter()
        .filter(|request| request.kind == RequestKind::Write);
    writes.filter(|request| request.path.contains("/disks/")).count()
}

#[tokio::test]
async fn a_disk_may_lie_in_no_zone_where_azure_lets_it_and_where_not_the_zones_are_named() {
    for region in ["southeastasia", "westus"] {
        let world = in_region(region).await;
        of_sku(&world, "one", "PremiumV2_LRS", None).await.unwrap();
        let raw = world.raw("disks", "db", "one").await.unwrap();
        assert_eq!(raw.get("zones"), None, "{region}");
    }
    let world = in_region("japaneast").await;
    for sku_name in ["PremiumV2_LRS", "UltraSSD_LRS"] {
        let error = of_sku(&world, "one", sku_name, None).await.unwrap_err();
        assert!(
            in_words(error.hints()).contains("1, 2, 3"),
            "{error}: {:?}",
            error.hints()
        );
        of_sku(&world, &sku_name[..5].to_lowercase(), sku_name, Some("3"))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn where_the_region_has_no_such_disk_is_told_before_it_is_written() {
    for (region, sku_name, zone) in [
        ("japanwest", "UltraSSD_LRS", None),
        ("westus", "PremiumV2_LRS", Some("1")),
    ] {
        let world = in_region(region).await;
        let error = of_sku(&world, "one", sku_name, zone).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
        assert!(error.to_string().contains(region), "{error}");
        assert!(!error.hints().is_empty(), "{error}");
        assert_eq!(writes_of_disks(&world), 0, "{region}");
    }
}

#[tokio::test]
async fn a_list_of_skus_that_cannot_be_read_is_a_warning_and_asked_only_for_disks_that_are_not_everywhere() {
    let world = in_region("japaneast").await;
    of_sku(&world, "zero", "Premium_LRS", Some("1")).await.unwrap();
    let asked = |world: &World| {
        let requests = world.emulator.requests();
        requests
            .iter()
            .any(|request| request.path.contains("/Microsoft.Compute/skus"))
    };
    assert!(!asked(&world));
    let no = FaultAction::respond(403, "AuthorizationFailed", "No.");
    world.fault(FaultRule::new("GET", "**/Microsoft.Compute/skus", no));
    of_sku(&world, "one", "PremiumV2_LRS", Some("1")).await.unwrap();
    assert!(asked(&world));
    let warnings = world.told.warnings();
    assert!(
        warnings
            .iter()
            .any(|(kind, text)| *kind == WarningKind::Unchecked && text.contains("PremiumV2_LRS")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_disk_that_no_node_attaches_is_told_of() {
    let pool = |ultra: bool, zone: &str| json!({"name": "u", "mode": "User", "availabilityZones": [zone], "enableUltraSSD": ultra});
    for (pool, sku_name, expected) in [
        (pool(true, "1"), "UltraSSD_LRS", false),
        (pool(true, "2"), "UltraSSD_LRS", true),
        (pool(false, "1"), "UltraSSD_LRS", true),
        (pool(false, "1"), "PremiumV2_LRS", false),
    ] {
        let world = with_pools(json!([pool])).await;
        of_sku(&world, "one", sku_name, Some("1")).await.unwrap();
        let warnings = world.told.warnings();
        let told = warnings
            .iter()
            .any(|(kind, _)| *kind == WarningKind::NotAttachable);
        assert_eq!(told, expected, "{sku_name} {pool}: {warnings:?}");
    }
}

#[test]
fn a_volume_that_no_node_will_attach_is_a_finding_of_the_configuration() {
    let check = |existing: bool, cluster: &[(&str, &str)], sku_name: &str| {
        let mut scope = app("app1", "rg-app");
        scope.cluster.existing = existing;
        scope.cluster.settings = settings(cluster.iter().copied());
        for volume in &mut scope.app.volumes {
            volume.kind = VolumeKind::Disk;
        }
        scope.app.volumes[0].options = sku(sku_name);
        let provider = Provider {
            id: scope.app.id.cluster.provider.clone(),
            driver: "aks".to_owned(),
            settings: settings([
                ("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000001"),
                ("AZURE_LOCATION", "japaneast"),
                ("AZURE_AUTH_METHOD", "azure_cli"),
                ("AZURE_RESOURCE_PREFIX", "k"),
            ]),
        };
        let scope = ProviderScope {
            provider,
            clusters: vec![scope.cluster.clone()],
            apps: vec![scope.app.clone()],
        };
        let found = factory().check(&scope);
        found
            .into_iter()
            .map(|finding| finding.message)
            .collect::<Vec<_>>()
    };
    let ultra = ("AZURE_AKS_USER_VM_ULTRA_SSD", "true");
    let zones = ("AZURE_AKS_USER_VM_ZONES", "1");
    let found = check(false, &[zones], "UltraSSD_LRS");
    assert_eq!(
        found,
        ["volume db: no node of cluster c1 attaches disks of UltraSSD_LRS"]
    );
    assert!(check(false, &[zones, ultra], "UltraSSD_LRS").is_empty());
    assert!(check(false, &[zones], "PremiumV2_LRS").is_empty());
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
    assert!(check(true, &[("AZURE_AKS_RESOURCE_ID", id)], "UltraSSD_LRS").is_empty());
}
