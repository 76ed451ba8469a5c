//! Which Azure permissions each operation needs: for checks, documents and a custom role.

use std::collections::BTreeSet;

use kompox_domain::{Mode, Operation};
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
// A stack is validated and its template compared before it is put; its deployment is followed, also down into those
// that it nests.
const STACK_READ: &str = "Microsoft.Resources/deploymentStacks/read";
const STACK_WRITE: &str = "Microsoft.Resources/deploymentStacks/write";
const STACK_VALIDATE: &str = "Microsoft.Resources/deploymentStacks/validate/action";
const STACK_EXPORT: &str = "Microsoft.Resources/deploymentStacks/exportTemplate/action";
const DEPLOYMENT_READ: &str = "Microsoft.Resources/deployments/read";
const DEPLOYMENT_WRITE: &str = "Microsoft.Resources/deployments/write";
const DEPLOYMENT_VALIDATE: &str = "Microsoft.Resources/deployments/validate/action";
const DEPLOYMENT_OPERATIONS: &str = "Microsoft.Resources/deployments/operations/read";
const DEPLOYMENT_STATUSES: &str = "Microsoft.Resources/deployments/operationstatuses/read";

// Where the region offers disks of PremiumV2_LRS and UltraSSD_LRS. Without it there is a warning.
const SKUS_READ: &str = "Microsoft.Compute/skus/read";

// To learn in which zones the nodes are, and what runs.
const CLUSTER_READ: &str = "Microsoft.ContainerService/managedClusters/read";

// When AKS may upgrade by itself.
const MAINTENANCE_READ: &str = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations/read";
const MAINTENANCE_DELETE: &str =
    "Microsoft.ContainerService/managedClusters/maintenanceConfigurations/delete";
// Whose key encrypts disks.
pub(crate) const ENCRYPTION_SET_READ: &str = "Microsoft.Compute/diskEncryptionSets/read";
// What the subscription is registered for beyond providers.
pub(crate) const FEATURES_READ: &str = "Microsoft.Features/providers/features/read";

pub(crate) const ADMIN_CREDENTIAL: &str =
    "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action";
pub(crate) const USER_CREDENTIAL: &str =
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action";

// What else is in a group, and what keeps it from being deleted.
const GROUP_RESOURCES: &str = "Microsoft.Resources/subscriptions/resourceGroups/resources/read";
const LOCKS_READ: &str = "Microsoft.Authorization/locks/read";

pub(crate) const ASSIGNMENT_READ: &str = "Microsoft.Authorization/roleAssignments/read";
pub(crate) const ASSIGNMENT_WRITE: &str = "Microsoft.Authorization/roleAssignments/write";
const ASSIGNMENT_DELETE: &str = "Microsoft.Authorization/roleAssignments/delete";
const SUBSCRIPTION_READ: &str = "Microsoft.Resources/subscriptions/read";
pub(crate) const REGISTRY_READ: &str = "Microsoft.ContainerRegistry/registries/read";
const VAULT_READ: &str = "Microsoft.KeyVault/vaults/read";
pub(crate) const IDENTITY_READ: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/read";

// What a write asks for at what it names, wherever that is.
pub(crate) const ASSIGN_IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
pub(crate) const JOIN_SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
pub(crate) const SUBNET_READ: &str = "Microsoft.Network/virtualNetworks/subnets/read";
pub(crate) const PRIVATE_ZONE_READ: &str = "Microsoft.Network/privateDnsZones/read";
const RULE_READ: &str = "Microsoft.Insights/dataCollectionRules/read";
// Two actions of nearly the same name: the add-on of a cluster takes the first, what else sends its logs the second.
pub(crate) const WORKSPACE_KEYS_READ: &str = "Microsoft.OperationalInsights/workspaces/sharedkeys/read";
pub(crate) const WORKSPACE_KEYS_ACTION: &str = "Microsoft.OperationalInsights/workspaces/sharedKeys/action";

/// What deploying into a group takes there.
pub(crate) const DEPLOY: &[&str] = &[
    DEPLOYMENT_READ,
    DEPLOYMENT_WRITE,
    DEPLOYMENT_VALIDATE,
    DEPLOYMENT_OPERATIONS,
    DEPLOYMENT_STATUSES,
];

