//! Resource groups, subscriptions, providers and clusters as far as they are served.

use reqwest::Method;
use serde_json::json;

use crate::client::{Azure, DISKS, disk, empty_disk, group};

#[tokio::test]
async fn a_group_is_created_updated_and_found_without_case() {
    let azure = Azure::new().await;
    let made = azure
        .put(
            &group("Rg-1"),
            json!({ "location": "Japan East", "tags": { "a": "1" } }),
        )
        .await
        .expect(201);
    assert_eq!(made.body["location"], "japaneast");
    assert_eq!(made.body["properties"]["provisioningState"], "Succeeded");
    azure
        .put(
            &group("rg-1"),
            json!({ "location": "japaneast", "tags": { "A": "2" } }),
        )
        .await
        .expect(200);
    let read = azure.get(&group("RG-1")).await.expect(200).body;
    assert_eq!(read["name"], "Rg-1");
    assert_eq!(
        read["tags"],
        json!({ "a": "2" }),
        "the first spelling of a tag name stays"
    );
    azure
        .put(&group("rg-1"), json!({ "location": "japaneast" }))
        .await
        .expect(200);
    assert!(
        azure.get(&group("rg-1")).await.body.get("tags").is_none(),
        "a PUT without tags removes them"
    );
    azure
        .patch(&group("rg-1"), json!({ "tags": { "b": "1" } }))
        .await
        .expect(200);
    assert_eq!(azure.get(&group("rg-1")).await.body["tags"], json!({ "b": "1" }));
    azure.send(Method::HEAD, &group("rg-1"), None).await.expect(204);
    azure.send(Method::HEAD, &group("rg-2"), None).await.expect(404);
}

#[tokio::test]
async fn a_group_stays_in_its_location_and_has_a_good_name() {
    let azure = Azure::with_group(Default::default()).await;
    let answer = azure
        .put(&group("rg"), json!({ "location": "eastus" }))
        .await
        .refused(409, "InvalidResourceGroupLocation");
    assert!(
        answer
            .message()
            .contains("already exists in location 'japaneast'")
    );
    let here = json!({ "location": "japaneast" });
    azure
        .put(&group("a."), here.clone())
        .await
        .refused(400, "InvalidResourceGroup");
    azure
        .put(&group("a%20b"), here.clone())
        .await
        .refused(400, "InvalidResourceGroup");
    azure
        .put(&group(&"x".repeat(91)), here)
        .await
        .refused(400, "InvalidResourceGroup");
    azure
        .put(&group("x"), json!({}))
        .await
        .refused(400, "LocationRequired");
    azure
        .put(&group("x"), json!({ "location": "moon" }))
        .await
        .refused(400, "LocationNotAvailableForResourceGroup");
    azure.get(&group("x")).await.refused(404, "ResourceGroupNotFound");
    azure
        .delete(&group("x"))
        .await
        .refused(404, "ResourceGroupNotFound");
}

#[tokio::test]
async fn a_group_being_deleted_takes_no_writes() {
    let timing = kompox_azure_emulator::Timing::looks(9);
    let azure = Azure::with_group(kompox_azure_emulator::Options {
        timing,
        ..Default::default()
    })
    .await;
    azure.delete(&group("rg")).await.expect(202);
    assert_eq!(
        azure.get(&group("rg")).await.body["properties"]["provisioningState"],
        "Deleting"
    );
    azure
        .put(&disk("d"), empty_disk())
        .await
        .refused(409, "ResourceGroupBeingDeleted");
    azure
        .put(&group("rg"), json!({ "location": "japaneast" }))
        .await
        .refused(409, "ResourceGroupBeingDeleted");
}

#[tokio::test]
async fn subscriptions_tenants_and_locations_are_listed() {
    let azure = Azure::new().await;
    let connection = azure.emulator.connection().clone();
    let list = azure
        .get("/subscriptions?api-version=2022-12-01")
        .await
        .expect(200);
    assert_eq!(
        list.body["value"][0]["subscriptionId"],
        connection.subscription_id
    );
    let tenants = azure.get("/tenants?api-version=2022-12-01").await.expect(200);
    assert_eq!(tenants.body["value"][0]["tenantId"], connection.tenant_id);
    let locations = azure.get("~/locations?api-version=2022-12-01").await.expect(200);
    assert!(locations.names().contains(&"japaneast"));
    let other = "/subscriptions/00000000-0000-0000-0000-000000000001?api-version=2022-12-01";
    azure.get(other).await.refused(404, "SubscriptionNotFound");
    azure
        .get("/subscriptions/nonsense?api-version=2022-12-01")
        .await
        .refused(400, "InvalidSubscriptionId");
}

