//! What a cluster does by itself: pods, addresses, volumes, logs, and how long it takes.

use std::time::Duration;

use kompox_azure_emulator::{Options, Timing};
use serde_json::{Value, json};

use crate::client::{Azure, small_cluster};
use crate::kubernetes::{names, namespace, status, world};
use crate::kubernetes_access::Kubernetes;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const PODS: &str = "/api/v1/namespaces/default/pods?labelSelector=app%3Dweb";
const SERVICES: &str = "/api/v1/namespaces/default/services";

fn deployment(replicas: u32, spec: Value) -> Value {
    let labels = json!({ "app": "web" });
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": { "replicas": replicas, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": spec } } })
}

fn containers() -> Value {
    json!({ "containers": [{ "name": "web", "image": "web:1" }] })
}

fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions
        .filter(|condition| condition["type"] == kind)
        .map(|condition| condition["status"].as_str().unwrap().to_owned())
        .collect()
}

async fn paced(timing: Timing) -> (Azure, Kubernetes) {
    let azure = Azure::with_group(Options {
        timing,
        ..Options::default()
    })
    .await;
    azure.cluster("aks1", small_cluster()).await;
    let kubernetes = Kubernetes::admin(&azure, "aks1").await;
    (azure, kubernetes)
}

#[tokio::test]
async fn pods_of_a_deployment_come_become_ready_are_replaced_and_go_with_it() {
    let (_azure, kubernetes) = world().await;
    let made = kubernetes
        .post(DEPLOYMENTS, &deployment(2, containers()))
        .await
        .expect(201)
        .body;
    assert_eq!(made.get("status"), None);
    let one = format!("{DEPLOYMENTS}/web");
    let ready = kubernetes.get(&one).await.expect(200).body;
    assert_eq!(ready["status"]["readyReplicas"], 2);
    assert_eq!(ready["status"]["observedGeneration"], 1);
    assert_eq!(condition(&ready, "Available"), "True");
    let pods = kubernetes.get(PODS).await;
    let first = names(&pods);
    assert_eq!(first.len(), 2);
    let pod = &pods.body["items"][0];
    assert_eq!(
        (&pod["status"]["phase"], condition(pod, "Ready").as_str()),
        (&json!("Running"), "True")
    );
    assert!(pod["spec"]["nodeName"].as_str().unwrap().starts_with("aks-"));
    assert_eq!(pod["metadata"]["ownerReferences"][0]["name"], "web");
    let image =
        json!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:2" }]);
    kubernetes.patch("json", &one, &image).await.expect(200);
    let second = names(&kubernetes.get(PODS).await);
    assert_eq!(second.len(), 2);
    assert!(
        second.iter().all(|name| !first.contains(name)),
        "{first:?} {second:?}"
    );
    kubernetes
        .patch("merge", &one, &json!({ "spec": { "replicas": 0 } }))
        .await
        .expect(200);
    assert_eq!(names(&kubernetes.get(PODS).await), [""; 0]);
    kubernetes
        .patch("merge", &one, &json!({ "spec": { "replicas": 1 } }))
        .await
        .expect(200);
    assert_eq!(names(&kubernetes.get(PODS).await).len(), 1);
    kubernetes.delete(&one).await.expect(200);
    assert_eq!(names(&kubernetes.get(PODS).await), [""; 0]);
}

#[tokio::test]
async fn a_deleted_pod_of_a_deployment_comes_again() {
    let (_azure, kubernetes) = world().await;
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, containers()))
        .await
        .expect(201);
    let before = names(&kubernetes.get(PODS).await);
    kubernetes
        .delete(&format!("/api/v1/namespaces/default/pods/{}", before[0]))
        .await
        .expect(200);
    let after = names(&kubernetes.get(PODS).await);
    assert_eq!(after.len(), 1);
    assert_ne!(before, after);
}

#[tokio::test]
async fn pods_become_ready_after_so_many_looks() {
    let (_azure, kubernetes) = paced(Timing {
        polls: 2,
        ..Timing::zero()
    })
    .await;
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, containers()))
        .await
        .expect(201);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let body = kubernetes
            .get(&format!("{DEPLOYMENTS}/web"))
            .await
            .expect(200)
            .body;
        seen.push(condition(&body, "Available"));
    }
    assert_eq!(seen, ["False", "False", "True", "True"]);
}

