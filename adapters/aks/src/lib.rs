//! The provider driver for Azure Kubernetes Service.
//!
//! Volumes are managed disks in the app's resource group, snapshots are incremental snapshots beside them.
//! There is no state but the cloud's own: names and tags say what belongs to whom.

mod api;
mod cluster;
mod dns;
mod driver;
mod factory;
mod groups;
mod install;
pub mod naming;
pub mod permissions;
mod roles;
pub mod settings;
mod skus;
mod volumes;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use volumes::fuzzing;

pub use driver::AksDriver;
pub use factory::AksFactory;
