//! What kompoxops knows of Kubernetes: kubeconfig files, manifests, a client for a cluster's API server, and the
//! ingress of a cluster.

pub mod agent;
mod apply;
pub mod client;
pub mod ingress;
pub mod kubeconfig;
pub mod labels;
pub mod manifest;
pub mod mounts;
pub mod object;
pub mod resolve;
mod served;
pub mod traefik;

pub use agent::Agent;
pub use client::{KubeClient, KubeError, Trouble};
pub use ingress::{DefaultClasses, Ingress, IngressAddress, UninstallOptions, uninstall};
pub use kubeconfig::{Access, Kubeconfig};
pub use mounts::DiskReference;
pub use resolve::{Resolver, SystemResolver};
pub use traefik::Traefik;
