//! Role assignments of a cluster's identities outside of its stack: which, to whom, and what ARM says to each. (What the
//! caller itself may do in Azure is called a permission, in `permissions`.)
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
