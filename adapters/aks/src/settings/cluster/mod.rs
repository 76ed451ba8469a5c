//! A cluster's settings, read and checked as a whole.

mod certificates;
mod model;
pub(crate) mod preset;
mod read;
mod reader;
mod rules;
pub(crate) mod upgrades;
mod values;

pub(crate) use certificates::VaultCertificate;
pub(crate) use model::{
    ApiServer, ClusterSettings, ExistingSettings, FoundBy, InstallTargets, Pool, PrivateZone,
    ProvisionedSettings, SYSTEM_POOL,
};
pub(crate) use read::Problems;
pub(crate) use values::OUTBOUND_TYPES;

#[cfg(test)]
mod tests;
