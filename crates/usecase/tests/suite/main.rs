//! The use cases on mocks of their ports: what is called how often with what, and what is said when it fails.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod bootstrap;
mod check;
mod cluster;
mod disk;
mod dns;
mod driver;
mod snapshot;
mod support;
mod target;
mod volume;
