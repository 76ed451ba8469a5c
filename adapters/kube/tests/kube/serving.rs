//! Under which names something is served.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{CRDS, World};

/// A kind that holds anything, once it is served.
async fn define(world: &World, group: &str, version: &str, kind: &str, plural: &str) {
    let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}"),
            // Without it no group of Kubernetes' own may be defined by anybody.
            "annotations": { "api-approved.kubernetes.io": "unapproved, for a test" } },
        "spec": { "group": group, "scope": "Namespaced",
            "names": { "kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase() },
            "versions": [{ "name": version, "served": true, "storage": true, "schema": { "openAPIV3Schema": anything } }] }
    });
    world.api.must("POST", CRDS, Some(&definition)).await;
    let path = format!("/apis/{group}/{version}/{plural}");
    for _ in 0..600 {
        if world.api.get(&path).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{plural}.{group} is not served");
}

async fn make(world: &World, namespace: &str, version: &str, plural: &str, object: Value) {
    let root = if version == "v1" {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{version}")
    };
    let path = format!("{root}/namespaces/{namespace}/{plural}");
    let mut whole = object;
    whole["apiVersion"] = version.into();
    world.api.must("POST", &path, Some(&whole)).await;
}

async fn ingress(world: &World, namespace: &str, name: &str, host: &str, status: Value) {
    let object =
        json!({ "kind": "Ingress", "metadata": { "name": name }, "spec": { "rules": [{ "host": host }] } });
    make(world, namespace, "networking.k8s.io/v1", "ingresses", object).await;
    let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}/status");
    let status = json!({ "status": { "loadBalancer": { "ingress": status } } });
    world.api.merge(&path, &status).await;
}

/// What is served, a line each.
async fn served(world: &World, namespaces: &[&str]) -> Vec<String> {
    let namespaces: BTreeSet<String> = namespaces.iter().map(|name| (*name).to_owned()).collect();
    let served = world
        .client
        .served(&world.cx(), &namespaces, ("traefik", "traefik"))
        .await
        .unwrap();
    served
        .into_iter()
        .map(|one| format!("{} {} {}", one.source, one.host, one.addresses.join(",")))
        .collect()
}

#[tokio::test]
async fn ingresses_are_read_in_the_namespaces_that_are_meant_and_other_kinds_where_the_cluster_has_them() {
    let world = World::quiet().await;
    for namespace in ["shop", "other", "traefik"] {
        world.api.namespace(namespace).await;
    }
    ingress(
        &world,
        "shop",
        "web",
        "www.example.com",
        json!([{ "ip": "192.0.2.1" }]),
    )
    .await;
    ingress(&world, "shop", "new", "*.example.com", json!([])).await;
    ingress(
        &world,
        "other",
        "web",
        "other.example.com",
        json!([{ "hostname": "lb.example.net" }]),
    )
    .await;
    let expected = [
        "Ingress shop/new *.example.com ",
        "Ingress shop/web www.example.com 192.0.2.1",
    ];
    assert_eq!(served(&world, &["shop", "missing"]).await, expected);

    define(&world, "traefik.io", "v1alpha1", "IngressRoute", "ingressroutes").await;
    define(
        &world,
        "gateway.networking.k8s.io",
        "v1",
        "HTTPRoute",
        "httproutes",
    )
    .await;
    define(&world, "gateway.networking.k8s.io", "v1", "Gateway", "gateways").await;
    let service = json!({ "kind": "Service", "metadata": { "name": "traefik" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 443 }] } });
    make(&world, "traefik", "v1", "services", service).await;
    let status = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": "192.0.2.10" }] } } });
    world
        .api
        .merge("/api/v1/namespaces/traefik/services/traefik/status", &status)
        .await;
    let route = json!({ "kind": "IngressRoute", "metadata": { "name": "r" },
        "spec": { "routes": [{ "match": "Host(`r.example.com`) && !Host(`no.example.com`)" }] } });
    make(&world, "shop", "traefik.io/v1alpha1", "ingressroutes", route).await;
    let gateway = json!({ "kind": "Gateway", "metadata": { "name": "g" },
        "status": { "addresses": [{ "value": "192.0.2.20" }] } });
    let version = "gateway.networking.k8s.io/v1";
    make(&world, "traefik", version, "gateways", gateway).await;
    for (name, parent) in [("h", "g"), ("i", "gone")] {
        let parents = json!([{ "name": parent, "namespace": "traefik" }]);
        let route = json!({ "kind": "HTTPRoute", "metadata": { "name": name },
            "spec": { "hostnames": [format!("{name}.example.com")], "parentRefs": parents } });
        make(&world, "shop", version, "httproutes", route).await;
    }
    assert_eq!(
        served(&world, &["shop"]).await,
        [
            "Ingress shop/new *.example.com ",
            "HTTPRoute shop/h h.example.com 192.0.2.20",
            "HTTPRoute shop/i i.example.com 192.0.2.10",
            "IngressRoute shop/r r.example.com 192.0.2.10",
            "Ingress shop/web www.example.com 192.0.2.1",
        ]
    );
}

#[tokio::test]
async fn a_namespace_is_an_apps_when_label_and_annotation_say_so() {
    let world = World::quiet().await;
    for (name, label, id) in [
        ("mine", "shop", "/ws/w/prv/p/cls/c/app/shop"),
        ("theirs", "shop", "/ws/v/prv/p/cls/c/app/shop"),
        ("another", "blog", "/ws/w/prv/p/cls/c/app/shop"),
    ] {
        let metadata = json!({ "name": name, "labels": { "ops.kompox.dev/app": label },
            "annotations": { "ops.kompox.dev/app-id": id } });
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata });
        world
            .api
            .must("POST", "/api/v1/namespaces", Some(&namespace))
            .await;
    }
    let found = world
        .client
        .namespaces_of_app(&world.cx(), "shop", "/ws/w/prv/p/cls/c/app/shop")
        .await
        .unwrap();
    assert_eq!(found, ["mine"]);
}
