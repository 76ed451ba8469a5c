//! Key vaults: their rules, their names, and what becomes of deleted ones.

use kompox_azure_emulator::{Options, Timing};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Azure, group};

const VERSION: &str = "2023-07-01";
const TENANT: &str = "11111111-2222-4333-8444-555555555555";

fn in_group(group: &str, name: &str) -> String {
    format!("~/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}?api-version={VERSION}")
}

fn vault(name: &str) -> String {
    in_group("rg", name)
}

fn deleted(name: &str, action: &str) -> String {
    format!(
        "~/providers/Microsoft.KeyVault/locations/japaneast/deletedVaults/{name}{action}?api-version={VERSION}"
    )
}

fn list() -> String {
    format!("~/providers/Microsoft.KeyVault/deletedVaults?api-version={VERSION}")
}

fn body() -> Value {
    json!({
        "location": "japaneast",
        "tags": { "kompox-cluster": "a/b/c" },
        "properties": {
            "tenantId": TENANT,
            "sku": { "family": "A", "name": "standard" },
            "enableRbacAuthorization": true
        }
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = body();
    body["properties"][name] = value;
    body
}

async fn purge(azure: &Azure, name: &str) {
    let accepted = azure.post(&deleted(name, "/purge")).await.expect(202);
    let url = accepted.header("location").unwrap().to_owned();
    azure.get(&url).await.expect(200);
}

fn value(answer: &Answer) -> Vec<Value> {
    answer.body["value"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_vault_is_deleted_softly_with_its_tags_and_gives_its_name_back_when_it_is_purged() {
    let azure = Azure::with_group(Options::default()).await;
    let made = azure.put(&vault("kv-one"), body()).await.expect(201);
    assert_eq!(made.body["properties"]["provisioningState"], "RegisteringDns");
    let read = azure.get(&vault("kv-one")).await.expect(200).body;
    assert_eq!(read["properties"]["provisioningState"], "Succeeded");
    assert_eq!(read["properties"]["softDeleteRetentionInDays"], 90);
    assert_eq!(read["properties"]["vaultUri"], "https://kv-one.vault.azure.net/");
    assert_eq!(read["properties"]["enablePurgeProtection"], Value::Null);
    azure.delete(&vault("kv-one")).await.expect(200);
    azure.get(&vault("kv-one")).await.refused(404, "ResourceNotFound");
    let record = azure.get(&deleted("kv-one", "")).await.expect(200).body;
    assert_eq!(record["type"], "Microsoft.KeyVault/deletedVaults");
    assert_eq!(record["properties"]["location"], "japaneast");
    assert_eq!(record["properties"]["tags"], json!({ "kompox-cluster": "a/b/c" }));
    assert_eq!(
        record["properties"]["vaultId"],
        azure.id("resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-one")
    );
    assert_eq!(record.as_object().unwrap().len(), 4, "{record}");
    assert_eq!(value(&azure.get(&list()).await.expect(200)), [record]);
    let answer = azure
        .put(&vault("kv-one"), body())
        .await
        .refused(409, "ConflictError");
    assert!(
        answer
            .message()
            .starts_with("A vault with the same name already exists in deleted state.")
    );
    purge(&azure, "kv-one").await;
    azure
        .get(&deleted("kv-one", ""))
        .await
        .refused(404, "DeletedVaultNotFound");
    azure
        .post(&deleted("kv-one", "/purge"))
        .await
        .refused(404, "DeletedVaultNotFound");
    azure.put(&vault("kv-one"), body()).await.expect(201);
}

#[tokio::test]
async fn the_vaults_of_a_subscription_are_listed_in_full_and_as_resources() {
    let azure = Azure::with_group(Options::default()).await;
    azure.group("other").await;
    azure.put(&vault("kv-one"), body()).await.expect(201);
    let by_policies = json!({ "location": "japaneast", "properties": {
        "tenantId": TENANT, "sku": { "family": "A", "name": "standard" }, "accessPolicies": [] } });
    azure
        .put(&in_group("other", "kv-two"), by_policies)
        .await
        .expect(201);
    let vaults = azure
        .get(&format!(
            "~/providers/Microsoft.KeyVault/vaults?api-version={VERSION}"
        ))
        .await
        .expect(200);
    let seen: Vec<_> = value(&vaults)
        .iter()
        .map(|vault| {
            let properties = &vault["properties"];
            (
                properties["vaultUri"].as_str().unwrap().to_owned(),
                properties["enableRbacAuthorization"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("https://kv-two.vault.azure.net/".to_owned(), false),
            ("https://kv-one.vault.azure.net/".to_owned(), true),
        ]
    );
    let filter = "$filter=resourceType%20eq%20'Microsoft.KeyVault/vaults'";
    let resources = azure
        .get(&format!("~/resources?api-version=2021-04-01&{filter}"))
        .await
        .expect(200);
    let mut names = resources.names();
    names.sort_unstable();
    assert_eq!(names, ["kv-one", "kv-two"]);
}

#[tokio::test]
async fn deleting_a_group_deletes_its_vaults_softly() {
    let azure = Azure::with_group(Options::default()).await;
    azure.put(&vault("kv-one"), body()).await.expect(201);
    azure.put(&vault("kv-two"), body()).await.expect(201);
    let accepted = azure.delete(&group("rg")).await.expect(202);
    azure.get(accepted.header("location").unwrap()).await.expect(200);
    azure.get(&group("rg")).await.expect(404);
    assert_eq!(azure.get(&list()).await.names(), ["kv-one", "kv-two"]);
    let resources = azure.get("~/resources?api-version=2021-04-01").await.expect(200);
    assert!(
        value(&resources).is_empty(),
        "a deleted vault is no resource: {}",
        resources.text
    );
}

#[tokio::test]
async fn a_purge_takes_its_time_and_two_of_them_share_one_end() {
    let timing = Timing::looks(2);
    let azure = Azure::with_group(Options {
        timing,
        ..Options::default()
    })
    .await;
    azure.put(&vault("kv-one"), body()).await.expect(201);
    azure.delete(&vault("kv-one")).await.expect(200);
    let first = azure.post(&deleted("kv-one", "/purge")).await.expect(202);
    let again = azure.post(&deleted("kv-one", "/purge")).await.expect(202);
    let path = |answer: &Answer| {
        let url = answer.header("location").unwrap();
        url.split('?').next().unwrap().to_owned()
    };
    assert_eq!(path(&first), path(&again));
    let url = first.header("location").unwrap();
    azure.get(url).await.expect(202);
    azure.get(&deleted("kv-one", "")).await.expect(200);
    azure.get(url).await.expect(202);
    azure.get(url).await.expect(200);
    azure.get(&deleted("kv-one", "")).await.expect(404);
}

#[tokio::test]
async fn a_protected_vault_is_never_purged_and_stays_protected() {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .put(&vault("kv-one"), with("enablePurgeProtection", json!(true)))
        .await
        .expect(201);
    let answer = azure
        .put(&vault("kv-one"), with("enablePurgeProtection", json!(false)))
        .await
        .refused(400, "BadRequest");
    assert!(answer.message().contains("irreversible action"));
    let kept = azure.put(&vault("kv-one"), body()).await.expect(200).body;
    assert_eq!(kept["properties"]["enablePurgeProtection"], true);
    azure.delete(&vault("kv-one")).await.expect(200);
    let record = azure.get(&deleted("kv-one", "")).await.expect(200).body;
    assert_eq!(record["properties"]["purgeProtectionEnabled"], true);
    azure
        .post(&deleted("kv-one", "/purge"))
        .await
        .refused(405, "MethodNotAllowed");
}

#[tokio::test]
async fn a_deleted_vault_is_recovered_as_it_was_and_where_it_was() {
    let azure = Azure::with_group(Options::default()).await;
    azure.group("other").await;
    azure
        .put(&vault("kv-one"), with("enabledForDeployment", json!(true)))
        .await
        .expect(201);
    azure.delete(&vault("kv-one")).await.expect(200);
    let recover = with("createMode", json!("recover"));
    azure
        .put(&in_group("other", "kv-one"), recover.clone())
        .await
        .refused(400, "SoftDeletedVaultDoesNotExist");
    azure
        .put(&vault("kv-two"), recover.clone())
        .await
        .refused(400, "SoftDeletedVaultDoesNotExist");
    azure.put(&vault("kv-one"), recover).await.expect(201);
    let back = azure.get(&vault("kv-one")).await.expect(200).body;
    assert_eq!(back["properties"]["enabledForDeployment"], true);
    assert_eq!(back["properties"]["provisioningState"], "Succeeded");
    assert_eq!(back["properties"]["createMode"], Value::Null);
    assert!(value(&azure.get(&list()).await).is_empty());
}

#[tokio::test]
async fn a_name_is_had_once_in_the_whole_cloud() {
    let azure = Azure::with_group(Options::default()).await;
    azure.group("other").await;
    azure.put(&vault("kv-one"), body()).await.expect(201);
    azure
        .put(&in_group("other", "KV-one"), body())
        .await
        .refused(409, "VaultAlreadyExists");
    azure
        .emulator
        .hold_name("kv-two.vault.azure.net", true)
        .await
        .unwrap();
    azure
        .put(&vault("kv-two"), body())
        .await
        .refused(409, "VaultAlreadyExists");
    let ask = async |name: &str| {
        let path = format!("~/providers/Microsoft.KeyVault/checkNameAvailability?api-version={VERSION}");
        let body = json!({ "name": name, "type": "Microsoft.KeyVault/vaults" });
        let answer = azure.send(Method::POST, &path, Some(&body)).await.expect(200);
        let reason = answer.body["reason"].as_str().unwrap_or_default().to_owned();
        (answer.body["nameAvailable"] == true, reason)
    };
    assert_eq!(ask("kv-one").await, (false, "AlreadyExists".to_owned()));
    assert_eq!(ask("kv-two").await, (false, "AlreadyExists".to_owned()));
    assert_eq!(ask("1kv").await, (false, "AccountNameInvalid".to_owned()));
    azure.delete(&vault("kv-one")).await.expect(200);
    assert_eq!(ask("kv-one").await, (false, "AlreadyExists".to_owned()));
    azure
        .emulator
        .hold_name("kv-two.vault.azure.net", false)
        .await
        .unwrap();
    assert!(ask("kv-two").await.0);
}

#[tokio::test]
async fn what_azure_refuses_of_vaults_is_refused() {
    let azure = Azure::with_group(Options::default()).await;
    for name in [
        "kv",
        "1vault",
        "vault-",
        "a--b",
        "a_b",
        "this-name-is-much-too-long",
    ] {
        azure
            .put(&vault(name), body())
            .await
            .refused(400, "VaultNameNotValid");
    }
    for (name, wrong) in [
        ("tenantId", Value::Null),
        ("tenantId", json!("x")),
        ("sku", Value::Null),
        ("sku", json!({ "family": "A", "name": "free" })),
        ("enableSoftDelete", json!(false)),
        // Also for a new vault: who wants none says nothing.
        ("enablePurgeProtection", json!(false)),
        ("softDeleteRetentionInDays", json!(6)),
        // Without roles somebody must be named.
        ("enableRbacAuthorization", json!(false)),
    ] {
        azure
            .put(&vault("kv-one"), with(name, wrong))
            .await
            .refused(400, "BadRequest");
    }
    azure
        .put(&vault("kv-one"), with("enableRbac", json!(true)))
        .await
        .refused(400, "InvalidRequestContent");
    azure
        .put(&vault("kv-one"), with("softDeleteRetentionInDays", json!(7)))
        .await
        .expect(201);
    azure
        .put(&vault("kv-one"), with("softDeleteRetentionInDays", json!(8)))
        .await
        .refused(400, "BadRequest");
    azure
        .get(&vault("kv-one").replace(VERSION, "2016-10-02"))
        .await
        .refused(400, "NoRegisteredProviderFound");
}

#[tokio::test]
async fn roles_are_the_rule_from_the_api_version_that_says_so() {
    let azure = Azure::with_group(Options::default()).await;
    let silent = with("enableRbacAuthorization", Value::Null);
    azure
        .put(&vault("kv-one"), silent.clone())
        .await
        .refused(400, "BadRequest");
    let newer = vault("kv-one").replace(VERSION, "2026-02-01");
    let made = azure.put(&newer, silent).await.expect(201);
    assert_eq!(made.body["properties"]["enableRbacAuthorization"], true);
}

#[tokio::test]
async fn deleted_vaults_have_permissions_of_their_own() {
    let azure = Azure::with_group(Options::default()).await;
    azure.put(&vault("kv-one"), body()).await.expect(201);
    azure.delete(&vault("kv-one")).await.expect(200);
    azure.emulator.restrict_caller(Some(vec!["*/read".to_owned()]));
    azure.get(&deleted("kv-one", "")).await.expect(200);
    let answer = azure
        .post(&deleted("kv-one", "/purge"))
        .await
        .refused(403, "AuthorizationFailed");
    assert!(
        answer
            .message()
            .contains("Microsoft.KeyVault/locations/deletedVaults/purge/action")
    );
}
