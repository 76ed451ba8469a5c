//! How clusters keep themselves up to date: channels, and the windows in which they may.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Answer, Azure, below_cluster, cluster, cluster_with, small_cluster};

fn window(name: &str) -> String {
    below_cluster("aks1", &format!("/maintenanceConfigurations/{name}"))
}

fn saturday() -> Value {
    json!({ "schedule": { "weekly": { "intervalWeeks": 1, "dayOfWeek": "Saturday" } }, "durationHours": 4,
        "utcOffset": "+09:00", "startTime": "01:00" })
}

async fn with_cluster(changes: Value) -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", cluster_with(changes)).await;
    azure
}

async fn profile(azure: &Azure) -> Value {
    let body = azure.get(&cluster("aks1")).await.expect(200).body;
    body["properties"]["autoUpgradeProfile"].clone()
}

async fn change(azure: &Azure, profile: Value) -> Answer {
    let body = json!({ "location": "japaneast", "properties": { "autoUpgradeProfile": profile } });
    let answer = azure.put(&cluster("aks1"), body).await;
    if answer.status < 300 {
        azure.finish(&answer).await;
    }
    answer
}

#[tokio::test]
async fn a_cluster_that_says_nothing_gets_images_and_no_versions_by_itself() {
    let azure = with_cluster(json!({})).await;
    assert_eq!(
        profile(&azure).await,
        json!({ "nodeOSUpgradeChannel": "NodeImage" })
    );
}

#[tokio::test]
async fn channels_are_kept_until_a_put_names_others() {
    let azure = with_cluster(
        json!({ "autoUpgradeProfile": { "upgradeChannel": "stable", "nodeOSUpgradeChannel": "SecurityPatch" } }),
    )
    .await;
    let both = json!({ "upgradeChannel": "stable", "nodeOSUpgradeChannel": "SecurityPatch" });
    assert_eq!(profile(&azure).await, both);
    azure.cluster("aks1", small_cluster()).await;
    assert_eq!(profile(&azure).await, both);
    change(&azure, json!({ "upgradeChannel": "none" }))
        .await
        .expect(200);
    assert_eq!(
        profile(&azure).await,
        json!({ "upgradeChannel": "none", "nodeOSUpgradeChannel": "SecurityPatch" })
    );
}

#[tokio::test]
async fn the_channel_of_images_brings_that_of_the_nodes_along_and_holds_it() {
    let azure = with_cluster(json!({ "autoUpgradeProfile": { "nodeOSUpgradeChannel": "None" } })).await;
    change(&azure, json!({ "upgradeChannel": "node-image" }))
        .await
        .expect(200);
    let images = json!({ "upgradeChannel": "node-image", "nodeOSUpgradeChannel": "NodeImage" });
    assert_eq!(profile(&azure).await, images);
    for other in ["None", "Unmanaged", "SecurityPatch"] {
        let refused = change(&azure, json!({ "nodeOSUpgradeChannel": other }))
            .await
            .refused(400, "InvalidParameter");
        assert!(refused.message().contains("node-image"), "{}", refused.text);
    }
    assert_eq!(profile(&azure).await, images);
    let off = json!({ "upgradeChannel": "patch", "nodeOSUpgradeChannel": "None" });
    change(&azure, off.clone()).await.expect(200);
    assert_eq!(profile(&azure).await, off);
}

#[tokio::test]
async fn channels_that_there_are_not_are_refused() {
    let azure = with_cluster(json!({})).await;
    for profile in [
        json!({ "upgradeChannel": "weekly" }),
        json!({ "upgradeChannel": "NodeImage" }),
        json!({ "nodeOSUpgradeChannel": "node-image" }),
    ] {
        change(&azure, profile).await.refused(400, "InvalidParameter");
    }
    change(&azure, json!({ "channel": "patch" }))
        .await
        .refused(400, "UnmarshalError");
}

