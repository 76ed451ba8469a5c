//! Disks: life cycle, defaults, and what Azure refuses.

use kompox_azure_emulator::{Options, Timing};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Azure, DISKS, disk, empty_disk, group, snapshot};

#[tokio::test]
async fn a_disk_is_accepted_polled_and_then_as_azure_shows_it() {
    let azure = Azure::with_group(Options {
        timing: Timing::looks(1),
        ..Options::default()
    })
    .await;
    let accepted = azure.put(&disk("d1"), empty_disk()).await.expect(202);
    assert_eq!(accepted.body["properties"]["provisioningState"], "Updating");
    assert_eq!(accepted.header("retry-after"), Some("0"));
    let location = accepted.header("location").unwrap();
    assert!(
        location.contains("/DiskOperations/") && location.contains("monitor=true"),
        "{location}"
    );

    let status = azure
        .get(accepted.header("azure-asyncoperation").unwrap())
        .await
        .expect(200);
    assert_eq!(status.body["status"], "InProgress");
    let status = azure
        .get(accepted.header("azure-asyncoperation").unwrap())
        .await
        .expect(200);
    assert_eq!(status.body["status"], "Succeeded");
    assert_eq!(status.body["properties"]["output"]["name"], "d1");
    azure.get(location).await.expect(200);

    let body = azure.get(&disk("d1")).await.expect(200).body;
    assert_eq!(body["id"], azure.disk_id("d1"));
    assert_eq!(body["type"], "Microsoft.Compute/disks");
    assert_eq!(body["sku"], json!({ "name": "Premium_LRS", "tier": "Premium" }));
    assert_eq!(body["zones"], json!(["1"]));
    let properties = &body["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["diskState"], "Unattached");
    assert_eq!(properties["diskSizeBytes"], 32_i64 << 30);
    assert_eq!(properties["tier"], "P4");
    assert_eq!(properties["diskIOPSReadWrite"], 120);
    let created = properties["timeCreated"].as_str().unwrap();
    assert_eq!(created.split('.').nth(1).unwrap().find('+'), Some(7), "{created}");
}

#[tokio::test]
async fn the_intermediate_states_are_visible_on_the_disk() {
    let azure = Azure::with_group(Options {
        timing: Timing::looks(1),
        ..Options::default()
    })
    .await;
    azure.put(&disk("d1"), empty_disk()).await.expect(202);
    let state = |body: &Value| body["properties"]["provisioningState"].clone();
    assert_eq!(state(&azure.get(&disk("d1")).await.body), "Updating");
    assert_eq!(state(&azure.get(&disk("d1")).await.body), "Succeeded");
    azure.delete(&disk("d1")).await.expect(202);
    assert_eq!(state(&azure.get(&disk("d1")).await.body), "Deleting");
    azure.get(&disk("d1")).await.refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn what_is_missing_answers_as_azure_does() {
    let azure = Azure::with_group(Options::default()).await;
    let answer = azure.get(&disk("nope")).await.refused(404, "ResourceNotFound");
    assert_eq!(
        answer.message(),
        "The Resource 'Microsoft.Compute/disks/nope' under resource group 'rg' was not found. For more details \
         please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    azure.delete(&disk("nope")).await.expect(204);
    azure
        .patch(&disk("nope"), json!({ "tags": {} }))
        .await
        .refused(404, "ResourceNotFound");
    let elsewhere = format!("~/resourceGroups/gone/providers/Microsoft.Compute/disks/d?api-version={DISKS}");
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let answer = azure
            .send(method, &elsewhere, Some(&empty_disk()))
            .await
            .refused(404, "ResourceGroupNotFound");
        assert_eq!(answer.message(), "Resource group 'gone' could not be found.");
    }
}

#[tokio::test]
async fn a_put_on_an_existing_disk_updates_it() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = empty_disk();
    body["tags"] = json!({ "a": "1", "b": "2" });
    let first = azure.disk("d1", body.clone()).await;
    body["tags"] = json!({ "c": "3" });
    body["properties"]["diskSizeGB"] = 64.into();
    let second = azure.disk("D1", body.clone()).await;
    assert_eq!(second["id"], first["id"], "the first spelling stays");
    assert_eq!(second["properties"]["uniqueId"], first["properties"]["uniqueId"]);
    assert_eq!(
        second["properties"]["timeCreated"],
        first["properties"]["timeCreated"]
    );
    assert_eq!(second["tags"], json!({ "c": "3" }));
    assert_eq!(second["properties"]["diskSizeGB"], 64);
    assert_eq!(second["properties"]["tier"], "P6");
    body.as_object_mut().unwrap().remove("tags");
    assert_eq!(azure.disk("d1", body).await["tags"], json!({ "c": "3" }));
}

#[tokio::test]
async fn what_cannot_change_is_refused() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let with = |path: &[&str], value: Value| {
        let mut body = empty_disk();
        let mut slot = &mut body;
        for key in path {
            slot = &mut slot[*key];
        }
        *slot = value;
        body
    };
    let put = async |body: Value| azure.put(&disk("d1"), body).await;
    put(with(&["location"], "eastus".into()))
        .await
        .refused(409, "InvalidResourceLocation");
    put(with(&["properties", "diskSizeGB"], 16.into()))
        .await
        .refused(409, "OperationNotAllowed");
    put(with(&["zones"], json!(["2"])))
        .await
        .refused(409, "PropertyChangeNotAllowed");
    put(with(
        &["properties", "creationData", "createOption"],
        "Copy".into(),
    ))
    .await
    .refused(409, "PropertyChangeNotAllowed");
}

