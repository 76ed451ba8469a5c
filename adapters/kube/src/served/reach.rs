//! Whether our ingress is who serves a route, and at which addresses.
//!
//! Others may be in the cluster: another controller of Ingresses, another gateway, another Traefik. What they serve is
//! not reached at our addresses, and where they are reached is theirs to publish.

use std::collections::{BTreeMap, BTreeSet};

use kompox_domain::dns::{GapReason, Refused, Served};

use super::route::{Parent, Route, Way};

/// What Traefik answers to among IngressClasses, and among GatewayClasses.
const INGRESS_CONTROLLER: &str = "traefik.io/ingress-controller";
const GATEWAY_CONTROLLER: &str = "traefik.io/gateway-controller";
/// The class that Traefik takes for its own by annotation, where it is told of none.
const USUAL_CLASS: &str = "traefik";

/// A Gateway, as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gateway {
    pub(super) class: String,
    pub(super) addresses: Vec<String>,
    /// Whoever it is for does not take it.
    pub(super) refused: bool,
}

/// What is known of our ingress, and of what others could answer to.
#[derive(Debug, Default)]
pub(super) struct Ours {
    /// Namespace and name of its Service.
    pub(super) service: String,
    pub(super) addresses: BTreeSet<String>,
    /// Whether it serves Traefik's own kinds.
    pub(super) custom_resources: bool,
    /// Whether it serves the Gateway API.
    pub(super) gateway_api: bool,
    /// The controllers of the IngressClasses, and of the GatewayClasses, that are named; those that are not there are
    /// not here.
    pub(super) ingress_classes: BTreeMap<String, String>,
    pub(super) gateway_classes: BTreeMap<String, String>,
    pub(super) gateways: BTreeMap<(String, String), Gateway>,
}

fn refused(reason: GapReason, message: impl Into<String>) -> Refused {
    Refused {
        reason,
        message: message.into(),
    }
}

impl Ours {
    /// What a route serves: each of its hosts, with our addresses or with why they are not told.
    pub(super) fn served(&self, route: Route) -> Vec<Served> {
        let (addresses, refused) = match self.reached(&route.way) {
            Ok(addresses) => (addresses, None),
            Err(refused) => (Vec::new(), Some(refused)),
        };
        let one = |host: String, refused| Served {
            host,
            addresses: addresses.clone(),
            source: route.source.clone(),
            refused,
        };
        if route.hosts.is_empty() {
            let none = Refused {
                reason: GapReason::NoHost,
                message: "it names no host".to_owned(),
            };
            return vec![one(String::new(), Some(none))];
        }
        route
            .hosts
            .into_iter()
            .map(|host| one(host, refused.clone()))
            .collect()
    }

    /// At which of our addresses something is reached. None yet: it waits for them.
    fn reached(&self, way: &Way) -> Result<Vec<String>, Refused> {
        match way {
            Way::Ingress {
                class,
                annotation,
                addresses,
            } => {
                match class {
                    Some(class) => self.answers_to(class)?,
                    None => answers_to_annotation(annotation.as_deref())?,
                }
                self.own(addresses, "its status")
            }
            Way::Traefik { annotation } => {
                answers_to_annotation(annotation.as_deref())?;
                if !self.custom_resources {
                    let message =
                        "the cluster's ingress serves no IngressRoutes: its `customResources` are off";
                    return Err(refused(GapReason::NotServed, message));
                }
                Ok(self.addresses.iter().cloned().collect())
            }
            Way::Parents(parents) => {
                let mut why = refused(GapReason::NotServed, "it has no parent");
                for parent in parents {
                    match self.through(parent) {
                        Ok(addresses) => return Ok(addresses),
                        Err(refused) => why = refused,
                    }
                }
                Err(why)
            }
        }
    }

    fn answers_to(&self, class: &str) -> Result<(), Refused> {
        match self.ingress_classes.get(class).map(String::as_str) {
            Some(INGRESS_CONTROLLER) => Ok(()),
            Some(controller) => Err(refused(
                GapReason::OtherIngress,
                format!("its class {class} is that of {controller}"),
            )),
            None => Err(refused(
                GapReason::NotServed,
                format!("there is no IngressClass {class}"),
            )),
        }
    }

    /// At which addresses an HTTPRoute is reached through what it hangs on.
    fn through(&self, parent: &Parent) -> Result<Vec<String>, Refused> {
        let (at, refused_by) = match parent {
            Parent::Other(what) => {
                let message = format!("it hangs on {what}, which is no Gateway");
                return Err(refused(GapReason::NotServed, message));
            }
            Parent::Gateway { at, refused_by } => (at, refused_by),
        };
        let shown = format!("Gateway {}/{}", at.0, at.1);
        let not_served = |why: String| Err(refused(GapReason::NotServed, why));
        let Some(gateway) = self.gateways.get(at) else {
            return not_served(format!("there is no {shown}"));
        };
        let class = &gateway.class;
        let Some(controller) = self.gateway_classes.get(class) else {
            return not_served(format!("{shown} is of GatewayClass {class}, which is not there"));
        };
        if controller != GATEWAY_CONTROLLER {
            let message = format!("{shown} is one of {controller}");
            return Err(refused(GapReason::OtherIngress, message));
        }
        if !self.gateway_api {
            return not_served(format!(
                "{shown} is one of Traefik, and that of this cluster does not serve the Gateway API"
            ));
        }
        if gateway.refused || refused_by.contains(GATEWAY_CONTROLLER) {
            return not_served(format!("{shown} does not take it"));
        }
        if gateway.addresses.is_empty() {
            return not_served(format!("{shown} has no address"));
        }
        self.own(&gateway.addresses, &shown)
    }

    /// Those of these addresses that are ours.
    fn own(&self, told: &[String], by: &str) -> Result<Vec<String>, Refused> {
        let own: Vec<String> = told
            .iter()
            .filter(|address| self.addresses.contains(*address))
            .cloned()
            .collect();
        if own.is_empty() && !told.is_empty() {
            let message = format!(
                "the address of {by} is {}, which is not that of Service {}",
                told.join(", "),
                self.service
            );
            return Err(refused(GapReason::OtherIngress, message));
        }
        Ok(own)
    }
}

/// Whether Traefik takes for its own what names no class, or one by annotation: so it does where it is told of no class
/// itself, as ours is.
fn answers_to_annotation(annotation: Option<&str>) -> Result<(), Refused> {
    match annotation {
        None | Some("" | USUAL_CLASS) => Ok(()),
        Some(class) => Err(refused(
            GapReason::OtherIngress,
            format!("its annotation names class {class}"),
        )),
    }
}
