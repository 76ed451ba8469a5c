//! The README of this package is the documentation of the crate.

#![doc = include_str!("../README.md")]

pub mod body;
pub mod bucket;
pub mod error;
pub mod faults;
pub mod json;
pub mod log;
pub mod platform;
pub mod reply;
pub mod request;
pub mod seats;
pub mod store;
