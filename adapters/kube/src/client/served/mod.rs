//! Under which names a cluster serves something, and at which addresses: its Ingresses, and the routes of Traefik and of
//! the Gateway API where it has these kinds.

mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::networking::v1::Ingress;
use kompox_domain::Context;
use kompox_domain::dns::Served;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{KubeClient, KubeError};
use crate::manifest::{APP, APP_ID};

/// Objects on one page of a listing.
const PAGE: u32 = 500;

const GATEWAYS: &str = "gateway.networking.k8s.io";

/// A kind that a cluster may or may not have.
#[derive(Clone, Copy)]
struct Optional {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
}

const INGRESS_ROUTE: Optional = Optional {
    group: "traefik.io",
    version: "v1alpha1",
    kind: "IngressRoute",
    plural: "ingressroutes",
};
const HTTP_ROUTE: Optional = Optional {
    group: GATEWAYS,
    version: "v1",
    kind: "HTTPRoute",
    plural: "httproutes",
};
const GATEWAY: Optional = Optional {
    group: GATEWAYS,
    version: "v1",
    kind: "Gateway",
    plural: "gateways",
};

impl Optional {
    fn resource(self) -> ApiResource {
        let kind = GroupVersionKind::gvk(self.group, self.version, self.kind);
        ApiResource::from_gvk_with_plural(&kind, self.plural)
    }
}

