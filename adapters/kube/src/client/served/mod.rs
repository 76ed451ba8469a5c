//! Under which names a cluster serves something, and at which addresses: its Ingresses, and the routes of Traefik and of
//! the Gateway API where it has these kinds.

mod rule;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::networking::v1::Ingress;
use kompox_domain::Context;
use kompox_domain::dns::Served;
use serde_json::Value;

use super::{KubeClient, KubeError};
use crate::manifest::{APP, APP_ID};
use crate::object::{Kind, ObjectId, Scope};

const GATEWAYS: &str = "gateway.networking.k8s.io";
const GATEWAY: Kind = Kind {
    group: GATEWAYS,
    version: "v1",
    kind: "Gateway",
    plural: "gateways",
};
const HTTP_ROUTE: Kind = Kind {
    group: GATEWAYS,
    version: "v1",
    kind: "HTTPRoute",
    plural: "httproutes",
};
const INGRESS_ROUTE: Kind = Kind {
    group: "traefik.io",
    version: "v1alpha1",
    kind: "IngressRoute",
    plural: "ingressroutes",
};

/// A route that tells names, and where its addresses are to be found.
#[derive(Debug, PartialEq, Eq)]
struct Route {
    source: String,
    hosts: BTreeSet<String>,
    /// Namespace and name of the gateways that it hangs on.
    gateways: Vec<(String, String)>,
}

impl KubeClient {
    /// The namespaces that say, by the label and annotation of our manifests, that they are those of an app.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn namespaces_of_app(
        &self,
        cx: &Context,
        app: &str,
        app_id: &str,
    ) -> Result<Vec<String>, KubeError> {
        let labelled = format!("{APP}={app}");
        let found = self
            .list(
                cx,
                &Kind::of::<Namespace>().within(Scope::Cluster),
                &[("labelSelector", &labelled)],
            )
            .await?;
        let is_meant = |namespace: &&Value| namespace["metadata"]["annotations"][APP_ID] == app_id;
        Ok(found
            .unwrap_or_default()
            .iter()
            .filter(is_meant)
            .map(name)
            .collect())
    }

    /// Every name that is served from these namespaces, in order, with the addresses it has so far. `service` is
    /// namespace and name of the ingress's Service: routes that name no address of their own are reached there.
    ///
    /// # Errors
    /// See [`KubeError`]. A namespace that is not there, and a kind that the cluster does not have, serve nothing.
    pub async fn served(
        &self,
        cx: &Context,
        namespaces: &BTreeSet<String>,
        service: (&str, &str),
    ) -> Result<Vec<Served>, KubeError> {
        let mut served = Vec::new();
        let mut routes = Vec::new();
        for namespace in namespaces {
            let (ingresses, ingress_routes, http_routes) = tokio::try_join!(
                self.all(cx, Kind::of::<Ingress>(), namespace),
                self.all(cx, INGRESS_ROUTE, namespace),
                self.all(cx, HTTP_ROUTE, namespace),
            )?;
            served.extend(
                ingresses
                    .iter()
                    .flat_map(|ingress| of_ingress(namespace, ingress)),
            );
            routes.extend(
                ingress_routes
                    .iter()
                    .map(|route| of_ingress_route(namespace, route)),
            );
            routes.extend(http_routes.iter().map(|route| of_http_route(namespace, route)));
        }
        routes.retain(|route| !route.hosts.is_empty());
        served.extend(self.reached(cx, routes, service).await?);
        served.sort_by(|a, b| (&a.host, &a.source).cmp(&(&b.host, &b.source)));
        Ok(served)
    }

    /// The addresses of routes: those of their gateways, else those of the ingress's Service.
    async fn reached(
        &self,
        cx: &Context,
        routes: Vec<Route>,
        (namespace, service): (&str, &str),
    ) -> Result<Vec<Served>, KubeError> {
        if routes.is_empty() {
            return Ok(Vec::new());
        }
        let named: BTreeSet<&(String, String)> = routes.iter().flat_map(|route| &route.gateways).collect();
        let mut gateways: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (namespace, name) in named {
            let id = ObjectId {
                kind: GATEWAY,
                namespace: Some(namespace.clone()),
                name: name.clone(),
            };
            let gateway = self.read(cx, &id).await?.unwrap_or_default();
            let addresses = texts(&gateway["status"]["addresses"], &["value"]);
            gateways.insert((namespace.clone(), name.clone()), addresses);
        }
        let service = self
            .read(cx, &ObjectId::of::<Service>(Some(namespace), service))
            .await?;
        let ingress = balanced(&service.unwrap_or_default());
        let mut served = Vec::new();
        for route in routes {
            let own: BTreeSet<&String> = route
                .gateways
                .iter()
                .filter_map(|gateway| gateways.get(gateway))
                .flatten()
                .collect();
            let addresses: Vec<String> = if own.is_empty() {
                ingress.clone()
            } else {
                own.into_iter().cloned().collect()
            };
            served.extend(route.hosts.into_iter().map(|host| Served {
                host,
                addresses: addresses.clone(),
                source: route.source.clone(),
            }));
        }
        Ok(served)
    }

    /// All objects of a kind in a namespace; none where the cluster does not have the kind.
    async fn all(&self, cx: &Context, kind: Kind, namespace: &str) -> Result<Vec<Value>, KubeError> {
        let place = kind.within(Scope::Namespace(namespace));
        Ok(self.list(cx, &place, &[]).await?.unwrap_or_default())
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

/// The elements of a list.
fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Of each element of a list the first of these members that holds a text.
fn texts(list: &Value, members: &[&str]) -> Vec<String> {
    let text = |one: &Value, member: &&str| {
        one[*member]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    each(list)
        .filter_map(|one| members.iter().find_map(|member| text(one, member)))
        .collect()
}

/// The addresses of the load balancer of an Ingress or a Service.
fn balanced(object: &Value) -> Vec<String> {
    texts(&object["status"]["loadBalancer"]["ingress"], &["ip", "hostname"])
}

fn of_ingress(namespace: &str, ingress: &Value) -> Vec<Served> {
    let hosts: BTreeSet<String> = texts(&ingress["spec"]["rules"], &["host"]).into_iter().collect();
    let addresses = balanced(ingress);
    let source = format!("Ingress {namespace}/{}", name(ingress));
    hosts
        .into_iter()
        .map(|host| Served {
            host,
            addresses: addresses.clone(),
            source: source.clone(),
        })
        .collect()
}

fn of_ingress_route(namespace: &str, route: &Value) -> Route {
    Route {
        source: format!("IngressRoute {namespace}/{}", name(route)),
        hosts: texts(&route["spec"]["routes"], &["match"])
            .iter()
            .flat_map(|rule| rule::hosts(rule))
            .collect(),
        gateways: Vec::new(),
    }
}

fn of_http_route(namespace: &str, route: &Value) -> Route {
    let spec = &route["spec"];
    let is = |parent: &Value, field: &str, usual: &str| parent[field].as_str().unwrap_or(usual) == usual;
    Route {
        source: format!("HTTPRoute {namespace}/{}", name(route)),
        hosts: each(&spec["hostnames"])
            .filter_map(|host| host.as_str().map(str::to_owned))
            .collect(),
        gateways: each(&spec["parentRefs"])
            .filter(|parent| is(parent, "group", GATEWAYS) && is(parent, "kind", "Gateway"))
            .filter_map(|parent| {
                let at = parent["namespace"].as_str().unwrap_or(namespace);
                Some((at.to_owned(), parent["name"].as_str()?.to_owned()))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
