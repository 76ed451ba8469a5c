//! Everything that deprovisioning decides by, as it was found.

use crate::roles::ListedAssignment;
use crate::tags::Tags;

/// A resource as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its id.
    pub(crate) id: String,
    /// Its type, in lower case.
    pub(crate) kind: String,
    /// Ids that its properties name: what it is about.
    pub(crate) about: Vec<String>,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    /// Its id, which begins with that of what it locks.
    pub(crate) id: String,
    /// `CanNotDelete` or `ReadOnly`.
    pub(crate) level: String,
}

/// The stack, as far as deleting it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ManagedStack {
    /// Its id.
    pub(crate) id: String,
    /// Its tags.
    pub(crate) tags: Tags,
    /// What it manages, by id.
    pub(crate) resources: Vec<String>,
}

/// A vault that was deleted and can still be recovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeletedVault {
    /// Its id among the deleted ones.
    pub(crate) id: String,
    /// Its name, which nobody else can take.
    pub(crate) name: String,
    /// The tags it had.
    pub(crate) tags: Tags,
    /// Whether it may not be purged.
    pub(crate) protected: bool,
    /// When Azure purges it.
    pub(crate) purged_at: Option<String>,
}

/// Everything that is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inventory {
    /// The stack, if there is one.
    pub(crate) stack: Option<ManagedStack>,
    /// The id of the resource group, and its tags if it is there.
    pub(crate) group: String,
    /// The group's tags. None: there is no such group.
    pub(crate) group_tags: Option<Tags>,
    /// What is in the group.
    pub(crate) resources: Vec<Found>,
    /// Disks and snapshots with data in the group of the nodes.
    pub(crate) node_data: Vec<Found>,
    /// Locks on the group, on what is in it, and on the group of the nodes.
    pub(crate) locks: Vec<Lock>,
    /// Role assignments outside the stack that are ours.
    pub(crate) assignments: Vec<ListedAssignment>,
    /// Vaults that were deleted and are ours.
    pub(crate) vaults: Vec<DeletedVault>,
}

/// Whether two ids are the same.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether an id lies below another one.
pub(super) fn below(id: &str, parent: &str) -> bool {
    id.get(..parent.len()).is_some_and(|start| same(start, parent))
        && id.as_bytes().get(parent.len()) == Some(&b'/')
}

impl Inventory {
    /// Whether the stack manages the group, so that it goes along with everything in it.
    pub(super) fn group_goes(&self) -> bool {
        let stack = self.stack.as_ref();
        stack.is_some_and(|stack| stack.resources.iter().any(|id| same(id, &self.group)))
    }

    /// Whether there is nothing to take down but what is left of an earlier run.
    pub(crate) const fn is_gone(&self) -> bool {
        self.stack.is_none()
    }
}

/// Whether something of this type holds data that nobody can make again.
pub(crate) fn holds_data(kind: &str) -> bool {
    matches!(kind, "microsoft.compute/disks" | "microsoft.compute/snapshots")
}
