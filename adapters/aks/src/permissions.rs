//! Which Azure permissions each operation needs: for checks, documents and a custom role.

use std::collections::BTreeSet;

use kompox_domain::Operation;
use serde_json::{Value, json};

const GROUP_READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const GROUP_WRITE: &str = "Microsoft.Resources/subscriptions/resourceGroups/write";
const TAGS_WRITE: &str = "Microsoft.Resources/tags/write";
const DISK_READ: &str = "Microsoft.Compute/disks/read";
const DISK_WRITE: &str = "Microsoft.Compute/disks/write";
const DISK_DELETE: &str = "Microsoft.Compute/disks/delete";
// A snapshot or disk that is copied needs this on its source.
const DISK_GET_ACCESS: &str = "Microsoft.Compute/disks/beginGetAccess/action";
const SNAPSHOT_READ: &str = "Microsoft.Compute/snapshots/read";
const SNAPSHOT_WRITE: &str = "Microsoft.Compute/snapshots/write";
const SNAPSHOT_DELETE: &str = "Microsoft.Compute/snapshots/delete";
const SNAPSHOT_GET_ACCESS: &str = "Microsoft.Compute/snapshots/beginGetAccess/action";
// Without it an operation can be started but not followed.
const OPERATION_READ: &str = "Microsoft.Compute/locations/DiskOperations/read";
// The same for a merge of tags that takes its time.
const RESULT_READ: &str = "Microsoft.Resources/subscriptions/operationresults/read";
// Only to learn in which zones the nodes are.
const CLUSTER_READ: &str = "Microsoft.ContainerService/managedClusters/read";

/// The actions that an operation needs; empty for one that the driver does not carry out.
#[must_use]
pub const fn actions(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::DiskList => &[GROUP_READ, DISK_READ],
        Operation::DiskCreate => &[
            GROUP_READ,
            GROUP_WRITE,
            DISK_READ,
            DISK_WRITE,
            DISK_GET_ACCESS,
            SNAPSHOT_READ,
            SNAPSHOT_GET_ACCESS,
            OPERATION_READ,
            CLUSTER_READ,
        ],
        // The tags API changes the resource itself, so it asks for the right to write that too.
        Operation::DiskAssign => &[GROUP_READ, DISK_READ, DISK_WRITE, TAGS_WRITE, RESULT_READ],
        Operation::DiskDelete => &[GROUP_READ, DISK_READ, DISK_DELETE, OPERATION_READ],
        Operation::SnapshotList => &[GROUP_READ, SNAPSHOT_READ],
        Operation::SnapshotCreate => &[
            GROUP_READ,
            GROUP_WRITE,
            DISK_READ,
            DISK_GET_ACCESS,
            SNAPSHOT_READ,
            SNAPSHOT_WRITE,
            SNAPSHOT_GET_ACCESS,
            OPERATION_READ,
        ],
        Operation::SnapshotDelete => &[GROUP_READ, SNAPSHOT_READ, SNAPSHOT_DELETE, OPERATION_READ],
        Operation::SnapshotRestore => &[
            GROUP_READ,
            DISK_READ,
            DISK_WRITE,
            SNAPSHOT_READ,
            SNAPSHOT_GET_ACCESS,
            OPERATION_READ,
            CLUSTER_READ,
        ],
        Operation::ClusterPlan
        | Operation::ClusterProvision
        | Operation::ClusterDeprovisionPlan
        | Operation::ClusterDeprovision
        | Operation::ClusterWait
        | Operation::ClusterCheck
        | Operation::ClusterToken
        | Operation::ClusterStatus
        | Operation::ClusterInstall
        | Operation::ClusterUninstall
        | Operation::ClusterKubeconfig => &[],
    }
}

/// A custom role with exactly these permissions, as `az role definition create` takes it.
#[must_use]
pub fn custom_role(subscription: &str) -> Value {
    let all: BTreeSet<&str> = Operation::ALL
        .iter()
        .flat_map(|operation| actions(*operation))
        .copied()
        .collect();
    json!({
        "Name": "kompoxops volumes",
        "Description": "What kompoxops needs to manage the disks and snapshots of apps",
        "Actions": all,
        "NotActions": [],
        "AssignableScopes": [format!("/subscriptions/{subscription}")],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_holds_what_every_operation_needs_and_no_wildcard() {
        let role = custom_role("s");
        let actions_in_role: Vec<&str> = role["Actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action.as_str().unwrap())
            .collect();
        for operation in Operation::ALL {
            assert!(
                actions(*operation)
                    .iter()
                    .all(|action| actions_in_role.contains(action)),
                "{operation}"
            );
        }
        assert!(!actions_in_role.iter().any(|action| action.contains('*')));
    }
}