/// A route that tells names, and where its addresses are to be found.
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
        let api: Api<Namespace> = Api::all(self.client.clone());
        let labelled = ListParams::default().labels(&format!("{APP}={app}"));
        let found = self.all(cx, &api, labelled).await?;
        Ok(found
            .iter()
            .filter(|namespace| namespace.annotations().get(APP_ID).is_some_and(|id| id == app_id))
            .map(ResourceExt::name_any)
            .collect())
    }

    /// Every name that is served from these namespaces, in order, with the addresses it has so far. `service` is
    /// namespace and name of the ingress's Service: routes that name no address of their own are reached there.
    ///
    /// # Errors
    /// See [`KubeError`]. A namespace that is not there serves nothing.
    pub async fn served(
        &self,
        cx: &Context,
        namespaces: &BTreeSet<String>,
        service: (&str, &str),
    ) -> Result<Vec<Served>, KubeError> {
        let mut served = Vec::new();
        let mut routes = Vec::new();
        let has_ingress_routes = self.has(cx, INGRESS_ROUTE).await?;
        let has_http_routes = self.has(cx, HTTP_ROUTE).await?;
        for namespace in namespaces {
            let api: Api<Ingress> = Api::namespaced(self.client.clone(), namespace);
            let ingresses = self.all(cx, &api, ListParams::default()).await?;
            served.extend(
                ingresses
                    .iter()
                    .flat_map(|ingress| of_ingress(namespace, ingress)),
            );
            if has_ingress_routes {
                let found = self.dynamic(cx, INGRESS_ROUTE, namespace).await?;
                routes.extend(found.iter().map(|route| of_ingress_route(namespace, route)));
            }
            if has_http_routes {
                let found = self.dynamic(cx, HTTP_ROUTE, namespace).await?;
                routes.extend(found.iter().map(|route| of_http_route(namespace, route)));
            }
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
        service: (&str, &str),
    ) -> Result<Vec<Served>, KubeError> {
        if routes.is_empty() {
            return Ok(Vec::new());
        }
        let named: BTreeSet<&(String, String)> = routes.iter().flat_map(|route| &route.gateways).collect();
        let mut gateways: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (namespace, name) in named {
            let addresses = self.gateway_addresses(cx, namespace, name).await?;
            gateways.insert((namespace.clone(), name.clone()), addresses);
        }
        let ingress = self.service_addresses(cx, service).await?;
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

    async fn gateway_addresses(
        &self,
        cx: &Context,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<String>, KubeError> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), namespace, &GATEWAY.resource());
        let found = self.within(cx, api.get_opt(name)).await?;
        let addresses = found.map(|gateway| texts(&gateway.data["status"]["addresses"], "value"));
        Ok(addresses.unwrap_or_default())
    }

    /// All addresses of the load balancer of a Service; none where there is no such Service.
    async fn service_addresses(
        &self,
        cx: &Context,
        (namespace, name): (&str, &str),
    ) -> Result<Vec<String>, KubeError> {
        let api: Api<Service> = Api::namespaced(self.client.clone(), namespace);
        let found = self.within(cx, api.get_opt(name)).await?;
        let balancer = found.and_then(|service| service.status?.load_balancer);
        let ingress = balancer.and_then(|balancer| balancer.ingress).unwrap_or_default();
        Ok(ingress
            .into_iter()
            .filter_map(|one| address(one.ip, one.hostname))
            .collect())
    }

    /// Whether the cluster has a kind.
    async fn has(&self, cx: &Context, kind: Optional) -> Result<bool, KubeError> {
        let version = format!("{}/{}", kind.group, kind.version);
        let asked = async {
            match self.client.list_api_group_resources(&version).await {
                Ok(list) => Ok(list.resources.iter().any(|resource| resource.name == kind.plural)),
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.within(cx, asked).await
    }

    async fn dynamic(
        &self,
        cx: &Context,
        kind: Optional,
        namespace: &str,
    ) -> Result<Vec<DynamicObject>, KubeError> {
        let api = Api::namespaced_with(self.client.clone(), namespace, &kind.resource());
        self.all(cx, &api, ListParams::default()).await
    }

    /// All objects of a listing, page by page.
    async fn all<K>(&self, cx: &Context, api: &Api<K>, params: ListParams) -> Result<Vec<K>, KubeError>
    where
        K: Clone + DeserializeOwned + Debug + Resource,
    {
        let mut params = params.limit(PAGE);
        let mut found = Vec::new();
        loop {
            let page = self.within(cx, api.list(&params)).await?;
            found.extend(page.items);
            match page.metadata.continue_ {
                Some(token) if !token.is_empty() => params = params.continue_token(&token),
                _ => return Ok(found),
            }
        }
    }
}

fn address(ip: Option<String>, hostname: Option<String>) -> Option<String> {
    ip.or(hostname).filter(|address| !address.is_empty())
}

fn of_ingress(namespace: &str, ingress: &Ingress) -> Vec<Served> {
    let rules = ingress.spec.as_ref().and_then(|spec| spec.rules.as_ref());
    let hosts: BTreeSet<&String> = rules
        .into_iter()
        .flatten()
        .filter_map(|rule| rule.host.as_ref())
        .filter(|host| !host.is_empty())
        .collect();
    let balancer = ingress
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    let addresses: Vec<String> = balancer
        .and_then(|balancer| balancer.ingress.as_ref())
        .into_iter()
        .flatten()
        .filter_map(|one| address(one.ip.clone(), one.hostname.clone()))
        .collect();
    let source = format!("Ingress {namespace}/{}", ingress.name_any());
    hosts
        .into_iter()
        .map(|host| Served {
            host: host.clone(),
            addresses: addresses.clone(),
            source: source.clone(),
        })
        .collect()
}

fn of_ingress_route(namespace: &str, route: &DynamicObject) -> Route {
    let routes = route.data["spec"]["routes"].as_array();
    Route {
        source: format!("{} {namespace}/{}", INGRESS_ROUTE.kind, route.name_any()),
        hosts: routes
            .into_iter()
            .flatten()
            .filter_map(|route| route["match"].as_str())
            .flat_map(rule::hosts)
            .collect(),
        gateways: Vec::new(),
    }
}

fn of_http_route(namespace: &str, route: &DynamicObject) -> Route {
    let spec = &route.data["spec"];
    let parents = spec["parentRefs"].as_array();
    let is = |parent: &Value, field: &str, usual: &str| parent[field].as_str().unwrap_or(usual) == usual;
    Route {
        source: format!("{} {namespace}/{}", HTTP_ROUTE.kind, route.name_any()),
        hosts: spec["hostnames"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|host| host.as_str().map(str::to_owned))
            .collect(),
        gateways: parents
            .into_iter()
            .flatten()
            .filter(|parent| is(parent, "group", GATEWAYS) && is(parent, "kind", GATEWAY.kind))
            .filter_map(|parent| {
                let at = parent["namespace"].as_str().unwrap_or(namespace);
                Some((at.to_owned(), parent["name"].as_str()?.to_owned()))
            })
            .collect(),
    }
}

/// One member of each object of a list, where it is a text.
fn texts(list: &Value, member: &str) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| one[member].as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests;
