//! How requests get to Traefik.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{IngressClass, IngressClassSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::spec::{TRAEFIK, Traefik};

/// What Traefik answers to among IngressClasses.
const CONTROLLER: &str = "traefik.io/ingress-controller";
/// The annotation of the class that Ingresses get which name none.
pub(crate) const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

impl Traefik {
    /// The Service with the public address.
    ///
    /// `externalTrafficPolicy: Local` always: only so does Traefik see who asks. A node then takes requests only while
    /// a pod of Traefik runs on it, and the cloud finds that out by asking kube-proxy for `/healthz` at the Service's
    /// `healthCheckNodePort`. That is done without being told, and probes that annotations ask for are ignored then.
    pub(super) fn service(&self) -> Service {
        Service {
            metadata: self.metadata(TRAEFIK, "service"),
            spec: Some(ServiceSpec {
                external_traffic_policy: Some("Local".to_owned()),
                ports: Some(vec![port("web", 80), port("websecure", 443)]),
                selector: Some(self.selector()),
                type_: Some("LoadBalancer".to_owned()),
                ..ServiceSpec::default()
            }),
            ..Service::default()
        }
    }

    pub(super) fn ingress_class(&self) -> IngressClass {
        let mut metadata = self.global(TRAEFIK, "class");
        if let Some(annotations) = &mut metadata.annotations {
            annotations.insert(DEFAULT_CLASS.to_owned(), "true".to_owned());
        }
        IngressClass {
            metadata,
            spec: Some(IngressClassSpec {
                controller: Some(CONTROLLER.to_owned()),
                parameters: None,
            }),
        }
    }
}

fn port(name: &str, port: i32) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String(name.to_owned())),
        ..ServicePort::default()
    }
}