#[tokio::test]
async fn a_pod_waits_for_what_it_mounts_and_says_so() {
    let (_azure, kubernetes) = world().await;
    let mut spec = containers();
    spec["volumes"] = json!([{ "name": "c", "configMap": { "name": "settings" } }]);
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, spec))
        .await
        .expect(201);
    let pod = kubernetes.get(PODS).await.body["items"][0].clone();
    assert_eq!(pod["status"]["phase"], "Pending");
    assert_eq!(
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"],
        "ContainerCreating"
    );
    let log = format!(
        "/api/v1/namespaces/default/pods/{}/log",
        pod["metadata"]["name"].as_str().unwrap()
    );
    status(&kubernetes.get(&log).await, 400, "BadRequest");
    let events = kubernetes
        .get("/api/v1/namespaces/default/events?fieldSelector=type%3DWarning")
        .await
        .body;
    assert_eq!(
        events["items"][0]["involvedObject"]["name"],
        pod["metadata"]["name"]
    );
    assert_eq!(
        events["items"][0]["message"],
        "MountVolume.SetUp failed for volume \"c\" : configmap \"settings\" not found"
    );
    let map = json!({ "metadata": { "name": "settings" } });
    kubernetes
        .post("/api/v1/namespaces/default/configmaps", &map)
        .await
        .expect(201);
    let pod = kubernetes.get(PODS).await.body["items"][0].clone();
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(kubernetes.get(&log).await.expect(200).text, "web started\n");
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_keeps_pods_from_running_until_it_can() {
    let (azure, kubernetes) = world().await;
    let (emulator, cluster) = (&azure.emulator, azure.cluster_id("aks1"));
    emulator
        .refuse_kubernetes_image(&cluster, "web:1", true)
        .await
        .unwrap();
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, containers()))
        .await
        .expect(201);
    let pod = kubernetes.get(PODS).await.body["items"][0].clone();
    assert_eq!(
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"],
        "ImagePullBackOff"
    );
    let one = format!("{DEPLOYMENTS}/web");
    assert_eq!(condition(&kubernetes.get(&one).await.body, "Available"), "False");
    emulator
        .refuse_kubernetes_image(&cluster, "web:1", false)
        .await
        .unwrap();
    assert_eq!(condition(&kubernetes.get(&one).await.body, "Available"), "True");
}

#[tokio::test]
async fn without_its_account_a_deployment_makes_no_pods_and_tells_why() {
    let (_azure, kubernetes) = world().await;
    let mut spec = containers();
    spec["serviceAccountName"] = "robot".into();
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, spec))
        .await
        .expect(201);
    let one = format!("{DEPLOYMENTS}/web");
    assert_eq!(
        condition(&kubernetes.get(&one).await.body, "ReplicaFailure"),
        "True"
    );
    let account = json!({ "metadata": { "name": "robot" } });
    kubernetes
        .post("/api/v1/namespaces/default/serviceaccounts", &account)
        .await
        .expect(201);
    let ready = kubernetes.get(&one).await.body;
    assert_eq!(condition(&ready, "ReplicaFailure"), "");
    assert_eq!(condition(&ready, "Available"), "True");
}

#[tokio::test]
async fn a_balanced_service_gets_an_address_after_a_while_and_lets_go_of_it() {
    let timing = Timing {
        load_balancer: Duration::from_millis(300),
        ..Timing::zero()
    };
    let (_azure, kubernetes) = paced(timing).await;
    let service = json!({ "metadata": { "name": "lb" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 443, "name": "https" }] } });
    let made = kubernetes.post(SERVICES, &service).await.expect(201).body;
    assert!(
        made["spec"]["clusterIP"].is_string() && made["spec"]["ports"][0]["nodePort"].is_u64(),
        "{made}"
    );
    let one = format!("{SERVICES}/lb");
    let pending = kubernetes.get(&one).await.body;
    assert_eq!(pending["status"]["loadBalancer"], json!({}));
    assert_eq!(
        pending["metadata"]["finalizers"],
        json!(["service.kubernetes.io/load-balancer-cleanup"])
    );
    tokio::time::sleep(Duration::from_millis(350)).await;
    let ip = &kubernetes.get(&one).await.body["status"]["loadBalancer"]["ingress"][0]["ip"];
    assert_eq!(ip, "203.0.113.1");
    kubernetes.delete(&one).await.expect(200);
    assert!(kubernetes.get(&one).await.expect(200).body["metadata"]["deletionTimestamp"].is_string());
    tokio::time::sleep(Duration::from_millis(350)).await;
    status(&kubernetes.get(&one).await, 404, "NotFound");
}

