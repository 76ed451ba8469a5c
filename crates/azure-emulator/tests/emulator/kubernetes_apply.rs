//! Server-side apply over HTTP: who owns what, and what is said when two do not agree.

use serde_json::{Value, json};

use crate::kubernetes::{status, world};

const MAP: &str = "/api/v1/namespaces/default/configmaps/settings";

fn map(data: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" }, "data": data })
}

#[tokio::test]
async fn applying_makes_what_is_not_there_and_twice_is_once() {
    let (_azure, kubernetes) = world().await;
    let made = kubernetes
        .apply(MAP, "one", "", &map(json!({ "a": "1" })))
        .await
        .expect(201)
        .body;
    let managers = &made["metadata"]["managedFields"];
    assert_eq!(managers[0]["manager"], "one");
    assert_eq!(managers[0]["operation"], "Apply");
    assert_eq!(managers[0]["fieldsType"], "FieldsV1");
    assert_eq!(managers[0]["fieldsV1"], json!({ "f:data": { "f:a": {} } }));
    let again = kubernetes
        .apply(MAP, "one", "", &map(json!({ "a": "1" })))
        .await
        .expect(200)
        .body;
    assert_eq!(again, made);
}

#[tokio::test]
async fn a_conflict_is_told_with_manager_and_field_and_changes_nothing() {
    let (_azure, kubernetes) = world().await;
    let before = kubernetes
        .apply(MAP, "one", "", &map(json!({ "a": "1", "b": "1" })))
        .await
        .expect(201)
        .body;
    let refused = kubernetes
        .apply(MAP, "two", "", &map(json!({ "a": "2", "c": "3" })))
        .await;
    status(&refused, 409, "Conflict");
    assert_eq!(
        refused.body["message"],
        "Apply failed with 1 conflict: conflict with \"one\": .data.a"
    );
    assert_eq!(
        refused.body["details"]["causes"],
        json!([{ "reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a" }])
    );
    assert_eq!(kubernetes.get(MAP).await.body, before);
    let forced = kubernetes
        .apply(MAP, "two", "&force=true", &map(json!({ "a": "2", "c": "3" })))
        .await
        .expect(200)
        .body;
    assert_eq!(forced["data"], json!({ "a": "2", "b": "1", "c": "3" }));
    let several = kubernetes
        .apply(MAP, "one", "", &map(json!({ "a": "1", "c": "1" })))
        .await;
    assert_eq!(
        several.body["message"],
        "Apply failed with 2 conflicts: conflicts with \"two\":\n- .data.a\n- .data.c"
    );
}

#[tokio::test]
async fn what_a_manager_drops_goes_unless_another_owns_it() {
    let (_azure, kubernetes) = world().await;
    kubernetes
        .apply(MAP, "one", "", &map(json!({ "a": "1", "b": "1" })))
        .await
        .expect(201);
    // The same value is no conflict: both own it.
    kubernetes
        .apply(MAP, "two", "", &map(json!({ "b": "1" })))
        .await
        .expect(200);
    let left = kubernetes
        .apply(MAP, "one", "", &map(json!({})))
        .await
        .expect(200)
        .body;
    assert_eq!(left["data"], json!({ "b": "1" }));
}

#[tokio::test]
async fn defaults_and_other_writers_survive_an_apply() {
    let (_azure, kubernetes) = world().await;
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let deployment = |image: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
            "spec": {
                "selector": { "matchLabels": { "app": "web" } },
                "template": {
                    "metadata": { "labels": { "app": "web" } },
                    "spec": { "containers": [{ "name": "web", "image": image, "ports": [{ "containerPort": 80 }] }] }
                }
            }
        })
    };
    let made = kubernetes
        .apply(path, "one", "", &deployment("web:1"))
        .await
        .expect(201)
        .body;
    assert_eq!(made["spec"]["replicas"], 1);
    assert_eq!(made["metadata"]["generation"], 1);
    let container = &made["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["imagePullPolicy"], "IfNotPresent");
    assert_eq!(container["ports"][0]["protocol"], "TCP");
    let scale = json!({ "spec": { "replicas": 3 } });
    kubernetes
        .patch("merge", &format!("{path}?fieldManager=hand"), &scale)
        .await
        .expect(200);
    let next = kubernetes
        .apply(path, "one", "", &deployment("web:2"))
        .await
        .expect(200)
        .body;
    assert_eq!(next["spec"]["replicas"], 3);
    assert_eq!(next["metadata"]["generation"], 3);
    let mut wish = deployment("web:2");
    wish["spec"]["replicas"] = 1.into();
    let refused = kubernetes.apply(path, "one", "", &wish).await;
    status(&refused, 409, "Conflict");
    let message = refused.body["message"].as_str().unwrap();
    assert!(
        message.starts_with("Apply failed with 1 conflict: conflict with \"hand\" using apps/v1 at "),
        "{message}"
    );
    // The controllers own the status, and nobody may apply it here.
    let managers = next["metadata"]["managedFields"].as_array().unwrap();
    assert!(
        managers
            .iter()
            .any(|manager| manager["subresource"] == "status"
                && manager["manager"] == "kube-controller-manager")
    );
}

#[tokio::test]
async fn what_cannot_be_applied_is_refused() {
    let (_azure, kubernetes) = world().await;
    let good = map(json!({ "a": "1" }));
    let nobody = kubernetes.patch("apply", MAP, &good).await;
    status(&nobody, 422, "Invalid");
    assert_eq!(
        nobody.body["message"],
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
    let mut owned = good.clone();
    owned["metadata"]["managedFields"] = json!([{ "manager": "me" }]);
    let refused = kubernetes.apply(MAP, "one", "", &owned).await;
    status(&refused, 400, "BadRequest");
    let mut unknown = good.clone();
    unknown["dataa"] = json!({});
    let refused = kubernetes.apply(MAP, "one", "", &unknown).await;
    assert_eq!(refused.status, 500);
    assert_eq!(
        refused.body["message"],
        "failed to create typed patch object (default/settings; /v1, Kind=ConfigMap): .dataa: field not declared in schema"
    );
    let mut other = good.clone();
    other["metadata"]["name"] = "other".into();
    status(&kubernetes.apply(MAP, "one", "", &other).await, 400, "BadRequest");
    let mut stale = good.clone();
    stale["metadata"]["resourceVersion"] = "1".into();
    kubernetes.apply(MAP, "one", "", &good).await.expect(201);
    status(&kubernetes.apply(MAP, "one", "", &stale).await, 409, "Conflict");
    let nowhere = "/api/v1/namespaces/none/configmaps/settings";
    status(
        &kubernetes.apply(nowhere, "one", "", &good).await,
        404,
        "NotFound",
    );
}

#[tokio::test]
async fn a_dry_run_of_an_apply_tells_and_keeps_nothing() {
    let (_azure, kubernetes) = world().await;
    let tried = kubernetes
        .apply(MAP, "one", "&dryRun=All", &map(json!({ "a": "1" })))
        .await
        .expect(201);
    assert_eq!(tried.body["data"]["a"], "1");
    status(&kubernetes.get(MAP).await, 404, "NotFound");
}
