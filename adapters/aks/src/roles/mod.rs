//! Role assignments that are made outside of the cluster's stack: which, to whom, and what ARM says to each.
//!
//! Which, and why these, stands in `design/roles.md`.

mod answers;
mod assign;
mod grants;
mod ours;

pub(crate) use assign::{Assigned, Assigner, Given, refused};
pub(crate) use grants::{Grant, Identity, Role};
pub(crate) use ours::{Assignment, delete, description, ours};
