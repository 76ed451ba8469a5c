//! The driver of one provider, which hands out its abilities.

use std::sync::Arc;

use super::ability::Ability;
use super::cluster::ClusterDriver;
use super::dns::DnsDriver;
use super::ingress::IngressDriver;
use super::mount::MountDriver;
use super::volume::VolumeDriver;

/// The driver of one configured provider: its name, and the abilities that it has.
///
/// An ability is a trait of its own, all of whose methods are required; one that a driver does not have is `None`.
/// Every method of an ability may be called at the same time as any other, from this process and from others; there
/// is no lock. A method is cancelled by dropping its future; what it had asked the cloud for by then goes on there,
/// and calling it again must lead to the same end. No wait outlasts
/// [`Context::deadline`](crate::Context::deadline): then the error is [`Timeout`](crate::ErrorKind::Timeout). Every
/// write is told of ([`Context::write`](crate::Context::write)): from that it is known whether an operation that
/// failed may have been done all the same. What a method answers and writes in which [`Mode`](super::Mode) is in its contract.
///
/// Besides the errors each method names, all can give `Unauthenticated`, `PermissionDenied`, `Throttled`,
/// `Unavailable`, `Timeout`, `Internal`, and `InvalidInput` for settings that cannot be meant.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait ProviderDriver: Send + Sync {
    /// The driver's name.
    ///
    /// # Behavior
    /// Constant, without I/O.
    ///
    /// # Errors
    /// None.
    fn name(&self) -> &'static str;

    /// Disks and snapshots of volumes.
    ///
    /// # Behavior
    /// Without I/O. Every instance of a driver has the same abilities. `None`: the driver does not have it.
    ///
    /// # Errors
    /// None.
    fn volumes(&self) -> Option<Arc<dyn VolumeDriver>>;

    /// Mounting disks in clusters.
    ///
    /// # Behavior
    /// As [`volumes`](Self::volumes). A driver without clusters has none.
    ///
    /// # Errors
    /// None.
    fn mounts(&self) -> Option<Arc<dyn MountDriver>>;

    /// Clusters.
    ///
    /// # Behavior
    /// As [`volumes`](Self::volumes).
    ///
    /// # Errors
    /// None.
    fn clusters(&self) -> Option<Arc<dyn ClusterDriver>>;

    /// The ingress of clusters.
    ///
    /// # Behavior
    /// As [`volumes`](Self::volumes).
    ///
    /// # Errors
    /// None.
    fn ingress(&self) -> Option<Arc<dyn IngressDriver>>;

    /// DNS records of apps.
    ///
    /// # Behavior
    /// As [`volumes`](Self::volumes).
    ///
    /// # Errors
    /// None.
    fn dns(&self) -> Option<Arc<dyn DnsDriver>>;
}

impl Ability {
    /// Whether the driver has it.
    #[must_use]
    pub fn is_of(self, driver: &dyn ProviderDriver) -> bool {
        match self {
            Self::Volumes => driver.volumes().is_some(),
            Self::Mounts => driver.mounts().is_some(),
            Self::Clusters => driver.clusters().is_some(),
            Self::Ingress => driver.ingress().is_some(),
            Self::Dns => driver.dns().is_some(),
        }
    }
}