#[tokio::test]
async fn an_unregistered_provider_takes_no_writes() {
    let azure = Azure::with_group(Default::default()).await;
    let provider = |verb: &str| format!("~/providers/Microsoft.Compute{verb}?api-version=2021-04-01");
    assert_eq!(
        azure.get(&provider("")).await.expect(200).body["registrationState"],
        "Registered"
    );
    azure.post(&provider("/unregister")).await.expect(200);
    azure
        .put(&disk("d"), empty_disk())
        .await
        .refused(409, "MissingSubscriptionRegistration");
    azure.post(&provider("/register")).await.expect(200);
    azure.put(&disk("d"), empty_disk()).await.expect(202);
    azure
        .get("~/providers/Microsoft.Nothing?api-version=2021-04-01")
        .await
        .refused(404, "InvalidResourceNamespace");
}

#[tokio::test]
async fn skus_and_usages_are_told() {
    let azure = Azure::with_group(Default::default()).await;
    azure.disk("d", empty_disk()).await;
    let skus = azure
        .get("~/providers/Microsoft.Compute/skus?api-version=2021-07-01&$filter=location%20eq%20'japaneast'")
        .await
        .expect(200);
    let skus = skus.body["value"].as_array().unwrap().clone();
    assert!(skus.iter().all(|sku| sku["locations"] == json!(["japaneast"])));
    let of =
        |name: &str| skus.iter().find(|sku| sku["name"] == name).unwrap()["locationInfo"][0]["zones"].clone();
    assert_eq!(of("Premium_LRS"), json!(["1", "2", "3"]));
    assert_eq!(of("Premium_ZRS"), json!([]));
    let usages = azure
        .get("~/providers/Microsoft.Compute/locations/japaneast/usages?api-version=2024-07-01")
        .await
        .expect(200);
    let disks = usages.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|u| u["name"]["value"] == "PremiumDiskCount");
    assert_eq!(disks.unwrap()["currentValue"], 1);
}

#[tokio::test]
async fn the_caller_may_do_no_more_than_it_may() {
    let azure = Azure::with_group(Default::default()).await;
    azure.disk("d1", empty_disk()).await;
    azure.emulator.restrict_caller(Some(vec![
        "Microsoft.Compute/disks/*".to_owned(),
        "Microsoft.Resources/subscriptions/resourceGroups/read".to_owned(),
    ]));
    let connection = azure.emulator.connection().clone();
    let answer = azure
        .put(&group("new"), json!({ "location": "japaneast" }))
        .await
        .refused(403, "AuthorizationFailed");
    assert!(
        answer
            .message()
            .starts_with(&format!("The client '{}' with object id '", connection.client_id))
    );
    assert!(answer.message().contains(&format!(
        "does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/write' over \
         scope '{}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
        azure.id("resourceGroups/new")
    )));
    // Rights on the disk are not rights to watch its operations.
    let accepted = azure.delete(&disk("d1")).await.expect(202);
    let answer = azure
        .get(accepted.header("location").unwrap())
        .await
        .refused(403, "AuthorizationFailed");
    assert!(
        answer
            .message()
            .contains("'Microsoft.Compute/locations/DiskOperations/read'"),
        "{}",
        answer.text
    );
    let permissions = "~/providers/Microsoft.Authorization/permissions?api-version=2022-04-01";
    assert_eq!(
        azure.get(permissions).await.expect(200).body["value"][0]["actions"][0],
        "Microsoft.Compute/disks/*"
    );
    azure.emulator.restrict_caller(None);
    azure.group("new").await;
    assert_eq!(
        azure.get(permissions).await.body["value"][0]["actions"],
        json!(["*"])
    );
    azure
        .get(&format!(
            "~/resourceGroups/rg/providers/Microsoft.Compute/disks?api-version={DISKS}"
        ))
        .await
        .expect(200);
}