#[tokio::test]
async fn a_patch_replaces_the_whole_tag_set_and_keeps_the_rest() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = empty_disk();
    body["tags"] = json!({ "a": "1", "b": "2" });
    azure.disk("d1", body).await;
    azure
        .patch(&disk("d1"), json!({ "tags": { "c": "3" } }))
        .await
        .expect(202);
    let body = azure.get(&disk("d1")).await.body;
    assert_eq!(body["tags"], json!({ "c": "3" }));
    assert_eq!(body["properties"]["diskSizeGB"], 32);
}

#[tokio::test]
async fn names_sizes_skus_zones_and_performance_are_checked() {
    let azure = Azure::with_group(Options::default()).await;
    let refused = async |name: &str, change: Value, code: &str| {
        let mut body = empty_disk();
        merge(&mut body, &change);
        azure.put(&disk(name), body).await.refused(400, code);
    };
    refused(&"x".repeat(81), json!({}), "InvalidParameter").await;
    refused("a.b", json!({}), "InvalidParameter").await;
    for size in [0, -1, 32_768] {
        refused(
            "d",
            json!({ "properties": { "diskSizeGB": size } }),
            "InvalidParameter",
        )
        .await;
    }
    refused(
        "d",
        json!({ "properties": { "diskSizeGB": null } }),
        "InvalidParameter",
    )
    .await;
    refused(
        "d",
        json!({ "properties": { "diskSizeGB": "32" } }),
        "InvalidRequestContent",
    )
    .await;
    refused(
        "d",
        json!({ "properties": { "creationData": null } }),
        "InvalidParameter",
    )
    .await;
    refused("d", json!({ "sku": { "name": "Fast_LRS" } }), "InvalidParameter").await;
    refused("d", json!({ "zones": ["4"] }), "InvalidAvailabilityZone").await;
    refused("d", json!({ "zones": ["1", "2"] }), "InvalidParameter").await;
    refused(
        "d",
        json!({ "location": "japanwest" }),
        "AvailabilityZoneNotSupported",
    )
    .await;
    refused(
        "d",
        json!({ "location": "atlantis" }),
        "LocationNotAvailableForResourceType",
    )
    .await;
    refused("d", json!({ "location": null }), "LocationRequired").await;
    refused(
        "d",
        json!({ "sku": { "name": "Premium_ZRS" } }),
        "InvalidParameter",
    )
    .await;
    refused(
        "d",
        json!({ "sku": { "name": "PremiumV2_LRS" }, "zones": null }),
        "InvalidParameter",
    )
    .await;
    refused(
        "d",
        json!({ "properties": { "diskIOPSReadWrite": 5000 } }),
        "InvalidParameter",
    )
    .await;
    let v2 = json!({ "sku": { "name": "PremiumV2_LRS" }, "properties": { "diskIOPSReadWrite": 100 } });
    refused("d", v2, "InvalidParameter").await;
    assert_eq!(
        azure.get(&disk("d")).await.status,
        404,
        "nothing refused was kept"
    );

    let mut body = empty_disk();
    merge(
        &mut body,
        &json!({ "sku": { "name": "PremiumV2_LRS" },
            "properties": { "diskSizeGB": 65_536, "diskIOPSReadWrite": 5000, "diskMBpsReadWrite": 200 } }),
    );
    let made = azure.disk("v2", body).await;
    assert_eq!(made["properties"]["diskIOPSReadWrite"], 5000);
    let mut body = empty_disk();
    merge(
        &mut body,
        &json!({ "sku": { "name": "Premium_ZRS" }, "zones": null, "location": "Japan East" }),
    );
    assert_eq!(azure.disk("zrs", body).await["location"], "japaneast");
}

