//! Volumes: managed disks and their snapshots.

mod app_volumes;
mod assign;
mod attach;
mod blueprint;
mod class;
mod disks;
mod encryption;
mod findings;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod in_cluster;
mod listing;
mod mount;
mod offer;
mod options;
mod sectors;
mod sku;
mod snapshots;
mod source;
mod ultra;
mod wire;
mod zones;

pub(crate) use app_volumes::AppVolumes;
pub(crate) use class::{CLASS, require_disk};
pub(crate) use encryption::{EncryptionSet, missing_hint, sets_of};
pub(crate) use findings::offline_findings;
pub(crate) use mount::mount;
pub(crate) use options::DECLARED as DECLARED_OPTIONS;