#[tokio::test]
async fn a_claim_is_bound_to_its_volume_and_both_stay_while_in_use() {
    let (_azure, kubernetes) = world().await;
    let volume = json!({ "metadata": { "name": "v" }, "spec": { "accessModes": ["ReadWriteOnce"],
        "capacity": { "storage": "4Gi" }, "storageClassName": "",
        "csi": { "driver": "disk.csi.azure.com", "volumeHandle": "disk" } } });
    kubernetes
        .post("/api/v1/persistentvolumes", &volume)
        .await
        .expect(201);
    let claim = json!({ "metadata": { "name": "c" }, "spec": { "accessModes": ["ReadWriteOnce"], "storageClassName": "",
        "volumeName": "v", "resources": { "requests": { "storage": "4Gi" } } } });
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let mut spec = containers();
    spec["volumes"] = json!([{ "name": "d", "persistentVolumeClaim": { "claimName": "c" } }]);
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, spec))
        .await
        .expect(201);
    let waiting = kubernetes.get(PODS).await.body["items"][0].clone();
    assert_eq!(condition(&waiting, "PodScheduled"), "False");
    kubernetes.post(claims, &claim).await.expect(201);
    let (claim, volume) = (format!("{claims}/c"), "/api/v1/persistentvolumes/v");
    assert_eq!(kubernetes.get(&claim).await.body["status"]["phase"], "Bound");
    assert_eq!(kubernetes.get(volume).await.body["spec"]["claimRef"]["name"], "c");
    assert_eq!(
        kubernetes.get(PODS).await.body["items"][0]["status"]["phase"],
        "Running"
    );
    kubernetes.delete(&claim).await.expect(200);
    kubernetes.delete(volume).await.expect(200);
    assert!(kubernetes.get(&claim).await.expect(200).body["metadata"]["deletionTimestamp"].is_string());
    kubernetes.delete(&format!("{DEPLOYMENTS}/web")).await.expect(200);
    status(&kubernetes.get(&claim).await, 404, "NotFound");
    status(&kubernetes.get(volume).await, 404, "NotFound");
}

#[tokio::test]
async fn a_claim_of_the_default_class_gets_a_volume_when_a_pod_asks_for_it_and_takes_it_along() {
    let (_azure, kubernetes) = world().await;
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let claim = json!({ "metadata": { "name": "c" }, "spec": { "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": "1Gi" } } } });
    kubernetes.post(claims, &claim).await.expect(201);
    let path = format!("{claims}/c");
    assert_eq!(kubernetes.get(&path).await.body["status"]["phase"], "Pending");
    let mut spec = containers();
    spec["volumes"] = json!([{ "name": "d", "persistentVolumeClaim": { "claimName": "c" } }]);
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, spec))
        .await
        .expect(201);
    let bound = kubernetes.get(&path).await.body;
    assert_eq!(bound["status"]["phase"], "Bound");
    let volume = format!(
        "/api/v1/persistentvolumes/{}",
        bound["spec"]["volumeName"].as_str().unwrap()
    );
    assert_eq!(kubernetes.get(&volume).await.body["status"]["phase"], "Bound");
    assert_eq!(
        kubernetes.get(PODS).await.body["items"][0]["status"]["phase"],
        "Running"
    );
    kubernetes.delete(&format!("{DEPLOYMENTS}/web")).await.expect(200);
    kubernetes.delete(&path).await.expect(200);
    status(&kubernetes.get(&volume).await, 404, "NotFound");
}

#[tokio::test]
async fn a_service_that_keeps_to_its_node_has_a_port_that_says_which_nodes_have_a_pod() {
    let (_azure, kubernetes) = world().await;
    let services = "/api/v1/namespaces/default/services";
    let service = json!({ "metadata": { "name": "s" }, "spec": { "type": "LoadBalancer",
        "externalTrafficPolicy": "Local", "ports": [{ "port": 80 }] } });
    let made = kubernetes.post(services, &service).await.expect(201).body;
    let port = made["spec"]["healthCheckNodePort"].as_u64().unwrap();
    assert_ne!(made["spec"]["ports"][0]["nodePort"].as_u64(), Some(port));
    let path = format!("{services}/s");
    let label = json!({ "metadata": { "labels": { "a": "b" } } });
    let again = kubernetes.patch("merge", &path, &label).await.expect(200).body;
    assert_eq!(again["spec"]["healthCheckNodePort"], port);
    let everywhere = json!({ "spec": { "externalTrafficPolicy": "Cluster" } });
    let without = kubernetes
        .patch("merge", &path, &everywhere)
        .await
        .expect(200)
        .body;
    assert!(without["spec"]["healthCheckNodePort"].is_null());
}

