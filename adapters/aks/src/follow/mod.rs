//! Following what is under way with a cluster, and telling why it failed.

pub(crate) mod failure;
pub(crate) mod follower;
mod operations;
mod wait;

pub(crate) use wait::wait_for_existing;
