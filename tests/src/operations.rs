//! Every operation that writes, for those who break it.

#![expect(
    clippy::expect_used,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

use kompox_azure_emulator::Options;

use crate::crash_points::{Trouble, break_at};

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
                Self::Cluster(Building::deprovision_with_more()),
                Self::Ingress(Installing::install()),
                Self::Ingress(Installing::uninstall()),
                Self::Mounts(Mounting),
                Self::Names(Publishing::deploy()),
                Self::Names(Publishing::destroy()),
            ])
            .collect()
    }

    /// Breaks it at one of its requests.
    ///
    /// # Errors
    /// As [`break_at`].
    pub async fn break_at(&self, options: Options, trouble: Trouble, request: usize) -> Result<(), String> {
        match self {
            Self::Volumes(operation) => break_at(operation, options, trouble, request).await,
            Self::Cluster(operation) => break_at(operation, options, trouble, request).await,
            Self::Ingress(operation) => break_at(operation, options, trouble, request).await,
            Self::Mounts(operation) => break_at(operation, options, trouble, request).await,
            Self::Names(operation) => break_at(operation, options, trouble, request).await,
        }
    }
}
