//! Uninstalling: only what is ours, until it is gone.

use std::time::Duration;

use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::{ErrorKind, Mode};
use kompox_kube::traefik::{Acme, Traefik};
use kompox_kube::{UninstallOptions, uninstall};
use serde_json::json;

use crate::world::{CRDS, World, traefik, with_vault};

const NAMESPACE: &str = "/api/v1/namespaces/traefik";
const SERVICE: &str = "/api/v1/namespaces/traefik/services/traefik";
const CLAIM: &str = "/api/v1/namespaces/traefik/persistentvolumeclaims/traefik";

async fn gone(world: &World, traefik: &Traefik, delete_certificates: bool) -> Plan {
    let options = UninstallOptions { delete_certificates };
    uninstall(&world.client, &world.cx(), traefik, options, Mode::Apply)
        .await
        .unwrap()
}

fn told(plan: &Plan, action: ChangeAction) -> Vec<String> {
    plan.of(action)
        .map(|change| format!("{} ({})", change.resource, change.reason))
        .collect()
}

fn with_acme() -> Traefik {
    Traefik {
        acme: Some(Acme {
            email: "ops@example.com".to_owned(),
            resolver: None,
        }),
        ..traefik()
    }
}

#[tokio::test]
async fn uninstalling_deletes_everything_that_installing_made_and_says_so() {
    let world = World::lively().await;
    let traefik = Traefik {
        custom_resources: true,
        ..with_vault("kv-one", &["www"])
    };
    world.install(&traefik).await.unwrap();
    let done = gone(&world, &traefik, false).await;
    assert_eq!(told(&done, ChangeAction::Keep), [""; 0]);
    let mut deleted: Vec<String> = done
        .of(ChangeAction::Delete)
        .map(|change| change.resource.clone())
        .collect();
    let mut made: Vec<String> = traefik
        .objects()
        .unwrap()
        .iter()
        .map(|object| object.id().to_string())
        .collect();
    deleted.sort();
    made.sort();
    assert_eq!(deleted, made);
    assert_eq!(world.api.get(NAMESPACE).await, None);
    let definitions = world.api.names(CRDS).await;
    assert!(
        definitions.iter().all(|name| !name.ends_with(".traefik.io")),
        "{definitions:?}"
    );
    // And again: there is nothing to do.
    assert_eq!(gone(&world, &traefik, false).await, Plan::default());
    world.install(&traefik).await.unwrap();
}

#[tokio::test]
async fn certificates_stay_over_a_reinstallation_unless_they_are_to_go() {
    let world = World::lively().await;
    let traefik = with_acme();
    world.install(&traefik).await.unwrap();
    let claim = world.api.must("GET", CLAIM, None).await;
    let done = gone(&world, &traefik, false).await;
    assert_eq!(
        told(&done, ChangeAction::Keep),
        [
            "PersistentVolumeClaim traefik/traefik (it holds the certificates)",
            "Namespace traefik (in it is PersistentVolumeClaim traefik)"
        ]
    );
    world.install(&traefik).await.unwrap();
    let again = world.api.must("GET", CLAIM, None).await;
    assert_eq!(again["metadata"]["uid"], claim["metadata"]["uid"]);
    let done = gone(&world, &traefik, true).await;
    assert_eq!(told(&done, ChangeAction::Keep), [""; 0]);
    assert_eq!(world.api.get(NAMESPACE).await, None);
}

