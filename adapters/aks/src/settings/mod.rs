//! The driver's settings: which keys there are, and what they mean.

pub(crate) mod cluster;
mod group;
pub mod keys;
mod provider;

pub(crate) use cluster::ClusterSettings;
use group::cluster_group;
pub(crate) use group::{app_group, check_app_group};
pub(crate) use provider::ProviderSettings;