fn of_sku(sku: &str, sectors: Value) -> Value {
    let mut body = empty_disk();
    merge(
        &mut body,
        &json!({ "sku": { "name": sku }, "properties": { "creationData": { "logicalSectorSize": sectors } } }),
    );
    body
}

/// A copy of a source: without sectors asked for, or with.
fn copied(sku: &str, source: String, sectors: Value) -> Value {
    let mut body = of_sku(sku, sectors);
    body["properties"]["creationData"]["createOption"] = "Copy".into();
    body["properties"]["creationData"]["sourceResourceId"] = source.into();
    body
}

#[tokio::test]
async fn sectors_are_chosen_where_there_is_a_choice_and_never_change() {
    let azure = Azure::with_group(Options::default()).await;
    let sectors = |body: &Value| body["properties"]["creationData"]["logicalSectorSize"].clone();
    for sku in ["PremiumV2_LRS", "UltraSSD_LRS"] {
        for (name, asked, expected) in [
            ("n", Value::Null, 4096),
            ("s", json!(512), 512),
            ("l", json!(4096), 4096),
        ] {
            let made = azure.disk(&format!("{sku}-{name}"), of_sku(sku, asked)).await;
            assert_eq!(sectors(&made), expected, "{sku}");
        }
        azure
            .put(&disk("x"), of_sku(sku, json!(777)))
            .await
            .refused(400, "InvalidParameter");
        azure
            .put(&disk("x"), of_sku(sku, json!("512")))
            .await
            .refused(400, "InvalidRequestContent");
        azure
            .put(&disk(&format!("{sku}-s")), of_sku(sku, json!(4096)))
            .await
            .refused(409, "PropertyChangeNotAllowed");
    }
    for sku in ["Premium_LRS", "StandardSSD_LRS", "Standard_LRS"] {
        for asked in [512, 4096] {
            azure
                .put(&disk("x"), of_sku(sku, json!(asked)))
                .await
                .refused(400, "InvalidParameter");
        }
        assert_eq!(
            sectors(&azure.disk(sku, of_sku(sku, Value::Null)).await),
            Value::Null
        );
    }
}

#[tokio::test]
async fn a_copy_has_the_sectors_of_its_source_or_is_refused() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("p", of_sku("Premium_LRS", Value::Null)).await;
    azure.disk("v-small", of_sku("PremiumV2_LRS", json!(512))).await;
    azure.disk("v-large", of_sku("PremiumV2_LRS", Value::Null)).await;
    for name in ["p", "v-small", "v-large"] {
        let body = json!({ "location": "japaneast", "properties": { "incremental": true,
            "creationData": { "createOption": "Copy", "sourceResourceId": azure.disk_id(name) } } });
        azure.put(&snapshot(name), body).await.expect(202);
        // Its data is copied in the background, and there at the next look.
        azure.get(&snapshot(name)).await.expect(200);
    }
    let told = async |name: &str| {
        let body = azure.get(&snapshot(name)).await.body;
        body["properties"]["creationData"]["logicalSectorSize"].clone()
    };
    assert_eq!(told("p").await, Value::Null);
    assert_eq!(told("v-small").await, 512);
    assert_eq!(told("v-large").await, 4096);
    let mut number = 0;
    for (source, sku, asked, expected) in [
        ("p", "Premium_LRS", Value::Null, true),
        ("p", "PremiumV2_LRS", Value::Null, false),
        ("p", "PremiumV2_LRS", json!(512), true),
        ("p", "UltraSSD_LRS", json!(512), true),
        ("p", "UltraSSD_LRS", json!(4096), false),
        ("v-small", "Premium_LRS", Value::Null, true),
        ("v-small", "StandardSSD_LRS", Value::Null, true),
        ("v-small", "PremiumV2_LRS", json!(512), true),
        ("v-small", "PremiumV2_LRS", json!(4096), false),
        ("v-large", "Premium_LRS", Value::Null, false),
        ("v-large", "Standard_LRS", Value::Null, false),
        ("v-large", "UltraSSD_LRS", Value::Null, true),
        ("v-large", "PremiumV2_LRS", json!(4096), true),
        ("v-large", "PremiumV2_LRS", json!(512), false),
    ] {
        for id in [azure.disk_id(source), azure.snapshot_id(source)] {
            number += 1;
            let answer = azure
                .put(
                    &disk(&format!("c{number}")),
                    copied(sku, id.clone(), asked.clone()),
                )
                .await;
            assert_eq!(
                answer.status == 202,
                expected,
                "{id} as {sku} {asked}: {}",
                answer.text
            );
            if !expected {
                answer.refused(400, "InvalidParameter");
            }
        }
    }
}