#[tokio::test]
async fn a_volume_that_names_its_claim_is_applied_again_after_it_was_bound() {
    let (_azure, kubernetes) = world().await;
    let named =
        json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "default", "name": "c" });
    let volume = json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "v" },
        "spec": { "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "4Gi" }, "storageClassName": "",
            "claimRef": named, "csi": { "driver": "disk.csi.azure.com", "volumeHandle": "disk" } } });
    let claim = json!({ "metadata": { "name": "c" }, "spec": { "accessModes": ["ReadWriteOnce"], "storageClassName": "",
        "volumeName": "v", "resources": { "requests": { "storage": "4Gi" } } } });
    let path = "/api/v1/persistentvolumes/v";
    kubernetes.apply(path, "us", "", &volume).await.expect(201);
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    kubernetes.post(claims, &claim).await.expect(201);
    let bound = kubernetes.get(path).await.body;
    assert_eq!(bound["status"]["phase"], "Bound");
    let uid = bound["spec"]["claimRef"]["uid"].clone();
    assert!(uid.is_string());
    // What the controller added to the reference is its own, and stays.
    let again = kubernetes.apply(path, "us", "", &volume).await.expect(200).body;
    assert_eq!(again["spec"]["claimRef"]["uid"], uid);
}

#[tokio::test]
async fn a_budget_counts_its_pods() {
    let (_azure, kubernetes) = world().await;
    kubernetes
        .post(DEPLOYMENTS, &deployment(3, containers()))
        .await
        .expect(201);
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    let budget = json!({ "metadata": { "name": "b" },
        "spec": { "minAvailable": 2, "selector": { "matchLabels": { "app": "web" } } } });
    kubernetes.post(budgets, &budget).await.expect(201);
    let status = &kubernetes.get(&format!("{budgets}/b")).await.body["status"];
    assert_eq!(
        (
            &status["expectedPods"],
            &status["currentHealthy"],
            &status["disruptionsAllowed"]
        ),
        (&json!(3), &json!(3), &json!(1))
    );
}

#[tokio::test]
async fn logs_are_what_was_written_and_are_cut_as_asked_for() {
    let (azure, kubernetes) = world().await;
    let pod = json!({ "metadata": { "name": "p" },
        "spec": { "containers": [{ "name": "a", "image": "i" }, { "name": "b", "image": "i" }] } });
    kubernetes
        .post("/api/v1/namespaces/default/pods", &pod)
        .await
        .expect(201);
    let log = "/api/v1/namespaces/default/pods/p/log";
    let which = kubernetes.get(log).await;
    status(&which, 400, "BadRequest");
    assert_eq!(
        which.body["message"],
        "a container name must be specified for pod p, choose one of: [a b]"
    );
    azure
        .emulator
        .set_kubernetes_log(
            &azure.cluster_id("aks1"),
            ("default", "p", "a"),
            "one\ntwo\nthree\n",
        )
        .await
        .unwrap();
    let tail = kubernetes
        .get(&format!("{log}?container=a&tailLines=2"))
        .await
        .expect(200);
    assert_eq!(tail.text, "two\nthree\n");
    assert_eq!(
        kubernetes
            .get(&format!("{log}?container=a&limitBytes=5"))
            .await
            .text,
        "one\nt"
    );
    status(
        &kubernetes.get(&format!("{log}?container=c")).await,
        400,
        "BadRequest",
    );
    status(
        &kubernetes.get("/api/v1/namespaces/default/pods/q/log").await,
        404,
        "NotFound",
    );
}

