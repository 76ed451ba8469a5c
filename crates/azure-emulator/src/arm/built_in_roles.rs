//! The built-in roles.

/// Built-in roles: name, GUID, actions, data actions.
pub(super) const ROLES: [(&str, &str, &[&str], &[&str]); 22] = [
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", &["*"], &[]),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", &["*"], &[]),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", &["*/read"], &[]),
    (
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        &["*/read", "Microsoft.Authorization/*"],
        &[],
    ),
    (
        "Role Based Access Control Administrator",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        &[
            "*/read",
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
        ],
        &[],
    ),
    (
        "DNS Zone Contributor",
        "befefa01-2a29-4197-83a8-272ff33ce314",
        &["Microsoft.Network/dnsZones/*"],
        &[],
    ),
    (
        "Private DNS Zone Contributor",
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        &["Microsoft.Network/privateDnsZones/*"],
        &[],
    ),
    (
        "Network Contributor",
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        &["Microsoft.Network/*"],
        &[],
    ),
    (
        "AcrPull",
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        &["Microsoft.ContainerRegistry/registries/pull/read"],
        &[],
    ),
    (
        "AcrPush",
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        &[
            "Microsoft.ContainerRegistry/registries/pull/read",
            "Microsoft.ContainerRegistry/registries/push/write",
        ],
        &[],
    ),
    (
        "Container Registry Repository Reader",
        "b93aa761-3e63-49ed-ac28-beffa264f7ac",
        &[],
        &[
            "Microsoft.ContainerRegistry/registries/repositories/content/read",
            "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
        ],
    ),
    (
        "Container Registry Repository Writer",
        "2a1e307c-b015-4ebd-883e-5b7698a07328",
        &[],
        &["Microsoft.ContainerRegistry/registries/repositories/*"],
    ),
    (
        "Container Registry Repository Contributor",
        "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
        &[],
        &["Microsoft.ContainerRegistry/registries/repositories/*"],
    ),
    (
        "Container Registry Repository Catalog Lister",
        "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7",
        &[],
        &["Microsoft.ContainerRegistry/registries/catalog/read"],
    ),
    (
        "Key Vault Secrets User",
        "4633458b-17de-408a-b874-0445c86b69e6",
        &[],
        &[
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
    ),
    (
        "Key Vault Certificate User",
        "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
        &[],
        &[
            "Microsoft.KeyVault/vaults/certificates/read",
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
            "Microsoft.KeyVault/vaults/keys/read",
        ],
    ),
    (
        "Azure Kubernetes Service RBAC Cluster Admin",
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    (
        "Azure Kubernetes Service Cluster User Role",
        "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &[],
    ),
    (
        "Azure Kubernetes Service Cluster Admin Role",
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        &["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"],
        &[],
    ),
    (
        "Disk Snapshot Contributor",
        "7efff54f-a5b4-42b5-a1c5-5411624893ce",
        &["Microsoft.Compute/snapshots/*"],
        &[],
    ),
    // What attaching a disk asks of the disk, and nothing else.
    (
        "Disk Restore Operator",
        "b50d9833-a0cb-478e-945f-707fcc997c13",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Compute/disks/write",
            "Microsoft.Compute/disks/read",
        ],
        &[],
    ),
    (
        "Virtual Machine Contributor",
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        &[
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/write",
        ],
        &[],
    ),
];

/// The data actions of the role that an assignment names.
pub(super) fn data_actions(definition: &str) -> &'static [&'static str] {
    let guid = definition.rsplit('/').next().unwrap_or_default();
    ROLES
        .iter()
        .find(|(_, known, ..)| known.eq_ignore_ascii_case(guid))
        .map_or(&[], |(.., data_actions)| data_actions)
}
