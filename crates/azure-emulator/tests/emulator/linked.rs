//! What a body names by its id takes a right there too.

use kompox_azure_emulator::{Grant, Options};
use serde_json::{Value, json};

use crate::client::{Answer, Azure, CLUSTERS, cluster, disk, snapshot};

const ASSIGN: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const KEYS_READ: &str = "Microsoft.OperationalInsights/workspaces/sharedkeys/read";
const KEYS_ACTION: &str = "Microsoft.OperationalInsights/workspaces/sharedKeys/action";
const ENCRYPT: &str = "Microsoft.Compute/diskEncryptionSets/read";

const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/i";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/v/subnets/s";
const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces/w";
const ENCRYPTION_SET: &str = "Microsoft.Compute/diskEncryptionSets/e";
const DISK: &str = "Microsoft.Compute/disks/d";
const SNAPSHOT: &str = "Microsoft.Compute/snapshots/s";
const RULE: &str = "Microsoft.Insights/dataCollectionRules/r";
const NETWORK: &str = "Microsoft.Network/virtualNetworks/v";

/// What is put, what it names in another group, and the action that this takes there.
struct Link {
    path: String,
    body: Value,
    named: &'static str,
    action: &'static str,
}

fn at(kind: &str, version: &str) -> String {
    format!("~/resourceGroups/rg/providers/{kind}?api-version={version}")
}

/// The id of something in another group than what names it.
fn elsewhere(azure: &Azure, named: &str) -> String {
    azure.id(&format!("resourceGroups/rg-other/providers/{named}"))
}

/// Every property that names something of others. The text `$` in a body stands for the id that is named.
fn links(azure: &Azure) -> Vec<Link> {
    let pool = |property: &str| {
        let mut pool = json!({ "name": "system" });
        pool[property] = json!("$");
        json!({ "properties": { "agentPoolProfiles": [{ "name": "first" }, pool] } })
    };
    let addon = |name: &str, property: &str| {
        let mut config = json!({ "useAADAuth": "true" });
        config[property] = json!("$");
        let mut addons = json!({});
        addons[name] = json!({ "enabled": true, "config": config });
        json!({ "properties": { "addonProfiles": addons } })
    };
    let copy =
        json!({ "properties": { "creationData": { "createOption": "Copy", "sourceResourceId": "$" } } });
    let encrypted = json!({ "properties": { "encryption": { "diskEncryptionSetId": "$" } } });
    let assigned = json!({ "identity": { "type": "UserAssigned", "userAssignedIdentities": { "$": {} } } });
    let pools = at(
        "Microsoft.ContainerService/managedClusters/c/agentPools/p",
        CLUSTERS,
    );
    let registry = "Microsoft.ContainerRegistry/registries/registry1";
    let setting = format!("{registry}/providers/Microsoft.Insights/diagnosticSettings/s");
    let association = "Microsoft.ContainerService/managedClusters/c/providers/Microsoft.Insights/dataCollectionRuleAssociations/a";
    let zone_link = "Microsoft.Network/privateDnsZones/internal.example/virtualNetworkLinks/l";
    let destinations = json!({ "logAnalytics": [{ "name": "w", "workspaceResourceId": "$" }] });
    let defender = json!({ "defender": { "logAnalyticsWorkspaceResourceId": "$" } });
    [
        (cluster("c"), assigned.clone(), IDENTITY, ASSIGN),
        (at(registry, "2025-11-01"), assigned, IDENTITY, ASSIGN),
        (cluster("c"), pool("vnetSubnetID"), SUBNET, JOIN),
        (cluster("c"), pool("podSubnetID"), SUBNET, JOIN),
        (
            pools.clone(),
            json!({ "properties": { "vnetSubnetID": "$" } }),
            SUBNET,
            JOIN,
        ),
        (
            pools,
            json!({ "properties": { "podSubnetID": "$" } }),
            SUBNET,
            JOIN,
        ),
        (
            cluster("c"),
            addon("omsagent", "logAnalyticsWorkspaceResourceID"),
            WORKSPACE,
            KEYS_READ,
        ),
        // As the portal and az write it.
        (
            cluster("c"),
            addon("omsAgent", "loganalyticsworkspaceresourceid"),
            WORKSPACE,
            KEYS_READ,
        ),
        (
            cluster("c"),
            json!({ "properties": { "securityProfile": defender } }),
            WORKSPACE,
            KEYS_READ,
        ),
        (
            cluster("c"),
            json!({ "properties": { "diskEncryptionSetID": "$" } }),
            ENCRYPTION_SET,
            ENCRYPT,
        ),
        (
            disk("n"),
            copy.clone(),
            DISK,
            "Microsoft.Compute/disks/beginGetAccess/action",
        ),
        (
            disk("n"),
            copy.clone(),
            SNAPSHOT,
            "Microsoft.Compute/snapshots/beginGetAccess/action",
        ),
        (
            snapshot("n"),
            copy.clone(),
            DISK,
            "Microsoft.Compute/disks/beginGetAccess/action",
        ),
        (
            snapshot("n"),
            copy,
            SNAPSHOT,
            "Microsoft.Compute/snapshots/beginGetAccess/action",
        ),
        (disk("n"), encrypted.clone(), ENCRYPTION_SET, ENCRYPT),
        (snapshot("n"), encrypted, ENCRYPTION_SET, ENCRYPT),
        (
            at(&setting, "2021-05-01-preview"),
            json!({ "properties": { "workspaceId": "$" } }),
            WORKSPACE,
            KEYS_ACTION,
        ),
        (
            at("Microsoft.Insights/components/a", "2020-02-02"),
            json!({ "properties": { "WorkspaceResourceId": "$" } }),
            WORKSPACE,
            KEYS_ACTION,
        ),
        (
            at(RULE, "2023-03-11"),
            json!({ "properties": { "destinations": destinations } }),
            WORKSPACE,
            KEYS_ACTION,
        ),
        (
            at(association, "2023-03-11"),
            json!({ "properties": { "dataCollectionRuleId": "$" } }),
            RULE,
            "Microsoft.Insights/dataCollectionRules/read",
        ),
        (
            at(zone_link, "2024-06-01"),
            json!({ "properties": { "virtualNetwork": { "id": "$" } } }),
            NETWORK,
            "Microsoft.Network/virtualNetworks/join/action",
        ),
    ]
    .map(|(path, body, named, action)| Link {
        path,
        body: with_id(&body, &elsewhere(azure, named)),
        named,
        action,
    })
    .into()
}

