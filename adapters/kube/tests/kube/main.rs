//! What this crate does with a cluster, against the Kubernetes of the embedded Azure, and against a real API server
//! where there is one: see [`world`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the exception for tests covers only the functions that are tests, not what they share"
)]

mod agent;
mod conflicts;
mod installing;
mod mounts;
mod serving;
mod strangers;
mod uninstalling;
mod waiting;
mod world;
