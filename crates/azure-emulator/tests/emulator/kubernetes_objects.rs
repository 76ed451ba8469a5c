//! Objects of a cluster: made, replaced, patched, deleted, and what is refused on the way.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kubernetes::{names, namespace, status, world};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, data: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data })
}

fn path(name: &str) -> String {
    format!("{MAPS}/{name}")
}

#[tokio::test]
async fn each_kind_of_the_table_is_made_read_listed_and_deleted() {
    let (_azure, kubernetes) = world().await;
    let labels = json!({ "app": "x" });
    let pod = json!({ "containers": [{ "name": "c", "image": "i" }] });
    let rbac = "rbac.authorization.k8s.io";
    let role = json!({ "apiGroup": rbac, "kind": "ClusterRole", "name": "view" });
    let rules = json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }]);
    for (list, body) in [
        (
            "/api/v1/namespaces/default/configmaps",
            json!({ "data": { "k": "v" } }),
        ),
        (
            "/api/v1/namespaces/default/secrets",
            json!({ "stringData": { "k": "v" } }),
        ),
        ("/api/v1/namespaces/default/serviceaccounts", json!({})),
        (
            "/api/v1/namespaces/default/services",
            json!({ "spec": { "selector": labels, "ports": [{ "port": 80 }] } }),
        ),
        ("/api/v1/namespaces/default/pods", json!({ "spec": pod })),
        (
            "/api/v1/namespaces/default/events",
            json!({ "involvedObject": { "kind": "Pod", "name": "x" }, "reason": "Tested" }),
        ),
        (
            "/api/v1/namespaces/default/persistentvolumeclaims",
            json!({ "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } }),
        ),
        (
            "/api/v1/persistentvolumes",
            json!({ "spec": { "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "1Gi" },
                "csi": { "driver": "disk.csi.azure.com", "volumeHandle": "/subscriptions/s" } } }),
        ),
        (
            "/apis/apps/v1/namespaces/default/deployments",
            json!({ "spec": { "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": pod } } }),
        ),
        (
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            json!({ "spec": { "minAvailable": 1, "selector": { "matchLabels": labels } } }),
        ),
        (
            "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
            json!({ "spec": { "defaultBackend": { "service": { "name": "x", "port": { "number": 80 } } } } }),
        ),
        (
            "/apis/networking.k8s.io/v1/ingressclasses",
            json!({ "spec": { "controller": "traefik.io/ingress-controller" } }),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
            json!({ "rules": rules }),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
            json!({ "roleRef": role, "subjects": [{ "kind": "ServiceAccount", "name": "a", "namespace": "b" }] }),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            json!({ "rules": rules }),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            json!({ "roleRef": role, "subjects": [{ "kind": "Group", "name": "a" }] }),
        ),
    ] {
        let mut body = body;
        body["metadata"] = json!({ "name": "some" });
        let made = kubernetes
            .post(&format!("{list}?fieldValidation=Strict"), &body)
            .await
            .expect(201)
            .body;
        assert!(made["metadata"]["uid"].is_string(), "{made}");
        let one = format!("{list}/some");
        let read = kubernetes.get(&one).await.expect(200).body;
        assert_eq!(
            (&read["kind"], &read["apiVersion"]),
            (&made["kind"], &made["apiVersion"])
        );
        let listed = kubernetes
            .get(&format!("{list}?fieldSelector=metadata.name%3Dsome"))
            .await;
        assert_eq!(names(&listed), ["some"]);
        kubernetes.delete(&one).await.expect(200);
        status(&kubernetes.get(&one).await, 404, "NotFound");
    }
}

#[tokio::test]
async fn a_replacement_must_know_what_it_replaces() {
    let (_azure, kubernetes) = world().await;
    let made = kubernetes
        .post(MAPS, &map("m", json!({ "a": "1" })))
        .await
        .expect(201)
        .body;
    let mut next = made.clone();
    next["data"] = json!({ "b": "2" });
    let replaced = kubernetes.put(&path("m"), &next).await.expect(200).body;
    assert_eq!(replaced["data"], json!({ "b": "2" }));
    assert_eq!(replaced["metadata"]["uid"], made["metadata"]["uid"]);
    let stale = kubernetes.put(&path("m"), &next).await;
    status(&stale, 409, "Conflict");
    assert_eq!(
        stale.body["message"],
        "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; please apply your changes to \
         the latest version and try again"
    );
    // Who says no version replaces whatever is there.
    kubernetes
        .put(&path("m"), &map("m", json!({ "c": "3" })))
        .await
        .expect(200);
    let same = kubernetes
        .put(&path("m"), &map("m", json!({ "c": "3" })))
        .await
        .expect(200)
        .body;
    assert_eq!(
        kubernetes.get(&path("m")).await.body["metadata"]["resourceVersion"],
        same["metadata"]["resourceVersion"]
    );
    status(
        &kubernetes.put(&path("none"), &map("none", json!({}))).await,
        404,
        "NotFound",
    );
    status(
        &kubernetes.put(&path("m"), &map("n", json!({}))).await,
        400,
        "BadRequest",
    );
    let mut another = map("m", json!({}));
    another["metadata"]["uid"] = "another".into();
    status(&kubernetes.put(&path("m"), &another).await, 409, "Conflict");
}

