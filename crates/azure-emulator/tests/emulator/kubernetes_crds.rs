//! CustomResourceDefinitions: the kinds that they bring, and what becomes of their objects.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, small_cluster};
use crate::kubernetes::{names, status, world};
use crate::kubernetes_access::Kubernetes;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const ROUTES: &str = "/apis/traefik.io/v1alpha1/namespaces/default/ingressroutes";

fn definition() -> Value {
    let middlewares = json!({ "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string" },
            "order": { "type": "integer", "default": 7 } } } });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "ingressroutes.traefik.io" },
        "spec": {
            "group": "traefik.io", "scope": "Namespaced",
            "names": { "kind": "IngressRoute", "plural": "ingressroutes", "singular": "ingressroute", "shortNames": ["ir"] },
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "required": ["spec"], "properties": {
                    "spec": { "type": "object", "required": ["match"], "properties": {
                        "match": { "type": "string", "minLength": 1 },
                        "kind": { "type": "string", "enum": ["Rule"] },
                        "middlewares": middlewares,
                        "open": { "type": "object", "x-kubernetes-preserve-unknown-fields": true }
                    } },
                    "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true }
                } } }
            }]
        }
    })
}

fn route(spec: Value) -> Value {
    json!({ "apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "metadata": { "name": "r" }, "spec": spec })
}

#[tokio::test]
async fn a_kind_is_served_once_its_definition_is_there() {
    let (_azure, kubernetes) = world().await;
    status(&kubernetes.get(ROUTES).await, 404, "NotFound");
    status(
        &kubernetes.get("/apis/traefik.io/v1alpha1").await,
        404,
        "NotFound",
    );
    kubernetes.post(DEFINITIONS, &definition()).await.expect(201);
    let made = kubernetes
        .get(&format!("{DEFINITIONS}/ingressroutes.traefik.io"))
        .await
        .expect(200)
        .body;
    let conditions = made["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
    );
    let resources = kubernetes.get("/apis/traefik.io/v1alpha1").await.expect(200).body;
    assert_eq!(resources["resources"][0]["name"], "ingressroutes");
    assert_eq!(resources["resources"][1]["name"], "ingressroutes/status");
    let groups = kubernetes.get("/apis").await.body;
    assert!(
        groups["groups"]
            .as_array()
            .unwrap()
            .iter()
            .any(|group| group["name"] == "traefik.io")
    );
    kubernetes
        .post(ROUTES, &route(json!({ "match": "Host(`a`)" })))
        .await
        .expect(201);
    assert_eq!(names(&kubernetes.get(ROUTES).await), ["r"]);
}

#[tokio::test]
async fn objects_are_checked_pruned_and_filled_in_by_their_schema() {
    let (_azure, kubernetes) = world().await;
    kubernetes.post(DEFINITIONS, &definition()).await.expect(201);
    for (spec, message) in [
        (json!({}), "spec.match: Required value"),
        (
            json!({ "match": "" }),
            "spec.match in body should be at least 1 chars long",
        ),
        (
            json!({ "match": 1 }),
            "spec.match in body must be of type string: \"number\"",
        ),
        (
            json!({ "match": "a", "kind": "Other" }),
            "spec.kind: Unsupported value: \"Other\": supported values: \"Rule\"",
        ),
    ] {
        let refused = kubernetes.post(ROUTES, &route(spec)).await;
        status(&refused, 422, "Invalid");
        let told = refused.body["message"].as_str().unwrap();
        assert!(
            told.starts_with("IngressRoute.traefik.io \"r\" is invalid: "),
            "{told}"
        );
        assert!(told.contains(message), "{told}");
    }
    let odd =
        route(json!({ "match": "a", "odd": 1, "open": { "any": [1] }, "middlewares": [{ "name": "m" }] }));
    let strict = kubernetes
        .post(&format!("{ROUTES}?fieldValidation=Strict"), &odd)
        .await;
    status(&strict, 400, "BadRequest");
    let made = kubernetes.post(ROUTES, &odd).await.expect(201).body;
    assert_eq!(
        made["spec"],
        json!({ "match": "a", "open": { "any": [1] }, "middlewares": [{ "name": "m", "order": 7 }] })
    );
    let unversioned = kubernetes
        .put(&format!("{ROUTES}/r"), &route(json!({ "match": "b" })))
        .await;
    status(&unversioned, 422, "Invalid");
}

#[tokio::test]
async fn lists_of_custom_resources_are_owned_by_their_keys() {
    let (_azure, kubernetes) = world().await;
    kubernetes.post(DEFINITIONS, &definition()).await.expect(201);
    let path = format!("{ROUTES}/r");
    let one = route(json!({ "match": "a", "middlewares": [{ "name": "x" }] }));
    kubernetes.apply(&path, "one", "", &one).await.expect(201);
    let two = route(json!({ "middlewares": [{ "name": "y" }] }));
    let both = kubernetes.apply(&path, "two", "", &two).await.expect(200).body;
    assert_eq!(both["spec"]["middlewares"].as_array().unwrap().len(), 2);
    let less = kubernetes
        .apply(&path, "one", "", &route(json!({ "match": "a" })))
        .await
        .expect(200)
        .body;
    assert_eq!(less["spec"]["middlewares"], json!([{ "name": "y", "order": 7 }]));
    assert_eq!(less["metadata"]["generation"], 3);
}

#[tokio::test]
async fn a_definition_takes_its_objects_along() {
    let (_azure, kubernetes) = world().await;
    kubernetes.post(DEFINITIONS, &definition()).await.expect(201);
    let mut held = route(json!({ "match": "a" }));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    kubernetes.post(ROUTES, &held).await.expect(201);
    let one = format!("{DEFINITIONS}/ingressroutes.traefik.io");
    kubernetes.delete(&one).await.expect(200);
    let waiting = kubernetes.get(&one).await.expect(200).body;
    assert!(
        waiting["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|condition| condition["type"] == "Terminating")
    );
    let free = json!({ "metadata": { "finalizers": null } });
    kubernetes
        .patch("merge", &format!("{ROUTES}/r"), &free)
        .await
        .expect(200);
    status(&kubernetes.get(&one).await, 404, "NotFound");
    status(&kubernetes.get(ROUTES).await, 404, "NotFound");
}

#[tokio::test]
async fn a_definition_that_contradicts_itself_is_refused() {
    let (_azure, kubernetes) = world().await;
    let mut wrong = definition();
    wrong["metadata"]["name"] = "routes.traefik.io".into();
    wrong["spec"]["versions"][0]["storage"] = false.into();
    let refused = kubernetes.post(DEFINITIONS, &wrong).await;
    status(&refused, 422, "Invalid");
    let told = refused.body["message"].as_str().unwrap();
    assert!(
        told.contains("metadata.name: Invalid value") && told.contains("spec.versions"),
        "{told}"
    );
}

#[tokio::test]
async fn the_secrets_store_add_on_brings_its_kind() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = small_cluster();
    body["properties"]["addonProfiles"] = json!({ "azureKeyvaultSecretsProvider": { "enabled": true } });
    azure.cluster("aks1", body).await;
    let kubernetes = Kubernetes::admin(&azure, "aks1").await;
    let path = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/default/secretproviderclasses/vault";
    let class = json!({ "apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClass",
        "metadata": { "name": "vault" }, "spec": { "provider": "azure", "parameters": { "keyvaultName": "kv" } } });
    kubernetes.apply(path, "me", "", &class).await.expect(201);
    let old = path.replace("/v1/", "/v1alpha1/");
    assert_eq!(
        kubernetes.get(&old).await.expect(200).body["apiVersion"],
        "secrets-store.csi.x-k8s.io/v1alpha1"
    );
}
