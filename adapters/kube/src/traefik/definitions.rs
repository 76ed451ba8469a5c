//! The definitions of Traefik's own kinds: their names, and that they have fields. What the fields are is told by
//! Traefik alone, which reads them and says in its log what it does not understand.

use serde_json::json;

use super::spec::Traefik;
use crate::object::{Desired, Keep, Kind};

/// The group of Traefik's kinds.
pub(super) const GROUP: &str = "traefik.io";
const VERSION: &str = "v1alpha1";
pub(crate) const DEFINITION: Kind = Kind {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
};

/// Traefik's kinds.
pub(super) const KINDS: [Kind; 10] = [
    kind("IngressRoute", "ingressroutes"),
    kind("IngressRouteTCP", "ingressroutetcps"),
    kind("IngressRouteUDP", "ingressrouteudps"),
    kind("Middleware", "middlewares"),
    kind("MiddlewareTCP", "middlewaretcps"),
    kind("ServersTransport", "serverstransports"),
    kind("ServersTransportTCP", "serverstransporttcps"),
    kind("TLSOption", "tlsoptions"),
    kind("TLSStore", "tlsstores"),
    kind("TraefikService", "traefikservices"),
];

const fn kind(kind: &'static str, plural: &'static str) -> Kind {
    Kind {
        group: GROUP,
        version: VERSION,
        kind,
        plural,
    }
}

impl Traefik {
    pub(super) fn definitions(&self) -> impl Iterator<Item = Desired> {
        KINDS.iter().map(|kind| {
            let metadata = self.global(&format!("{}.{GROUP}", kind.plural), "definitions");
            let value = json!({
                "metadata": metadata,
                "spec": {
                    "group": GROUP,
                    "names": {
                        "kind": kind.kind,
                        "listKind": format!("{}List", kind.kind),
                        "plural": kind.plural,
                        "singular": kind.kind.to_ascii_lowercase()
                    },
                    "scope": "Namespaced",
                    "versions": [{
                        "name": VERSION,
                        "served": true,
                        "storage": true,
                        "schema": { "openAPIV3Schema": {
                            "type": "object",
                            "required": ["metadata", "spec"],
                            "properties": {
                                "apiVersion": { "type": "string" },
                                "kind": { "type": "string" },
                                "metadata": { "type": "object" },
                                "spec": { "type": "object", "x-kubernetes-preserve-unknown-fields": true }
                            }
                        } }
                    }]
                }
            });
            Desired::raw(DEFINITION, Keep::Shared, value)
        })
    }
}
