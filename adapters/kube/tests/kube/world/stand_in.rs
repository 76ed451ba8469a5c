//! What controllers would do for a real API server that has none: as little of it as tests need.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::Api;

const EVERY: Duration = Duration::from_millis(50);
/// What is in a namespace and goes with it.
const IN_NAMESPACES: [&str; 4] = [
    "/apis/apps/v1/{}/deployments",
    "/api/v1/{}/services",
    "/api/v1/{}/configmaps",
    "/api/v1/{}/persistentvolumeclaims",
];

pub(super) struct StandIn(JoinHandle<()>);

impl Drop for StandIn {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl StandIn {
    pub(super) fn start(api: Api) -> Self {
        Self(tokio::spawn(async move {
            loop {
                // What somebody deletes in between is no reason to stop.
                deployments(&api).await;
                services(&api).await;
                namespaces(&api).await;
                tokio::time::sleep(EVERY).await;
            }
        }))
    }
}

async fn list(api: &Api, path: &str) -> Vec<Value> {
    match api.try_send("GET", path, "", None).await {
        Ok((200, list)) => list["items"].as_array().cloned().unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

async fn status(api: &Api, path: &str, status: Value) {
    let patch = json!({ "status": status });
    let _ = api
        .try_send(
            "PATCH",
            &format!("{path}/status"),
            "application/merge-patch+json",
            Some(&patch),
        )
        .await;
}

async fn deployments(api: &Api) {
    for live in list(api, "/apis/apps/v1/deployments").await {
        let generation = &live["metadata"]["generation"];
        if live["status"]["observedGeneration"] == *generation {
            continue;
        }
        let replicas = &live["spec"]["replicas"];
        let path = format!(
            "/apis/apps/v1/namespaces/{}/deployments/{}",
            text(&live, "namespace"),
            text(&live, "name")
        );
        let available = json!({ "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
                                "message": "", "lastUpdateTime": null, "lastTransitionTime": null });
        let now = json!({ "observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas,
                          "readyReplicas": replicas, "availableReplicas": replicas, "conditions": [available] });
        status(api, &path, now).await;
    }
}

async fn services(api: &Api) {
    for live in list(api, "/api/v1/services").await {
        if live["spec"]["type"] != "LoadBalancer" || live["status"]["loadBalancer"]["ingress"].is_array() {
            continue;
        }
        let path = format!(
            "/api/v1/namespaces/{}/services/{}",
            text(&live, "namespace"),
            text(&live, "name")
        );
        status(
            api,
            &path,
            json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } }),
        )
        .await;
    }
}

async fn namespaces(api: &Api) {
    for live in list(api, "/api/v1/namespaces").await {
        if live["metadata"]["deletionTimestamp"].is_null() {
            continue;
        }
        let name = text(&live, "name");
        for path in IN_NAMESPACES {
            let path = path.replace("{}", &format!("namespaces/{name}"));
            for object in list(api, &path).await {
                let _ = api
                    .try_send("DELETE", &format!("{path}/{}", text(&object, "name")), "", None)
                    .await;
            }
        }
        let mut ended = live.clone();
        ended["spec"]["finalizers"] = json!([]);
        let path = format!("/api/v1/namespaces/{name}/finalize");
        let _ = api.try_send("PUT", &path, "application/json", Some(&ended)).await;
    }
}