#[tokio::test]
async fn only_a_snapshot_leads_away_from_provisioned_disks_and_only_an_incremental_one_to_them() {
    let azure = Azure::with_group(Options::default()).await;
    let switch = |sku: &str| json!({ "sku": { "name": sku } });
    azure.disk("v", of_sku("PremiumV2_LRS", Value::Null)).await;
    azure.disk("u", of_sku("UltraSSD_LRS", Value::Null)).await;
    azure.disk("p", of_sku("Premium_LRS", Value::Null)).await;
    for (name, sku) in [
        ("v", "Premium_LRS"),
        ("v", "UltraSSD_LRS"),
        ("u", "PremiumV2_LRS"),
        ("p", "UltraSSD_LRS"),
    ] {
        azure
            .patch(&disk(name), switch(sku))
            .await
            .refused(409, "PropertyChangeNotAllowed");
    }
    let full = json!({ "location": "japaneast", "properties": {
        "creationData": { "createOption": "Copy", "sourceResourceId": azure.disk_id("p") } } });
    azure.put(&snapshot("full"), full).await.expect(202);
    azure.get(&snapshot("full")).await.expect(200);
    azure
        .put(
            &disk("c"),
            copied("PremiumV2_LRS", azure.snapshot_id("full"), json!(512)),
        )
        .await
        .refused(400, "InvalidParameter");
    // What was converted has the sectors it had, and does not tell them.
    azure.patch(&disk("p"), switch("PremiumV2_LRS")).await.expect(202);
    let converted = azure.get(&disk("p")).await.body;
    assert_eq!(converted["sku"]["name"], "PremiumV2_LRS");
    assert_eq!(
        converted["properties"]["creationData"].get("logicalSectorSize"),
        None
    );
    azure
        .put(&disk("c"), copied("Premium_LRS", azure.disk_id("p"), Value::Null))
        .await
        .expect(202);
}

#[tokio::test]
async fn an_attached_disk_cannot_be_deleted() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let vm = azure.id("resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm1");
    azure
        .emulator
        .attach_disk(&azure.disk_id("d1"), &vm)
        .await
        .unwrap();
    let body = azure.get(&disk("d1")).await.body;
    assert_eq!(
        (&body["managedBy"], &body["properties"]["diskState"]),
        (&json!(vm), &json!("Attached"))
    );
    let answer = azure
        .delete(&disk("d1"))
        .await
        .refused(409, "OperationNotAllowed");
    assert_eq!(answer.message(), format!("Disk d1 is attached to VM {vm}."));
    azure.emulator.detach_disk(&azure.disk_id("d1")).await.unwrap();
    azure.delete(&disk("d1")).await.expect(202);
}

#[tokio::test]
async fn a_copy_is_at_least_as_large_as_its_source() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let copy = |source: String, size: Value| {
        json!({ "location": "japaneast", "properties": {
            "creationData": { "createOption": "Copy", "sourceResourceId": source }, "diskSizeGB": size } })
    };
    azure
        .put(&disk("d2"), copy(azure.disk_id("d1"), 16.into()))
        .await
        .refused(400, "InvalidParameter");
    azure
        .put(&disk("d2"), copy(azure.disk_id("gone"), Value::Null))
        .await
        .refused(404, "ResourceNotFound");
    azure
        .put(&disk("d2"), copy("/nonsense".to_owned(), Value::Null))
        .await
        .refused(400, "LinkedInvalidPropertyId");
    let made = azure.disk("d2", copy(azure.disk_id("D1"), Value::Null)).await;
    assert_eq!(made["properties"]["diskSizeGB"], 32);
    assert_eq!(
        made["properties"]["creationData"]["sourceResourceId"],
        azure.disk_id("d1")
    );
    azure
        .put(&snapshot("s"), copy(azure.disk_id("d1"), Value::Null))
        .await
        .expect(202);
}

#[tokio::test]
async fn deleting_a_group_deletes_its_disks() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let accepted = azure.delete(&group("rg")).await.expect(202);
    assert_eq!(accepted.header("azure-asyncoperation"), None);
    azure.get(accepted.header("location").unwrap()).await.expect(200);
    azure.get(&disk("d1")).await.refused(404, "ResourceGroupNotFound");
    azure.group("rg").await;
    azure.get(&disk("d1")).await.refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn a_newer_write_takes_over_from_one_under_way() {
    let azure = Azure::with_group(Options {
        timing: Timing::looks(50),
        ..Options::default()
    })
    .await;
    let first = azure.put(&disk("d1"), empty_disk()).await.expect(202);
    azure
        .patch(&disk("d1"), json!({ "tags": { "a": "b" } }))
        .await
        .expect(202);
    let status = azure
        .get(first.header("azure-asyncoperation").unwrap())
        .await
        .expect(200);
    assert_eq!(status.body["status"], "Canceled");
    assert_eq!(status.code(), "OperationPreempted");
}

pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    for (key, value) in patch {
        if value.is_object() {
            if !target[key].is_object() {
                target[key] = json!({});
            }
            merge(&mut target[key], value);
        } else {
            target[key] = value.clone();
        }
    }
}

#[tokio::test]
async fn a_client_that_sends_back_what_it_read_can_change_size_and_sku() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = azure.disk("d1", empty_disk()).await;
    assert_eq!(body["properties"]["tier"], "P4");
    body["properties"]["diskSizeGB"] = 128.into();
    let mut body = azure.disk("d1", body).await;
    assert_eq!(body["properties"]["tier"], "P10");
    assert_eq!(body["properties"]["diskIOPSReadWrite"], 500);
    body["sku"] = json!({ "name": "StandardSSD_LRS" });
    let mut body = azure.disk("d1", body).await;
    assert_eq!(body["properties"]["tier"], Value::Null);
    assert_eq!(body["properties"]["diskMBpsReadWrite"], 100);
    body["sku"] = json!({ "name": "PremiumV2_LRS" });
    let mut body = azure.disk("d1", body).await;
    assert_eq!(body["properties"]["diskIOPSReadWrite"], 3000);
    body["properties"]["diskIOPSReadWrite"] = 4000.into();
    let body = azure.disk("d1", body).await;
    assert_eq!(body["properties"]["diskIOPSReadWrite"], 4000);
    assert_eq!(body["properties"]["diskMBpsReadWrite"], 125);
    azure.disk("d2", empty_disk()).await;
    let faster = json!({ "properties": { "diskIOPSReadWrite": 500 } });
    azure
        .patch(&disk("d2"), faster)
        .await
        .refused(400, "InvalidParameter");
    let tier = azure
        .patch(
            &disk("d2"),
            json!({ "properties": { "tier": "P20", "diskSizeGB": 64 } }),
        )
        .await;
    azure.finish(&tier).await;
    assert_eq!(azure.get(&disk("d2")).await.body["properties"]["tier"], "P20");
}

#[tokio::test]
async fn actions_on_resources_are_refused_by_name() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let action = |name: &str, action: &str| disk(name).replace('?', &format!("/{action}?"));
    let answer = azure
        .post(&action("d1", "beginGetAccess"))
        .await
        .refused(501, "NotImplemented");
    assert_eq!(
        answer.message(),
        "This embedded Azure does not serve the action 'beginGetAccess' of 'Microsoft.Compute/disks'."
    );
    azure
        .post(&action("nope", "endGetAccess"))
        .await
        .refused(404, "ResourceNotFound");
    azure
        .post(&disk("d1"))
        .await
        .refused(405, "HttpMethodNotSupported");
}

#[tokio::test]
async fn provisioned_disks_lie_in_a_zone_but_where_the_region_lets_them_lie_in_none() {
    let azure = Azure::with_group(Options::default()).await;
    let at = |sku: &str, region: &str, zones: Value| {
        let mut body = of_sku(sku, Value::Null);
        body["location"] = region.into();
        body["zones"] = zones;
        body
    };
    for (sku, region, zones, expected) in [
        ("PremiumV2_LRS", "japaneast", Value::Null, "InvalidParameter"),
        ("UltraSSD_LRS", "southeastasia", Value::Null, "InvalidParameter"),
        ("PremiumV2_LRS", "southeastasia", Value::Null, ""),
        ("PremiumV2_LRS", "southeastasia", json!(["1"]), ""),
        ("PremiumV2_LRS", "westus", Value::Null, ""),
        ("UltraSSD_LRS", "japanwest", Value::Null, "SkuNotAvailable"),
    ] {
        let name = format!("{}-{region}-{}", &sku[..5], zones.is_null());
        let answer = azure.put(&disk(&name), at(sku, region, zones)).await;
        if expected.is_empty() {
            answer.expect(202);
        } else {
            answer.refused(400, expected);
        }
    }
    let skus = azure
        .get("~/providers/Microsoft.Compute/skus?api-version=2021-07-01&$filter=location%20eq%20'japanwest'")
        .await
        .expect(200);
    assert!(!skus.names().contains(&"UltraSSD_LRS"));
    assert!(skus.names().contains(&"PremiumV2_LRS"));
}
