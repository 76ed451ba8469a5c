//! The suite passes on the driver in memory, and fails on drivers that are wrong, each in its own case.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod broken;
mod faults;
mod memory;
