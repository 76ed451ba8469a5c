//! The abilities that a driver may have, as plain data.

/// What a driver may be able to do: one of the ports that it hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ability {
    /// [`VolumeDriver`](super::VolumeDriver).
    Volumes,
    /// [`MountDriver`](super::MountDriver).
    Mounts,
    /// [`ClusterDriver`](super::ClusterDriver).
    Clusters,
    /// [`IngressDriver`](super::IngressDriver).
    Ingress,
    /// [`DnsDriver`](super::DnsDriver).
    Dns,
}

impl Ability {
    /// Every ability.
    pub const ALL: [Self; 5] = [
        Self::Volumes,
        Self::Mounts,
        Self::Clusters,
        Self::Ingress,
        Self::Dns,
    ];
}
