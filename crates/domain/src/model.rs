//! What a configuration describes.

use std::fmt;
use std::str::FromStr;

use crate::name::{InvalidName, Label, VolumeName};
use crate::naming::{self, NO_WORKSPACE, ShortHash};
use crate::options::VolumeOptions;
use crate::quantity::ByteSize;
use crate::settings::Settings;

/// A workspace: the outermost name space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its name.
    pub name: Label,
}

/// `/ws/<ws>/prv/<prv>`: a provider's place in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId {
    /// Its workspace; absent where the configuration has none.
    pub workspace: Option<Label>,
    /// Its name.
    pub provider: Label,
}

/// `/ws/<ws>/prv/<prv>/cls/<cls>`: a cluster's place in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId {
    /// Its provider.
    pub provider: ProviderId,
    /// Its name.
    pub cluster: Label,
}

/// `/ws/<ws>/prv/<prv>/cls/<cls>/app/<app>`: an app's place in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its name.
    pub app: Label,
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workspace = self.workspace.as_ref().map_or(NO_WORKSPACE, Label::as_str);
        write!(f, "/ws/{workspace}/prv/{}", self.provider)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/cls/{}", self.provider, self.cluster)
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/app/{}", self.cluster, self.app)
    }
}

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Not of the form.
    #[error("id {0:?} is not of the form /ws/<workspace>[/prv/<provider>[/cls/<cluster>[/app/<app>]]]")]
    Form(String),
    /// One of its names is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

/// Any id: what `metadata.annotations["ops.kompox.dev/id"]` holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AnyId {
    /// A workspace's.
    Workspace(Option<Label>),
    /// A provider's.
    Provider(ProviderId),
    /// A cluster's.
    Cluster(ClusterId),
    /// An app's.
    App(AppId),
}

impl FromStr for AnyId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let form = || InvalidId::Form(text.chars().take(200).collect());
        let mut parts = text.strip_prefix('/').ok_or_else(form)?.split('/');
        let mut name = |kind: &str| -> Result<Option<&str>, InvalidId> {
            match (parts.next(), parts.next()) {
                (None, None) => Ok(None),
                (Some(found), Some(name)) if found == kind => Ok(Some(name)),
                _ => Err(form()),
            }
        };
        let workspace = match name("ws")?.ok_or_else(form)? {
            NO_WORKSPACE => None,
            name => Some(name.parse()?),
        };
        let Some(provider) = name("prv")? else {
            return Ok(Self::Workspace(workspace));
        };
        let provider = ProviderId {
            workspace,
            provider: provider.parse()?,
        };
        let Some(cluster) = name("cls")? else {
            return Ok(Self::Provider(provider));
        };
        let cluster = ClusterId {
            provider,
            cluster: cluster.parse()?,
        };
        let Some(app) = name("app")? else {
            return Ok(Self::Cluster(cluster));
        };
        let app = AppId {
            cluster,
            app: app.parse()?,
        };
        if parts.next().is_some() {
            Err(form())
        } else {
            Ok(Self::App(app))
        }
    }
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace(name) => write!(f, "/ws/{}", name.as_ref().map_or(NO_WORKSPACE, Label::as_str)),
            Self::Provider(id) => id.fmt(f),
            Self::Cluster(id) => id.fmt(f),
            Self::App(id) => id.fmt(f),
        }
    }
}

/// A provider: one driver with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its place.
    pub id: ProviderId,
    /// The name of the driver, for example `aks`.
    pub driver: String,
    /// The driver's settings.
    pub settings: Settings,
}

/// What may not be done to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProtectionLevel {
    /// Anything may be done.
    #[default]
    None,
    /// It may not be deleted.
    CannotDelete,
    /// It may be created once, then neither changed nor deleted.
    ReadOnly,
}

/// Protection of the two halves of a cluster's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protection {
    /// Provision and deprovision.
    pub provisioning: ProtectionLevel,
    /// Install and uninstall.
    pub installation: ProtectionLevel,
}

/// A certificate for the ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What the ingress calls it.
    pub name: String,
    /// Where it is kept, in the driver's own notation.
    pub source: String,
}

/// Where the controller's image comes from. What is not said is as the driver pins it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressImage {
    /// The registry, such as `registry.example.com`, with a path where there is one.
    pub registry: Option<String>,
    /// The repository in the registry.
    pub repository: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// The digest, such as `sha256:…`; with it the tag only tells what it was.
    pub digest: Option<String>,
}

