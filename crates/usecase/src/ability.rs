//! What a driver can do: the ability that an operation needs, or the error that the driver does not have it.

use std::sync::Arc;

use kompox_domain::{
    ClusterDriver, DnsDriver, Error, ErrorKind, IngressDriver, MountDriver, Operation, ProviderDriver,
    Result, VolumeDriver,
};

/// Disks and snapshots.
pub(crate) fn volumes(driver: &dyn ProviderDriver, operation: Operation) -> Result<Arc<dyn VolumeDriver>> {
    driver.volumes().ok_or_else(|| unsupported(driver, operation))
}

/// Mounting disks in a cluster.
pub(crate) fn mounts(driver: &dyn ProviderDriver, operation: Operation) -> Result<Arc<dyn MountDriver>> {
    driver.mounts().ok_or_else(|| unsupported(driver, operation))
}

/// Clusters.
pub(crate) fn clusters(driver: &dyn ProviderDriver, operation: Operation) -> Result<Arc<dyn ClusterDriver>> {
    driver.clusters().ok_or_else(|| unsupported(driver, operation))
}

/// The ingress of clusters.
pub(crate) fn ingress(driver: &dyn ProviderDriver, operation: Operation) -> Result<Arc<dyn IngressDriver>> {
    driver.ingress().ok_or_else(|| unsupported(driver, operation))
}

/// DNS records.
pub(crate) fn dns(driver: &dyn ProviderDriver, operation: Operation) -> Result<Arc<dyn DnsDriver>> {
    driver.dns().ok_or_else(|| unsupported(driver, operation))
}

/// The error of a driver that lacks the ability: the same words for all of them, before anything is asked.
fn unsupported(driver: &dyn ProviderDriver, operation: Operation) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("driver {} does not support {operation}", driver.name()),
    )
}