#[tokio::test]
async fn patches_merge_or_do_one_thing_after_another() {
    let (_azure, kubernetes) = world().await;
    kubernetes
        .post(MAPS, &map("m", json!({ "a": "1", "b": "1" })))
        .await
        .expect(201);
    let merge = json!({ "data": { "a": null, "c": "3" } });
    let merged = kubernetes
        .patch("merge", &path("m"), &merge)
        .await
        .expect(200)
        .body;
    assert_eq!(merged["data"], json!({ "b": "1", "c": "3" }));
    let operations = json!([
        { "op": "test", "path": "/data/b", "value": "1" },
        { "op": "replace", "path": "/data/b", "value": "2" }
    ]);
    let done = kubernetes
        .patch("json", &path("m"), &operations)
        .await
        .expect(200)
        .body;
    assert_eq!(done["data"]["b"], "2");
    let refused = kubernetes.patch("json", &path("m"), &operations).await;
    status(&refused, 422, "Invalid");
    let stale = json!({ "metadata": { "resourceVersion": "1" }, "data": { "a": "x" } });
    status(
        &kubernetes.patch("merge", &path("m"), &stale).await,
        409,
        "Conflict",
    );
    let strategic = kubernetes.patch("unheard-of", &path("m"), &merge).await;
    status(&strategic, 415, "UnsupportedMediaType");
    status(
        &kubernetes.patch("merge", &path("none"), &merge).await,
        404,
        "NotFound",
    );
}

#[tokio::test]
async fn unknown_fields_are_refused_told_or_dropped_as_is_asked_for() {
    let (_azure, kubernetes) = world().await;
    let mut body = map("m", json!({}));
    body["datta"] = json!({ "a": "b" });
    body["metadata"]["lables"] = json!({});
    let strict = kubernetes
        .post(&format!("{MAPS}?fieldValidation=Strict"), &body)
        .await;
    status(&strict, 400, "BadRequest");
    assert_eq!(
        strict.body["message"],
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"datta\", \
         unknown field \"metadata.lables\""
    );
    let told = kubernetes.post(MAPS, &body).await.expect(201);
    assert_eq!(
        told.header("warning"),
        Some("299 - \"unknown field \\\"datta\\\"\"")
    );
    assert_eq!(told.body.get("datta"), None);
    body["metadata"]["name"] = "n".into();
    let dropped = kubernetes
        .post(&format!("{MAPS}?fieldValidation=Ignore"), &body)
        .await
        .expect(201);
    assert_eq!(dropped.header("warning"), None);
    let wrong = kubernetes.post(MAPS, &map("o", json!({ "a": 1 }))).await;
    status(&wrong, 400, "BadRequest");
}

