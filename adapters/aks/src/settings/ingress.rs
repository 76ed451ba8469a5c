//! The ingress, as far as the configuration alone tells: enough to refuse what cannot be, and to uninstall it.

use std::collections::BTreeMap;

use kompox_domain::model::Ingress;
use kompox_kube::Traefik;
use kompox_kube::traefik::{Acme, Image};

/// The workload identity webhook gives tokens to pods with this label
/// (<https://learn.microsoft.com/azure/aks/workload-identity-overview>).
const USES_IDENTITY: (&str, &str) = ("azure.workload.identity/use", "true");
/// What the configuration alone says of it: enough to take it off, and to tell what cannot be.
pub(crate) fn described(ingress: &Ingress, owner: &str) -> Traefik {
    let image = &ingress.image;
    let mut traefik = Traefik::new(
        ingress.namespace.as_str(),
        ingress.service_account.as_str(),
        owner,
    );
    traefik.pod_labels =
        BTreeMap::from([USES_IDENTITY].map(|(key, value)| (key.to_owned(), value.to_owned())));
    traefik.image = Image {
        registry: image.registry.clone(),
        repository: image.repository.clone(),
        tag: image.tag.clone(),
        digest: image.digest.clone(),
    };
    traefik.replicas = ingress.replicas;
    traefik.acme = ingress.cert_email.clone().map(|email| Acme {
        email,
        resolver: ingress.cert_resolver.clone(),
    });
    traefik.custom_resources = ingress.custom_resources;
    traefik.header_aliases = ingress.header_aliases;
    traefik
}