fn with_id(body: &Value, id: &str) -> Value {
    serde_json::from_str(&body.to_string().replace("\"$\"", &format!("\"{id}\""))).unwrap()
}

/// What links are written on.
async fn world() -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    for there in [
        "Microsoft.ContainerService/managedClusters/c",
        "Microsoft.ContainerRegistry/registries/registry1",
        "Microsoft.Network/privateDnsZones/internal.example",
    ] {
        let id = azure.id(&format!("resourceGroups/rg/providers/{there}"));
        let body = json!({ "location": "japaneast", "properties": {} });
        azure.emulator.put_resource(&id, body).await.unwrap();
    }
    azure
}

fn is_linked(answer: &Answer) -> bool {
    answer.code().starts_with("Linked") && answer.code() != "LinkedResourceNotFound"
}

/// Everything in the group that is written to, and in the other group what is said.
fn may(azure: &Azure, elsewhere: &[&str]) -> Vec<Grant> {
    let actions = elsewhere.iter().map(|action| (*action).to_owned()).collect();
    vec![
        Grant::at(azure.id("resourceGroups/rg"), vec!["*".to_owned()]),
        Grant::at(azure.id("resourceGroups/rg-other"), actions),
    ]
}

#[tokio::test]
async fn whatever_a_body_names_takes_its_action_there_and_nothing_else() {
    let azure = world().await;
    let all = [
        ASSIGN,
        JOIN,
        KEYS_READ,
        KEYS_ACTION,
        ENCRYPT,
        "Microsoft.Compute/disks/beginGetAccess/action",
        "Microsoft.Compute/snapshots/beginGetAccess/action",
        "Microsoft.Insights/dataCollectionRules/read",
        "Microsoft.Network/virtualNetworks/join/action",
    ];
    for link in links(&azure) {
        let (id, action) = (elsewhere(&azure, link.named), link.action);
        assert!(all.contains(&action), "{action}");
        let others: Vec<&str> = all.iter().copied().filter(|other| *other != action).collect();
        azure.emulator.grant_caller(may(&azure, &others));
        let refused = azure
            .put(&link.path, link.body.clone())
            .await
            .refused(403, "LinkedAuthorizationFailed");
        let told = refused.message();
        assert!(
            told.contains("/write' on scope '/subscriptions/") && told.contains("/resourceGroups/rg/"),
            "{told}"
        );
        let there = format!("perform action(s) '{action}' on the linked scope(s) '{id}' (respectively)");
        assert!(told.contains(&there), "{told}");
        // The same where an update alone names it.
        if link.path.contains("/disks/") {
            azure
                .patch(&link.path, link.body.clone())
                .await
                .refused(403, "LinkedAuthorizationFailed");
        }

        azure.emulator.grant_caller(may(&azure, &[action]));
        let answer = azure.put(&link.path, link.body.clone()).await;
        assert!(!is_linked(&answer), "{}: {}", link.path, answer.text);
        assert_ne!(answer.status, 403, "{}: {}", link.path, answer.text);
    }
}

