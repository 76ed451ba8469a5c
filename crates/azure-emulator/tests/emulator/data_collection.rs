//! Data collection rules and their associations.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, group};

const CLUSTER: &str = "resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c";
const WORKSPACE: &str = "resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log-1";
const RULE: &str = "resourceGroups/rg/providers/Microsoft.Insights/dataCollectionRules/rule";

fn rule() -> String {
    format!("~/{RULE}?api-version=2023-03-11")
}

fn association(on: &str) -> String {
    format!("~/{on}/providers/Microsoft.Insights/dataCollectionRuleAssociations/a?api-version=2023-03-11")
}

fn body(azure: &Azure, destination: &str) -> Value {
    json!({
        "location": "japaneast",
        "kind": "Linux",
        "properties": {
            "dataSources": { "extensions": [{ "name": "e", "extensionName": "ContainerInsights",
                "streams": ["Microsoft-ContainerInsights-Group-Default"] }] },
            "destinations": { "logAnalytics": [{ "name": "w", "workspaceResourceId": azure.id(WORKSPACE) }] },
            "dataFlows": [{ "streams": ["Microsoft-ContainerInsights-Group-Default"], "destinations": [destination] }]
        }
    })
}

async fn with_cluster() -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .put(
            &format!("~/{WORKSPACE}?api-version=2023-09-01"),
            json!({ "location": "japaneast" }),
        )
        .await
        .expect(201);
    let cluster = json!({ "location": "japaneast", "properties": {} });
    azure
        .emulator
        .put_resource(&azure.id(CLUSTER), cluster)
        .await
        .unwrap();
    azure
}

#[tokio::test]
async fn a_rule_that_is_associated_stays_until_its_associations_go() {
    let azure = with_cluster().await;
    let link = json!({ "properties": { "dataCollectionRuleId": azure.id(RULE) } });
    azure
        .put(&association(CLUSTER), link.clone())
        .await
        .refused(404, "ResourceNotFound");
    let made = azure.put(&rule(), body(&azure, "w")).await.expect(201).body;
    assert!(
        made["properties"]["immutableId"]
            .as_str()
            .unwrap()
            .starts_with("dcr-")
    );
    azure.put(&association(CLUSTER), link.clone()).await.expect(201);
    azure
        .put(&association(WORKSPACE), link.clone())
        .await
        .refused(400, "InvalidResource");
    azure
        .delete(&rule())
        .await
        .refused(409, "ExistingAssociationsPreventDelete");
    azure.delete(&association(CLUSTER)).await.expect(200);
    azure.delete(&rule()).await.expect(200);
    // Or both at once.
    azure.put(&rule(), body(&azure, "w")).await.expect(201);
    azure.put(&association(CLUSTER), link.clone()).await.expect(201);
    azure
        .delete(&format!("{}&deleteAssociations=true", rule()))
        .await
        .expect(200);
    azure
        .get(&association(CLUSTER))
        .await
        .refused(404, "ResourceNotFound");
    // The group takes both along.
    azure.put(&rule(), body(&azure, "w")).await.expect(201);
    azure.put(&association(CLUSTER), link).await.expect(201);
    azure.delete(&group("rg")).await.expect(202);
    azure.get(&group("rg")).await.expect(404);
}

#[tokio::test]
async fn what_flows_must_have_somewhere_to_go() {
    let azure = with_cluster().await;
    azure
        .put(&rule(), body(&azure, "elsewhere"))
        .await
        .refused(400, "InvalidPayload");
    let mut gone = body(&azure, "w");
    gone["properties"]["destinations"]["logAnalytics"][0]["workspaceResourceId"] =
        json!(azure.id(&format!("{WORKSPACE}x")));
    azure.put(&rule(), gone).await.refused(400, "InvalidOutputTable");
    let mut flowless = body(&azure, "w");
    flowless["properties"]["dataFlows"] = json!([]);
    azure.put(&rule(), flowless).await.refused(400, "InvalidPayload");
}