#[tokio::test]
async fn a_window_is_a_resource_below_its_cluster_and_goes_with_it() {
    let azure = with_cluster(json!({})).await;
    let names = ["aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"];
    for name in names {
        let body = json!({ "properties": { "maintenanceWindow": saturday() } });
        azure.put(&window(name), body.clone()).await.expect(201);
        azure.put(&window(name), body).await.expect(200);
        let told = azure.get(&window(name)).await.expect(200).body;
        assert_eq!(told["name"], name);
        let mut kept = told["properties"]["maintenanceWindow"].clone();
        let date = kept["startDate"].take();
        assert_eq!(date.as_str().unwrap().len(), "2026-11-30".len());
        kept.as_object_mut().unwrap().remove("startDate");
        assert_eq!(kept, saturday());
        assert_eq!(told["properties"].get("provisioningState"), None);
    }
    let list = below_cluster("aks1", "/maintenanceConfigurations");
    assert_eq!(azure.get(&list).await.expect(200).names(), names);
    azure.delete(&window(names[0])).await.expect(200);
    azure
        .get(&window(names[0]))
        .await
        .refused(404, "ResourceNotFound");
    let gone = azure.delete(&cluster("aks1")).await.expect(202);
    azure.finish(&gone).await;
    assert!(
        azure
            .emulator
            .resource(&format!(
                "{}/maintenanceConfigurations/{}",
                azure.cluster_id("aks1"),
                names[1]
            ))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn windows_of_other_names_are_refused() {
    let azure = with_cluster(json!({})).await;
    let body = json!({ "properties": { "maintenanceWindow": saturday() } });
    let refused = azure
        .put(&window("weekend"), body)
        .await
        .refused(400, "InvalidParameter");
    assert!(
        refused
            .message()
            .contains("'aksManagedAutoUpgradeSchedule' and 'aksManagedNodeOSUpgradeSchedule'"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn a_window_that_cannot_be_is_refused() {
    let azure = with_cluster(json!({})).await;
    let name = "aksManagedNodeOSUpgradeSchedule";
    let put = async |name: &str, changes: Value| {
        let mut asked = saturday();
        for (key, value) in changes.as_object().unwrap() {
            asked[key] = value.clone();
        }
        azure
            .put(
                &window(name),
                json!({ "properties": { "maintenanceWindow": asked } }),
            )
            .await
    };
    for (changes, target) in [
        (json!({ "durationHours": 3 }), "durationHours"),
        (json!({ "durationHours": 25 }), "durationHours"),
        (json!({ "startTime": "24:00" }), "startTime"),
        (json!({ "startTime": "1:00" }), "startTime"),
        (json!({ "utcOffset": "09:00" }), "utcOffset"),
        (json!({ "utcOffset": "+9" }), "utcOffset"),
        (json!({ "startDate": "30.11.2026" }), "startDate"),
        (json!({ "schedule": {} }), "schedule"),
        (
            json!({ "schedule": { "weekly": { "intervalWeeks": 5, "dayOfWeek": "Sunday" } } }),
            "schedule",
        ),
        (
            json!({ "schedule": { "weekly": { "intervalWeeks": 1, "dayOfWeek": "Sat" } } }),
            "schedule",
        ),
        (
            json!({ "schedule": { "daily": { "intervalDays": 8 } } }),
            "schedule",
        ),
    ] {
        let refused = put(name, changes.clone()).await.refused(400, "InvalidParameter");
        let told = refused.body["target"].as_str().unwrap_or_default().to_owned();
        assert!(told.ends_with(target), "{changes}: {}", refused.text);
    }
    put(name, json!({ "schedule": { "daily": { "intervalDays": 1 } } }))
        .await
        .expect(201);
    put("default", json!({})).await.expect(201);
    let daily = put(
        "default",
        json!({ "schedule": { "daily": { "intervalDays": 1 } } }),
    )
    .await
    .refused(400, "InvalidParameter");
    assert!(daily.message().contains("Only weekly"), "{}", daily.text);
    let old = json!({ "properties": { "timeInWeek": [{ "day": "Monday", "hourSlots": [1, 2] }] } });
    azure.put(&window("default"), old.clone()).await.expect(200);
    azure
        .put(&window(name), old)
        .await
        .refused(400, "InvalidParameter");
}
