//! What somebody else has put where the ingress should be: nothing is written then.

use kompox_domain::ErrorKind;
use kompox_domain::hint::in_words;
use kompox_kube::{Ingress, Traefik};
use serde_json::{Value, json};

use crate::world::{World, traefik};

/// Everything that the API server has at these paths, besides what it makes itself, some of it after it is ready.
async fn everything(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/api/v1/namespaces",
        "/api/v1/serviceaccounts",
        "/api/v1/services",
        "/apis/apps/v1/deployments",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/apis/networking.k8s.io/v1/ingressclasses",
    ] {
        let mut names = world.api.names(path).await;
        names.retain(|name| !name.starts_with("system:") && !name.starts_with("kube-"));
        all.push(Value::from(names));
    }
    all
}

async fn refused(world: &World, traefik: &Traefik, words: &[&str]) {
    let before = everything(world).await;
    for force in [false, true] {
        let error = world.install_by(traefik, force).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
        let text = format!("{error} {}", in_words(error.hints()));
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text:?}");
        }
    }
    assert_eq!(everything(world).await, before);
    assert_eq!(world.events.steps(), [""; 0]);
}

fn deployment(name: &str, metadata: &Value) -> Value {
    let labels = json!({ "app.kubernetes.io/name": "traefik", "app": name });
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": name, "labels": labels },
        "spec": { "selector": { "matchLabels": { "app": name } }, "template": {
            "metadata": { "labels": { "app": name } },
            "spec": { "containers": [{ "name": "traefik", "image": "traefik:v3" }] }
        } }
    });
    for (field, value) in metadata.as_object().unwrap() {
        for (name, value) in value.as_object().unwrap() {
            object["metadata"][field][name] = value.clone();
        }
    }
    object
}

fn helm(release: &str) -> Value {
    json!({
        "labels": { "app.kubernetes.io/managed-by": "Helm" },
        "annotations": { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "traefik" }
    })
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/traefik/deployments";

#[tokio::test]
async fn a_traefik_of_helms_stops_it_under_our_name_and_under_any_other() {
    for name in ["traefik", "edge-traefik"] {
        let world = World::quiet().await;
        world.api.namespace("traefik").await;
        world
            .api
            .must("POST", DEPLOYMENTS, Some(&deployment(name, &helm("edge"))))
            .await;
        let named = format!("Deployment traefik/{name}");
        refused(
            &world,
            &traefik(),
            &[&named, "release edge", "uninstall it with Helm"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_release_that_helm_has_only_begun_stops_it_and_one_of_the_past_does_not() {
    let world = World::lively().await;
    world.api.namespace("traefik").await;
    let secrets = "/api/v1/namespaces/traefik/secrets";
    let release = |version: u32, status: &str| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": {
                "name": format!("sh.helm.release.v1.traefik.v{version}"),
                "labels": { "owner": "helm", "name": "traefik", "status": status, "version": version.to_string() }
            },
            "data": { "release": "" }
        })
    };
    world
        .api
        .must("POST", secrets, Some(&release(1, "superseded")))
        .await;
    world
        .api
        .must("POST", secrets, Some(&release(2, "pending-install")))
        .await;
    refused(
        &world,
        &traefik(),
        &["Helm release traefik/traefik", "pending-install"],
    )
    .await;
    world
        .api
        .must(
            "DELETE",
            &format!("{secrets}/sh.helm.release.v1.traefik.v2"),
            None,
        )
        .await;
    world.install(&traefik()).await.unwrap();
}

#[tokio::test]
async fn a_class_of_the_same_name_stops_it_wherever_its_controller_is() {
    let world = World::quiet().await;
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {
            "name": "traefik",
            "labels": { "app.kubernetes.io/managed-by": "Helm" },
            "annotations": { "meta.helm.sh/release-name": "edge", "meta.helm.sh/release-namespace": "elsewhere" }
        },
        "spec": { "controller": "traefik.io/ingress-controller" }
    });
    world
        .api
        .must("POST", "/apis/networking.k8s.io/v1/ingressclasses", Some(&class))
        .await;
    refused(
        &world,
        &traefik(),
        &["IngressClass traefik", "namespace elsewhere"],
    )
    .await;
}

