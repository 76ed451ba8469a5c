//! Workspaces, Application Insights with what it brings along, and diagnostic settings.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, escape, group};

fn workspace(name: &str) -> String {
    format!(
        "~/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/{name}?api-version=2023-09-01"
    )
}

fn component(name: &str) -> String {
    format!("~/resourceGroups/rg/providers/Microsoft.Insights/components/{name}?api-version=2020-02-02")
}

fn setting(on: &str, name: &str) -> String {
    format!("~/{on}/providers/Microsoft.Insights/diagnosticSettings{name}?api-version=2021-05-01-preview")
}

const REGISTRY: &str = "resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/registry1";

async fn with_workspace() -> (Azure, String) {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .put(&workspace("log-1"), json!({ "location": "japaneast" }))
        .await
        .expect(201);
    let id = azure.id("resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log-1");
    (azure, id)
}

async fn with_registry() -> (Azure, String) {
    let (azure, id) = with_workspace().await;
    let registry = json!({ "location": "japaneast", "sku": { "name": "Basic" } });
    azure
        .put(&format!("~/{REGISTRY}?api-version=2023-07-01"), registry)
        .await
        .expect(201);
    (azure, id)
}

fn insights(workspace: &str) -> Value {
    json!({
        "location": "japaneast",
        "kind": "web",
        "tags": { "a": "b" },
        "properties": { "Application_Type": "web", "WorkspaceResourceId": workspace }
    })
}

fn resources() -> String {
    "~/resourceGroups/rg/resources?api-version=2021-04-01".to_owned()
}

#[tokio::test]
async fn a_workspace_keeps_its_customer_id_through_updates() {
    let (azure, _) = with_workspace().await;
    let made = azure.get(&workspace("log-1")).await.expect(200).body;
    assert_eq!(made["properties"]["sku"]["name"], "PerGB2018");
    assert_eq!(made["properties"]["provisioningState"], "Succeeded");
    let update = json!({ "location": "japaneast", "properties": { "retentionInDays": 60 } });
    azure.put(&workspace("log-1"), update).await.expect(200);
    let updated = azure.get(&workspace("log-1")).await.expect(200).body;
    assert_eq!(updated["properties"]["retentionInDays"], 60);
    assert_eq!(
        updated["properties"]["customerId"],
        made["properties"]["customerId"]
    );
    azure
        .put(&workspace("log"), json!({ "location": "japaneast" }))
        .await
        .refused(400, "InvalidResourceName");
}