// Record sets of every type in a zone, in one listing.
const PUBLIC_RECORDS: &str = "Microsoft.Network/dnsZones/recordsets/read";
const PRIVATE_RECORDS: &str = "Microsoft.Network/privateDnsZones/ALL/read";

/// The actions that an operation needs, carried out or only planned.
#[must_use]
pub const fn actions(operation: Operation, mode: Mode) -> &'static [&'static str] {
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
            SKUS_READ,
            // Only with option diskEncryptionSet, or a source that is encrypted so; here and below.
            ENCRYPTION_SET_READ,
            CLUSTER_READ,
            // Here and below: to know the app's cluster also where somebody took its tags off.
            STACK_READ,
            // So that the cluster may attach the disk. Without them there is a warning.
            ASSIGNMENT_READ,
            ASSIGNMENT_WRITE,
        ],
        // The tags API changes the resource itself, so it asks for the right to write that too.
        Operation::DiskAssign => &[GROUP_READ, DISK_READ, DISK_WRITE, TAGS_WRITE, RESULT_READ],
        // Without the last four a disk is deleted too: a warning says that its cluster was not asked about it.
        Operation::DiskDelete => &[
            GROUP_READ,
            DISK_READ,
            DISK_DELETE,
            OPERATION_READ,
            CLUSTER_READ,
            STACK_READ,
            ADMIN_CREDENTIAL,
            USER_CREDENTIAL,
        ],
        // As for the status: one of the two opens the way to Kubernetes.
        Operation::VolumeApply => &[CLUSTER_READ, STACK_READ, ADMIN_CREDENTIAL, USER_CREDENTIAL],
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
            ENCRYPTION_SET_READ,
        ],
        Operation::SnapshotDelete => &[GROUP_READ, SNAPSHOT_READ, SNAPSHOT_DELETE, OPERATION_READ],
        Operation::SnapshotRestore => &[
            GROUP_READ,
            DISK_READ,
            DISK_WRITE,
            SNAPSHOT_READ,
            SNAPSHOT_GET_ACCESS,
            OPERATION_READ,
            SKUS_READ,
            ENCRYPTION_SET_READ,
            CLUSTER_READ,
            STACK_READ,
        ],
        // The stack acts with the rights of whoever puts it: those for everything in the template, and for deleting
        // what is no longer in it. Whoever has it validated is asked for the same.
        Operation::ClusterProvision => &[
            GROUP_READ,
            GROUP_WRITE,
            RESULT_READ,
            STACK_READ,
            STACK_WRITE,
            STACK_VALIDATE,
            STACK_EXPORT,
            // Tags that others have set are read before, since the stack replaces them.
            GROUP_RESOURCES,
            DEPLOYMENT_READ,
            DEPLOYMENT_WRITE,
            DEPLOYMENT_VALIDATE,
            DEPLOYMENT_OPERATIONS,
            DEPLOYMENT_STATUSES,
            CLUSTER_READ,
            "Microsoft.ContainerService/managedClusters/write",
            "Microsoft.ContainerService/managedClusters/agentPools/read",
            "Microsoft.ContainerService/managedClusters/agentPools/write",
            "Microsoft.ContainerService/managedClusters/agentPools/delete",
            // Only with a maintenance window, or one that is taken back.
            MAINTENANCE_READ,
            "Microsoft.ContainerService/managedClusters/maintenanceConfigurations/write",
            MAINTENANCE_DELETE,
            // Only where nodes get a new image; which pools wait for one is a tag.
            "Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action",
            TAGS_WRITE,
            REGISTRY_READ,
            "Microsoft.ContainerRegistry/registries/write",
            VAULT_READ,
            "Microsoft.KeyVault/vaults/write",
            "Microsoft.OperationalInsights/workspaces/read",
            "Microsoft.OperationalInsights/workspaces/write",
            WORKSPACE_KEYS_READ,
            WORKSPACE_KEYS_ACTION,
            "Microsoft.Insights/components/read",
            "Microsoft.Insights/components/write",
            "Microsoft.Insights/components/delete",
            RULE_READ,
            "Microsoft.Insights/dataCollectionRules/write",
            "Microsoft.Insights/dataCollectionRuleAssociations/read",
            "Microsoft.Insights/dataCollectionRuleAssociations/write",
            "Microsoft.Insights/diagnosticSettings/read",
            "Microsoft.Insights/diagnosticSettings/write",
            IDENTITY_READ,
            "Microsoft.ManagedIdentity/userAssignedIdentities/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
            ASSIGN_IDENTITY,
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
            ASSIGNMENT_READ,
            ASSIGNMENT_WRITE,
            ASSIGNMENT_DELETE,
            // Only with a subnet, a private DNS zone or a disk encryption set of one's own.
            JOIN_SUBNET,
            SUBNET_READ,
            PRIVATE_ZONE_READ,
            ENCRYPTION_SET_READ,
        ],
        Operation::ClusterKubeconfig => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            // One of the two, as --cred says.
            ADMIN_CREDENTIAL,
            USER_CREDENTIAL,
        ],
        Operation::ClusterWait => &[GROUP_READ, CLUSTER_READ, STACK_READ, DEPLOYMENT_OPERATIONS],
        // What may be done at a scope everybody may ask; what may not be read is told as not known.
        Operation::ClusterCheck => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            SUBSCRIPTION_READ,
            "Microsoft.Resources/subscriptions/providers/read",
            SKUS_READ,
            "Microsoft.Compute/locations/usages/read",
            "Microsoft.ContainerService/locations/kubernetesVersions/read",
            "Microsoft.KeyVault/deletedVaults/read",
            REGISTRY_READ,
            IDENTITY_READ,
            // Only with a maintenance window.
            MAINTENANCE_READ,
            // Only with encryption at host.
            FEATURES_READ,
            // Only with a disk encryption set for the nodes.
            ENCRYPTION_SET_READ,
            // Only with a subnet or a DNS zone of one's own.
            "Microsoft.Network/dnsZones/read",
            PRIVATE_ZONE_READ,
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks/read",
            "Microsoft.Network/virtualNetworks/read",
            SUBNET_READ,
        ],
        // What kept a stack from succeeding stands with its deployments. Without an administrator of the cluster's own,
        // or the right to that credential, the user's opens the way to Kubernetes.
        Operation::ClusterStatus => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            DEPLOYMENT_READ,
            DEPLOYMENT_OPERATIONS,
            ADMIN_CREDENTIAL,
            USER_CREDENTIAL,
            // Whether the disks of the apps can be attached.
            ASSIGNMENT_READ,
        ],
        // Entra ID gives it out; Azure is not asked.
        Operation::ClusterToken => &[],
        Operation::ClusterDeprovision if matches!(mode, Mode::Plan) => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            DISK_READ,
            SNAPSHOT_READ,
            GROUP_RESOURCES,
            LOCKS_READ,
            ASSIGNMENT_READ,
            // Where the certificates' vaults are.
            SUBSCRIPTION_READ,
            VAULT_READ,
            "Microsoft.KeyVault/deletedVaults/read",
            IDENTITY_READ,
            // To tell which DNS records stay, where zones are configured.
            PUBLIC_RECORDS,
            PRIVATE_RECORDS,
        ],
        // The stack deletes with the rights of whoever deletes it: everything in it, and what Azure put beside that.
        Operation::ClusterDeprovision => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            DISK_READ,
            SNAPSHOT_READ,
            GROUP_RESOURCES,
            LOCKS_READ,
            RESULT_READ,
            DEPLOYMENT_OPERATIONS,
            "Microsoft.Resources/subscriptions/resourceGroups/delete",
            "Microsoft.Resources/deploymentStacks/delete",
            "Microsoft.Resources/deployments/delete",
            ASSIGNMENT_READ,
            ASSIGNMENT_DELETE,
            "Microsoft.ContainerRegistry/registries/delete",
            "Microsoft.ContainerService/managedClusters/delete",
            "Microsoft.ContainerService/managedClusters/agentPools/delete",
            MAINTENANCE_DELETE,
            "Microsoft.Insights/components/delete",
            "Microsoft.Insights/dataCollectionRules/delete",
            "Microsoft.Insights/dataCollectionRuleAssociations/delete",
            "Microsoft.Insights/diagnosticSettings/delete",
            SUBSCRIPTION_READ,
            VAULT_READ,
            "Microsoft.KeyVault/vaults/delete",
            "Microsoft.KeyVault/deletedVaults/read",
            "Microsoft.KeyVault/locations/deletedVaults/read",
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
            "Microsoft.KeyVault/locations/operationResults/read",
            IDENTITY_READ,
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
            "Microsoft.OperationalInsights/workspaces/delete",
            PUBLIC_RECORDS,
            PRIVATE_RECORDS,
        ],
        // Rights are given at zones, registries, secrets and groups of apps, wherever those are; vaults are looked for
        // in every subscription that can be seen: one that may not be read is missing in that listing.
        Operation::ClusterInstall => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            ADMIN_CREDENTIAL,
            USER_CREDENTIAL,
            ASSIGNMENT_READ,
            ASSIGNMENT_WRITE,
            SUBSCRIPTION_READ,
            REGISTRY_READ,
            VAULT_READ,
            // Only on a cluster that somebody else made, where certificates are configured.
            IDENTITY_READ,
        ],
        Operation::ClusterUninstall => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            ADMIN_CREDENTIAL,
            USER_CREDENTIAL,
            ASSIGNMENT_READ,
            ASSIGNMENT_DELETE,
            // To find the rights on certificates outside of the cluster's subscription. Without the second one a
            // warning says that they were not looked for.
            SUBSCRIPTION_READ,
            VAULT_READ,
            // As for installing.
            IDENTITY_READ,
        ],
        Operation::DnsDeploy => &[
            GROUP_READ,
            CLUSTER_READ,
            STACK_READ,
            ADMIN_CREDENTIAL,
            USER_CREDENTIAL,
            PUBLIC_RECORDS,
            PRIVATE_RECORDS,
            "Microsoft.Network/dnsZones/A/write",
            "Microsoft.Network/dnsZones/A/delete",
            "Microsoft.Network/dnsZones/AAAA/write",
            "Microsoft.Network/dnsZones/AAAA/delete",
            "Microsoft.Network/dnsZones/CNAME/write",
            "Microsoft.Network/dnsZones/CNAME/delete",
            "Microsoft.Network/privateDnsZones/A/write",
            "Microsoft.Network/privateDnsZones/A/delete",
            "Microsoft.Network/privateDnsZones/AAAA/write",
            "Microsoft.Network/privateDnsZones/AAAA/delete",
            "Microsoft.Network/privateDnsZones/CNAME/write",
            "Microsoft.Network/privateDnsZones/CNAME/delete",
        ],
        Operation::DnsDestroy => &[
            PUBLIC_RECORDS,
            PRIVATE_RECORDS,
            "Microsoft.Network/dnsZones/A/delete",
            "Microsoft.Network/dnsZones/AAAA/delete",
            "Microsoft.Network/dnsZones/CNAME/delete",
            "Microsoft.Network/privateDnsZones/A/delete",
            "Microsoft.Network/privateDnsZones/AAAA/delete",
            "Microsoft.Network/privateDnsZones/CNAME/delete",
        ],
    }
}

