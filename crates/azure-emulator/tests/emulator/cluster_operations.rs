//! What goes on with a managed cluster: one thing at a time, guarded by etags, and not always to a good end.

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Azure, below_cluster, cluster, small_cluster};
use crate::deployed::watched;

#[tokio::test]
async fn one_operation_at_a_time_and_it_says_which_is_under_way() {
    let azure = Azure::with_group(watched()).await;
    let accepted = azure.put(&cluster("aks1"), small_cluster()).await.expect(201);
    let pool = below_cluster("aks1", "/agentPools/user1");
    let body = json!({ "properties": { "count": 1, "mode": "User", "vmSize": "Standard_D4s_v5" } });
    let refused = azure
        .put(&pool, body.clone())
        .await
        .refused(409, "OperationNotAllowed");
    assert!(
        refused
            .message()
            .contains("in progress create managed cluster operation")
    );
    azure
        .patch(&cluster("aks1"), json!({ "tags": {} }))
        .await
        .refused(409, "OperationNotAllowed");
    azure.finish(&accepted).await;
    let accepted = azure.put(&pool, body).await.expect(201);
    let refused = azure
        .put(&cluster("aks1"), small_cluster())
        .await
        .refused(409, "OperationNotAllowed");
    assert!(
        refused
            .message()
            .contains("in progress create agent pool operation")
    );
    azure.finish(&accepted).await;
    let accepted = azure.put(&cluster("aks1"), small_cluster()).await.expect(200);
    assert_eq!(accepted.body["properties"]["provisioningState"], "Updating");
    // A deletion takes over.
    azure.delete(&cluster("aks1")).await.expect(202);
    assert_eq!(
        azure.get(&cluster("aks1")).await.expect(200).body["properties"]["provisioningState"],
        "Deleting"
    );
    azure.get(&cluster("aks1")).await.refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn an_etag_guards_a_write() {
    let azure = Azure::with_group(Options::default()).await;
    let made = azure.cluster("aks1", small_cluster()).await;
    let send = async |method: Method, header: &'static str, tag: &str| {
        azure
            .try_send(
                method,
                &cluster("aks1"),
                Some(small_cluster().to_string()),
                &[(header, tag)],
            )
            .await
            .unwrap()
    };
    send(Method::PUT, "If-Match", "other")
        .await
        .refused(412, "EtagMismatch");
    send(Method::DELETE, "If-Match", "other")
        .await
        .refused(412, "EtagMismatch");
    send(Method::PUT, "If-None-Match", "*")
        .await
        .refused(412, "EtagMismatch");
    send(Method::PUT, "If-Match", made["eTag"].as_str().unwrap())
        .await
        .expect(200);
}

#[tokio::test]
async fn a_failed_creation_leaves_a_failed_cluster_and_a_failed_update_the_old_one() {
    let azure = Azure::with_group(Options::default()).await;
    let plan = |method: &str| {
        FaultPlan::new([
            FaultRule::new(method, "**/managedClusters/*", FaultAction::fail_late("X", "x")).times(1),
        ])
    };
    azure.emulator.set_faults(plan("PUT")).unwrap();
    azure.put(&cluster("aks1"), small_cluster()).await.expect(201);
    let failed = azure.get(&cluster("aks1")).await.expect(200).body;
    assert_eq!(failed["properties"]["provisioningState"], "Failed");
    assert_eq!(
        failed["properties"]["agentPoolProfiles"][0]["provisioningState"],
        "Failed"
    );
    // It is made when it is asked for again.
    azure.cluster("aks1", small_cluster()).await;
    azure.emulator.set_faults(plan("PUT")).unwrap();
    let change = json!({ "location": "japaneast", "properties": { "agentPoolProfiles": [{ "name": "system", "count": 5 }] } });
    azure.put(&cluster("aks1"), change).await.expect(200);
    let old = azure.get(&cluster("aks1")).await.expect(200).body;
    assert_eq!(old["properties"]["agentPoolProfiles"][0]["count"], 2);
    assert_eq!(
        old["properties"]["agentPoolProfiles"][0]["provisioningState"],
        "Succeeded"
    );
}

#[tokio::test]
async fn a_cluster_stops_and_starts_with_its_pools() {
    let azure = Azure::with_group(watched()).await;
    let accepted = azure.put(&cluster("aks1"), small_cluster()).await;
    azure.finish(&accepted).await;
    let power = async || {
        let cluster = azure.get(&cluster("aks1")).await.expect(200).body;
        let state = |value: &Value| value["powerState"]["code"].as_str().unwrap().to_owned();
        (
            cluster["properties"]["provisioningState"]
                .as_str()
                .unwrap()
                .to_owned(),
            state(&cluster["properties"]),
            state(&cluster["properties"]["agentPoolProfiles"][0]),
        )
    };
    let told = |states: [&str; 3]| (states[0].to_owned(), states[1].to_owned(), states[2].to_owned());
    azure.post(&below_cluster("aks1", "/stop")).await.expect(202);
    assert_eq!(power().await, told(["Stopping", "Running", "Running"]));
    assert_eq!(power().await, told(["Succeeded", "Stopped", "Stopped"]));
    azure
        .put(&cluster("aks1"), small_cluster())
        .await
        .refused(400, "OperationNotAllowed");
    let accepted = azure.post(&below_cluster("aks1", "/start")).await.expect(202);
    azure.finish(&accepted).await;
    assert_eq!(power().await, told(["Succeeded", "Running", "Running"]));
}
