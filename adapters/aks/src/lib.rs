//! The provider driver for Azure Kubernetes Service.
//!
//! Volumes are managed disks in the app's resource group, snapshots are incremental snapshots beside them.
//! There is no state but the cloud's own: names and tags say what belongs to whom.

mod advice;
mod api;
mod check;
mod deprovision;
mod dns;
mod driver;
mod factory;
mod follow;
mod groups;
mod install;
mod kubeconfig;
mod lenient;
pub mod naming;
mod observe;
pub mod permissions;
mod provision;
mod resource_name;
mod roles;
mod session;
pub mod settings;
mod skus;
mod status;
mod tags;
mod template;
mod volumes;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use volumes::fuzzing;

pub use driver::AksDriver;
pub use factory::AksFactory;
