//! What `kubectl apply`, `scale` and `rollout restart` send, and what clients learn about patches beforehand.

use serde_json::{Value, json};

use crate::kubernetes::{status, world};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const WEB: &str = "/apis/apps/v1/namespaces/default/deployments/web";
const SCALE: &str = "/apis/apps/v1/namespaces/default/deployments/web/scale";

fn deployment() -> Value {
    let containers = json!([
        { "name": "main", "image": "example.com/web:1", "env": [{ "name": "A", "value": "1" }] },
        { "name": "side", "image": "example.com/side:1" }
    ]);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "app": "web", "tier": "front" } },
            "template": {
                "metadata": { "labels": { "app": "web", "tier": "front" } },
                "spec": { "containers": containers }
            }
        }
    })
}

#[tokio::test]
async fn the_index_of_openapi_leads_to_a_document_for_each_group_and_version() {
    let (_azure, kubernetes) = world().await;
    let index = kubernetes.get("/openapi/v3").await.expect(200).body;
    for (place, kind, name) in [
        ("api/v1", "PersistentVolume", "/api/v1/persistentvolumes/{name}"),
        (
            "apis/apps/v1",
            "Deployment",
            "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
        ),
        (
            "apis/networking.k8s.io/v1",
            "IngressClass",
            "/apis/networking.k8s.io/v1/ingressclasses/{name}",
        ),
    ] {
        let url = index["paths"][place]["serverRelativeURL"].as_str().unwrap();
        let document = kubernetes.get(url).await.expect(200).body;
        assert_eq!(document["openapi"], "3.0.0");
        let patch = &document["paths"][name]["patch"];
        assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], kind);
        let validates =
            |parameter: &Value| parameter["name"] == "fieldValidation" && parameter["in"] == "query";
        assert!(
            patch["parameters"].as_array().unwrap().iter().any(validates),
            "{patch}"
        );
        assert!(patch["requestBody"]["content"]["application/strategic-merge-patch+json"].is_object());
        let of = &document["components"]["schemas"][kind];
        assert_eq!(of["x-kubernetes-group-version-kind"][0]["kind"], kind);
        assert!(of["properties"]["metadata"].is_object(), "{of}");
    }
    status(
        &kubernetes.get("/openapi/v3/apis/batch/v1").await,
        404,
        "NotFound",
    );
}

#[tokio::test]
async fn a_document_changes_its_address_when_a_definition_brings_a_kind() {
    let (_azure, kubernetes) = world().await;
    let index = kubernetes.get("/openapi/v3").await.expect(200).body;
    let schema = json!({ "type": "object", "properties": { "spec": { "type": "object",
        "properties": { "size": { "type": "integer" } } } } });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "boxes.example.com" },
        "spec": { "group": "example.com", "scope": "Namespaced", "names": { "kind": "Box", "plural": "boxes" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }] }
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    kubernetes.post(definitions, &definition).await.expect(201);
    let after = kubernetes.get("/openapi/v3").await.expect(200).body;
    assert_ne!(index["paths"]["api/v1"], after["paths"]["api/v1"]);
    let url = after["paths"]["apis/example.com/v1"]["serverRelativeURL"]
        .as_str()
        .unwrap();
    let document = kubernetes.get(url).await.expect(200).body;
    let patch = &document["paths"]["/apis/example.com/v1/namespaces/{namespace}/boxes/{name}"]["patch"];
    assert!(patch["requestBody"]["content"]["application/merge-patch+json"].is_object());
    assert!(patch["requestBody"]["content"]["application/strategic-merge-patch+json"].is_null());
    let of = &document["components"]["schemas"]["example.com.v1.Box"];
    assert_eq!(of["properties"]["spec"]["properties"]["size"]["type"], "integer");
    // And that is what is done.
    let boxes = "/apis/example.com/v1/namespaces/default/boxes";
    let one = json!({ "apiVersion": "example.com/v1", "kind": "Box", "metadata": { "name": "b" } });
    kubernetes.post(boxes, &one).await.expect(201);
    let path = format!("{boxes}/b");
    let strategic = kubernetes.patch("strategic-merge", &path, &json!({})).await;
    status(&strategic, 415, "UnsupportedMediaType");
}

