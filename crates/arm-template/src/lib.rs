//! The README of this package is the documentation of the crate.

#![doc = include_str!("../README.md")]

pub mod context;
pub mod document;
pub mod error;
pub mod evaluator;
mod expression;
mod functions;
pub mod ids;
pub mod outputs;
pub mod parameters;
pub mod plan;
mod unique;
mod values;
