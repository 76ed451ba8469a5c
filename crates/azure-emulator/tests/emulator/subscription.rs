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

#[tokio::test]
async fn a_subscription_beside_the_own_one_has_groups_resources_and_roles_of_its_own() {
    let azure = Azure::new().await;
    let other = azure.emulator.add_subscription("Shared services").await.unwrap();
    let own = azure.emulator.connection().subscription_id.clone();
    let listed = azure
        .get("/subscriptions?api-version=2022-12-01")
        .await
        .expect(200)
        .body;
    let seen: Vec<_> = listed["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["subscriptionId"].as_str().unwrap(), &one["displayName"]))
        .collect();
    let expected = [
        (own.as_str(), &json!("Kompox emulator")),
        (other.as_str(), &json!("Shared services")),
    ];
    assert_eq!(seen, expected);
    assert_eq!(listed["count"]["value"], 2);

    let there = format!("/subscriptions/{other}");
    let got = azure.get(&format!("{there}?api-version=2022-12-01")).await;
    assert_eq!(got.expect(200).body["displayName"], "Shared services");
    let group = format!("{there}/resourceGroups/dns");
    let body = json!({ "location": "japaneast" });
    let made = azure
        .put(&format!("{group}?api-version=2024-11-01"), body)
        .await
        .expect(201);
    assert_eq!(made.body["id"], group);
    let own_groups = azure.get("~/resourcegroups?api-version=2024-11-01").await;
    assert_eq!(own_groups.expect(200).body["value"], json!([]));

    let zone = format!("{group}/providers/Microsoft.Network/dnsZones/example.com");
    let body = json!({ "location": "global" });
    azure
        .put(&format!("{zone}?api-version=2018-05-01"), body)
        .await
        .expect(201);
    let zones = format!("{there}/providers/Microsoft.Network/dnsZones?api-version=2018-05-01");
    assert_eq!(azure.get(&zones).await.expect(200).names(), ["example.com"]);
    let none = azure
        .get("~/providers/Microsoft.Network/dnsZones?api-version=2018-05-01")
        .await;
    assert_eq!(none.expect(200).body["value"], json!([]));

    // A principal of one subscription takes a role in the other: the directory is the tenant's.
    azure.group("rg").await;
    let identity = "~/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1?api-version=2024-11-30";
    let identity = azure
        .put(identity, json!({ "location": "japaneast" }))
        .await
        .expect(201);
    let body = json!({ "properties": {
        "principalId": identity.body["properties"]["principalId"],
        "roleDefinitionId": format!(
            "{there}/providers/Microsoft.Authorization/roleDefinitions/befefa01-2a29-4197-83a8-272ff33ce314"
        ),
    } });
    let assignment = format!(
        "{zone}/providers/Microsoft.Authorization/roleAssignments/{}?api-version=2022-04-01",
        "11111111-1111-4111-8111-111111111111"
    );
    azure.put(&assignment, body).await.expect(201);
    let listed = azure
        .get(&format!(
            "{there}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
        ))
        .await;
    assert_eq!(listed.expect(200).body["value"].as_array().unwrap().len(), 1);

    let unknown =
        "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/dns?api-version=2024-11-01";
    azure.get(unknown).await.refused(404, "SubscriptionNotFound");
}