#[tokio::test]
async fn a_strategic_merge_patch_merges_lists_by_their_keys_and_owns_what_it_changed() {
    let (_azure, kubernetes) = world().await;
    kubernetes.post(DEPLOYMENTS, &deployment()).await.expect(201);
    let patch = json!({ "spec": {
        "strategy": { "$retainKeys": ["type"], "type": "Recreate" },
        "template": { "spec": {
            "$setElementOrder/containers": [{ "name": "main" }],
            "containers": [
                { "name": "main", "env": [{ "name": "B", "value": "2" }] },
                { "name": "side", "$patch": "delete" }
            ]
        } }
    } });
    let path = format!("{WEB}?fieldManager=kubectl-client-side-apply&fieldValidation=Strict");
    let patched = kubernetes
        .patch("strategic-merge", &path, &patch)
        .await
        .expect(200)
        .body;
    assert_eq!(patched["spec"]["strategy"], json!({ "type": "Recreate" }));
    let containers = &patched["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers.as_array().unwrap().len(), 1);
    assert_eq!(containers[0]["image"], "example.com/web:1");
    assert_eq!(
        containers[0]["env"],
        json!([{ "name": "B", "value": "2" }, { "name": "A", "value": "1" }])
    );
    assert_eq!(patched["metadata"]["generation"], 2);
    let managers = patched["metadata"]["managedFields"].as_array().unwrap();
    let mut theirs = managers
        .iter()
        .filter(|entry| entry["manager"] == "kubectl-client-side-apply");
    let fields = theirs.next().unwrap()["fieldsV1"].to_string();
    assert!(fields.contains(r#"k:{\"name\":\"B\"}"#), "{fields}");
    assert!(!fields.contains(r#"k:{\"name\":\"A\"}"#), "{fields}");

    let unknown = json!({ "spec": { "replica": 3 } });
    let refused = kubernetes.patch("strategic-merge", &path, &unknown).await;
    status(&refused, 400, "BadRequest");
    let text = refused.body["message"].as_str().unwrap();
    assert!(
        text.contains(r#"strict decoding error: unknown field "spec.replica""#),
        "{text}"
    );
    let keyless = json!({ "spec": { "template": { "spec": { "containers": [{ "image": "x" }] } } } });
    let refused = kubernetes.patch("strategic-merge", WEB, &keyless).await;
    status(&refused, 400, "BadRequest");
    assert_eq!(
        kubernetes.get(WEB).await.expect(200).body["metadata"]["generation"],
        2
    );
}

#[tokio::test]
async fn the_scale_of_a_deployment_is_read_and_written_on_its_own_path() {
    let (_azure, kubernetes) = world().await;
    let made = kubernetes.post(DEPLOYMENTS, &deployment()).await.expect(201).body;
    let scale = kubernetes.get(SCALE).await.expect(200).body;
    assert_eq!(
        (&scale["kind"], &scale["apiVersion"]),
        (&json!("Scale"), &json!("autoscaling/v1"))
    );
    assert_eq!(scale["metadata"]["uid"], made["metadata"]["uid"]);
    assert_eq!(scale["spec"]["replicas"], 1);
    assert_eq!(scale["status"]["selector"], "app=web,tier=front");
    for (kind, patch, count) in [
        ("merge", json!({ "spec": { "replicas": 3 } }), 3),
        ("strategic-merge", json!({ "spec": { "replicas": 0 } }), 0),
        (
            "json",
            json!([{ "op": "replace", "path": "/spec/replicas", "value": 2 }]),
            2,
        ),
    ] {
        let scaled = kubernetes.patch(kind, SCALE, &patch).await.expect(200).body;
        assert_eq!(scaled["spec"]["replicas"], count, "{kind}");
        assert_eq!(
            kubernetes.get(WEB).await.expect(200).body["spec"]["replicas"],
            count,
            "{kind}"
        );
    }
    let pods = kubernetes
        .get("/api/v1/namespaces/default/pods")
        .await
        .expect(200)
        .body;
    assert_eq!(pods["items"].as_array().unwrap().len(), 2);
    let managers = kubernetes.get(WEB).await.expect(200).body["metadata"]["managedFields"].clone();
    let mut scalers = managers
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["subresource"] == "scale");
    assert_eq!(
        scalers.next().unwrap()["fieldsV1"],
        json!({ "f:spec": { "f:replicas": {} } })
    );

    let mut whole = kubernetes.get(SCALE).await.expect(200).body;
    whole["spec"]["replicas"] = 4.into();
    let old = scale["metadata"]["resourceVersion"].clone();
    let new = std::mem::replace(&mut whole["metadata"]["resourceVersion"], old);
    status(&kubernetes.put(SCALE, &whole).await, 409, "Conflict");
    whole["metadata"]["resourceVersion"] = new;
    kubernetes.put(SCALE, &whole).await.expect(200);
    whole["spec"]["replicas"] = (-1).into();
    status(&kubernetes.put(SCALE, &whole).await, 422, "Invalid");
    let nobody = SCALE.replace("web", "nobody");
    status(&kubernetes.get(&nobody).await, 404, "NotFound");
    let listed = kubernetes.get("/apis/apps/v1").await.expect(200).body;
    let resources = listed["resources"].as_array().unwrap();
    let scale = resources
        .iter()
        .find(|known| known["name"] == "deployments/scale")
        .unwrap();
    assert_eq!(
        (&scale["group"], &scale["kind"]),
        (&json!("autoscaling"), &json!("Scale"))
    );
}
