//! What the configuration protects a cluster from.

use kompox_domain::cluster::ClusterStatus;
use kompox_domain::model::ProtectionLevel;
use kompox_domain::{Cluster, Error, ErrorKind, Result};

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// To bring it into being, or up to date.
    Provision,
    /// To delete it.
    Deprovision,
    /// To make its ingress ready, or bring it up to date.
    Install,
    /// To take its ingress off.
    Uninstall,
}

impl Deed {
    /// What nobody may do.
    const fn words(self) -> &'static str {
        match self {
            Self::Provision => "change it",
            Self::Deprovision => "delete it",
            Self::Install => "change its ingress",
            Self::Uninstall => "take its ingress off",
        }
    }

    /// Whether it only ever adds and changes.
    const fn builds(self) -> bool {
        matches!(self, Self::Provision | Self::Install)
    }

    /// The field that says which level there is, and the level.
    const fn protected_by(self, cluster: &Cluster) -> (&'static str, ProtectionLevel) {
        match self {
            Self::Provision | Self::Deprovision => ("provisioning", cluster.protection.provisioning),
            Self::Install | Self::Uninstall => ("installation", cluster.protection.installation),
        }
    }
}

/// How a cluster is protected from a deed.
pub(super) const fn level(cluster: &Cluster, deed: Deed) -> ProtectionLevel {
    deed.protected_by(cluster).1
}

/// The word for a level, as in the configuration.
const fn word(level: ProtectionLevel) -> &'static str {
    match level {
        ProtectionLevel::None => "none",
        ProtectionLevel::CannotDelete => "cannotDelete",
        ProtectionLevel::ReadOnly => "readOnly",
    }
}

/// Whether the level has anything to say about the deed, so that it must be known what is there.
pub(super) const fn concerns(level: ProtectionLevel, deed: Deed) -> bool {
    match level {
        ProtectionLevel::None => false,
        ProtectionLevel::CannotDelete => !deed.builds(),
        ProtectionLevel::ReadOnly => true,
    }
}

/// Whether the deed is forbidden for what is there. What cannot be read counts as being there.
pub(super) fn forbids(level: ProtectionLevel, deed: Deed, found: Option<bool>) -> bool {
    concerns(level, deed) && found != Some(false)
}

/// The error of a deed that is forbidden.
pub(super) fn refused(cluster: &Cluster, deed: Deed, status: &ClusterStatus) -> Error {
    let mut message = says(cluster, deed);
    if status.found.is_none() {
        message = format!("{message}; whether there is anything of it cannot be told, which counts as yes");
    }
    forbidden(cluster, deed, message)
}

/// The same in words of one's own.
pub(super) fn forbidden(cluster: &Cluster, deed: Deed, message: String) -> Error {
    let name = &cluster.id.cluster;
    let (field, _) = deed.protected_by(cluster);
    Error::new(ErrorKind::Precondition, message).with_hint(format!(
        "set protection.{field} of cluster {name} to none in the configuration, run it again, and set it \
         back; no flag lifts it"
    ))
}

/// Passes on what is there. That it cannot be read is an error that names the protection, of the kind it had.
pub(super) fn known(cluster: &Cluster, deed: Deed, status: Result<ClusterStatus>) -> Result<ClusterStatus> {
    status.map_err(|error| {
        let message = says(cluster, deed);
        error.context(format!("{message}, and what there is of it cannot be read"))
    })
}

/// The protection in words: who may not do what, and where that is said.
pub(super) fn says(cluster: &Cluster, deed: Deed) -> String {
    let (field, level) = deed.protected_by(cluster);
    format!(
        "cluster {} is protected: with protection.{field}: {} nobody may {}",
        cluster.id,
        word(level),
        deed.words()
    )
}
