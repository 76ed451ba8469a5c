//! Paths and api-versions of the ARM resources that the driver uses.
//!
//! Versions are pinned per type: the newest is no better for what is used here, and moves several times a year.

use kompox_arm::{ArmClient, ArmError};
use url::Url;

pub(crate) const GROUPS: &str = "2025-04-01";
pub(crate) const TAGS: &str = "2025-04-01";
pub(crate) const DISKS: &str = "2025-01-02";
pub(crate) const MANAGED_CLUSTERS: &str = "2025-05-01";
pub(crate) const STACKS: &str = "2025-07-01";
pub(crate) const DEPLOYMENTS: &str = "2025-04-01";
pub(crate) const RESOURCES: &str = "2025-04-01";
pub(crate) const IDENTITIES: &str = "2024-11-30";
pub(crate) const LOCKS: &str = "2020-05-01";
pub(crate) const ROLE_ASSIGNMENTS: &str = "2022-04-01";
pub(crate) const VAULTS: &str = "2023-07-01";
pub(crate) const DELETED_VAULTS: &str = "2023-07-01";
pub(crate) const SUBSCRIPTIONS: &str = "2022-12-01";
pub(crate) const PROVIDERS: &str = "2025-04-01";
pub(crate) const PERMISSIONS: &str = "2022-04-01";
pub(crate) const COMPUTE_USAGES: &str = "2024-07-01";
pub(crate) const COMPUTE_SKUS: &str = "2021-07-01";
pub(crate) const NETWORKS: &str = "2024-05-01";
pub(crate) const DNS_ZONES: &str = "2018-05-01";
pub(crate) const PRIVATE_DNS_ZONES: &str = "2024-06-01";
pub(crate) const DISK_ENCRYPTION_SETS: &str = "2025-01-02";
pub(crate) const FEATURES: &str = "2021-07-01";
pub(crate) const REGISTRIES: &str = "2025-11-01";

/// What the driver keeps in an app's resource group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Disks,
    Snapshots,
}

impl Kind {
    pub(crate) const fn segment(self) -> &'static str {
        match self {
            Self::Disks => "disks",
            Self::Snapshots => "snapshots",
        }
    }

    /// What one of them is called.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Disks => "disk",
            Self::Snapshots => "snapshot",
        }
    }
}

/// An app's resource group: where its disks and snapshots are.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) subscription: String,
    pub(crate) name: String,
}

impl Group {
    pub(crate) fn path(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            self.subscription, self.name
        )
    }

    pub(crate) fn url(&self, arm: &ArmClient) -> Result<Url, ArmError> {
        arm.url(&self.path(), GROUPS)
    }

    pub(crate) fn items_url(&self, arm: &ArmClient, kind: Kind) -> Result<Url, ArmError> {
        arm.url(
            &format!("{}/providers/Microsoft.Compute/{}", self.path(), kind.segment()),
            DISKS,
        )
    }

    pub(crate) fn item_path(&self, kind: Kind, name: &str) -> String {
        format!(
            "{}/providers/Microsoft.Compute/{}/{name}",
            self.path(),
            kind.segment()
        )
    }

    pub(crate) fn item_url(&self, arm: &ArmClient, kind: Kind, name: &str) -> Result<Url, ArmError> {
        arm.url(&self.item_path(kind, name), DISKS)
    }

    pub(crate) fn tags_url(&self, arm: &ArmClient, kind: Kind, name: &str) -> Result<Url, ArmError> {
        let path = format!(
            "{}/providers/Microsoft.Resources/tags/default",
            self.item_path(kind, name)
        );
        arm.url(&path, TAGS)
    }
}
