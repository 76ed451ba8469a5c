//! `systemData` and etags, where the specifications have them.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, CLUSTERS, cluster, disk, empty_disk, small_cluster, snapshot};

fn at(kind: &str, version: &str) -> String {
    format!("~/resourceGroups/rg/providers/{kind}?api-version={version}")
}

const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces/log-1";
const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/id-1";
const RULE: &str = "Microsoft.Insights/dataCollectionRules/rule";
const REGISTRY: &str = "Microsoft.ContainerRegistry/registries/registry1";
const NETWORK: &str = "Microsoft.Network/virtualNetworks/v";
const ZONE: &str = "Microsoft.Network/privateDnsZones/internal.example";
const CLUSTER: &str = "Microsoft.ContainerService/managedClusters/c";
const STREAM: &str = "Microsoft-ContainerInsights-Group-Default";

/// A write of each type, in an order in which each finds what it names, and whether its specification has
/// `systemData`.
fn writes(azure: &Azure) -> Vec<(String, Value, bool)> {
    let there = json!({ "location": "japaneast" });
    let global = json!({ "location": "global" });
    let id = |rest: &str| azure.id(&format!("resourceGroups/rg/providers/{rest}"));
    let connection = azure.emulator.connection();
    let vault = json!({ "location": "japaneast", "properties": {
        "tenantId": connection.tenant_id, "sku": { "family": "A", "name": "standard" },
        "enableRbacAuthorization": true, "accessPolicies": [] } });
    let credential = json!({ "properties": { "issuer": "https://issuer.example/", "subject": "s",
        "audiences": ["api://AzureADTokenExchange"] } });
    let network = json!({ "location": "japaneast",
        "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } });
    let rule = json!({ "location": "japaneast", "kind": "Linux", "properties": {
        "dataSources": { "extensions": [{ "name": "e", "extensionName": "ContainerInsights", "streams": [STREAM] }] },
        "destinations": { "logAnalytics": [{ "name": "w", "workspaceResourceId": id(WORKSPACE) }] },
        "dataFlows": [{ "streams": [STREAM], "destinations": ["w"] }] } });
    let logs = json!({ "properties": { "workspaceId": id(WORKSPACE),
        "logs": [{ "categoryGroup": "allLogs", "enabled": true }] } });
    let insights = json!({ "location": "japaneast", "kind": "web",
        "properties": { "Application_Type": "web", "WorkspaceResourceId": id(WORKSPACE) } });
    let copy = json!({ "location": "japaneast", "properties": { "incremental": true,
        "creationData": { "createOption": "Copy", "sourceResourceId": azure.disk_id("d") } } });
    let role = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
        connection.subscription_id
    );
    let grant = json!({ "properties": { "roleDefinitionId": role, "principalType": "ServicePrincipal",
        "principalId": "11111111-2222-4333-8444-555555555555" } });
    let assignment = format!(
        "{REGISTRY}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-4333-8444-555555555556"
    );
    let pool = json!({ "properties": { "mode": "User", "count": 1, "vmSize": "Standard_D4s_v5" } });
    let link = json!({ "location": "global", "properties": { "virtualNetwork": { "id": id(NETWORK) } } });
    let associated = json!({ "properties": { "dataCollectionRuleId": id(RULE) } });
    vec![
        (disk("d"), empty_disk(), true),
        (snapshot("s"), copy, true),
        (at(WORKSPACE, "2023-09-01"), there.clone(), true),
        (
            at("Microsoft.Insights/components/a", "2020-02-02"),
            insights,
            false,
        ),
        (at("Microsoft.KeyVault/vaults/kv-1234", "2024-11-01"), vault, true),
        (
            at(REGISTRY, "2025-11-01"),
            json!({ "location": "japaneast", "sku": { "name": "Basic" } }),
            true,
        ),
        (
            at(
                &format!("{REGISTRY}/providers/Microsoft.Insights/diagnosticSettings/l"),
                "2021-05-01-preview",
            ),
            logs,
            true,
        ),
        (at(&assignment, "2022-04-01"), grant, true),
        (at(IDENTITY, "2024-11-30"), there, true),
        (
            at(
                &format!("{IDENTITY}/federatedIdentityCredentials/cred"),
                "2024-11-30",
            ),
            credential,
            true,
        ),
        (at(NETWORK, "2024-05-01"), network, false),
        (
            at("Microsoft.Network/dnsZones/example.com", "2018-05-01"),
            global.clone(),
            false,
        ),
        (at(ZONE, "2024-06-01"), global, true),
        (
            at(&format!("{ZONE}/virtualNetworkLinks/l"), "2024-06-01"),
            link,
            true,
        ),
        (at(RULE, "2023-03-11"), rule, true),
        (cluster("c"), small_cluster(), true),
        (at(&format!("{CLUSTER}/agentPools/p"), CLUSTERS), pool, false),
        (
            at(
                &format!("{CLUSTER}/providers/Microsoft.Insights/dataCollectionRuleAssociations/a"),
                "2023-03-11",
            ),
            associated,
            true,
        ),
    ]
}

#[tokio::test]
async fn who_made_a_resource_and_wrote_it_last_is_told_where_its_specification_has_that() {
    let azure = Azure::with_group(Options::default()).await;
    let client = azure.emulator.connection().client_id.clone();
    for (path, body, is_declared) in writes(&azure) {
        let made = azure.put(&path, body.clone()).await;
        assert!(made.status < 300, "{path}: {}", made.text);
        if made.header("azure-asyncoperation").is_some() {
            azure.finish(&made).await;
        }
        let first = azure.get(&path).await.expect(200).body;
        if !is_declared {
            assert_eq!(first.get("systemData"), None, "{path}");
            continue;
        }
        let data = &first["systemData"];
        for (name, value) in [
            ("createdBy", client.as_str()),
            ("createdByType", "Application"),
            ("lastModifiedBy", &client),
            ("lastModifiedByType", "Application"),
        ] {
            assert_eq!(data[name], value, "{path}: {data}");
        }
        assert_eq!(data["createdAt"], data["lastModifiedAt"], "{path}");
        // What a client sends of it counts for nothing.
        let mut again = body;
        again["systemData"] = json!({ "createdBy": "somebody", "createdAt": "2000-01-01T00:00:00Z" });
        let written = azure.put(&path, again).await;
        assert!(written.status < 300, "{path}: {}", written.text);
        let second = azure.get(&path).await.expect(200).body;
        let now = &second["systemData"];
        assert_eq!(
            (&now["createdBy"], &now["createdAt"]),
            (&data["createdBy"], &data["createdAt"]),
            "{path}"
        );
        assert!(
            now["lastModifiedAt"].as_str() > data["lastModifiedAt"].as_str(),
            "{path}: {now}"
        );
    }
}

#[tokio::test]
async fn a_data_collection_rule_has_another_etag_with_every_write() {
    let azure = Azure::with_group(Options::default()).await;
    let all = writes(&azure);
    let find = |part: &str| all.iter().find(|(path, ..)| path.contains(part)).unwrap();
    for part in [WORKSPACE, "managedClusters/c?"] {
        let (path, body, _) = find(part);
        let made = azure.put(path, body.clone()).await;
        assert!(made.status < 300, "{}", made.text);
    }
    for part in [RULE, "dataCollectionRuleAssociations"] {
        let (path, body, _) = find(part);
        let etag = |answer: crate::client::Answer| answer.body["etag"].as_str().unwrap().to_owned();
        let first = etag(azure.put(path, body.clone()).await.expect(201));
        assert!(first.starts_with('"') && first.ends_with('"'), "{first}");
        assert_eq!(etag(azure.get(path).await.expect(200)), first);
        assert_ne!(etag(azure.put(path, body.clone()).await.expect(200)), first);
    }
    let (path, ..) = find(RULE);
    let before = azure.get(path).await.body["etag"].clone();
    let tagged = azure
        .patch(path, json!({ "tags": { "a": "b" } }))
        .await
        .expect(200);
    assert_ne!(tagged.body["etag"], before);
}
