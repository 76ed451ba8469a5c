//! What names hosts: Ingresses, and the routes of Traefik and of the Gateway API, as they are written.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{balanced, each, name, texts};
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

pub(super) fn of_ingress(namespace: &str, ingress: &Value) -> Route {
    Route {
        source: format!("Ingress {namespace}/{}", name(ingress)),
        hosts: texts(&ingress["spec"]["rules"], &["host"]).into_iter().collect(),
        way: Way::Ingress {
            class: ingress["spec"]["ingressClassName"].as_str().map(str::to_owned),
            annotation: annotation(ingress, CLASS).map(str::to_owned),
            addresses: balanced(ingress),
        },
    }
}

pub(super) fn of_ingress_route(namespace: &str, route: &Value) -> Route {
    Route {
        source: format!("IngressRoute {namespace}/{}", name(route)),
        hosts: texts(&route["spec"]["routes"], &["match"])
            .iter()
            .flat_map(|rule| rule::hosts(rule))
            .collect(),
        way: Way::Traefik {
            annotation: annotation(route, CLASS).map(str::to_owned),
        },
    }
}

pub(super) fn of_http_route(namespace: &str, route: &Value) -> Route {
    let spec = &route["spec"];
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

fn of_parent(namespace: &str, route: &Value, parent: &Value) -> Parent {
    let (group, kind) = (
        parent["group"].as_str().unwrap_or(GATEWAYS),
        parent["kind"].as_str().unwrap_or("Gateway"),
    );
    let at = place(namespace, parent);
    if (group, kind) != (GATEWAYS, "Gateway") || at.1.is_empty() {
        return Parent::Other(format!("{kind} {}/{}", at.0, at.1));
    }
    // Each controller tells for itself, and some also of parents that are not theirs.
    let refused_by = each(&route["status"]["parents"])
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
