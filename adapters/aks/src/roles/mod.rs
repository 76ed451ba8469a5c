//! Role assignments that are made outside of the cluster's stack: which, to whom, and what ARM says to each.
//!
//! Which, and why these, stands in `design/roles.md`.

mod answers;
mod assign;
mod assignment;
mod attach;
mod listing;

pub(crate) use assign::{Assigned, Assigner, AssignmentOutcome, refused};
pub(crate) use assignment::{Identity, Role, RoleAssignment};
pub(crate) use attach::attach;
pub(crate) use listing::{ListedAssignment, assignments_of_cluster, delete, description};
