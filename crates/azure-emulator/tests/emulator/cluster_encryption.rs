//! Encryption of the disks of nodes: where the machine runs, and with a key of one's own.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, below_cluster, cluster, cluster_with};

const FEATURE: &str = "~/providers/Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost";
const FEATURES: &str = "api-version=2021-07-01";

fn encrypted(size: &str) -> Value {
    json!({ "agentPoolProfiles": [{ "name": "system", "mode": "System", "count": 1, "vmSize": size,
        "enableEncryptionAtHost": true }] })
}

#[tokio::test]
async fn a_subscription_is_registered_for_a_feature_when_somebody_asks_for_it() {
    let azure = Azure::new().await;
    let get = format!("{FEATURE}?{FEATURES}");
    let told = azure.get(&get).await.expect(200).body;
    assert_eq!(told["name"], "Microsoft.Compute/EncryptionAtHost");
    assert_eq!(told["properties"]["state"], "NotRegistered");
    let done = azure
        .post(&format!("{FEATURE}/register?{FEATURES}"))
        .await
        .expect(200);
    assert_eq!(done.body["properties"]["state"], "Registered");
    assert_eq!(azure.get(&get).await.body["properties"]["state"], "Registered");
    let list = format!("~/providers/Microsoft.Features/providers/Microsoft.Compute/features?{FEATURES}");
    assert_eq!(
        azure.get(&list).await.expect(200).names(),
        ["Microsoft.Compute/EncryptionAtHost"]
    );
    let unknown = get.replace("EncryptionAtHost", "Invisibility");
    azure.get(&unknown).await.refused(404, "FeatureNotFound");
    azure
        .emulator
        .restrict_caller(Some(vec!["Microsoft.Compute/*".to_owned()]));
    azure.get(&get).await.refused(403, "AuthorizationFailed");
}

#[tokio::test]
async fn encryption_at_host_takes_the_feature_and_machines_that_can() {
    let azure = Azure::with_group(Options::default()).await;
    let ask = async |size: &str| azure.put(&cluster("aks1"), cluster_with(encrypted(size))).await;
    ask("Standard_D4s_v5")
        .await
        .refused(400, "SubscriptionNotEnabledEncryptionAtHost");
    azure
        .emulator
        .set_feature("Microsoft.Compute/EncryptionAtHost", true)
        .await
        .unwrap();
    let refused = ask("Standard_A2_v2")
        .await
        .refused(400, "VMSizeDoesNotSupportEncryptionAtHost");
    assert!(refused.message().contains("Standard_A2_v2"), "{}", refused.text);
    let made = azure
        .cluster("aks1", cluster_with(encrypted("Standard_D4s_v5")))
        .await;
    let pool = &made["properties"]["agentPoolProfiles"][0];
    assert_eq!(pool["enableEncryptionAtHost"], true);
    // It is as it is from the creation of a pool on, also where it was left out.
    let off = json!({ "location": "japaneast", "properties": { "agentPoolProfiles": [
        { "name": "system", "count": 1, "enableEncryptionAtHost": false }] } });
    azure
        .put(&cluster("aks1"), off)
        .await
        .refused(400, "PropertyChangeNotAllowed");
    let user = below_cluster("aks1", "/agentPools/user1");
    let plain = json!({ "properties": { "mode": "User", "count": 1, "vmSize": "Standard_D4s_v5" } });
    let accepted = azure.put(&user, plain.clone()).await;
    azure.finish(&accepted).await;
    let mut on = plain;
    on["properties"]["enableEncryptionAtHost"] = true.into();
    azure
        .put(&user, on)
        .await
        .refused(400, "PropertyChangeNotAllowed");
}

#[tokio::test]
async fn the_set_that_encrypts_disks_of_nodes_is_there_in_the_region_and_stays() {
    let azure = Azure::with_group(Options::default()).await;
    let set = |name: &str| {
        azure.id(&format!(
            "resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets/{name}"
        ))
    };
    for (name, location) in [
        ("here", "japaneast"),
        ("other", "japaneast"),
        ("far", "westeurope"),
    ] {
        let body = json!({ "location": location, "properties": {} });
        azure.emulator.put_resource(&set(name), body).await.unwrap();
    }
    let ask = async |id: &str| {
        azure
            .put(
                &cluster("aks1"),
                cluster_with(json!({ "diskEncryptionSetID": id })),
            )
            .await
    };
    ask(&azure.disk_id("d")).await.refused(400, "InvalidParameter");
    ask(&set("none")).await.refused(404, "LinkedResourceNotFound");
    ask(&set("far")).await.refused(400, "DiskEncryptionSetError");
    let made = azure
        .cluster(
            "aks1",
            cluster_with(json!({ "diskEncryptionSetID": set("here") })),
        )
        .await;
    assert_eq!(made["properties"]["diskEncryptionSetID"], set("here"));
    ask(&set("other")).await.refused(400, "PropertyChangeNotAllowed");
    azure
        .cluster("aks1", cluster_with(json!({ "disableLocalAccounts": false })))
        .await;
    let told = azure.get(&cluster("aks1")).await.body;
    assert_eq!(told["properties"]["diskEncryptionSetID"], set("here"));
}
