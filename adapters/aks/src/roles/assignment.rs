//! A role assignment: one role, for one identity, at one scope.

use std::fmt;

use serde_json::{Value, json};
use uuid::Uuid;

/// Under this namespace ARM's `guid()` makes UUIDs of version 5.
const ARM_GUID: Uuid = Uuid::from_u128(0x11fb_06fb_712d_4ddd_98c7_e71b_bd58_8830);

/// Which of a cluster's identities: they are often taken for one another, so every text names the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Identity {
    /// The one with which the control plane acts in Azure.
    Cluster,
    /// The one with which the nodes act.
    Kubelet,
    /// The one that the ingress's service account stands for.
    Ingress,
}

impl Identity {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster identity",
            Self::Kubelet => "kubelet identity",
            Self::Ingress => "ingress identity",
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A built-in role. Its definition has the same GUID everywhere
/// (<https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    DnsZoneContributor,
    PrivateDnsZoneContributor,
    AcrPull,
    /// What `AcrPull` is in a registry that asks for rights by repository, where `AcrPull` has no effect.
    RepositoryReader,
    KeyVaultSecretsUser,
    /// Reads and writes disks and nothing else: the least built-in role with which a disk is attached. A node is
    /// changed with the right to the group of the nodes, which AKS gives itself.
    DiskRestoreOperator,
}

impl Role {
    pub(crate) const fn guid(self) -> &'static str {
        match self {
            Self::DnsZoneContributor => "befefa01-2a29-4197-83a8-272ff33ce314",
            Self::PrivateDnsZoneContributor => "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
            Self::AcrPull => "7f951dda-4ed3-4680-a7ca-43fe172d538d",
            Self::RepositoryReader => "b93aa761-3e63-49ed-ac28-beffa264f7ac",
            Self::KeyVaultSecretsUser => "4633458b-17de-408a-b874-0445c86b69e6",
            Self::DiskRestoreOperator => "b50d9833-a0cb-478e-945f-707fcc997c13",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::DnsZoneContributor => "DNS Zone Contributor",
            Self::PrivateDnsZoneContributor => "Private DNS Zone Contributor",
            Self::AcrPull => "AcrPull",
            Self::RepositoryReader => "Container Registry Repository Reader",
            Self::KeyVaultSecretsUser => "Key Vault Secrets User",
            Self::DiskRestoreOperator => "Disk Restore Operator",
        }
    }
}

/// One role, for one identity, at one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleAssignment {
    pub(crate) identity: Identity,
    /// The identity's object id.
    pub(crate) principal: String,
    pub(crate) role: Role,
    /// The id of a group, a resource, or something in a resource.
    pub(crate) scope: String,
}

impl RoleAssignment {
    /// The assignment's name, as ARM's `guid()` makes it of scope, role and principal: without case, as ids are.
    ///
    /// A principal that was made anew gets another name: an assignment cannot be changed to another principal.
    pub(crate) fn name(&self) -> Uuid {
        let parts = [self.scope.as_str(), self.role.guid(), self.principal.as_str()];
        Uuid::new_v5(&ARM_GUID, parts.join("-").to_lowercase().as_bytes())
    }

    /// The assignment's id.
    pub(crate) fn id(&self) -> String {
        format!(
            "{}/providers/Microsoft.Authorization/roleAssignments/{}",
            self.scope,
            self.name()
        )
    }

    /// What ARM is asked to make of it. The principal's type keeps Entra ID from being asked about an identity that it
    /// may not know yet; managed identities are service principals.
    pub(crate) fn body(&self, description: &str) -> Value {
        let subscription = self.scope.split('/').nth(2).unwrap_or_default();
        json!({ "properties": {
            "roleDefinitionId": format!(
                "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{}",
                self.role.guid()
            ),
            "principalId": self.principal,
            "principalType": "ServicePrincipal",
            "description": description,
        }})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment() -> RoleAssignment {
        RoleAssignment {
            identity: Identity::Cluster,
            principal: "00000000-0000-0000-0000-0000000000AA".to_owned(),
            role: Role::DnsZoneContributor,
            scope: "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/dnsZones/example.com"
                .to_owned(),
        }
    }

    #[test]
    fn b21_the_same_grant_has_the_same_name_however_its_ids_are_written() {
        let mut other = assignment();
        other.scope = other.scope.to_lowercase();
        other.principal = other.principal.to_lowercase();
        assert_eq!(assignment().name(), other.name());
        assert_eq!(assignment().name().get_version_num(), 5);
    }

    #[test]
    fn b28_another_principal_role_or_scope_has_another_name() {
        let mut principal = assignment();
        principal.principal = "00000000-0000-0000-0000-0000000000ab".to_owned();
        let mut role = assignment();
        role.role = Role::PrivateDnsZoneContributor;
        let mut scope = assignment();
        scope.scope.push_str(".org");
        for other in [principal, role, scope] {
            assert_ne!(assignment().name(), other.name(), "{other:?}");
        }
    }

    #[test]
    fn names_are_made_in_the_namespace_of_arms_guid_function() {
        assert_eq!(
            Uuid::new_v5(&ARM_GUID, b"a-b-c").to_string(),
            Uuid::new_v5(
                &Uuid::parse_str("11fb06fb-712d-4ddd-98c7-e71bbd588830").unwrap(),
                b"a-b-c"
            )
            .to_string()
        );
    }

    #[test]
    fn b28_what_arm_is_asked_for_names_the_type_of_the_principal_and_the_scopes_subscription() {
        assert_eq!(
            assignment().body("kompox:ws/prv/cls"),
            json!({ "properties": {
                "roleDefinitionId": "/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/befefa01-2a29-4197-83a8-272ff33ce314",
                "principalId": "00000000-0000-0000-0000-0000000000AA",
                "principalType": "ServicePrincipal",
                "description": "kompox:ws/prv/cls",
            }})
        );
    }
}
