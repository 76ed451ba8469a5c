//! What this crate does with a cluster, against the Kubernetes of the embedded Azure, and against a real API server
//! where there is one: see [`world`].

mod conflicts;
mod installing;
mod strangers;
mod uninstalling;
mod waiting;
mod world;
