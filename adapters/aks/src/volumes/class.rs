//! Which volumes the driver makes, and how Kubernetes sees them.

use kompox_domain::model::VolumeKind;
use kompox_domain::volume::VolumeClass;
use kompox_domain::{Error, ErrorKind, Result, Volume};

/// How Kubernetes sees every volume of this driver.
pub(crate) const CLASS: VolumeClass = VolumeClass {
    storage_class: "managed-csi",
    csi_driver: "disk.csi.azure.com",
    fs_type: "ext4",
    access_modes: &["ReadWriteOnce"],
    reclaim_policy: "Retain",
    volume_mode: "Filesystem",
};

/// Refuses volumes that are not made of disks.
pub(crate) fn require_disk(volume: &Volume) -> Result<()> {
    match volume.kind {
        VolumeKind::Disk => Ok(()),
        VolumeKind::Files => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "volume {} is of type files, which driver aks does not support",
                volume.name
            ),
        )
        .with_hint("leave `type` out, or write `type: disk`")),
    }
}
