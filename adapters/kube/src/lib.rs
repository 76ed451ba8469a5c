//! What kompoxops knows of Kubernetes: kubeconfig files, and a client for the API server of a cluster.

pub mod client;
pub mod kubeconfig;
pub mod resolve;

pub use client::{KubeClient, KubeError, Trouble};
pub use kubeconfig::{Access, Kubeconfig};
pub use resolve::{Resolver, SystemResolver};
