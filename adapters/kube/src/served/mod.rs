//! Under which names a cluster serves something, and at which addresses: its Ingresses, and the routes of Traefik and of
//! the Gateway API where it has these kinds.

mod fields;
mod reach;
mod route;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kompox_domain::Context;
use kompox_domain::dns::Served;
use kube::api::{DynamicObject, ListParams};
use serde::de::DeserializeOwned;

use self::fields::texts;
use self::reach::{Gateway, Ours};
use self::route::{GATEWAYS, Parent, Route, Way};
use crate::client::{KubeClient, KubeError};
use crate::manifest::{APP, APP_ID};
use crate::object::{Kind, ObjectId, Scope, annotation, load_balancer_points};
use crate::traefik::serves;

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

const GATEWAY_CLASS: Kind = Kind {
    group: GATEWAYS,
    version: "v1",
    kind: "GatewayClass",
    plural: "gatewayclasses",
};

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
            .list::<Namespace>(
                cx,
                &Kind::of::<Namespace>().within(Scope::Cluster),
                &ListParams::default().labels(&labelled),
            )
            .await?;
        let is_meant = |namespace: &Namespace| annotation(namespace, APP_ID) == Some(app_id);
        let meant = found.unwrap_or_default().into_iter().filter(is_meant);
        Ok(meant.filter_map(|namespace| namespace.metadata.name).collect())
    }

    /// Every name that is served from these namespaces, in order, with the addresses it has so far, or why our ingress
    /// does not serve it. `ingress` is namespace and name of our ingress's Deployment and Service.
    ///
    /// # Errors
    /// See [`KubeError`]. A namespace that is not there, and a kind that the cluster does not have, serve nothing.
    pub async fn served(
        &self,
        cx: &Context,
        namespaces: &BTreeSet<String>,
        ingress: (&str, &str),
    ) -> Result<Vec<Served>, KubeError> {
        let mut routes = Vec::new();
        for namespace in namespaces {
            let (ingresses, ingress_routes, http_routes) = tokio::try_join!(
                self.all::<Ingress>(cx, Kind::of::<Ingress>(), namespace),
                self.all::<DynamicObject>(cx, INGRESS_ROUTE, namespace),
                self.all::<DynamicObject>(cx, HTTP_ROUTE, namespace),
            )?;
            let ingresses = ingresses.iter().map(|one| route::of_ingress(namespace, one));
            routes.extend(ingresses);
            let ingress_routes = ingress_routes.iter();
            routes.extend(ingress_routes.map(|one| route::of_ingress_route(namespace, one)));
            routes.extend(http_routes.iter().map(|one| route::of_http_route(namespace, one)));
        }
        if routes.is_empty() {
            return Ok(Vec::new());
        }
        let ours = self.ours(cx, &routes, ingress).await?;
        let mut served: Vec<Served> = routes.into_iter().flat_map(|route| ours.served(route)).collect();
        served.sort_by(|a, b| (&a.host, &a.source).cmp(&(&b.host, &b.source)));
        Ok(served)
    }

    /// What has to be known to tell which of these routes our ingress serves, and nothing more.
    async fn ours(
        &self,
        cx: &Context,
        routes: &[Route],
        (namespace, name): (&str, &str),
    ) -> Result<Ours, KubeError> {
        let mut classes = BTreeSet::new();
        let mut named = BTreeSet::new();
        for route in routes {
            match &route.way {
                Way::Ingress { class, .. } => classes.extend(class.clone()),
                Way::Traefik { .. } => {}
                Way::Parents(parents) => named.extend(parents.iter().filter_map(|parent| match parent {
                    Parent::Gateway { at, .. } => Some(at.clone()),
                    Parent::Other(_) => None,
                })),
            }
        }
        let (service, deployment, ingress_classes, gateways) = tokio::try_join!(
            self.read_as::<Service>(cx, Some(namespace), name),
            self.read_as::<Deployment>(cx, Some(namespace), name),
            self.controllers(cx, Kind::of::<IngressClass>(), "controller", classes),
            self.gateways(cx, named),
        )?;
        let classes = gateways.values().map(|gateway| gateway.class.clone()).collect();
        let gateway_classes = self
            .controllers(cx, GATEWAY_CLASS, "controllerName", classes)
            .await?;
        Ok(Ours {
            service: format!("{namespace}/{name}"),
            addresses: service.iter().flat_map(addresses).collect(),
            custom_resources: serves(deployment.as_ref(), "kubernetescrd"),
            gateway_api: serves(deployment.as_ref(), "kubernetesgateway"),
            ingress_classes,
            gateway_classes,
            gateways,
        })
    }

    /// Who looks after each of these classes that is there.
    async fn controllers(
        &self,
        cx: &Context,
        kind: Kind,
        field: &str,
        names: BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, KubeError> {
        let mut controllers = BTreeMap::new();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let id = ObjectId {
                kind,
                namespace: None,
                name,
            };
            if let Some(class) = self.read(cx, &id).await? {
                let controller = class.data["spec"][field].as_str().unwrap_or_default();
                controllers.insert(id.name, controller.to_owned());
            }
        }
        Ok(controllers)
    }

    /// Those of these gateways that are there.
    async fn gateways(
        &self,
        cx: &Context,
        named: BTreeSet<(String, String)>,
    ) -> Result<BTreeMap<(String, String), Gateway>, KubeError> {
        let mut gateways = BTreeMap::new();
        for (namespace, name) in named {
            let id = ObjectId {
                kind: GATEWAY,
                namespace: Some(namespace.clone()),
                name: name.clone(),
            };
            let Some(found) = self.read(cx, &id).await? else {
                continue;
            };
            let class = found.data["spec"]["gatewayClassName"]
                .as_str()
                .unwrap_or_default();
            let gateway = Gateway {
                class: class.to_owned(),
                addresses: texts(&found.data["status"]["addresses"], &["value"]),
                refused: route::is_refused(&found.data["status"]),
            };
            gateways.insert((namespace, name), gateway);
        }
        Ok(gateways)
    }

    /// All objects of a kind in a namespace; none where the cluster does not have the kind.
    async fn all<K>(&self, cx: &Context, kind: Kind, namespace: &str) -> Result<Vec<K>, KubeError>
    where
        K: kube::Resource + DeserializeOwned,
    {
        let place = kind.within(Scope::Namespace(namespace));
        Ok(self
            .list(cx, &place, &ListParams::default())
            .await?
            .unwrap_or_default())
    }
}

/// The addresses of a Service's load balancer.
fn addresses(service: &Service) -> Vec<String> {
    load_balancer_points(service)
        .filter_map(|point| route::first_text(&[&point.ip, &point.hostname]))
        .collect()
}

#[cfg(test)]
mod tests;
