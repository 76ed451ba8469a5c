//! Traefik, as the objects it is made of.
//!
//! [`Traefik`] says what is wanted, [`Traefik::objects`] what that is in Kubernetes: each object whole, so that
//! nothing has to be rendered, downloaded or asked for. How they differ from what Traefik's Helm chart renders, and
//! why, stands in `design/traefik.md`.

mod access;
pub mod advisories;
mod arguments;
mod check;
mod definitions;
mod network;
mod objects;
mod running;
mod spec;
mod vaults;
mod version;
mod workload;

#[cfg(test)]
mod tests;

pub use self::arguments::RESOLVERS;
pub use self::check::check;
pub(crate) use self::definitions::DEFINITION;
pub(crate) use self::network::DEFAULT_CLASS;
pub use self::running::Running;
pub(crate) use self::running::serves;
pub use self::spec::{Acme, Image, TRAEFIK, Traefik, VaultCertificate, VaultMount};
pub(crate) use self::vaults::PROVIDER_CLASS;
pub use self::version::Version;