/// A custom role with exactly these permissions, as `az role definition create` takes it.
#[must_use]
pub fn custom_role(subscription: &str) -> Value {
    let all: BTreeSet<&str> = Operation::ALL
        .iter()
        .flat_map(|operation| actions(*operation, Mode::Apply))
        .copied()
        .collect();
    json!({
        "Name": "kompoxops",
        "Description": "What kompoxops needs to manage clusters, and the disks, snapshots and DNS records of apps",
        "Actions": all,
        "NotActions": [],
        "AssignableScopes": [format!("/subscriptions/{subscription}")],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provisioning_may_write_every_type_of_the_template() {
        fn types(value: &Value, found: &mut BTreeSet<String>) {
            match value {
                Value::Object(map) => {
                    let kind = map.get("type").and_then(Value::as_str);
                    if map.contains_key("apiVersion") {
                        found.extend(kind.map(str::to_owned));
                    }
                    map.values().for_each(|value| types(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| types(value, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        types(crate::template::document::template(), &mut found);
        assert!(found.len() > 10, "{found:?}");
        for kind in found {
            let name = match kind.as_str() {
                "Microsoft.Resources/resourceGroups" => "Microsoft.Resources/subscriptions/resourceGroups",
                other => other,
            };
            let write = format!("{name}/write");
            assert!(
                actions(Operation::ClusterProvision, Mode::Apply).contains(&write.as_str()),
                "{write}"
            );
        }
    }

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
                actions(*operation, Mode::Apply)
                    .iter()
                    .all(|action| actions_in_role.contains(action)),
                "{operation}"
            );
        }
        assert!(!actions_in_role.iter().any(|action| action.contains('*')));
    }
}