#[tokio::test]
async fn objects_of_nobody_and_of_other_clusters_are_not_taken() {
    let world = World::quiet().await;
    world.api.namespace("traefik").await;
    let account = |metadata: Value| {
        let mut account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata });
        account["metadata"]["name"] = "traefik".into();
        account
    };
    let accounts = "/api/v1/namespaces/traefik/serviceaccounts";
    world.api.must("POST", accounts, Some(&account(json!({})))).await;
    refused(
        &world,
        &traefik(),
        &["ServiceAccount traefik/traefik", "somebody else made it"],
    )
    .await;
    world
        .api
        .must("DELETE", &format!("{accounts}/traefik"), None)
        .await;
    let others = json!({
        "labels": { "app.kubernetes.io/managed-by": "kompoxops" },
        "annotations": { "ops.kompox.dev/cluster": "ws1/prv1/other" }
    });
    world.api.must("POST", accounts, Some(&account(others))).await;
    refused(&world, &traefik(), &["belongs to the cluster ws1/prv1/other"]).await;
}

#[tokio::test]
async fn an_ingress_of_the_same_cluster_in_another_namespace_has_to_go_first() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    world.events.clear();
    let moved = Traefik {
        namespace: "edge".to_owned(),
        ..traefik()
    };
    refused(
        &world,
        &moved,
        &["Deployment traefik/traefik", "uninstall it first"],
    )
    .await;
}

const CLASSES: &str = "/apis/networking.k8s.io/v1/ingressclasses";
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

async fn nginx_is_the_default(world: &World) {
    let class = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": { "name": "nginx", "annotations": { (DEFAULT): "true" } },
        "spec": { "controller": "k8s.io/ingress-nginx" } });
    world.api.must("POST", CLASSES, Some(&class)).await;
}

/// Whether our class has the mark, what is told of others, and whether installing would change anything.
async fn standing(world: &World) -> (Option<bool>, Vec<String>, bool) {
    let (cx, wanted) = (world.cx(), traefik());
    let look = Ingress::new(&world.client, &cx, &wanted)
        .unwrap()
        .look()
        .await
        .unwrap();
    let ours = world.api.get(&format!("{CLASSES}/traefik")).await;
    let marked = ours.map(|class| class["metadata"]["annotations"][DEFAULT] == "true");
    (marked, look.warnings().collect(), look.plan().is_empty())
}

#[tokio::test]
async fn where_another_class_is_the_default_ours_is_made_without_the_mark_and_this_is_told() {
    let world = World::lively().await;
    nginx_is_the_default(&world).await;
    let told =
        ["IngressClass nginx: it is the default class, so ours is not: apps name class traefik".to_owned()];
    assert_eq!(standing(&world).await, (None, told.to_vec(), false));
    // Again, and nothing is left to do.
    for _ in 0..2 {
        world.install(&traefik()).await.unwrap();
        assert_eq!(standing(&world).await, (Some(false), told.to_vec(), true));
    }
    world.api.must("DELETE", &format!("{CLASSES}/nginx"), None).await;
    assert_eq!(standing(&world).await, (Some(false), vec![], false));
    world.install(&traefik()).await.unwrap();
    assert_eq!(standing(&world).await, (Some(true), vec![], true));
}

#[tokio::test]
async fn a_default_class_that_comes_after_ours_takes_nothing_from_it_and_is_told() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    nginx_is_the_default(&world).await;
    let told = "IngressClass nginx: it is a default class, and so is ours: take the mark from one of them"
        .to_owned();
    assert_eq!(standing(&world).await, (Some(true), vec![told.clone()], true));
    world.install(&traefik()).await.unwrap();
    assert_eq!(standing(&world).await, (Some(true), vec![told], true));
}