#[tokio::test]
async fn all_that_is_lacking_is_told_at_once_each_scope_with_its_action() {
    let azure = world().await;
    azure.emulator.grant_caller(may(&azure, &[]));
    let [subnet, workspace] = [SUBNET, WORKSPACE].map(|named| elsewhere(&azure, named));
    let pool = json!({ "name": "system", "vnetSubnetID": subnet });
    let config = json!({ "logAnalyticsWorkspaceResourceID": workspace });
    let body = json!({ "properties": {
        "agentPoolProfiles": [pool, pool], "addonProfiles": { "omsagent": { "enabled": true, "config": config } } } });
    let refused = azure
        .put(&cluster("c"), body)
        .await
        .refused(403, "LinkedAuthorizationFailed");
    let told = refused.message();
    assert!(told.contains(&format!("'{KEYS_READ},{JOIN}'")), "{told}");
    assert!(told.contains(&format!("'{workspace},{subnet}'")), "{told}");
}

#[tokio::test]
async fn what_is_no_id_and_what_lies_in_no_known_subscription_is_refused_also_to_an_owner() {
    let azure = world().await;
    let copy = |source: &str| {
        json!({ "location": "japaneast", "properties": {
        "creationData": { "createOption": "Copy", "sourceResourceId": source } } })
    };
    for text in ["", "disk", "/subscriptions/x/disks"] {
        let refused = azure
            .put(&disk("n"), copy(text))
            .await
            .refused(400, "LinkedInvalidPropertyId");
        let place = format!("'{text}' at path 'properties.creationData.sourceResourceId'");
        assert!(refused.message().contains(&place), "{}", refused.message());
    }
    let stranger = "11111111-2222-4333-8444-555555555555";
    let id = azure
        .disk_id("d")
        .replace(&azure.emulator.connection().subscription_id, stranger);
    let refused = azure
        .put(&disk("n"), copy(&id))
        .await
        .refused(403, "LinkedAuthorizationFailed");
    let told = refused.message();
    assert!(
        told.contains(&format!("linked subscription '{stranger}' was not found")),
        "{told}"
    );
    // What is not there the provider finds out, once it is known that it might be used.
    azure
        .put(&disk("n"), copy(&azure.disk_id("gone")))
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn what_may_be_done_is_told_scope_by_scope() {
    let azure = world().await;
    azure.group("rg-other").await;
    azure.emulator.grant_caller(may(&azure, &[JOIN]));
    let told = async |scope: &str| {
        let path = format!("~{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01");
        azure.get(&path).await.expect(200).body["value"].clone()
    };
    assert_eq!(told("").await, json!([]));
    assert_eq!(told("/resourceGroups/rg").await[0]["actions"], json!(["*"]));
    assert_eq!(
        told("/resourceGroups/rg-other").await[0]["actions"],
        json!([JOIN])
    );
    let cluster = "/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c";
    assert_eq!(told(cluster).await[0]["actions"], json!(["*"]));
}
