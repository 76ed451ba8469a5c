//! What kompoxops knows of Kubernetes: kubeconfig files, manifests, and a client for a cluster's API server.

pub mod client;
pub mod kubeconfig;
pub mod manifest;
pub mod resolve;

pub use client::{KubeClient, KubeError, Trouble};
pub use kubeconfig::{Access, Kubeconfig};
pub use resolve::{Resolver, SystemResolver};
