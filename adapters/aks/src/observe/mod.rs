//! What there is of a cluster in Azure: its stack, its group, the managed cluster and its windows, as they are read.

pub(crate) mod locate;
pub(crate) mod managed_cluster;
pub(crate) mod observed_cluster;
pub(crate) mod outputs;
pub(crate) mod provisioned_cluster;
pub(crate) mod stack;
pub(crate) mod windows;

pub(crate) use locate::ClusterRef;
pub(crate) use observed_cluster::{ObservedCluster, ObservedGroup};
pub(crate) use provisioned_cluster::ProvisionedCluster;
