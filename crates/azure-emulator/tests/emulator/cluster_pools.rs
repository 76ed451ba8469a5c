//! Node pools: through the cluster and by themselves.

use kompox_azure_emulator::{Options, Restriction, Timing};
use serde_json::{Value, json};

use crate::client::{Answer, Azure, below_cluster, cluster, empty_disk, small_cluster};

fn pool(name: &str) -> String {
    below_cluster("aks1", &format!("/agentPools/{name}"))
}

fn user_pool() -> Value {
    json!({ "properties": { "mode": "User", "count": 1, "vmSize": "Standard_D4s_v5", "availabilityZones": ["1"] } })
}

async fn with_cluster() -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", small_cluster()).await;
    azure
}

async fn put(azure: &Azure, name: &str, body: Value) -> Value {
    let accepted = azure.put(&pool(name), body).await;
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
    azure.get(&pool(name)).await.expect(200).body
}

async fn profiles(azure: &Azure) -> Vec<Value> {
    let body = azure.get(&cluster("aks1")).await.expect(200).body;
    body["properties"]["agentPoolProfiles"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_pool_shows_in_its_cluster_and_the_clusters_in_the_list() {
    let azure = with_cluster().await;
    let made = put(&azure, "user1", user_pool()).await;
    assert_eq!(made["name"], "user1");
    assert_eq!(made["properties"]["provisioningState"], "Succeeded");
    assert_eq!(made["properties"]["availabilityZones"], json!(["1"]));
    assert_eq!(
        azure
            .get(&below_cluster("aks1", "/agentPools"))
            .await
            .expect(200)
            .names(),
        ["system", "user1"]
    );
    let profiles = profiles(&azure).await;
    let mut wanted = made["properties"].clone();
    wanted["name"] = "user1".into();
    assert_eq!(profiles[1], wanted);
    let nodes = azure
        .get("~/resourceGroups/MC_rg_aks1_japaneast/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=2024-07-01")
        .await
        .expect(200);
    let names: Vec<String> = nodes.names().iter().map(ToString::to_string).collect();
    assert!(
        names.len() == 2 && names[1].starts_with("aks-user1-") && names[1].ends_with("-vmss"),
        "{names:?}"
    );
    azure.delete(&pool("user1")).await.expect(202);
    azure.get(&pool("user1")).await.refused(404, "ResourceNotFound");
    assert_eq!(self::profiles(&azure).await.len(), 1);
}

#[tokio::test]
async fn a_pool_changed_through_the_cluster_shows_by_itself_and_others_stay() {
    let azure = with_cluster().await;
    put(&azure, "user1", user_pool()).await;
    let change = json!({ "location": "japaneast", "properties": { "agentPoolProfiles": [
        { "name": "system", "count": 3, "nodeLabels": { "a": "b" } }] } });
    azure.cluster("aks1", change).await;
    let system = azure.get(&pool("system")).await.expect(200).body;
    assert_eq!(system["properties"]["count"], 3);
    assert_eq!(system["properties"]["nodeLabels"], json!({ "a": "b" }));
    assert_eq!(system["properties"]["vmSize"], "Standard_D4s_v5");
    assert_eq!(profiles(&azure).await.len(), 2);
    let new = json!({ "location": "japaneast", "properties": { "agentPoolProfiles": [
        { "name": "other", "mode": "User", "count": 1 }] } });
    let refused = azure.put(&cluster("aks1"), new).await.refused(400, "BadRequest");
    assert_eq!(refused.body["target"], "agentPoolProfiles");
}

/// By which name the nodes of a pool reach the API server: what stands in a file of theirs.
async fn api_server(azure: &Azure, pool: &str) -> Value {
    let path = "~/resourceGroups/MC_rg_aks1_japaneast/providers/Microsoft.Compute/virtualMachineScaleSets";
    let sets = azure
        .get(&format!("{path}?api-version=2024-07-01"))
        .await
        .expect(200)
        .body;
    let sets = sets["value"].as_array().unwrap().clone();
    let set = sets
        .iter()
        .find(|set| set["tags"]["aks-managed-poolName"] == pool);
    set.unwrap()["tags"]["emulator-api-server"].clone()
}

#[tokio::test]
async fn nodes_learn_that_the_private_name_is_gone_only_with_a_new_image_pool_by_pool() {
    let azure = Azure::with_group(Options::default()).await;
    let private = |zone: &str| {
        let access = json!({ "enablePrivateCluster": true, "privateDNSZone": zone });
        let mut body = small_cluster();
        body["properties"]["apiServerAccessProfile"] = access;
        body
    };
    let made = azure.cluster("aks1", private("system")).await;
    put(&azure, "user1", user_pool()).await;
    let name = made["properties"]["privateFQDN"].clone();
    assert_eq!(
        (
            api_server(&azure, "system").await,
            api_server(&azure, "user1").await
        ),
        (name.clone(), name.clone())
    );
    let changed = azure.cluster("aks1", private("none")).await;
    let public = changed["properties"]["fqdn"].clone();
    assert_eq!(changed["properties"]["privateFQDN"], Value::Null);
    assert_eq!(api_server(&azure, "system").await, name);
    let upgrade = below_cluster("aks1", "/agentPools/system/upgradeNodeImageVersion");
    let accepted = azure.post(&upgrade).await.expect(202);
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
    assert_eq!(
        (
            api_server(&azure, "system").await,
            api_server(&azure, "user1").await
        ),
        (public, name)
    );
    // Back there is no way.
    for zone in [
        "system",
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/privateDnsZones/z",
    ] {
        azure
            .put(&cluster("aks1"), private(zone))
            .await
            .refused(400, "PropertyChangeNotAllowed");
    }
}

#[tokio::test]
async fn an_image_upgrade_holds_its_cluster_and_ends_while_it_is_looked_at() {
    let azure = Azure::with_group(Options {
        timing: Timing {
            polls: 2,
            ..Timing::zero()
        },
        ..Options::default()
    })
    .await;
    let accepted = azure.put(&cluster("aks1"), small_cluster()).await.expect(201);
    azure.finish(&accepted).await;
    let upgrade = below_cluster("aks1", "/agentPools/system/upgradeNodeImageVersion");
    azure.post(&upgrade).await.expect(202);
    assert_eq!(
        profiles(&azure).await[0]["provisioningState"],
        "UpgradingNodeImageVersion"
    );
    azure.post(&upgrade).await.refused(409, "OperationNotAllowed");
    azure
        .put(&cluster("aks1"), small_cluster())
        .await
        .refused(409, "OperationNotAllowed");
    profiles(&azure).await;
    assert_eq!(profiles(&azure).await[0]["provisioningState"], "Succeeded");
    azure.put(&cluster("aks1"), small_cluster()).await.expect(200);
}

#[tokio::test]
async fn tags_of_a_cluster_leave_its_pools_alone() {
    let azure = with_cluster().await;
    put(&azure, "user1", user_pool()).await;
    let accepted = azure
        .patch(&cluster("aks1"), json!({ "tags": { "a": "1" } }))
        .await
        .expect(200);
    azure.finish(&accepted).await;
    assert_eq!(profiles(&azure).await.len(), 2);
    assert_eq!(
        azure.get(&cluster("aks1")).await.body["tags"],
        json!({ "a": "1" })
    );
}

#[tokio::test]
async fn what_a_pool_cannot_be_is_refused() {
    let azure = with_cluster().await;
    let ask = async |name: &str, changes: Value| -> Answer {
        let mut body = user_pool();
        for (key, value) in changes.as_object().unwrap() {
            body["properties"][key] = value.clone();
        }
        azure.put(&pool(name), body).await
    };
    for name in ["Upper", "1st", "a-b", "thirteenchars"] {
        ask(name, json!({})).await.refused(400, "InvalidParameter");
    }
    let refused = ask("p", json!({ "vmSize": "Standard_Z99" }))
        .await
        .refused(400, "BadRequest");
    assert!(refused.message().contains("standard_d4s_v5"));
    for (size, restriction) in [
        ("Standard_D8s_v5", Restriction::Zones(vec!["3".to_owned()])),
        ("Standard_D16s_v5", Restriction::Location),
    ] {
        let done = azure.emulator.restrict_size("japaneast", size, restriction);
        done.await.unwrap();
    }
    ask("p", json!({ "vmSize": "Standard_D16s_v5" }))
        .await
        .refused(400, "BadRequest");
    let zones = json!({ "vmSize": "Standard_D8s_v5", "availabilityZones": ["1", "3"] });
    let refused = ask("p", zones).await.refused(400, "AvailabilityZoneNotSupported");
    assert_eq!(
        refused.message(),
        "The zone(s) '3' for resource 'p' is not supported. The supported zones for location 'japaneast' are '1,2'"
    );
    for (changes, code) in [
        (
            json!({ "availabilityZones": ["4"] }),
            "AvailabilityZoneNotSupported",
        ),
        (
            json!({ "osDiskType": "Ephemeral" }),
            "VMCannotSupportEphemeralOSDisk",
        ),
        (
            json!({ "vmSize": "Standard_D2ds_v5", "osDiskType": "Ephemeral", "osDiskSizeGB": 128 }),
            "VMCannotFitEphemeralOSDisk",
        ),
        (json!({ "osDiskSizeGB": 10 }), "InvalidParameter"),
        (json!({ "count": -1 }), "InvalidParameter"),
        (json!({ "minCount": 1, "maxCount": 3 }), "InvalidParameter"),
        (
            json!({ "enableAutoScaling": true, "minCount": 2, "maxCount": 3 }),
            "InvalidParameter",
        ),
        (json!({ "enableAutoScaling": true }), "InvalidParameter"),
        (
            json!({ "mode": "System", "scaleSetPriority": "Spot" }),
            "InvalidParameter",
        ),
        (
            json!({ "orchestratorVersion": "1.37.1" }),
            "NodePoolMcVersionIncompatible",
        ),
        (
            json!({ "orchestratorVersion": "1.9" }),
            "AgentPoolK8sVersionNotSupported",
        ),
        (json!({ "vmsize": "x" }), "UnmarshalError"),
    ] {
        ask("p", changes.clone()).await.refused(400, code);
    }
    azure.get(&pool("p")).await.expect(404);
    azure
        .put(&below_cluster("none", "/agentPools/p"), user_pool())
        .await
        .refused(404, "ParentResourceNotFound");
}

#[tokio::test]
async fn what_a_pool_is_made_with_stays() {
    let azure = with_cluster().await;
    put(&azure, "user1", user_pool()).await;
    for (name, value) in [
        ("vmSize", json!("Standard_D8s_v5")),
        ("availabilityZones", json!(["2"])),
        ("osDiskType", json!("Ephemeral")),
        ("osDiskSizeGB", json!(256)),
        ("scaleSetPriority", json!("Spot")),
    ] {
        let refused = azure
            .put(&pool("user1"), json!({ "properties": { name: value } }))
            .await
            .refused(400, "PropertyChangeNotAllowed");
        assert_eq!(refused.body["target"], format!("properties.{name}"));
    }
    let after = put(
        &azure,
        "user1",
        json!({ "properties": { "count": 4, "vmSize": "standard_d4s_v5" } }),
    )
    .await;
    assert_eq!(after["properties"]["count"], 4);
}

#[tokio::test]
async fn the_last_system_pool_stays_one() {
    let azure = with_cluster().await;
    put(&azure, "user1", user_pool()).await;
    azure
        .delete(&pool("system"))
        .await
        .refused(400, "OperationNotAllowed");
    azure
        .put(&pool("system"), json!({ "properties": { "mode": "User" } }))
        .await
        .refused(400, "OperationNotAllowed");
    put(&azure, "user1", json!({ "properties": { "mode": "System" } })).await;
    azure.delete(&pool("system")).await.expect(202);
    assert_eq!(profiles(&azure).await.len(), 1);
}

#[tokio::test]
async fn a_scaler_changes_the_count_and_a_put_that_names_one_changes_it_back() {
    let azure = with_cluster().await;
    let mut body = user_pool();
    for (key, value) in [
        ("enableAutoScaling", json!(true)),
        ("minCount", json!(1)),
        ("maxCount", json!(5)),
    ] {
        body["properties"][key] = value;
    }
    put(&azure, "user1", body.clone()).await;
    let id = azure.cluster_id("aks1");
    azure.emulator.scale_pool(&id, "user1", 4).await.unwrap();
    let count = async || profiles(&azure).await[1]["count"].clone();
    assert_eq!(count().await, 4);
    let mut without = body.clone();
    without["properties"].as_object_mut().unwrap().remove("count");
    put(&azure, "user1", without).await;
    assert_eq!(count().await, 4);
    put(&azure, "user1", body).await;
    assert_eq!(count().await, 1);
    let off = put(
        &azure,
        "user1",
        json!({ "properties": { "enableAutoScaling": false } }),
    )
    .await;
    assert_eq!(off["properties"].get("maxCount"), None);
    let error = azure.emulator.scale_pool(&id, "none", 1).await.unwrap_err();
    assert!(error.to_string().ends_with("has no pool \"none\""), "{error}");
}

#[tokio::test]
async fn a_pool_stays_within_the_quotas() {
    let azure = with_cluster().await;
    azure.emulator.set_quota("japaneast", "cores", 20).await.unwrap();
    let ask = async |name: &str, count: u32| {
        let mut body = user_pool();
        body["properties"]["count"] = count.into();
        azure.put(&pool(name), body).await
    };
    // Two nodes of four are there.
    let refused = ask("user1", 4)
        .await
        .refused(400, "ErrCode_InsufficientVCPUQuota");
    assert!(
        refused.message().contains("quota 12, requested quota 16"),
        "{}",
        refused.text
    );
    ask("user1", 3).await.expect(201);
    ask("user1", 2).await.expect(200);
    azure
        .emulator
        .set_quota("japaneast", "standardDSv5Family", 16)
        .await
        .unwrap();
    let refused = ask("user1", 3)
        .await
        .refused(400, "ErrCode_InsufficientVCPUQuota");
    assert!(
        refused.message().contains("standardDSv5Family"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn nodes_that_may_go_at_any_time_are_marked() {
    let azure = with_cluster().await;
    let mut body = user_pool();
    body["properties"]["scaleSetPriority"] = "spot".into();
    body["properties"]["nodeTaints"] = json!(["a=b:NoSchedule"]);
    for _ in 0..2 {
        let made = put(&azure, "user1", body.clone()).await;
        assert_eq!(
            made["properties"]["nodeTaints"],
            json!([
                "a=b:NoSchedule",
                "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"
            ])
        );
        assert_eq!(made["properties"]["scaleSetPriority"], "Spot");
        assert_eq!(made["properties"]["spotMaxPrice"], -1);
    }
}

#[tokio::test]
async fn ultra_disks_want_zones_and_machines_and_are_decided_when_the_pool_is_made() {
    let azure = with_cluster().await;
    let body = |size: &str, zones: Value, ultra: bool| {
        json!({ "properties": { "mode": "User", "count": 1, "vmSize": size, "availabilityZones": zones,
            "enableUltraSSD": ultra } })
    };
    for (size, zones) in [
        ("Standard_D4s_v5", Value::Null),
        ("Standard_D4s_v5", json!([])),
        ("Standard_B4ms", json!(["1"])),
        ("Standard_F4s_v2", json!(["1", "3"])),
    ] {
        azure
            .put(&pool("p"), body(size, zones, true))
            .await
            .refused(400, "InvalidParameter");
    }
    put(&azure, "with", body("Standard_F4s_v2", json!(["1", "2"]), true)).await;
    put(&azure, "without", body("Standard_D4s_v5", json!(["1"]), false)).await;
    for (name, size, zones, ultra) in [
        ("with", "Standard_F4s_v2", json!(["1", "2"]), false),
        ("without", "Standard_D4s_v5", json!(["1"]), true),
    ] {
        azure
            .put(&pool(name), body(size, zones, ultra))
            .await
            .refused(400, "PropertyChangeNotAllowed");
    }

    let sets = "resourceGroups/MC_rg_aks1_japaneast/providers/Microsoft.Compute/virtualMachineScaleSets";
    let listed = azure
        .get(&format!("~/{sets}?api-version=2024-11-01"))
        .await
        .expect(200);
    let machine = |of: &str| {
        let prefix = format!("aks-{of}-");
        let name = listed
            .names()
            .into_iter()
            .find(|name| name.starts_with(&prefix))
            .unwrap();
        azure.id(&format!("{sets}/{name}/virtualMachines/0"))
    };
    let (with, without) = (machine("with"), machine("without"));
    for (name, sku, zone) in [
        ("u1", "UltraSSD_LRS", "1"),
        ("u3", "UltraSSD_LRS", "3"),
        ("p1", "PremiumV2_LRS", "1"),
    ] {
        let mut disk = empty_disk();
        disk["sku"]["name"] = sku.into();
        disk["zones"] = json!([zone]);
        azure.disk(name, disk).await;
    }
    for (disk, machine, expected) in [
        ("u1", &without, false),
        ("u3", &with, false),
        ("u1", &with, true),
        ("p1", &without, true),
    ] {
        let attached = azure.emulator.attach_disk(&azure.disk_id(disk), machine).await;
        assert_eq!(attached.is_ok(), expected, "{disk} {machine}: {attached:?}");
    }
}
