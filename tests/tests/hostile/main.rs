//! Input that nobody means well: whatever ARM, a proxy or a file says, the answer is an error and comes in time.
//!
//! The same entries as the fuzz targets in `/fuzz`, and the client and driver against the embedded Azure.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the exception for tests covers only the functions that are tests, not what they share"
)]

mod driver;
mod exchange;
mod large;
mod pieces;
mod readers;
mod world;
