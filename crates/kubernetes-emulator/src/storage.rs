//! What a cluster has for storage: the classes, and the finalizers that protect what is in use.

/// The storage classes of Azure disks in a new AKS cluster, the default one first.
pub(crate) const CLASSES: [&str; 4] = ["default", "managed-csi", "managed-csi-premium", "managed"];

/// A claim stays as long as a pod uses it.
pub(crate) const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
/// A volume stays as long as it is bound.
pub(crate) const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";
