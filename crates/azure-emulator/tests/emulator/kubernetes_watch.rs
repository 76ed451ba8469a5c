//! Watches: what is told, from where, and how they end.

use std::time::Duration;

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::kubernetes::{status, world};
use crate::kubernetes_access::Kubernetes;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, labels: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "labels": labels } })
}

struct Watch {
    response: Response,
    text: String,
}

impl Watch {
    async fn begin(kubernetes: &Kubernetes, path: &str) -> Self {
        let response = kubernetes.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        let whole = async {
            while !self.text.contains('\n') {
                let chunk = self.response.chunk().await.unwrap()?;
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
            let (line, rest) = self.text.split_once('\n')?;
            let event = serde_json::from_str(line).unwrap();
            self.text = rest.to_owned();
            Some(event)
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, whole).await.unwrap()
    }

    async fn told(&mut self) -> (String, String) {
        let event = self.next().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&event["type"]), text(&event["object"]["metadata"]["name"]))
    }
}

fn told(what: &str, name: &str) -> (String, String) {
    (what.to_owned(), name.to_owned())
}

#[tokio::test]
async fn a_watch_tells_what_is_made_changed_and_deleted_from_where_a_list_ended() {
    let (_azure, kubernetes) = world().await;
    kubernetes.post(MAPS, &map("before", json!({}))).await.expect(201);
    let list = kubernetes.get(MAPS).await.body;
    let from = list["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = Watch::begin(&kubernetes, &format!("{MAPS}?watch=true&resourceVersion={from}")).await;
    kubernetes.post(MAPS, &map("m", json!({}))).await.expect(201);
    assert_eq!(watch.told().await, told("ADDED", "m"));
    let path = format!("{MAPS}/m");
    kubernetes
        .patch("merge", &path, &json!({ "data": { "a": "1" } }))
        .await
        .expect(200);
    assert_eq!(watch.told().await, told("MODIFIED", "m"));
    kubernetes.delete(&path).await.expect(200);
    let gone = watch.next().await.unwrap();
    assert_eq!(gone["type"], "DELETED");
    assert_eq!(gone["object"]["data"]["a"], "1");
    // What others do is not told.
    kubernetes
        .post("/api/v1/namespaces/kube-public/configmaps", &map("x", json!({})))
        .await
        .expect(201);
    kubernetes.post(MAPS, &map("n", json!({}))).await.expect(201);
    assert_eq!(watch.told().await, told("ADDED", "n"));
}

#[tokio::test]
async fn a_watch_from_nowhere_begins_with_what_there_is_and_ends_in_time() {
    let (_azure, kubernetes) = world().await;
    kubernetes
        .post(MAPS, &map("m", json!({ "a": "1" })))
        .await
        .expect(201);
    let path = format!("{MAPS}?watch=1&labelSelector=a&timeoutSeconds=1&allowWatchBookmarks=true");
    let mut watch = Watch::begin(&kubernetes, &path).await;
    assert_eq!(watch.told().await, told("ADDED", "m"));
    let bookmark = watch.next().await.unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert!(bookmark["object"]["metadata"]["resourceVersion"].is_string());
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn what_comes_into_a_selection_is_added_and_what_leaves_it_is_deleted() {
    let (_azure, kubernetes) = world().await;
    let mut watch = Watch::begin(&kubernetes, &format!("{MAPS}?watch=1&labelSelector=tier%3Dweb")).await;
    kubernetes.post(MAPS, &map("m", json!({}))).await.expect(201);
    let label = async |value: Value| {
        let patch = json!({ "metadata": { "labels": { "tier": value } } });
        kubernetes
            .patch("merge", &format!("{MAPS}/m"), &patch)
            .await
            .expect(200);
    };
    label("web".into()).await;
    assert_eq!(watch.told().await, told("ADDED", "m"));
    label("db".into()).await;
    assert_eq!(watch.told().await, told("DELETED", "m"));
}

#[tokio::test]
async fn a_watch_from_before_what_is_remembered_is_expired() {
    let (_azure, kubernetes) = world().await;
    kubernetes.post(MAPS, &map("m", json!({}))).await.expect(201);
    for number in 0..2_100 {
        let patch = json!({ "data": { "n": number.to_string() } });
        kubernetes
            .patch("merge", &format!("{MAPS}/m"), &patch)
            .await
            .expect(200);
    }
    let mut watch = Watch::begin(&kubernetes, &format!("{MAPS}?watch=1&resourceVersion=1")).await;
    let error = watch.next().await.unwrap();
    assert_eq!(
        (&error["type"], &error["object"]["code"]),
        (&json!("ERROR"), &json!(410))
    );
    assert_eq!(error["object"]["reason"], "Expired");
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn a_watch_sees_time_pass_and_goes_through_the_fault_plan() {
    let (azure, kubernetes) = world().await;
    azure.emulator.clear_requests();
    let path = "/api/v1/namespaces?watch=1&timeoutSeconds=60";
    let mut watch = Watch::begin(&kubernetes, path).await;
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        assert_eq!(watch.told().await, told("ADDED", name));
    }
    assert!(azure.emulator.requests()[0].path.ends_with(path));
    // The cluster is silenced: so are its watches.
    azure
        .emulator
        .set_kubernetes_answering(&azure.cluster_id("aks1"), false)
        .await
        .unwrap();
    let end = tokio::time::timeout(Duration::from_secs(20), watch.response.chunk())
        .await
        .unwrap();
    assert!(end.is_err());
    azure
        .emulator
        .set_kubernetes_answering(&azure.cluster_id("aks1"), true)
        .await
        .unwrap();
    let gone = FaultAction::respond(410, "Expired", "too old");
    azure
        .emulator
        .set_faults(FaultPlan::new([FaultRule::new(
            "GET",
            "/_kubernetes/*/api/v1/namespaces",
            gone,
        )
        .times(1)]))
        .unwrap();
    status(&kubernetes.get(path).await, 410, "Expired");
}

#[tokio::test]
async fn kubectl_watches_tables() {
    let (_azure, kubernetes) = world().await;
    let request = kubernetes
        .request(Method::GET, "/api/v1/namespaces?watch=1")
        .header(
            "Accept",
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        );
    let mut watch = Watch {
        response: request.send().await.unwrap(),
        text: String::new(),
    };
    let event = watch.next().await.unwrap();
    assert_eq!(event["object"]["kind"], "Table");
    assert_eq!(event["object"]["rows"][0]["cells"][0], "default");
}