/// What becomes of request headers whose names an app may take for those of others: behind CGI, PHP or nginx
/// `X_Auth_User` and `X.Auth.User` are `X-Auth-User` too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderAliases {
    /// They are taken off.
    Delete,
    /// They are handed on.
    Keep,
    /// The request is refused.
    Reject,
}

impl HeaderAliases {
    /// Each with the word for it.
    pub const ALL: [(&str, Self); 3] = [
        ("delete", Self::Delete),
        ("keep", Self::Keep),
        ("reject", Self::Reject),
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Keep => "keep",
            Self::Reject => "reject",
        }
    }
}

/// The ingress of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingress {
    /// The namespace of the controller.
    pub namespace: Label,
    /// The controller's service account.
    pub service_account: Label,
    /// The controller; `traefik` is the one there is.
    pub controller: Option<String>,
    /// The domain under which apps are served.
    pub domain: Option<String>,
    /// The ACME account's address. Without it there is no ACME.
    pub cert_email: Option<String>,
    /// The certificate resolver that apps get unless they name one.
    pub cert_resolver: Option<String>,
    /// Certificates that are kept elsewhere.
    pub certificates: Vec<Certificate>,
    /// The controller's image.
    pub image: IngressImage,
    /// How many of the controller run at once; as the driver sees fit where it is not said.
    pub replicas: Option<u32>,
    /// Whether apps may use the controller's own kinds of routes beside plain Ingress objects.
    pub custom_resources: bool,
    /// What becomes of headers with names like those of others; as the driver sees fit where it is not said.
    pub header_aliases: Option<HeaderAliases>,
}

impl Ingress {
    /// One of which nothing is said but where it runs, and as whom.
    #[must_use]
    pub fn new(namespace: Label, service_account: Label) -> Self {
        Self {
            namespace,
            service_account,
            controller: None,
            domain: None,
            cert_email: None,
            cert_resolver: None,
            certificates: vec![],
            image: IngressImage::default(),
            replicas: None,
            custom_resources: false,
            header_aliases: None,
        }
    }
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its place.
    pub id: ClusterId,
    /// Whether somebody else made it, so that it is neither provisioned nor deprovisioned.
    pub existing: bool,
    /// What may not be done to it.
    pub protection: Protection,
    /// Its ingress.
    pub ingress: Ingress,
    /// The driver's settings.
    pub settings: Settings,
}

impl Cluster {
    /// `<ws>/<prv>/<cls>`, the value of `kompox-cluster`.
    #[must_use]
    pub fn path(&self) -> String {
        let provider = &self.id.provider;
        naming::path(provider.workspace.as_ref(), &provider.provider, &self.id.cluster)
    }

    /// clHASH.
    #[must_use]
    pub fn hash(&self) -> ShortHash {
        let provider = &self.id.provider;
        naming::cluster_hash(provider.workspace.as_ref(), &provider.provider, &self.id.cluster)
    }
}

/// What a volume is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VolumeKind {
    /// Block storage.
    #[default]
    Disk,
    /// A file share.
    Files,
}

/// A logical volume of an app: one of its disks is the assigned one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name, unique in the app.
    pub name: VolumeName,
    /// How large a new disk is at least.
    pub size: ByteSize,
    /// What it is made of.
    pub kind: VolumeKind,
    /// What its disks are like.
    pub options: VolumeOptions,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its place.
    pub id: AppId,
    /// The zone it is deployed to, as written.
    pub zone: Option<String>,
    /// Its volumes.
    pub volumes: Vec<Volume>,
    /// The driver's settings.
    pub settings: Settings,
}

impl App {
    /// The volume of that name.
    #[must_use]
    pub fn volume(&self, name: &VolumeName) -> Option<&Volume> {
        self.volumes.iter().find(|volume| volume.name == *name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_every_length_read_and_print_the_same() {
        for text in [
            "/ws/w",
            "/ws/(nil)/prv/p",
            "/ws/w/prv/p/cls/c",
            "/ws/w/prv/p/cls/c/app/a",
        ] {
            assert_eq!(text.parse::<AnyId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for bad in [
            "",
            "/",
            "ws/w",
            "/ws",
            "/ws/",
            "/ws/w/",
            "/ws/w/prv",
            "/ws/w/cls/c",
            "/ws/w/prv/p/cls/c/app/a/x",
            "/ws/W",
        ] {
            assert!(bad.parse::<AnyId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(/?(ws|prv|cls|app|\\PC{0,4})){0,10}") {
            if let Ok(id) = text.parse::<AnyId>() { prop_assert_eq!(id.to_string(), text); }
        }
    }
}
