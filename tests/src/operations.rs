//! Every operation that writes, for those who break it.

#![expect(
    clippy::expect_used,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

use kompox_azure_emulator::Options;

use crate::crash_points::{Breakable, ready};

pub mod building;
pub mod doing;
pub mod installing;
pub mod mounting;
pub mod publishing;

use building::Building;
use doing::Doing;
use installing::Installing;
use mounting::Mounting;
use publishing::Publishing;

/// Any operation that writes.
pub enum Writing {
    /// One on volumes.
    Volumes(Doing),
    /// One on a cluster.
    Cluster(Building),
    /// One on a cluster's ingress.
    Ingress(Installing),
    /// Letting a cluster mount disks.
    Mounts(Mounting),
    /// One on DNS records.
    Names(Publishing),
}

impl Writing {
    /// Every one.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let volumes = doing::writing().into_iter().map(Self::Volumes);
        volumes
            .chain([
                Self::Cluster(Building::provision()),
                Self::Cluster(Building::upgrade_node_images()),
                Self::Cluster(Building::deprovision_with_more()),
                Self::Ingress(Installing::install()),
                Self::Ingress(Installing::uninstall()),
                Self::Mounts(Mounting),
                Self::Names(Publishing::deploy()),
                Self::Names(Publishing::destroy()),
            ])
            .collect()
    }

    /// Makes it ready in an embedded Azure of these options.
    ///
    /// # Errors
    /// As [`ready`].
    pub async fn ready(self, options: Options) -> Result<Box<dyn Breakable>, String> {
        match self {
            Self::Volumes(operation) => ready(operation, options).await,
            Self::Cluster(operation) => ready(operation, options).await,
            Self::Ingress(operation) => ready(operation, options).await,
            Self::Mounts(operation) => ready(operation, options).await,
            Self::Names(operation) => ready(operation, options).await,
        }
    }
}
