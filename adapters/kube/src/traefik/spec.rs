//! The Traefik that a cluster should have: what is said of it, before it is objects.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kompox_domain::model::HeaderAliases;

use super::advisories::{Exposure, Part};
use super::version::Version;
use crate::labels;

/// What Traefik's Deployment, Service, IngressClass and the volume claim for its certificates are called.
pub const TRAEFIK: &str = "traefik";
/// The ConfigMap of the file provider.
pub(super) const FILE_PROVIDER: &str = "traefik-file-provider";
/// How many pods there are unless that is said.
const REPLICAS: u32 = 2;
/// Whom Traefik runs as.
pub(super) const USER: i64 = 65532;

/// The Traefik that a cluster should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traefik {
    /// Where it is.
    pub namespace: String,
    /// As whom it asks the cluster, and the cloud.
    pub service_account: String,
    /// What the cloud wants to read on its service account.
    pub service_account_annotations: BTreeMap<String, String>,
    /// What the cloud wants to read on its pods.
    pub pod_labels: BTreeMap<String, String>,
    /// What it runs.
    pub image: Image,
    /// How many pods. None: two, or one with ACME.
    pub replicas: Option<u32>,
    /// Whether it gets certificates by itself, and for whom.
    pub acme: Option<Acme>,
    /// Whether it serves IngressRoutes and its other kinds too, beside Ingresses.
    pub custom_resources: bool,
    /// What becomes of request headers with names like those of others. None: they are taken off, by a Traefik that
    /// can.
    pub header_aliases: Option<HeaderAliases>,
    /// The vaults that hold certificates.
    pub vaults: Vec<VaultMount>,
    /// The cluster it is made for: `<ws>/<prv>/<cls>`, on every object.
    pub owner: String,
}

impl Traefik {
    /// One of which nothing is said but where it is, as whom it runs, and for which cluster.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        service_account: impl Into<String>,
        owner: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            service_account: service_account.into(),
            service_account_annotations: BTreeMap::new(),
            pod_labels: BTreeMap::new(),
            image: Image::default(),
            replicas: None,
            acme: None,
            custom_resources: false,
            header_aliases: None,
            vaults: Vec::new(),
            owner: owner.into(),
        }
    }

    /// How many pods it has: with ACME one, as the file with the certificates has one writer.
    #[must_use]
    pub fn pods(&self) -> u32 {
        match (&self.acme, self.replicas) {
            (Some(_), _) => 1,
            (None, Some(replicas)) => replicas,
            (None, None) => REPLICAS,
        }
    }

    /// What is known of its version. None: nothing, or the image does not tell its version.
    #[must_use]
    pub fn exposure(&self) -> Option<Exposure> {
        Exposure::of(self.image.version()?, |part| match part {
            Part::Always => true,
            Part::CustomResources => self.custom_resources,
            Part::Acme => self.acme.is_some(),
            Part::Http3 | Part::Gateway | Part::IngressNginx | Part::Never => false,
        })
    }

    pub(super) fn its_namespace(&self) -> Namespace {
        Namespace {
            metadata: self.global(&self.namespace, "namespace"),
            ..Namespace::default()
        }
    }

    /// What an object in the namespace has in common with the others.
    pub(super) fn metadata(&self, name: &str, component: &str) -> ObjectMeta {
        ObjectMeta {
            namespace: Some(self.namespace.clone()),
            ..self.global(name, component)
        }
    }

    /// The same for an object in no namespace.
    pub(super) fn global(&self, name: &str, component: &str) -> ObjectMeta {
        let mut labels = self.selector();
        labels.insert(labels::MANAGED_BY.to_owned(), labels::MANAGER.to_owned());
        labels.insert(labels::COMPONENT.to_owned(), component.to_owned());
        ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels),
            annotations: Some(BTreeMap::from([(labels::CLUSTER.to_owned(), self.owner.clone())])),
            ..ObjectMeta::default()
        }
    }

    /// The labels by which its pods are found. They cannot be changed once the Deployment is there.
    pub(crate) fn selector(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (labels::NAME.to_owned(), TRAEFIK.to_owned()),
            (labels::INSTANCE.to_owned(), self.namespace.clone()),
        ])
    }
}

/// The image of Traefik. What is not said is what this version of the program was made for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// Where it is pulled from: `docker.io`.
    pub registry: Option<String>,
    /// Its name there: `traefik`.
    pub repository: Option<String>,
    /// Its version: `v3.7.13`.
    pub tag: Option<String>,
    /// Exactly which one: `sha256:…`. Then a tag says nothing unless it was asked for.
    pub digest: Option<String>,
}

impl Image {
    /// The registry it is pulled from unless that is said.
    pub const REGISTRY: &str = "docker.io";
    /// Its name there.
    pub const REPOSITORY: &str = "traefik";
    /// The version that this program was made for.
    pub const TAG: &str = "v3.7.13";

    /// Its version. None where that is not told.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        Version::of_image(&self.reference())
    }

    /// As pods name it.
    #[must_use]
    pub fn reference(&self) -> String {
        let registry = self.registry.as_deref().unwrap_or(Self::REGISTRY);
        let repository = self.repository.as_deref().unwrap_or(Self::REPOSITORY);
        let name = format!("{registry}/{repository}");
        match (self.tag.as_deref(), self.digest.as_deref()) {
            (None, Some(digest)) => format!("{name}@{digest}"),
            (Some(tag), Some(digest)) => format!("{name}:{tag}@{digest}"),
            (tag, None) => format!("{name}:{}", tag.unwrap_or(Self::TAG)),
        }
    }
}

/// Certificates from Let's Encrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// Whom it writes to. There is no other address than the one that was given.
    pub email: String,
    /// The resolver for all that ask for none, one of [`RESOLVERS`](super::RESOLVERS). None: only who asks for one gets a certificate.
    pub resolver: Option<String>,
}

/// A vault with certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultMount {
    /// What its SecretProviderClass is called.
    pub name: String,
    /// How the CSI driver gets at the vault: all parameters but `objects`.
    pub parameters: BTreeMap<String, String>,
    /// The certificates in it.
    pub certificates: Vec<VaultCertificate>,
}

/// A certificate in a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultCertificate {
    /// What the configuration calls it.
    pub name: String,
    /// What the vault calls it.
    pub object: String,
    /// Which version. None: always the newest.
    pub version: Option<String>,
}
