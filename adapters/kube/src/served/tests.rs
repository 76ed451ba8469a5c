//! What objects tell of names and addresses, and whose they are.

use k8s_openapi::api::apps::v1::Deployment;
use kompox_domain::dns::GapReason;
use serde_json::{Value, json};

use super::*;

fn read<K: serde::de::DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(object).unwrap()
}

/// Our ingress, with a class and a gateway of its own and some of others.
fn ours() -> Ours {
    let text = |text: &str| text.to_owned();
    let gateway = |class: &str, addresses: &[&str], refused| Gateway {
        class: class.to_owned(),
        addresses: addresses.iter().map(|address| text(address)).collect(),
        refused,
    };
    let at = |name: &str| (text("infra"), text(name));
    let ours = text("traefik.io/gateway-controller");
    Ours {
        service: text("traefik/traefik"),
        addresses: [text("192.0.2.1"), text("lb.net")].into(),
        custom_resources: true,
        gateway_api: true,
        ingress_classes: [
            (text("traefik"), text("traefik.io/ingress-controller")),
            (text("nginx"), text("k8s.io/ingress-nginx")),
        ]
        .into(),
        gateway_classes: [
            (text("traefik"), ours),
            (text("istio"), text("istio.io/gateway-controller")),
        ]
        .into(),
        gateways: [
            (at("own"), gateway("traefik", &["192.0.2.1"], false)),
            (at("istio"), gateway("istio", &["192.0.2.9"], false)),
            (at("istio-here"), gateway("istio", &["192.0.2.1"], false)),
            (at("bare"), gateway("traefik", &[], false)),
            (at("elsewhere"), gateway("traefik", &["192.0.2.9"], false)),
            (at("classless"), gateway("gone", &["192.0.2.1"], false)),
            (at("refused"), gateway("traefik", &["192.0.2.1"], true)),
        ]
        .into(),
    }
}

/// What comes of a route: addresses, or the reason.
fn outcome(route: Route) -> Result<Vec<String>, GapReason> {
    let mut served = ours().served(route);
    let one = served.remove(0);
    assert!(served.is_empty(), "one host");
    match one.refused {
        Some(refused) => Err(refused.reason),
        None => Ok(one.addresses),
    }
}

fn served_at(addresses: &[&str]) -> Result<Vec<String>, GapReason> {
    Ok(addresses.iter().map(|address| (*address).to_owned()).collect())
}

#[test]
fn an_ingress_is_ours_by_class_or_annotation_or_without_either_and_by_the_address_that_its_status_tells() {
    let ingress = |class: Option<&str>, annotation: Option<&str>, points: Value| {
        let notes = annotation.map(|class| json!({ "kubernetes.io/ingress.class": class }));
        route::of_ingress(
            "shop",
            &read(json!({
                "metadata": { "name": "web", "annotations": notes },
                "spec": { "ingressClassName": class, "rules": [{ "host": "a.com" }, { "host": "a.com" }, {}, { "host": "" }] },
                "status": { "loadBalancer": { "ingress": points } }
            })),
        )
    };
    let own = || json!([{ "ip": "192.0.2.1" }, { "hostname": "lb.net" }, {}]);
    let theirs = || json!([{ "ip": "192.0.2.9" }]);
    let both = served_at(&["192.0.2.1", "lb.net"]);
    for (route, expected) in [
        (ingress(None, None, own()), both.clone()),
        (ingress(None, Some("traefik"), own()), both.clone()),
        (ingress(Some("traefik"), None, own()), both.clone()),
        // The field counts where there are both.
        (ingress(Some("traefik"), Some("nginx"), own()), both),
        (ingress(None, None, json!([])), served_at(&[])),
        (ingress(None, Some("nginx"), own()), Err(GapReason::OtherIngress)),
        (
            ingress(Some("nginx"), None, theirs()),
            Err(GapReason::OtherIngress),
        ),
        (
            ingress(Some("nginx"), Some("traefik"), own()),
            Err(GapReason::OtherIngress),
        ),
        (ingress(Some("gone"), None, own()), Err(GapReason::NotServed)),
        // Another controller takes what has no class, and told its own address.
        (ingress(None, None, theirs()), Err(GapReason::OtherIngress)),
    ] {
        let shown = format!("{route:?}");
        assert_eq!(outcome(route), expected, "{shown}");
    }
}