#[tokio::test]
async fn what_kubernetes_refuses_is_refused_with_the_field() {
    let (_azure, kubernetes) = world().await;
    let refused = async |path: &str, body: Value, message: &str| {
        let answer = kubernetes.post(path, &body).await;
        status(&answer, 422, "Invalid");
        let told = answer.body["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
        assert!(answer.body["details"]["causes"][0]["field"].is_string());
    };
    refused(
        MAPS,
        json!({ "metadata": {} }),
        "name or generateName is required",
    )
    .await;
    refused(
        MAPS,
        map("Upper", json!({})),
        "a lowercase RFC 1123 subdomain must consist",
    )
    .await;
    refused(MAPS, map("m", json!({ "a b": "" })), "data[a b]: Invalid value").await;
    let services = "/api/v1/namespaces/default/services";
    let service = |name: &str, spec: Value| json!({ "metadata": { "name": name }, "spec": spec });
    refused(
        services,
        service("1x", json!({ "ports": [{ "port": 1 }] })),
        "a DNS-1035 label",
    )
    .await;
    refused(services, service("x", json!({})), "spec.ports: Required value").await;
    refused(
        services,
        service("x", json!({ "ports": [{ "port": 70_000 }] })),
        "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
    )
    .await;
    refused(
        services,
        service("x", json!({ "clusterIP": "10.0.0.10", "ports": [{ "port": 1 }] })),
        "provided IP is already allocated",
    )
    .await;
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    refused(
        deployments,
        service("x", json!({ "template": { "spec": {} } })),
        "Deployment.apps \"x\" is invalid: [spec.selector: Required value, spec.template.spec.containers: Required value]",
    )
    .await;
    let mut mismatch = json!({ "selector": { "matchLabels": { "a": "b" } },
        "template": { "metadata": { "labels": { "a": "c" } },
            "spec": { "containers": [{ "name": "c", "image": "i", "volumeMounts": [{ "name": "v", "mountPath": "/v" }] }] } } });
    refused(
        deployments,
        service("x", mismatch.clone()),
        "`selector` does not match template `labels`",
    )
    .await;
    mismatch["selector"]["matchLabels"]["a"] = "c".into();
    refused(
        deployments,
        service("x", mismatch),
        "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
    )
    .await;
    let nowhere = kubernetes
        .post("/api/v1/namespaces/none/configmaps", &map("m", json!({})))
        .await;
    status(&nowhere, 404, "NotFound");
    assert_eq!(nowhere.body["message"], "namespaces \"none\" not found");
    let yaml = kubernetes
        .request(Method::POST, MAPS)
        .header("Content-Type", "application/yaml")
        .body("a: b");
    assert_eq!(yaml.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn what_cannot_change_stays() {
    let (_azure, kubernetes) = world().await;
    let refused = async |path: &str, patch: Value, message: &str| {
        let answer = kubernetes.patch("merge", path, &patch).await;
        status(&answer, 422, "Invalid");
        let told = answer.body["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    };
    let selector = json!({ "spec": { "selector": { "matchLabels": { "k8s-app": "other" } },
        "template": { "metadata": { "labels": { "k8s-app": "other" } } } } });
    refused(
        "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
        selector,
        "field is immutable",
    )
    .await;
    refused(
        "/api/v1/namespaces/kube-system/services/kube-dns",
        json!({ "spec": { "clusterIP": "10.0.0.99" } }),
        "spec.clusterIPs[0]: Invalid value: [\"10.0.0.99\"]: may not change once set",
    )
    .await;
    let mut frozen = map("m", json!({ "a": "1" }));
    frozen["immutable"] = true.into();
    kubernetes.post(MAPS, &frozen).await.expect(201);
    refused(
        &path("m"),
        json!({ "data": { "a": "2" } }),
        "data: Forbidden: field is immutable when `immutable` is set",
    )
    .await;
    let volume = json!({ "metadata": { "name": "v" }, "spec": { "accessModes": ["ReadWriteOnce"],
        "capacity": { "storage": "1Gi" }, "csi": { "driver": "disk.csi.azure.com", "volumeHandle": "one" } } });
    kubernetes
        .post("/api/v1/persistentvolumes", &volume)
        .await
        .expect(201);
    refused(
        "/api/v1/persistentvolumes/v",
        json!({ "spec": { "csi": { "volumeHandle": "two" } } }),
        "spec.persistentvolumesource is immutable after creation",
    )
    .await;
}

#[tokio::test]
async fn names_are_made_up_where_only_their_beginning_is_said() {
    let (_azure, kubernetes) = world().await;
    let body = json!({ "metadata": { "generateName": "job-" } });
    let (one, two) = (
        kubernetes.post(MAPS, &body).await.expect(201).body,
        kubernetes.post(MAPS, &body).await.expect(201).body,
    );
    assert!(one["metadata"]["name"].as_str().unwrap().starts_with("job-"));
    assert_ne!(one["metadata"]["name"], two["metadata"]["name"]);
}

#[tokio::test]
async fn finalizers_hold_an_object_that_is_deleted() {
    let (_azure, kubernetes) = world().await;
    let mut held = map("m", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    kubernetes.post(MAPS, &held).await.expect(201);
    let leaving = kubernetes.delete(&path("m")).await.expect(200).body;
    assert!(leaving["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(leaving["metadata"]["finalizers"][0], "example.com/hold");
    kubernetes.get(&path("m")).await.expect(200);
    let more = json!({ "metadata": { "finalizers": ["example.com/hold", "example.com/more"] } });
    status(
        &kubernetes.patch("merge", &path("m"), &more).await,
        422,
        "Invalid",
    );
    let free = json!({ "metadata": { "finalizers": null } });
    kubernetes.patch("merge", &path("m"), &free).await.expect(200);
    status(&kubernetes.get(&path("m")).await, 404, "NotFound");
}

#[tokio::test]
async fn what_belongs_to_an_object_goes_after_it_before_it_or_stays() {
    let (_azure, kubernetes) = world().await;
    let family = async |name: &str| {
        let owner = kubernetes
            .post(MAPS, &map(name, json!({})))
            .await
            .expect(201)
            .body;
        let mut child = map(&format!("{name}-child"), json!({}));
        child["metadata"]["ownerReferences"] = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": name,
            "uid": owner["metadata"]["uid"], "blockOwnerDeletion": true }]);
        kubernetes.post(MAPS, &child).await.expect(201);
    };
    for (name, policy, stays) in [
        ("b", "Background", false),
        ("f", "Foreground", false),
        ("o", "Orphan", true),
    ] {
        family(name).await;
        let options = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy });
        kubernetes
            .send(Method::DELETE, &path(name), Some(&options))
            .await
            .expect(200);
        status(&kubernetes.get(&path(name)).await, 404, "NotFound");
        let child = kubernetes.get(&path(&format!("{name}-child"))).await;
        assert_eq!(child.status == 200, stays, "{policy}");
        assert!(!stays || child.body["metadata"].get("ownerReferences").is_none());
    }
}

#[tokio::test]
async fn a_list_is_deleted_by_its_labels() {
    let (_azure, kubernetes) = world().await;
    for (name, tier) in [("a", "x"), ("b", "x"), ("c", "y")] {
        let mut body = map(name, json!({}));
        body["metadata"]["labels"] = json!({ "tier": tier });
        kubernetes.post(MAPS, &body).await.expect(201);
    }
    kubernetes
        .delete(&format!("{MAPS}?labelSelector=tier%3Dx"))
        .await
        .expect(200);
    assert_eq!(
        names(&kubernetes.get(&format!("{MAPS}?labelSelector=tier")).await),
        ["c"]
    );
}

#[tokio::test]
async fn nothing_new_comes_into_a_namespace_that_goes() {
    let (_azure, kubernetes) = world().await;
    kubernetes
        .post("/api/v1/namespaces", &namespace("app"))
        .await
        .expect(201);
    let maps = "/api/v1/namespaces/app/configmaps";
    let mut held = map("held", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    kubernetes.post(maps, &held).await.expect(201);
    kubernetes.delete("/api/v1/namespaces/app").await.expect(200);
    let refused = kubernetes.post(maps, &map("new", json!({}))).await;
    status(&refused, 403, "Forbidden");
    assert_eq!(
        refused.body["details"]["causes"][0]["reason"],
        "NamespaceTerminating"
    );
    let waiting = kubernetes.get("/api/v1/namespaces/app").await.expect(200).body;
    assert_eq!(waiting["status"]["phase"], "Terminating");
    // What nothing holds has gone: the default account, for one.
    assert_eq!(
        names(&kubernetes.get("/api/v1/namespaces/app/serviceaccounts").await),
        [""; 0]
    );
    let free = json!({ "metadata": { "finalizers": null } });
    kubernetes
        .patch("merge", &format!("{maps}/held"), &free)
        .await
        .expect(200);
    status(&kubernetes.get("/api/v1/namespaces/app").await, 404, "NotFound");
}

#[tokio::test]
async fn a_status_is_written_by_its_own_path_only() {
    let (_azure, kubernetes) = world().await;
    let ingresses = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
    let ingress = json!({ "metadata": { "name": "i" },
        "spec": { "defaultBackend": { "service": { "name": "x", "port": { "number": 80 } } } },
        "status": { "loadBalancer": { "ingress": [{ "ip": "1.2.3.4" }] } } });
    let made = kubernetes.post(ingresses, &ingress).await.expect(201).body;
    assert_eq!(made.get("status"), None);
    let mut next = ingress.clone();
    next["spec"]["defaultBackend"]["service"]["name"] = "y".into();
    let told = kubernetes
        .put(&format!("{ingresses}/i/status"), &next)
        .await
        .expect(200)
        .body;
    assert_eq!(told["status"]["loadBalancer"]["ingress"][0]["ip"], "1.2.3.4");
    assert_eq!(told["spec"]["defaultBackend"]["service"]["name"], "x");
    assert_eq!(told["metadata"]["generation"], 1);
}

#[tokio::test]
async fn a_caller_may_ask_what_they_may_do() {
    let (_azure, kubernetes) = world().await;
    let review = json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": { "verb": "create", "resource": "secrets", "namespace": "default" } } });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = kubernetes.post(path, &review).await.expect(201).body;
    assert_eq!(answer["status"]["allowed"], true);
}
