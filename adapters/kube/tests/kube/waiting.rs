//! Waiting, and saying what is waited for.

use std::time::Duration;

use kompox_domain::ErrorKind;
use kompox_kube::Ingress;
use serde_json::{Value, json};

use crate::world::{World, traefik};

/// A pod of Traefik's, as the controllers would make it, with this status.
async fn pod(world: &World, status: Value) {
    let pods = "/api/v1/namespaces/traefik/pods";
    let labels = json!({ "app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "traefik" });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "traefik-1", "labels": labels },
        "spec": { "containers": [{ "name": "traefik", "image": "traefik" }] }
    });
    world.api.must("POST", pods, Some(&pod)).await;
    world
        .api
        .merge(&format!("{pods}/traefik-1/status"), &json!({ "status": status }))
        .await;
}

async fn event(world: &World, kind: &str, name: &str, reason: &str, message: &str) {
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("{name}.{}", reason.to_lowercase()) },
        "involvedObject": { "kind": kind, "name": name, "namespace": "traefik" },
        "type": "Warning", "reason": reason, "message": message, "lastTimestamp": "2026-01-01T00:00:00Z"
    });
    world
        .api
        .must("POST", "/api/v1/namespaces/traefik/events", Some(&event))
        .await;
}

/// Installs in a cluster in which nothing happens, and waits in vain.
async fn in_vain(world: &World, words: &[&str]) {
    let traefik = traefik();
    let cx = world.cx();
    let ingress = Ingress::new(&world.client, &cx, &traefik).unwrap();
    let mut look = ingress.look().await.unwrap();
    ingress.install(&mut look, false).await.unwrap();
    let cx = world.cx_for(Duration::from_secs(3));
    let ingress = Ingress::new(&world.client, &cx, &traefik).unwrap();
    let look = ingress.look().await.unwrap();
    let error = ingress.wait(&look).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    let states = world.events.states().join("\n");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} is not in {error}");
        assert!(states.contains(word), "{word:?} was not told: {states}");
    }
}

#[tokio::test]
async fn what_pods_wait_for_is_told_while_waiting_and_in_the_error() {
    let waiting = |reason: &str, message: &str| {
        json!({ "phase": "Pending", "containerStatuses": [{
            "name": "traefik", "image": "traefik", "imageID": "", "ready": false, "restartCount": 0,
            "state": { "waiting": { "reason": reason, "message": message } }
        }] })
    };
    let unschedulable = json!({ "phase": "Pending", "conditions": [
        { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available" }
    ] });
    let cases = [
        (
            waiting("ImagePullBackOff", "Back-off pulling image"),
            "ImagePullBackOff: Back-off pulling image",
        ),
        (unschedulable, "0/2 nodes are available"),
    ];
    for (status, words) in cases {
        let world = World::quiet().await;
        world.api.namespace("traefik").await;
        pod(&world, status).await;
        in_vain(&world, &["pod traefik-1", words]).await;
    }
}

#[tokio::test]
async fn a_pod_that_says_nothing_is_explained_by_its_events() {
    let world = World::quiet().await;
    world.api.namespace("traefik").await;
    let creating = json!({ "phase": "Pending", "containerStatuses": [{
        "name": "traefik", "image": "traefik", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "waiting": { "reason": "ContainerCreating" } }
    }] });
    pod(&world, creating).await;
    event(&world, "Pod", "traefik-1", "FailedMount", "the vault said 403").await;
    in_vain(&world, &["FailedMount: the vault said 403"]).await;
}

#[tokio::test]
async fn a_load_balancer_without_an_address_is_explained_by_the_events_of_the_service() {
    let world = World::quiet().await;
    let traefik = traefik();
    let cx = world.cx();
    let ingress = Ingress::new(&world.client, &cx, &traefik).unwrap();
    let mut look = ingress.look().await.unwrap();
    ingress.install(&mut look, false).await.unwrap();
    event(
        &world,
        "Service",
        "traefik",
        "SyncLoadBalancerFailed",
        "PublicIPCountLimitReached",
    )
    .await;
    // Both are waited for at the same time, so that both are told.
    let cx = world.cx_for(Duration::from_secs(2));
    let ingress = Ingress::new(&world.client, &cx, &traefik).unwrap();
    let look = ingress.look().await.unwrap();
    let error = ingress.wait(&look).await.unwrap_err().to_string();
    for late in ["Traefik is available", "PublicIPCountLimitReached"] {
        assert!(error.contains(late), "{late:?} is not in {error}");
    }
    let states = world.events.states().join("\n");
    assert!(
        states.contains("SyncLoadBalancerFailed: PublicIPCountLimitReached"),
        "{states}"
    );
}