#[test]
fn an_ingress_route_is_ours_only_while_our_traefik_serves_its_own_kinds() {
    let route = |annotation: Option<&str>| {
        let notes = annotation.map(|class| json!({ "kubernetes.io/ingress.class": class }));
        route::of_ingress_route(
            "shop",
            &read(json!({ "metadata": { "name": "r", "annotations": notes },
            "spec": { "routes": [{ "match": "Host(`a.com`)" }, { "kind": "Rule" }] } })),
        )
    };
    assert_eq!(outcome(route(None)), served_at(&["192.0.2.1", "lb.net"]));
    assert_eq!(outcome(route(Some("internal"))), Err(GapReason::OtherIngress));
    let off = Ours {
        custom_resources: false,
        ..ours()
    };
    let told = off.served(route(None));
    let refused = told[0].refused.clone().unwrap();
    assert_eq!(refused.reason, GapReason::NotServed);
    assert!(refused.message.contains("`customResources` are off"));
    let deployment = |args: Value| {
        let containers = json!([{ "args": args }]);
        read::<Deployment>(json!({ "spec": { "template": { "spec": { "containers": containers } } } }))
    };
    for (args, on) in [
        (json!(["--ping=true", "--providers.kubernetescrd=true"]), true),
        (json!(["--providers.kubernetescrd"]), true),
        (json!(["--providers.kubernetescrd=false"]), false),
        (json!(["--providers.kubernetescrd.namespaces=x"]), false),
        (json!([]), false),
        (json!(null), false),
    ] {
        assert_eq!(
            serves(Some(&deployment(args.clone())), "kubernetescrd"),
            on,
            "{args}"
        );
    }
}

#[test]
fn an_http_route_is_ours_only_through_a_gateway_of_our_traefik() {
    let route = |parents: Value, status: Value| {
        route::of_http_route(
            "shop",
            &read(json!({ "metadata": { "name": "r" },
            "spec": { "hostnames": ["a.com", 7], "parentRefs": parents }, "status": { "parents": status } })),
        )
    };
    let gateway = |name: &str| json!({ "name": name, "namespace": "infra" });
    let told = |name: &str, controller: &str, status: &str| {
        json!([{ "parentRef": gateway(name), "controllerName": controller,
            "conditions": [{ "type": "Accepted", "status": status }] }])
    };
    let ours = "traefik.io/gateway-controller";
    let none = || json!(null);
    for (parents, status, expected) in [
        (json!([gateway("own")]), none(), served_at(&["192.0.2.1"])),
        (
            json!([gateway("own")]),
            told("own", ours, "True"),
            served_at(&["192.0.2.1"]),
        ),
        // Others tell of parents that are not theirs.
        (
            json!([gateway("own")]),
            told("own", "envoy", "False"),
            served_at(&["192.0.2.1"]),
        ),
        (
            json!([gateway("istio"), gateway("own")]),
            none(),
            served_at(&["192.0.2.1"]),
        ),
        (
            json!([gateway("own")]),
            told("own", ours, "False"),
            Err(GapReason::NotServed),
        ),
        (json!([gateway("istio")]), none(), Err(GapReason::OtherIngress)),
        (
            json!([gateway("istio-here")]),
            none(),
            Err(GapReason::OtherIngress),
        ),
        (
            json!([gateway("elsewhere")]),
            none(),
            Err(GapReason::OtherIngress),
        ),
        (json!([gateway("bare")]), none(), Err(GapReason::NotServed)),
        (json!([gateway("gone")]), none(), Err(GapReason::NotServed)),
        (json!([{ "name": "own" }]), none(), Err(GapReason::NotServed)),
        (json!([gateway("classless")]), none(), Err(GapReason::NotServed)),
        (json!([gateway("refused")]), none(), Err(GapReason::NotServed)),
        (
            json!([{ "kind": "Service", "group": "", "name": "own", "namespace": "infra" }]),
            none(),
            Err(GapReason::NotServed),
        ),
        (
            json!([{ "group": "other.io", "name": "own", "namespace": "infra" }]),
            none(),
            Err(GapReason::NotServed),
        ),
        (json!([]), none(), Err(GapReason::NotServed)),
    ] {
        let route = route(parents, status);
        let shown = format!("{route:?}");
        assert_eq!(outcome(route), expected, "{shown}");
    }
}

#[test]
fn what_names_no_host_is_told_and_whatever_is_strange_names_none() {
    let object = |spec: Value| json!({ "metadata": { "name": "r" }, "spec": spec });
    for strange in [
        json!("text"),
        json!({ "routes": {}, "hostnames": {}, "rules": 7, "parentRefs": 7 }),
        json!({ "routes": [{ "match": "PathPrefix(`/`)" }], "rules": [{}], "hostnames": [] }),
    ] {
        let strange = read(object(strange));
        // What an Ingress holds an API server has checked.
        let bare = read(json!({ "metadata": { "name": "r" }, "spec": { "rules": [{}] } }));
        for route in [
            route::of_ingress("shop", &bare),
            route::of_ingress_route("shop", &strange),
            route::of_http_route("shop", &strange),
        ] {
            let told = ours().served(route);
            assert_eq!((told.len(), told[0].host.as_str()), (1, ""));
            assert_eq!(told[0].refused.clone().unwrap().reason, GapReason::NoHost);
        }
    }
}
