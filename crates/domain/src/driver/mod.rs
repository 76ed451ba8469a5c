//! The ports that a provider driver implements: one for each ability, and the driver that hands them out.

mod ability;
mod cluster;
mod dns;
mod factory;
mod ingress;
mod mode;
mod mount;
mod operation;
mod provider;
mod volume;

pub use ability::Ability;
pub use cluster::{
    Address, ClusterDriver, Credential, DeprovisionRequest, KubeconfigRequest, ProvisionRequest, TokenCommand,
};
pub use dns::{DnsDriver, DnsRequest};
pub use factory::{DriverFactory, Finding};
pub use ingress::{IngressDriver, InstallRequest, UninstallRequest};
pub use mode::Mode;
pub use mount::MountDriver;
pub use operation::Operation;
pub use provider::ProviderDriver;
pub use volume::{DiskCreate, SnapshotCreate, SnapshotRestore, VolumeDriver, VolumeOption};

#[cfg(feature = "mock")]
pub use self::{
    cluster::MockClusterDriver, dns::MockDnsDriver, factory::MockDriverFactory, ingress::MockIngressDriver,
    mount::MockMountDriver, provider::MockProviderDriver, volume::MockVolumeDriver,
};