#[tokio::test]
async fn a_namespace_with_anything_else_in_it_stays_and_so_does_one_that_was_there_before() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "mine" } });
    world
        .api
        .must("POST", &format!("{NAMESPACE}/configmaps"), Some(&map))
        .await;
    let done = gone(&world, &traefik(), false).await;
    assert_eq!(
        told(&done, ChangeAction::Keep),
        ["Namespace traefik (in it is ConfigMap mine)"]
    );
    world
        .api
        .must("DELETE", &format!("{NAMESPACE}/configmaps/mine"), None)
        .await;
    let done = gone(&world, &traefik(), false).await;
    assert_eq!(done.changes.len(), 1, "{done:?}");
    assert_eq!(world.api.get(NAMESPACE).await, None);

    world.api.namespace("traefik").await;
    world.install(&traefik()).await.unwrap();
    let done = gone(&world, &traefik(), false).await;
    assert_eq!(
        told(&done, ChangeAction::Keep),
        ["Namespace traefik (somebody else made it)"]
    );
    assert!(world.api.get(NAMESPACE).await.is_some());
}

#[tokio::test]
async fn objects_of_other_clusters_and_of_nobody_stay() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    let other = Traefik {
        owner: "ws1/prv1/other".to_owned(),
        ..traefik()
    };
    let done = gone(&world, &other, true).await;
    assert_eq!(told(&done, ChangeAction::Delete), [""; 0]);
    let kept = told(&done, ChangeAction::Keep);
    assert!(
        kept.contains(&"Service traefik/traefik (it belongs to the cluster ws1/prv1/c1)".to_owned()),
        "{kept:?}"
    );
    assert!(world.api.get(SERVICE).await.is_some());
}

#[tokio::test]
async fn definitions_of_which_there_are_objects_stay() {
    let world = World::lively().await;
    let traefik = Traefik {
        custom_resources: true,
        ..traefik()
    };
    world.install(&traefik).await.unwrap();
    let path = "/apis/traefik.io/v1alpha1/namespaces/default/middlewares";
    let middleware = json!({ "apiVersion": "traefik.io/v1alpha1", "kind": "Middleware",
        "metadata": { "name": "m" }, "spec": {} });
    while world.api.send("POST", path, Some(&middleware)).await.0 == 404 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let done = gone(&world, &traefik, false).await;
    assert_eq!(
        told(&done, ChangeAction::Keep),
        ["CustomResourceDefinition middlewares.traefik.io (there are objects of this kind)"]
    );
    assert!(world.api.get(&format!("{path}/m")).await.is_some());
}

#[tokio::test]
async fn a_load_balancer_that_is_not_let_go_of_is_waited_for_and_told_of() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    let hold = json!({ "metadata": { "finalizers": ["example.com/load-balancer"] } });
    world.api.merge(SERVICE, &hold).await;
    let cx = world.cx_for(Duration::from_secs(2));
    let error = uninstall(
        &world.client,
        &cx,
        &traefik(),
        UninstallOptions::default(),
        Mode::Apply,
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("Service traefik/traefik"), "{error}");
    assert!(error.to_string().contains("example.com/load-balancer"), "{error}");
    let free = json!({ "metadata": { "finalizers": null } });
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.api.merge(SERVICE, &free).await;
    };
    let wanted = traefik();
    let (done, ()) = tokio::join!(gone(&world, &wanted, false), release);
    assert_eq!(told(&done, ChangeAction::Keep), [""; 0]);
    assert_eq!(world.api.get(NAMESPACE).await, None);
}

#[tokio::test]
async fn where_nothing_is_installed_nothing_is_done() {
    let world = World::quiet().await;
    assert_eq!(gone(&world, &traefik(), true).await, Plan::default());
    assert_eq!(world.events.steps(), [""; 0]);
}

#[tokio::test]
async fn an_uninstallation_that_was_dropped_anywhere_is_completed_by_the_next() {
    let world = World::lively().await;
    let traefik = with_vault("kv-one", &["www"]);
    world.install(&traefik).await.unwrap();
    for _ in 0..6 {
        let before = world.events.steps().len();
        let stopped = async {
            while world.events.steps().len() == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = gone(&world, &traefik, false) => {}
            () = stopped => {}
        }
    }
    gone(&world, &traefik, false).await;
    assert_eq!(world.api.get(NAMESPACE).await, None);
    assert_eq!(gone(&world, &traefik, false).await, Plan::default());
}
