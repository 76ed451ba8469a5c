//! What the subscription allows: registrations, quotas, sizes of virtual machines.

use kompox_azure_emulator::{Options, Restriction};
use serde_json::{Value, json};

use crate::client::Azure;

async fn size(azure: &Azure, name: &str) -> Value {
    let path =
        "~/providers/Microsoft.Compute/skus?api-version=2021-07-01&$filter=location%20eq%20'japaneast'";
    azure.get(path).await.expect(200).body["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|sku| sku["resourceType"] == "virtualMachines" && sku["name"] == name)
        .cloned()
        .unwrap()
}

async fn usage(azure: &Azure, name: &str) -> (u64, u64) {
    let path = "~/providers/Microsoft.Compute/locations/japaneast/usages?api-version=2024-07-01";
    let body = azure.get(path).await.expect(200).body;
    let found = body["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|usage| usage["name"]["value"] == name)
        .cloned()
        .unwrap();
    (
        found["currentValue"].as_u64().unwrap(),
        found["limit"].as_u64().unwrap(),
    )
}

#[tokio::test]
async fn sizes_of_virtual_machines_are_listed_with_zones_family_and_restrictions() {
    let azure = Azure::new().await;
    let found = size(&azure, "Standard_D4ds_v5").await;
    assert_eq!(found["family"], "standardDDSv5Family");
    assert_eq!(found["locationInfo"][0]["zones"], json!(["1", "2", "3"]));
    assert_eq!(found["restrictions"], json!([]));
    assert!(
        found["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!({ "name": "vCPUs", "value": "4" }))
    );
    let restrict = async |restriction| {
        let done = azure
            .emulator
            .restrict_size("japaneast", "standard_d4ds_v5", restriction);
        done.await.unwrap();
        size(&azure, "Standard_D4ds_v5").await["restrictions"].clone()
    };
    let zones = restrict(Restriction::Zones(vec!["2".to_owned()])).await;
    assert_eq!(zones[0]["type"], "Zone");
    assert_eq!(zones[0]["restrictionInfo"]["zones"], json!(["2"]));
    let whole = restrict(Restriction::Location).await;
    assert_eq!(whole[0]["type"], "Location");
    assert_eq!(whole[0]["reasonCode"], "NotAvailableForSubscription");
    assert_eq!(restrict(Restriction::None).await, json!([]));
    let unknown = azure
        .emulator
        .restrict_size("japaneast", "Standard_X", Restriction::None);
    let error = unknown.await.unwrap_err();
    assert_eq!(error.to_string(), "there is no size \"Standard_X\"");
}

#[tokio::test]
async fn node_pools_use_vcpus_and_quotas_can_be_set() {
    let azure = Azure::with_group(Options::default()).await;
    let pool = |size: &str, count: u32, priority: &str| json!({ "name": "p", "vmSize": size, "count": count, "scaleSetPriority": priority });
    let cluster = azure.id("resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c");
    let body = json!({ "location": "japaneast", "properties": { "agentPoolProfiles": [
        pool("Standard_D4ds_v5", 3, "Regular"), pool("Standard_D2as_v5", 2, "Spot"),
    ] } });
    azure.emulator.put_resource(&cluster, body).await.unwrap();
    assert_eq!(usage(&azure, "cores").await, (12, 100));
    assert_eq!(usage(&azure, "standardDDSv5Family").await, (12, 100));
    assert_eq!(usage(&azure, "standardDASv5Family").await, (0, 100));
    assert_eq!(usage(&azure, "lowPriorityCores").await, (4, 100));
    azure.emulator.set_quota("japaneast", "cores", 10).await.unwrap();
    azure
        .emulator
        .set_quota("Japan East", "standardDDSv5Family", 0)
        .await
        .unwrap();
    assert_eq!(usage(&azure, "cores").await, (12, 10));
    assert_eq!(usage(&azure, "standardDDSv5Family").await, (12, 0));
    let unknown = azure.emulator.set_quota("japaneast", "memory", 1).await;
    assert_eq!(unknown.unwrap_err().to_string(), "there is no quota \"memory\"");
}

#[tokio::test]
async fn an_unregistered_namespace_takes_no_writes() {
    let azure = Azure::with_group(Options::default()).await;
    let state = async |namespace: &str| {
        let path = format!("~/providers/{namespace}?api-version=2021-04-01");
        azure.get(&path).await.expect(200).body["registrationState"].clone()
    };
    for namespace in [
        "Microsoft.AlertsManagement",
        "Microsoft.Compute",
        "Microsoft.ContainerRegistry",
        "Microsoft.ContainerService",
        "Microsoft.Insights",
        "Microsoft.KeyVault",
        "Microsoft.ManagedIdentity",
        "Microsoft.Network",
        "Microsoft.OperationalInsights",
        "Microsoft.OperationsManagement",
        "Microsoft.PolicyInsights",
    ] {
        assert_eq!(state(namespace).await, "Registered", "{namespace}");
    }
    let identity = "~/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-1?api-version=2023-01-31";
    let body = json!({ "location": "japaneast" });
    azure
        .emulator
        .set_registered("microsoft.managedidentity", false)
        .await
        .unwrap();
    assert_eq!(state("Microsoft.ManagedIdentity").await, "NotRegistered");
    azure
        .put(identity, body.clone())
        .await
        .refused(409, "MissingSubscriptionRegistration");
    azure
        .post("~/providers/Microsoft.ManagedIdentity/register?api-version=2021-04-01")
        .await
        .expect(200);
    azure.put(identity, body).await.expect(201);
    assert!(
        azure
            .emulator
            .set_registered("Microsoft.Nothing", true)
            .await
            .is_err()
    );
}
