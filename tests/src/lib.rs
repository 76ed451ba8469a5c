//! What tests across crates and through the binary share.

pub mod binary;
pub mod crash_points;
pub mod model;
pub mod operations;
