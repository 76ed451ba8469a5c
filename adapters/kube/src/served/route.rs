//! What names hosts: Ingresses, and the routes of Traefik and of the Gateway API, as they are written.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::Ingress;
use kube::api::DynamicObject;
use serde_json::Value;

use super::fields::{each, texts};
use super::rule;
use crate::object::annotation;

/// The group of the Gateway API.
pub(super) const GATEWAYS: &str = "gateway.networking.k8s.io";
/// The annotation that named a class before Ingresses had a field for it. Traefik reads it on its own kinds, too.
const CLASS: &str = "kubernetes.io/ingress.class";

/// Something that names hosts, and how they are reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) source: String,
    pub(super) hosts: BTreeSet<String>,
    pub(super) way: Way,
}

/// How the hosts of a route are reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By whichever ingress answers to its class, which writes down its addresses.
    Ingress {
        /// The class that it names.
        class: Option<String>,
        /// What the annotation says that came before classes.
        annotation: Option<String>,
        addresses: Vec<String>,
    },
    /// By a Traefik.
    Traefik { annotation: Option<String> },
    /// By what it hangs on.
    Parents(Vec<Parent>),
}

/// What an HTTPRoute hangs on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// A Gateway: namespace and name, and who has said that they do not take the route.
    Gateway {
        at: (String, String),
        refused_by: BTreeSet<String>,
    },
    /// Anything else, by its kind.
    Other(String),
}

pub(super) fn of_ingress(namespace: &str, ingress: &Ingress) -> Route {
    let spec = ingress.spec.clone().unwrap_or_default();
    let status = ingress.status.as_ref();
    let balancer = status.and_then(|status| status.load_balancer.as_ref());
    let points = balancer.and_then(|balancer| balancer.ingress.as_ref());
    let rules = spec.rules.into_iter().flatten();
    Route {
        source: format!("Ingress {namespace}/{}", name(ingress)),
        hosts: rules.filter_map(|rule| first_text(&[&rule.host])).collect(),
        way: Way::Ingress {
            class: spec.ingress_class_name,
            annotation: annotation(ingress, CLASS).map(str::to_owned),
            addresses: points
                .into_iter()
                .flatten()
                .filter_map(|point| first_text(&[&point.ip, &point.hostname]))
                .collect(),
        },
    }
}

/// The first of these texts that is there and not empty.
pub(super) fn first_text(texts: &[&Option<String>]) -> Option<String> {
    let mut texts = texts.iter().copied().flatten();
    texts.find(|text| !text.is_empty()).cloned()
}

fn name(object: &impl kube::Resource) -> &str {
    object.meta().name.as_deref().unwrap_or_default()
}

pub(super) fn of_ingress_route(namespace: &str, route: &DynamicObject) -> Route {
    Route {
        source: format!("IngressRoute {namespace}/{}", name(route)),
        hosts: texts(&route.data["spec"]["routes"], &["match"])
            .iter()
            .flat_map(|rule| rule::hosts(rule))
            .collect(),
        way: Way::Traefik {
            annotation: annotation(route, CLASS).map(str::to_owned),
        },
    }
}

pub(super) fn of_http_route(namespace: &str, route: &DynamicObject) -> Route {
    let spec = &route.data["spec"];
    Route {
        source: format!("HTTPRoute {namespace}/{}", name(route)),
        hosts: each(&spec["hostnames"])
            .filter_map(|host| host.as_str().filter(|host| !host.is_empty()).map(str::to_owned))
            .collect(),
        way: Way::Parents(
            each(&spec["parentRefs"])
                .map(|parent| of_parent(namespace, route, parent))
                .collect(),
        ),
    }
}

fn of_parent(namespace: &str, route: &DynamicObject, parent: &Value) -> Parent {
    let (group, kind) = (
        parent["group"].as_str().unwrap_or(GATEWAYS),
        parent["kind"].as_str().unwrap_or("Gateway"),
    );
    let at = place(namespace, parent);
    if (group, kind) != (GATEWAYS, "Gateway") || at.1.is_empty() {
        return Parent::Other(format!("{kind} {}/{}", at.0, at.1));
    }
    // Each controller tells for itself, and some also of parents that are not theirs.
    let refused_by = each(&route.data["status"]["parents"])
        .filter(|told| place(namespace, &told["parentRef"]) == at)
        .filter(|told| is_refused(told))
        .filter_map(|told| told["controllerName"].as_str().map(str::to_owned))
        .collect();
    Parent::Gateway { at, refused_by }
}

fn place(namespace: &str, reference: &Value) -> (String, String) {
    let text = |field: &str| reference[field].as_str().map(str::to_owned);
    (
        text("namespace").unwrap_or_else(|| namespace.to_owned()),
        text("name").unwrap_or_default(),
    )
}

/// Whether something says of itself that nobody has taken it up.
pub(super) fn is_refused(status: &Value) -> bool {
    each(&status["conditions"])
        .any(|condition| condition["type"] == "Accepted" && condition["status"] == "False")
}
