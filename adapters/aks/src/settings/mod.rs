//! The driver's settings: which keys there are, and what they mean.

pub(crate) mod cluster;
mod group;
pub(crate) mod ingress;
pub mod keys;
mod provider;

pub(crate) use cluster::ClusterSettings;
pub(crate) use group::{app_group, check_app_group};
pub(crate) use provider::ProviderSettings;