#[tokio::test]
async fn application_insights_brings_an_alert_rule_and_an_action_group_that_nobody_tagged() {
    let (azure, workspace) = with_workspace().await;
    azure
        .put(&component("appi-1"), insights(&workspace))
        .await
        .expect(201);
    let mut found: Vec<(String, String)> = azure.get(&resources()).await.expect(200).body["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|resource| resource.get("tags").is_none())
        .map(|resource| (resource["type"].to_string(), resource["name"].to_string()))
        .collect();
    found.sort();
    assert_eq!(
        found[1..],
        [
            (
                r#""microsoft.alertsmanagement/smartDetectorAlertRules""#.to_owned(),
                r#""Failure Anomalies - appi-1""#.to_owned()
            ),
            (
                r#""microsoft.insights/actiongroups""#.to_owned(),
                r#""Application Insights Smart Detection""#.to_owned()
            ),
        ]
    );
    let rule = format!(
        "~/resourceGroups/rg/providers/Microsoft.AlertsManagement/smartDetectorAlertRules/{}?api-version=2021-04-01",
        escape("Failure Anomalies - appi-1")
    );
    let body = azure.get(&rule).await.expect(200).body;
    assert_eq!(body["location"], "global");
    assert_eq!(
        body["properties"]["scope"],
        json!([azure.id("resourceGroups/rg/providers/Microsoft.Insights/components/appi-1")])
    );
    // They stay when the component goes, and an update makes none.
    azure.delete(&rule).await.expect(200);
    azure
        .put(&component("appi-1"), insights(&workspace))
        .await
        .expect(200);
    azure.get(&rule).await.refused(404, "ResourceNotFound");
    azure.delete(&component("appi-1")).await.expect(200);
    azure
        .put(&component("appi-1"), insights(&workspace))
        .await
        .expect(201);
    azure.delete(&component("appi-1")).await.expect(200);
    azure.get(&rule).await.expect(200);
}

#[tokio::test]
async fn without_registration_for_alerts_there_is_no_alert_rule() {
    let (azure, workspace) = with_workspace().await;
    azure
        .emulator
        .set_registered("Microsoft.AlertsManagement", false)
        .await
        .unwrap();
    azure
        .put(&component("appi-1"), insights(&workspace))
        .await
        .expect(201);
    let listed = azure.get(&resources()).await.expect(200);
    assert!(listed.text.contains("Application Insights Smart Detection"));
    assert!(!listed.text.contains("Failure Anomalies"), "{}", listed.text);
}

#[tokio::test]
async fn application_insights_needs_a_workspace() {
    let (azure, workspace) = with_workspace().await;
    for wrong in [Value::Null, json!(format!("{workspace}-x"))] {
        let mut body = insights(&workspace);
        body["properties"]["WorkspaceResourceId"] = wrong;
        azure
            .put(&component("appi-1"), body)
            .await
            .refused(400, "BadRequest");
    }
    let mut kindless = insights(&workspace);
    kindless["kind"] = Value::Null;
    azure
        .put(&component("appi-1"), kindless)
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn a_diagnostic_setting_lives_on_a_resource_and_goes_with_it() {
    let (azure, workspace) = with_registry().await;
    let body = json!({ "properties": {
        "workspaceId": workspace,
        "logs": [{ "categoryGroup": "allLogs", "enabled": true }],
        "metrics": [{ "category": "AllMetrics", "enabled": true }],
    } });
    let made = azure
        .put(&setting(REGISTRY, "/service"), body.clone())
        .await
        .expect(201);
    assert_eq!(made.body.get("location"), None);
    assert_eq!(made.body["properties"].get("provisioningState"), None);
    assert_eq!(
        made.body["id"],
        azure.id(&format!(
            "{REGISTRY}/providers/Microsoft.Insights/diagnosticSettings/service"
        ))
    );
    azure.get(&setting(REGISTRY, "/service")).await.expect(200);
    assert_eq!(azure.get(&setting(REGISTRY, "")).await.names(), ["service"]);
    // What hangs on a resource is not listed on its group, nor among the resources.
    assert!(
        azure
            .get(&setting("resourceGroups/rg", ""))
            .await
            .names()
            .is_empty()
    );
    let listed = azure.get(&resources()).await.expect(200);
    assert!(!listed.text.contains("diagnosticSettings"), "{}", listed.text);
    azure
        .delete(&format!("~/{REGISTRY}?api-version=2023-07-01"))
        .await
        .expect(202);
    azure
        .get(&setting(REGISTRY, "/service"))
        .await
        .refused(404, "ResourceNotFound");
    azure
        .put(&setting(REGISTRY, "/service"), body)
        .await
        .refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn what_azure_refuses_of_diagnostic_settings_is_refused() {
    let (azure, workspace) = with_registry().await;
    let body = |workspace: &str, category: &str| json!({ "properties": { "workspaceId": workspace, "logs": [{ "category": category, "enabled": true }] } });
    let good = "ContainerRegistryLoginEvents";
    azure
        .put(&setting(REGISTRY, "/s"), body(&format!("{workspace}x"), good))
        .await
        .refused(404, "ResourceNotFound");
    let answer = azure
        .put(&setting(REGISTRY, "/s"), body(&workspace, "kube-audit"))
        .await
        .refused(400, "BadRequest");
    assert_eq!(answer.message(), "Category 'kube-audit' is not supported.");
    azure
        .put(
            &setting(REGISTRY, "/s"),
            json!({ "properties": { "workspaceId": workspace } }),
        )
        .await
        .refused(400, "BadRequest");
    azure
        .put(&setting("resourceGroups/rg", "/s"), body(&workspace, good))
        .await
        .refused(400, "ResourceTypeNotSupported");
    for number in 0..5 {
        azure
            .put(&setting(REGISTRY, &format!("/s{number}")), body(&workspace, good))
            .await
            .expect(201);
    }
    azure
        .put(&setting(REGISTRY, "/s5"), body(&workspace, good))
        .await
        .refused(409, "Conflict");
    azure
        .put(&setting(REGISTRY, "/s4"), body(&workspace, good))
        .await
        .expect(200);
    azure.delete(&group("rg")).await.expect(202);
}
