//! Under which names something is served.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{CRDS, World};

/// A kind that holds anything, once it is served.
async fn define(world: &World, (group, version): (&str, &str), kind: &str, plural: &str, scope: &str) {
    let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}"),
            // Without it no group of Kubernetes' own may be defined by anybody.
            "annotations": { "api-approved.kubernetes.io": "unapproved, for a test" } },
        "spec": { "group": group, "scope": scope,
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

/// Our ingress's Service, with its addresses.
async fn service(world: &World) {
    let service = json!({ "kind": "Service", "metadata": { "name": "traefik" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 443 }] } });
    make(world, "traefik", "v1", "services", service).await;
    let status = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }, { "ip": "192.0.2.10" }] } } });
    world
        .api
        .merge("/api/v1/namespaces/traefik/services/traefik/status", &status)
        .await;
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
        .map(|one| {
            let at = match one.refused {
                Some(refused) => refused.reason.as_str().to_owned(),
                None => one.addresses.join(","),
            };
            format!("{} {} {at}", one.source, one.host)
        })
        .collect()
}

#[tokio::test]
async fn ingresses_are_read_in_the_namespaces_that_are_meant_and_other_kinds_where_the_cluster_has_them() {
    let world = World::quiet().await;
    for namespace in ["shop", "other", "traefik"] {
        world.api.namespace(namespace).await;
    }
    service(&world).await;
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

    let traefik = ("traefik.io", "v1alpha1");
    let gateways = ("gateway.networking.k8s.io", "v1");
    define(&world, traefik, "IngressRoute", "ingressroutes", "Namespaced").await;
    define(&world, gateways, "HTTPRoute", "httproutes", "Namespaced").await;
    define(&world, gateways, "Gateway", "gateways", "Namespaced").await;
    define(&world, gateways, "GatewayClass", "gatewayclasses", "Cluster").await;
    let route = json!({ "kind": "IngressRoute", "metadata": { "name": "r" },
        "spec": { "routes": [{ "match": "Host(`r.example.com`) && !Host(`no.example.com`)" }] } });
    make(&world, "shop", "traefik.io/v1alpha1", "ingressroutes", route).await;
    let version = "gateway.networking.k8s.io/v1";
    for (name, controller) in [
        ("ours", "traefik.io/gateway-controller"),
        ("theirs", "istio.io/gateway-controller"),
    ] {
        let class = json!({ "apiVersion": version, "kind": "GatewayClass", "metadata": { "name": name },
            "spec": { "controllerName": controller } });
        let path = format!("/apis/{version}/gatewayclasses");
        world.api.must("POST", &path, Some(&class)).await;
    }
    for (name, class, address) in [("g", "ours", "192.0.2.10"), ("istio", "theirs", "192.0.2.20")] {
        let gateway = json!({ "kind": "Gateway", "metadata": { "name": name }, "spec": { "gatewayClassName": class },
            "status": { "addresses": [{ "value": address }] } });
        make(&world, "traefik", version, "gateways", gateway).await;
    }
    for (name, parent) in [("h", "g"), ("i", "gone"), ("j", "istio")] {
        let parents = json!([{ "name": parent, "namespace": "traefik" }]);
        let route = json!({ "kind": "HTTPRoute", "metadata": { "name": name },
            "spec": { "hostnames": [format!("{name}.example.com")], "parentRefs": parents } });
        make(&world, "shop", version, "httproutes", route).await;
    }
    let expected = |gateway: &str, route: &str| {
        [
            "Ingress shop/new *.example.com ".to_owned(),
            format!("HTTPRoute shop/h h.example.com {gateway}"),
            "HTTPRoute shop/i i.example.com notServed".to_owned(),
            "HTTPRoute shop/j j.example.com otherIngress".to_owned(),
            format!("IngressRoute shop/r r.example.com {route}"),
            "Ingress shop/web www.example.com 192.0.2.1".to_owned(),
        ]
    };
    assert_eq!(
        served(&world, &["shop"]).await,
        expected("notServed", "notServed")
    );
    deployment(&world, &["--providers.kubernetescrd=true"]).await;
    let both = "192.0.2.1,192.0.2.10";
    assert_eq!(served(&world, &["shop"]).await, expected("notServed", both));
    let args = json!([
        "--providers.kubernetescrd=true",
        "--providers.kubernetesgateway=true"
    ]);
    let containers = json!([{ "name": "traefik", "image": "traefik:v3", "args": args }]);
    let patch = json!({ "spec": { "template": { "spec": { "containers": containers } } } });
    let path = "/apis/apps/v1/namespaces/traefik/deployments/traefik";
    world.api.merge(path, &patch).await;
    assert_eq!(served(&world, &["shop"]).await, expected("192.0.2.10", both));
}

/// A Traefik that was told this.
async fn deployment(world: &World, args: &[&str]) {
    let labels = json!({ "app": "traefik" });
    let object = json!({ "kind": "Deployment", "metadata": { "name": "traefik" }, "spec": {
        "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": { "containers": [
            { "name": "traefik", "image": "traefik:v3", "args": args } ] } } } });
    make(world, "traefik", "apps/v1", "deployments", object).await;
}

#[tokio::test]
async fn an_ingress_of_another_class_is_not_ours() {
    let world = World::quiet().await;
    for namespace in ["shop", "traefik"] {
        world.api.namespace(namespace).await;
    }
    service(&world).await;
    for (name, controller) in [
        ("traefik", "traefik.io/ingress-controller"),
        ("nginx", "k8s.io/ingress-nginx"),
    ] {
        let class = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": name },
            "spec": { "controller": controller } });
        let path = "/apis/networking.k8s.io/v1/ingressclasses";
        world.api.must("POST", path, Some(&class)).await;
    }
    for (name, class) in [("a", "traefik"), ("b", "nginx"), ("c", "gone")] {
        let object = json!({ "kind": "Ingress", "metadata": { "name": name }, "spec": { "ingressClassName": class,
            "rules": [{ "host": format!("{name}.example.com") }] } });
        make(&world, "shop", "networking.k8s.io/v1", "ingresses", object).await;
        let path = format!("/apis/networking.k8s.io/v1/namespaces/shop/ingresses/{name}/status");
        let status = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } } });
        world.api.merge(&path, &status).await;
    }
    assert_eq!(
        served(&world, &["shop"]).await,
        [
            "Ingress shop/a a.example.com 192.0.2.1",
            "Ingress shop/b b.example.com otherIngress",
            "Ingress shop/c c.example.com notServed",
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