#[tokio::test]
async fn a_namespace_is_terminating_for_a_while_and_takes_all_along() {
    let timing = Timing {
        namespace: Duration::from_millis(200),
        ..Timing::zero()
    };
    let (_azure, kubernetes) = paced(timing).await;
    kubernetes
        .post("/api/v1/namespaces", &namespace("app"))
        .await
        .expect(201);
    let path = "/api/v1/namespaces/app";
    let account = kubernetes.get(&format!("{path}/serviceaccounts/default")).await;
    assert_eq!(account.status, 200);
    let service = json!({ "metadata": { "name": "lb" }, "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] } });
    kubernetes
        .post(&format!("{path}/services"), &service)
        .await
        .expect(201);
    kubernetes.delete(path).await.expect(200);
    assert_eq!(
        kubernetes.get(path).await.expect(200).body["status"]["phase"],
        "Terminating"
    );
    tokio::time::sleep(Duration::from_millis(250)).await;
    status(&kubernetes.get(path).await, 404, "NotFound");
}

#[tokio::test]
async fn what_is_under_way_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Options {
        state_dir: Some(directory.path().to_owned()),
        timing: Timing {
            polls: 1,
            ..Timing::zero()
        },
        ..Options::default()
    };
    let azure = Azure::with_group(options()).await;
    azure.cluster("aks1", small_cluster()).await;
    let kubernetes = Kubernetes::admin(&azure, "aks1").await;
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, containers()))
        .await
        .expect(201);
    let file = kubernetes.kubeconfig.clone();
    azure.emulator.shutdown().await;
    let azure = Azure::start(options()).await;
    let kubernetes = Kubernetes::of(&azure, &file);
    let one = format!("{DEPLOYMENTS}/web");
    assert_eq!(
        condition(&kubernetes.get(&one).await.expect(200).body, "Available"),
        "False"
    );
    assert_eq!(
        condition(&kubernetes.get(&one).await.expect(200).body, "Available"),
        "True"
    );
}

/// A Traefik with a balanced service, as far as the embedded Kubernetes looks at it.
async fn traefik(kubernetes: &Kubernetes) {
    let mut spec = containers();
    spec["containers"][0]["args"] = json!([
        "--providers.kubernetesingress=true",
        "--providers.kubernetesingress.ingressendpoint.publishedservice=default/web",
    ]);
    kubernetes
        .post(DEPLOYMENTS, &deployment(1, spec))
        .await
        .expect(201);
    let service = json!({ "metadata": { "name": "web" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] } });
    kubernetes.post(SERVICES, &service).await.expect(201);
}

fn class(name: &str, controller: &str, default: bool) -> Value {
    let annotations = json!({ "ingressclass.kubernetes.io/is-default-class": default.to_string() });
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": { "name": name, "annotations": annotations }, "spec": { "controller": controller } })
}

#[tokio::test]
async fn an_ingress_is_told_its_address_by_a_traefik_of_its_class_and_by_nobody_else() {
    const CLASSES: &str = "/apis/networking.k8s.io/v1/ingressclasses";
    const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
    let (_azure, kubernetes) = world().await;
    let ingress = |name: &str, class: Option<&str>| {
        let backend = json!({ "service": { "name": "web", "port": { "number": 80 } } });
        let mut ingress = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": { "name": name }, "spec": { "defaultBackend": backend } });
        if let Some(class) = class {
            ingress["spec"]["ingressClassName"] = class.into();
        }
        ingress
    };
    let address = |answer: Value| answer["status"]["loadBalancer"]["ingress"][0]["ip"].clone();
    let told = async |name: &str| {
        let one = kubernetes.get(&format!("{INGRESSES}/{name}")).await;
        address(one.expect(200).body)
    };
    kubernetes
        .post(CLASSES, &class("nginx", "k8s.io/ingress-nginx", false))
        .await
        .expect(201);
    for (name, class) in [
        ("early", Some("traefik")),
        ("other", Some("nginx")),
        ("lost", Some("none")),
    ] {
        kubernetes
            .post(INGRESSES, &ingress(name, class))
            .await
            .expect(201);
    }
    assert_eq!(told("early").await, Value::Null);
    traefik(&kubernetes).await;
    assert_eq!(told("early").await, Value::Null, "its class is not there");
    kubernetes
        .post(CLASSES, &class("traefik", "traefik.io/ingress-controller", true))
        .await
        .expect(201);
    let service = kubernetes.get(&format!("{SERVICES}/web")).await.expect(200).body;
    let here = address(service);
    assert!(here.is_string());
    assert_eq!(told("early").await, here);
    let by_default = kubernetes
        .post(INGRESSES, &ingress("default", None))
        .await
        .expect(201)
        .body;
    assert_eq!(by_default["spec"]["ingressClassName"], "traefik");
    assert_eq!(told("default").await, here);
    for name in ["other", "lost"] {
        assert_eq!(told(name).await, Value::Null, "{name}");
    }
}
