//! What a cluster's Kubernetes endpoint serves.

use kompox_azure_emulator::{Emulator, FaultAction, FaultPlan, FaultRule, Options, RequestKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Azure, small_cluster};
use crate::kubernetes_access::Kubernetes;

pub(crate) async fn world() -> (Azure, Kubernetes) {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", small_cluster()).await;
    let kubernetes = Kubernetes::admin(&azure, "aks1").await;
    (azure, kubernetes)
}

pub(crate) fn names(list: &Answer) -> Vec<String> {
    list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

#[track_caller]
pub(crate) fn status(answer: &Answer, code: u16, reason: &str) {
    assert_eq!(answer.status, code, "{}", answer.text);
    assert_eq!(answer.body["kind"], "Status");
    assert_eq!(answer.body["reason"], reason, "{}", answer.text);
    assert_eq!(answer.body["code"], code);
}

#[tokio::test]
async fn a_fresh_cluster_has_its_namespaces_and_system_pods_running_and_ready() {
    let (_azure, kubernetes) = world().await;
    let namespaces = kubernetes.get("/api/v1/namespaces").await.expect(200);
    assert_eq!(namespaces.body["kind"], "NamespaceList");
    assert_eq!(
        names(&namespaces),
        ["default", "kube-node-lease", "kube-public", "kube-system"]
    );
    let pods = kubernetes
        .get("/api/v1/namespaces/kube-system/pods")
        .await
        .expect(200);
    for pod in pods.body["items"].as_array().unwrap() {
        assert_eq!(pod["status"]["phase"], "Running");
        assert_eq!(pod["status"]["containerStatuses"][0]["ready"], true);
        assert!(
            pod["spec"]["nodeName"]
                .as_str()
                .unwrap()
                .starts_with("aks-system-")
        );
    }
    for (selector, count) in [
        ("app=konnectivity-agent", 2),
        ("component=tunnel", 2),
        ("k8s-app=metrics-server", 2),
        ("k8s-app in (kube-dns)", 2),
        ("app=csi-azuredisk-node", 2),
    ] {
        let path = format!("/api/v1/pods?labelSelector={}", crate::client::escape(selector));
        assert_eq!(
            names(&kubernetes.get(&path).await.expect(200)).len(),
            count,
            "{selector}"
        );
    }
    let deployment = kubernetes
        .get("/apis/apps/v1/namespaces/kube-system/deployments/coredns")
        .await
        .expect(200);
    assert_eq!(deployment.body["status"]["conditions"][0]["type"], "Available");
    let service = kubernetes
        .get("/api/v1/namespaces/default/services/kubernetes")
        .await
        .expect(200);
    assert_eq!(service.body["spec"]["type"], "ClusterIP");
}

#[tokio::test]
async fn version_health_and_discovery_tell_what_there_is() {
    let (_azure, kubernetes) = world().await;
    let version = kubernetes.get("/version").await.expect(200).body;
    assert_eq!(
        (&version["minor"], &version["gitVersion"]),
        (&json!("36"), &json!("v1.36.2"))
    );
    for path in ["/healthz", "/livez", "/readyz"] {
        assert_eq!(kubernetes.get(path).await.expect(200).text, "ok");
    }
    assert_eq!(
        kubernetes.get("/api").await.expect(200).body["versions"],
        json!(["v1"])
    );
    assert_eq!(
        kubernetes.get("/apis").await.expect(200).body["groups"][0]["name"],
        "apps"
    );
    for (path, resource) in [("/api/v1", "pods"), ("/apis/apps/v1", "deployments")] {
        let list = kubernetes.get(path).await.expect(200).body;
        let resources = list["resources"].as_array().unwrap();
        assert!(resources.iter().any(|known| known["name"] == resource), "{list}");
        // What discovery promises is what is served.
        for known in resources {
            assert!(!known["verbs"].as_array().unwrap().is_empty());
        }
    }
    status(&kubernetes.get("/apis/batch/v1").await, 404, "NotFound");
    status(&kubernetes.get("/openapi/v2").await, 404, "NotFound");
    status(&kubernetes.get("/api/v1/nodes").await, 404, "NotFound");
}

#[tokio::test]
async fn a_namespace_is_made_read_and_deleted() {
    let (_azure, kubernetes) = world().await;
    let made = kubernetes
        .send(Method::POST, "/api/v1/namespaces", Some(&namespace("app")))
        .await
        .expect(201)
        .body;
    assert_eq!(made["status"]["phase"], "Active");
    assert_eq!(made["metadata"]["labels"]["kubernetes.io/metadata.name"], "app");
    assert!(made["metadata"]["uid"].is_string());
    let created = made["metadata"]["creationTimestamp"].as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
    let read = kubernetes.get("/api/v1/namespaces/app").await.expect(200).body;
    assert_eq!(read, made);
    let again = kubernetes
        .send(Method::POST, "/api/v1/namespaces", Some(&namespace("app")))
        .await;
    status(&again, 409, "AlreadyExists");
    assert_eq!(again.body["message"], "namespaces \"app\" already exists");
    let gone = kubernetes
        .send(Method::DELETE, "/api/v1/namespaces/app", None)
        .await
        .expect(200);
    assert_eq!(gone.body["status"]["phase"], "Terminating");
    status(&kubernetes.get("/api/v1/namespaces/app").await, 404, "NotFound");
    status(
        &kubernetes
            .send(Method::DELETE, "/api/v1/namespaces/app", None)
            .await,
        404,
        "NotFound",
    );
}

#[tokio::test]
async fn resource_versions_grow_with_every_change() {
    let (_azure, kubernetes) = world().await;
    let version = |value: &Value| {
        value["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let before = version(&kubernetes.get("/api/v1/namespaces").await.body);
    let made = kubernetes
        .send(Method::POST, "/api/v1/namespaces", Some(&namespace("app")))
        .await
        .body;
    assert!(version(&made) > before);
    let after = version(&kubernetes.get("/api/v1/namespaces").await.body);
    // What a namespace gets by itself counts too.
    assert!(after >= version(&made));
    kubernetes
        .send(Method::DELETE, "/api/v1/namespaces/app", None)
        .await;
    assert!(version(&kubernetes.get("/api/v1/pods").await.body) > after);
}

#[tokio::test]
async fn what_cannot_be_made_or_deleted_is_refused_as_kubernetes_does() {
    let (_azure, kubernetes) = world().await;
    let post = async |path: &str, body: &Value| kubernetes.send(Method::POST, path, Some(body)).await;
    for name in ["Upper", "-x", "a.b", &"x".repeat(64)] {
        status(
            &post("/api/v1/namespaces", &namespace(name)).await,
            422,
            "Invalid",
        );
    }
    status(&post("/api/v1/namespaces", &json!({})).await, 422, "Invalid");
    status(&post("/api/v1/namespaces", &json!([])).await, 400, "BadRequest");
    status(
        &post(
            "/api/v1/namespaces",
            &json!({ "kind": "Pod", "metadata": { "name": "x" } }),
        )
        .await,
        400,
        "BadRequest",
    );
    status(
        &post("/api/v1/namespaces?dryRun=Some", &namespace("x")).await,
        400,
        "BadRequest",
    );
    for name in ["default", "kube-system"] {
        let path = format!("/api/v1/namespaces/{name}");
        status(
            &kubernetes.send(Method::DELETE, &path, None).await,
            403,
            "Forbidden",
        );
    }
    // Verbs that are not served are no secret.
    for (method, path) in [
        (Method::POST, "/api/v1/pods"),
        (Method::POST, "/api/v1/namespaces/default"),
        (Method::PUT, "/api/v1/namespaces/default/configmaps"),
        (Method::DELETE, "/api/v1/namespaces"),
        (Method::DELETE, "/api/v1/namespaces/default/status"),
        (
            Method::GET,
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        ),
    ] {
        let answer = kubernetes.send(method, path, Some(&json!({}))).await;
        status(&answer, 405, "MethodNotAllowed");
    }
    let protobuf = kubernetes
        .request(Method::POST, "/api/v1/namespaces")
        .header("Content-Type", "application/vnd.kubernetes.protobuf")
        .body("x");
    assert_eq!(protobuf.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn kubectl_get_reads_tables() {
    let (_azure, kubernetes) = world().await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    let ask = async |path: &str| {
        let request = kubernetes.request(Method::GET, path).header("Accept", accept);
        crate::client::answer(request).await.unwrap().expect(200).body
    };
    let list = ask("/api/v1/namespaces/kube-system/pods?limit=1").await;
    assert_eq!(
        (&list["kind"], &list["rows"][0]["cells"][1]),
        (&json!("Table"), &json!("1/1"))
    );
    assert!(list["metadata"]["continue"].is_string());
    let row = &ask("/api/v1/namespaces/default").await["rows"][0];
    assert_eq!(row["cells"][1], "Active");
    assert_eq!(row["object"]["metadata"]["name"], "default");
    let bare = ask("/api/v1/namespaces/default?includeObject=None").await;
    assert_eq!(bare["rows"][0].get("object"), None);
}

#[tokio::test]
async fn a_dry_run_and_a_precondition_that_is_not_met_change_nothing() {
    let (_azure, kubernetes) = world().await;
    kubernetes
        .send(
            Method::POST,
            "/api/v1/namespaces?dryRun=All",
            Some(&namespace("app")),
        )
        .await
        .expect(201);
    status(&kubernetes.get("/api/v1/namespaces/app").await, 404, "NotFound");
    kubernetes
        .send(Method::POST, "/api/v1/namespaces", Some(&namespace("app")))
        .await
        .expect(201);
    let options = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": { "uid": "other" } });
    let refused = kubernetes
        .send(Method::DELETE, "/api/v1/namespaces/app", Some(&options))
        .await;
    status(&refused, 409, "Conflict");
    let dry = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"] });
    kubernetes
        .send(Method::DELETE, "/api/v1/namespaces/app", Some(&dry))
        .await
        .expect(200);
    kubernetes.get("/api/v1/namespaces/app").await.expect(200);
}

#[tokio::test]
async fn lists_come_in_pages_and_by_fields() {
    let (azure, kubernetes) = world().await;
    let all = names(&kubernetes.get("/api/v1/pods").await.expect(200));
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = kubernetes
            .get(&format!("/api/v1/pods?limit=4&continue={token}"))
            .await
            .expect(200);
        let part = names(&page);
        assert!(!part.is_empty() && part.len() <= 4);
        seen.extend(part);
        match page.body["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all);
    status(&kubernetes.get("/api/v1/pods?continue=%21").await, 410, "Expired");
    status(&kubernetes.get("/api/v1/pods?limit=x").await, 400, "BadRequest");
    status(
        &kubernetes.get("/api/v1/pods?fieldSelector=spec.x%3D1").await,
        400,
        "BadRequest",
    );
    let one = format!(
        "/api/v1/pods?fieldSelector=metadata.name%3D{},status.phase%3DRunning",
        all[0]
    );
    assert_eq!(names(&kubernetes.get(&one).await.expect(200)), [all[0].clone()]);
    let kinds: Vec<RequestKind> = azure
        .emulator
        .requests()
        .iter()
        .filter(|request| request.path.contains("continue=") && !request.path.ends_with("continue="))
        .map(|request| request.kind)
        .collect();
    assert!(kinds.iter().all(|kind| *kind == RequestKind::ListPage) && !kinds.is_empty());
}

#[tokio::test]
async fn a_namespace_waits_for_what_has_finalizers() {
    let (azure, kubernetes) = world().await;
    let (id, emulator): (String, &Emulator) = (azure.cluster_id("aks1"), &azure.emulator);
    kubernetes
        .send(Method::POST, "/api/v1/namespaces", Some(&namespace("app")))
        .await
        .expect(201);
    let service = |finalizers: Value| {
        json!({ "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": "lb", "namespace": "app", "finalizers": finalizers }, "spec": {} })
    };
    let held = service(json!(["service.kubernetes.io/load-balancer-cleanup"]));
    emulator.put_kubernetes_object(&id, held).await.unwrap();
    let other = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "app" } });
    emulator.put_kubernetes_object(&id, other).await.unwrap();
    kubernetes
        .send(Method::DELETE, "/api/v1/namespaces/app", None)
        .await
        .expect(200);
    let waiting = kubernetes.get("/api/v1/namespaces/app").await.expect(200).body;
    assert_eq!(waiting["status"]["phase"], "Terminating");
    let message = waiting["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("services"), "{message}");
    assert_eq!(
        emulator
            .kubernetes_objects(&id, "deployments.apps")
            .await
            .unwrap()
            .len(),
        3
    );
    let mut released = emulator
        .kubernetes_object(&id, "services", Some("app"), "lb")
        .await
        .unwrap()
        .unwrap();
    assert!(released["metadata"]["deletionTimestamp"].is_string());
    released["metadata"]["finalizers"] = json!([]);
    emulator.put_kubernetes_object(&id, released).await.unwrap();
    status(&kubernetes.get("/api/v1/namespaces/app").await, 404, "NotFound");
}

#[tokio::test]
async fn a_handle_puts_reads_and_removes_any_kind_that_is_served() {
    let (azure, kubernetes) = world().await;
    let (id, emulator) = (azure.cluster_id("aks1"), &azure.emulator);
    let traefik = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "traefik", "namespace": "traefik" },
        "status": { "availableReplicas": 1 } });
    emulator
        .put_kubernetes_object(&id, namespace("traefik"))
        .await
        .unwrap();
    emulator.put_kubernetes_object(&id, traefik).await.unwrap();
    let read = kubernetes
        .get("/apis/apps/v1/namespaces/traefik/deployments/traefik")
        .await
        .expect(200);
    assert_eq!(read.body["status"]["availableReplicas"], 1);
    assert_eq!(
        kubernetes.get("/api/v1/namespaces/traefik").await.body["status"]["phase"],
        "Active"
    );
    assert!(
        emulator
            .remove_kubernetes_object(&id, "deployments.apps", Some("traefik"), "traefik")
            .await
            .unwrap()
    );
    assert_eq!(
        emulator
            .kubernetes_object(&id, "deployments.apps", Some("traefik"), "traefik")
            .await
            .unwrap(),
        None
    );
    let job = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "j" } });
    let none = azure.cluster_id("none");
    for (refused, why) in [
        (
            emulator.put_kubernetes_object(&id, job).await,
            "\"Job\" is not served",
        ),
        (
            emulator.kubernetes_objects(&id, "jobs.batch").await.map(drop),
            "\"jobs.batch\" is not served",
        ),
        (
            emulator.kubernetes_objects(&none, "pods").await.map(drop),
            "there is no cluster",
        ),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn requests_are_logged_as_sent_and_go_through_the_fault_plan() {
    let (azure, kubernetes) = world().await;
    azure.emulator.clear_requests();
    kubernetes.get("/api/v1/namespaces").await.expect(200);
    let log = azure.emulator.requests();
    assert_eq!(log.len(), 1);
    assert_eq!(
        log[0].path,
        format!("/_kubernetes/{}/api/v1/namespaces", kubernetes.uid)
    );
    assert_eq!((log[0].status, log[0].kind), (Some(200), RequestKind::Read));
    let rule = FaultRule::new(
        "GET",
        "/_kubernetes/*/api/v1/namespaces",
        FaultAction::respond(503, "ServiceUnavailable", "No agent available"),
    );
    azure.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    let refused = kubernetes.get("/api/v1/namespaces").await;
    status(&refused, 503, "ServiceUnavailable");
    assert_eq!(refused.body["message"], "No agent available");
    assert_eq!(refused.header("x-ms-request-id"), None);
}

#[tokio::test]
async fn objects_outlive_a_restart_and_not_their_cluster() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Options {
        state_dir: Some(directory.path().to_owned()),
        ..Options::default()
    };
    let azure = Azure::with_group(options()).await;
    azure.cluster("aks1", small_cluster()).await;
    let kubernetes = Kubernetes::admin(&azure, "aks1").await;
    kubernetes
        .send(Method::POST, "/api/v1/namespaces", Some(&namespace("app")))
        .await
        .expect(201);
    let file = kubernetes.kubeconfig.clone();
    azure.emulator.shutdown().await;
    let azure = Azure::start(options()).await;
    // The kubeconfig from before is good still.
    let kubernetes = Kubernetes::of(&azure, &file);
    kubernetes.get("/api/v1/namespaces/app").await.expect(200);
    azure.delete(&crate::client::cluster("aks1")).await.expect(202);
    azure.cluster("aks1", small_cluster()).await;
    let kubernetes = Kubernetes::admin(&azure, "aks1").await;
    assert_ne!(kubernetes.kubeconfig, file);
    status(&kubernetes.get("/api/v1/namespaces/app").await, 404, "NotFound");
    // Nor is it good for the new cluster.
    assert!(Kubernetes::of(&azure, &file).try_get("/version").await.is_err());
}
