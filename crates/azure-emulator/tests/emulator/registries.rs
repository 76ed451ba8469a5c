//! Container registries.

use kompox_azure_emulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Azure;

const VERSION: &str = "2025-11-01";

fn in_group(group: &str, name: &str) -> String {
    format!(
        "~/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{name}?api-version={VERSION}"
    )
}

fn registry(name: &str) -> String {
    in_group("rg", name)
}

fn body(tier: &str) -> Value {
    json!({ "location": "japaneast", "sku": { "name": tier } })
}

#[tokio::test]
async fn a_registry_has_a_login_server_and_no_admin_user() {
    let azure = Azure::with_group(Options::default()).await;
    let accepted = azure.put(&registry("Registry1"), body("Basic")).await.expect(201);
    assert_eq!(accepted.body["properties"]["provisioningState"], "Creating");
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
    let made = azure.get(&registry("registry1")).await.expect(200).body;
    assert_eq!(made["properties"]["loginServer"], "registry1.azurecr.io");
    assert_eq!(made["properties"]["adminUserEnabled"], false);
    assert_eq!(
        made["properties"]["roleAssignmentMode"],
        "LegacyRegistryPermissions"
    );
    assert_eq!(made["sku"], json!({ "name": "Basic", "tier": "Basic" }));
    let action = registry("registry1").replace("?", "/listCredentials?");
    azure
        .post(&action)
        .await
        .refused(400, "UnAuthorizedForCredentialOperations");
    let abac = json!({ "properties": { "roleAssignmentMode": "AbacRepositoryPermissions" } });
    azure.patch(&registry("registry1"), abac).await.expect(200);
    let patched = azure.get(&registry("registry1")).await.expect(200).body;
    assert_eq!(
        patched["properties"]["roleAssignmentMode"],
        "AbacRepositoryPermissions"
    );
    assert_eq!(
        patched["properties"]["creationDate"],
        made["properties"]["creationDate"]
    );
    let accepted = azure.delete(&registry("registry1")).await.expect(202);
    azure.get(accepted.header("location").unwrap()).await.expect(200);
    azure
        .get(&registry("registry1"))
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn a_registry_name_is_had_once_in_the_whole_cloud() {
    let azure = Azure::with_group(Options::default()).await;
    azure.group("other").await;
    azure.put(&registry("registry1"), body("Basic")).await.expect(201);
    azure
        .put(&in_group("other", "registry1"), body("Basic"))
        .await
        .refused(409, "AlreadyInUse");
    azure
        .emulator
        .hold_name("registry2.azurecr.io", true)
        .await
        .unwrap();
    azure
        .put(&registry("registry2"), body("Basic"))
        .await
        .refused(409, "AlreadyInUse");
    let path = format!("~/providers/Microsoft.ContainerRegistry/checkNameAvailability?api-version={VERSION}");
    for (name, available) in [
        ("registry1", false),
        ("registry2", false),
        ("no-name", false),
        ("registry3", true),
    ] {
        let ask = json!({ "name": name, "type": "Microsoft.ContainerRegistry/registries" });
        let answer = azure.send(Method::POST, &path, Some(&ask)).await.expect(200);
        assert_eq!(answer.body["nameAvailable"], available, "{name}");
    }
}

#[tokio::test]
async fn what_azure_refuses_of_registries_is_refused() {
    let azure = Azure::with_group(Options::default()).await;
    for name in ["abcd", "with-dash", &"x".repeat(51)] {
        azure
            .put(&registry(name), body("Basic"))
            .await
            .refused(400, "InvalidResourceName");
    }
    azure
        .put(&registry("registry1"), json!({ "location": "japaneast" }))
        .await
        .refused(400, "BadRequest");
    azure
        .put(&registry("registry1"), body("Huge"))
        .await
        .refused(400, "BadRequest");
    for (name, value) in [
        ("publicNetworkAccess", json!("Disabled")),
        ("anonymousPullEnabled", json!(true)),
        ("roleAssignmentMode", json!("Anything")),
    ] {
        let mut wrong = body("Basic");
        wrong["properties"][name] = value;
        azure
            .put(&registry("registry1"), wrong)
            .await
            .refused(400, "BadRequest");
    }
    let mut unknown = body("Basic");
    unknown["properties"]["adminUser"] = json!(false);
    azure
        .put(&registry("registry1"), unknown)
        .await
        .refused(400, "InvalidRequestContent");
}
