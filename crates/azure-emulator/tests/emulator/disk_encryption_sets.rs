//! Disk encryption sets: what they need, who uses them, and who signs in with their identity.

use kompox_azure_emulator::{Options, Timing};
use serde_json::{Value, json};

use crate::client::{Azure, DISKS};
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
        .refused(400, "FailedIdentityOperation");
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
