//! What kompoxops does, told in terms of its ports: one module per noun, one function per verb.
//!
//! Nothing in here knows a cloud, a file format or a terminal. What is asked for is looked up in the
//! [`Catalog`](kompox_domain::Catalog) and in what the driver hands out before the driver is called, so that
//! what cannot be meant never reaches the cloud. Every error says what was being done and keeps its cause.

pub mod check;
pub mod cluster;
pub mod disk;
pub mod dns;
pub mod driver;
pub mod snapshot;
pub mod target;
pub mod volume;

mod ability;
mod support;
