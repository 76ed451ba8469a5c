//! The role assignment with which a cluster attaches the disks of an app.

use super::assignment::{Identity, Role, RoleAssignment};
use crate::api::Group;

/// The right to attach the disks of an app.
pub(crate) fn attach(principal: String, group: &Group) -> RoleAssignment {
    RoleAssignment {
        identity: Identity::Cluster,
        principal,
        role: Role::DiskRestoreOperator,
        scope: group.path(),
    }
}
