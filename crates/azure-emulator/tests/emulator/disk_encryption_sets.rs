//! Disk encryption sets: what they need, who uses them, and who signs in with their identity.

use kompox_azure_emulator::{Options, Timing};
use serde_json::{Value, json};

use crate::client::{Azure, DISKS, disk, empty_disk, snapshot};
use crate::disks::merge;

pub(crate) fn set(name: &str) -> String {
    format!("~/resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets/{name}?api-version={DISKS}")
}

pub(crate) fn key_only() -> Value {
    json!({
        "location": "japaneast",
        "identity": { "type": "SystemAssigned" },
        "properties": { "activeKey": { "keyUrl": "https://kv.vault.azure.net/keys/disks/0123" } }
    })
}

pub(crate) async fn make(azure: &Azure, name: &str, change: Value) -> Value {
    let mut body = key_only();
    merge(&mut body, &change);
    let accepted = azure.put(&set(name), body).await.expect(202);
    let done = azure.finish(&accepted).await;
    assert_eq!(done.body["status"], "Succeeded", "{}", done.text);
    azure.get(&set(name)).await.expect(200).body
}

async fn with_group() -> Azure {
    Azure::with_group(Options {
        timing: Timing::zero(),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn a_set_has_an_identity_of_its_own_that_stays_and_can_be_granted_roles() {
    let azure = with_group().await;
    let made = make(&azure, "des", json!({})).await;
    assert_eq!(
        made["properties"]["encryptionType"],
        "EncryptionAtRestWithCustomerKey"
    );
    assert_eq!(made["properties"]["rotationToLatestKeyVersionEnabled"], false);
    assert!(
        made["properties"]["lastKeyRotationTimestamp"].is_string(),
        "{made}"
    );
    let principal = made["identity"]["principalId"].as_str().unwrap().to_owned();
    let again = make(&azure, "des", json!({ "tags": { "a": "b" } })).await;
    assert_eq!(again["identity"]["principalId"], principal.as_str());
    assert_eq!(
        again["properties"]["lastKeyRotationTimestamp"],
        made["properties"]["lastKeyRotationTimestamp"]
    );

    let scope = azure.id("resourceGroups/rg");
    let reader =
        azure.id("providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7");
    let assignment = |principal: &str| {
        json!({ "properties": { "roleDefinitionId": reader, "principalId": principal,
            "principalType": "ServicePrincipal" } })
    };
    let path = |name: &str| {
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01")
    };
    azure
        .put(
            &path("11111111-1111-1111-1111-111111111111"),
            assignment(&principal),
        )
        .await
        .expect(201);
    let listed = azure
        .get(&format!(
            "~/providers/Microsoft.Compute/diskEncryptionSets?api-version={DISKS}"
        ))
        .await
        .expect(200);
    assert_eq!(listed.names(), ["des"]);
}

#[tokio::test]
async fn what_a_set_needs_is_demanded() {
    let azure = with_group().await;
    let without = |change: fn(&mut Value)| {
        let mut body = key_only();
        change(&mut body);
        body
    };
    for body in [
        without(|body| body["identity"] = Value::Null),
        without(|body| body["identity"] = json!({})),
        without(|body| body["identity"] = json!({ "type": "UserAssigned" })),
        without(|body| body["properties"]["activeKey"] = Value::Null),
        without(|body| body["properties"]["activeKey"] = json!({})),
        without(|body| {
            body["properties"]["activeKey"] = json!({ "keyUrl": "https://kv.vault.azure.net/keys/disks" });
        }),
        without(|body| {
            body["properties"]["activeKey"]["sourceVault"] =
                json!({ "id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv" });
        }),
    ] {
        let shown = body.to_string();
        let answer = azure.put(&set("des"), body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "InvalidParameter"),
            "{shown}: {}",
            answer.text
        );
    }
    azure
        .put(
            &set("des"),
            without(|body| body["properties"]["encryptionType"] = "None".into()),
        )
        .await
        .refused(400, "BadRequest");
    azure
        .put(
            &set("des"),
            without(|body| body["properties"]["activeKeys"] = json!({})),
        )
        .await
        .refused(400, "InvalidRequestContent");
    azure
        .put(
            &set("des"),
            without(|body| {
                body["identity"] =
                    json!({ "type": "UserAssigned", "userAssignedIdentities": { "/nobody": {} } });
            }),
        )
        .await
        .refused(400, "LinkedInvalidPropertyId");
}

#[tokio::test]
async fn the_vault_of_a_key_lies_in_the_region_and_protects_against_purging() {
    let azure = with_group().await;
    let vault = |name: &str| {
        format!("~/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/{name}?api-version=2025-05-01")
    };
    let tenant = azure.emulator.connection().tenant_id.clone();
    for (name, region, protected) in [
        ("kv-good-1", "japaneast", json!(true)),
        ("kv-open-1", "japaneast", Value::Null),
        ("kv-far-1", "eastus", json!(true)),
    ] {
        let body = json!({ "location": region, "properties": { "tenantId": tenant, "accessPolicies": [],
            "sku": { "family": "A", "name": "standard" }, "enablePurgeProtection": protected } });
        let answer = azure.put(&vault(name), body).await;
        assert!(answer.status < 300, "{}", answer.text);
    }
    let of = |name: &str| {
        let id = azure.id(&format!(
            "resourceGroups/rg/providers/Microsoft.KeyVault/vaults/{name}"
        ));
        let mut body = key_only();
        body["properties"]["activeKey"]["sourceVault"] = json!({ "id": id });
        body
    };
    for name in ["kv-open-1", "kv-far-1"] {
        azure
            .put(&set("des"), of(name))
            .await
            .refused(400, "InvalidParameter");
    }
    azure.put(&set("des"), of("kv-good-1")).await.expect(202);
}

fn encrypted(set: &str) -> Value {
    let mut body = empty_disk();
    body["properties"]["encryption"] = json!({ "diskEncryptionSetId": set });
    body
}

fn of(azure: &Azure, name: &str) -> String {
    azure.id(&format!(
        "resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets/{name}"
    ))
}

#[tokio::test]
async fn a_disk_is_encrypted_with_a_set_of_its_region_and_type_and_keeps_it_from_being_deleted() {
    let azure = with_group().await;
    make(&azure, "one", json!({})).await;
    make(&azure, "far", json!({ "location": "eastus" })).await;
    let double = "EncryptionAtRestWithPlatformAndCustomerKeys";
    make(
        &azure,
        "double",
        json!({ "properties": { "encryptionType": double } }),
    )
    .await;
    let made = azure.disk("d1", encrypted(&of(&azure, "one"))).await;
    let by_one =
        json!({ "type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": of(&azure, "one") });
    assert_eq!(made["properties"]["encryption"], by_one);
    azure
        .put(&disk("d2"), encrypted(&of(&azure, "gone")))
        .await
        .refused(404, "ResourceNotFound");
    azure
        .put(&disk("d2"), encrypted(&of(&azure, "far")))
        .await
        .refused(400, "InvalidParameter");
    azure
        .put(&disk("d2"), encrypted("one"))
        .await
        .refused(400, "LinkedInvalidPropertyId");
    let mut other = encrypted(&of(&azure, "one"));
    other["properties"]["encryption"]["type"] = double.into();
    azure
        .put(&disk("d2"), other)
        .await
        .refused(400, "InvalidParameter");
    let mut nobody = empty_disk();
    nobody["properties"]["encryption"] = json!({ "type": "EncryptionAtRestWithCustomerKey" });
    azure
        .put(&disk("d2"), nobody)
        .await
        .refused(400, "InvalidParameter");
    let mut twice = encrypted(&of(&azure, "double"));
    azure.disk("d3", twice.clone()).await;
    twice["sku"]["name"] = "PremiumV2_LRS".into();
    azure
        .put(&disk("d4"), twice)
        .await
        .refused(400, "InvalidParameter");

    azure
        .delete(&set("one"))
        .await
        .refused(409, "OperationNotAllowed");
    azure.delete(&disk("d1")).await.expect(202);
    azure.delete(&set("one")).await.expect(202);
}

#[tokio::test]
async fn a_disk_and_its_incremental_snapshots_have_the_same_set() {
    let azure = with_group().await;
    make(&azure, "one", json!({})).await;
    make(&azure, "two", json!({})).await;
    azure.disk("d1", encrypted(&of(&azure, "one"))).await;
    azure.disk("plain", empty_disk()).await;
    let taken = |source: &str, encryption: Value| {
        json!({ "location": "japaneast", "properties": { "incremental": true, "encryption": encryption,
            "creationData": { "createOption": "Copy", "sourceResourceId": azure.disk_id(source) } } })
    };
    let by = |name: &str| json!({ "diskEncryptionSetId": of(&azure, name) });
    azure
        .put(&snapshot("s"), taken("d1", by("two")))
        .await
        .refused(400, "InvalidParameter");
    azure
        .put(&snapshot("s"), taken("plain", by("two")))
        .await
        .refused(400, "InvalidParameter");
    for (name, encryption) in [("s1", by("one")), ("s2", Value::Null)] {
        azure
            .put(&snapshot(name), taken("d1", encryption))
            .await
            .expect(202);
        let found = azure.get(&snapshot(name)).await.expect(200).body;
        assert_eq!(
            found["properties"]["encryption"]["diskEncryptionSetId"],
            of(&azure, "one"),
            "{name}"
        );
    }
    // A disk made from one has the key that is named; without one the platform's.
    let mut restored = empty_disk();
    restored["properties"] =
        json!({ "creationData": { "createOption": "Copy", "sourceResourceId": azure.snapshot_id("s1") } });
    let made = azure.disk("d2", restored).await;
    assert_eq!(
        made["properties"]["encryption"],
        json!({ "type": "EncryptionAtRestWithPlatformKey" })
    );
}
