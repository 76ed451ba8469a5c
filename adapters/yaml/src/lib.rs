//! Reads YAML from outside into a tree: within bounds, with the place of every value, and with every error.
//!
//! Configurations and kubeconfig files are read by it. What a reader means by a value is the reader's affair: scalars
//! are kept as they were written.

mod bounds;
mod builder;
mod documents;
mod problem;
mod scalar;
mod tree;

#[cfg(test)]
mod tests;

pub use bounds::{Bounds, Budget};
pub use documents::{Document, Documents};
pub use problem::{Mark, Problem, ProblemKind};
pub use scalar::{Scalar, Style, is_plain, is_surely_text};
pub use tree::{Entry, Map, Node, Value};
