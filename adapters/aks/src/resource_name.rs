//! What the resources of a cluster are called by people.

/// The noun for a type of resource; the last part of the type itself for one that has no other name here.
pub(crate) fn noun(kind: &str) -> &str {
    const NOUNS: &[(&str, &str)] = &[
        ("Microsoft.Resources/resourceGroups", "resource group"),
        ("Microsoft.Resources/deployments", "deployment"),
        ("Microsoft.Resources/deploymentStacks", "deployment stack"),
        ("Microsoft.ContainerService/managedClusters", "managed cluster"),
        (
            "Microsoft.ContainerService/managedClusters/agentPools",
            "node pool",
        ),
        (
            "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
            "maintenance configuration",
        ),
        ("Microsoft.Compute/diskEncryptionSets", "disk encryption set"),
        ("Microsoft.KeyVault/vaults", "key vault"),
        ("Microsoft.KeyVault/vaults/secrets", "secret"),
        ("Microsoft.OperationalInsights/workspaces", "log workspace"),
        ("Microsoft.Insights/components", "application insights"),
        ("Microsoft.Insights/dataCollectionRules", "data collection rule"),
        (
            "Microsoft.Insights/dataCollectionRuleAssociations",
            "data collection rule association",
        ),
        ("Microsoft.Insights/diagnosticSettings", "diagnostic setting"),
        ("Microsoft.ContainerRegistry/registries", "container registry"),
        ("Microsoft.ManagedIdentity/userAssignedIdentities", "identity"),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
            "federated credential",
        ),
        ("Microsoft.Authorization/roleAssignments", "role assignment"),
        ("Microsoft.Network/dnsZones", "DNS zone"),
        ("Microsoft.Network/privateDnsZones", "private DNS zone"),
        ("Microsoft.Network/virtualNetworks", "virtual network"),
        ("Microsoft.Network/virtualNetworks/subnets", "subnet"),
    ];
    NOUNS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(kind))
        .map_or_else(|| kind.rsplit('/').next().unwrap_or(kind), |(_, noun)| noun)
}

/// Noun and name of a resource: `managed cluster aks-1`.
pub(crate) fn title(id: &str) -> String {
    match split(id) {
        Some((kind, name)) => format!("{} {name}", noun(&kind)),
        None => id.to_owned(),
    }
}

/// Whether an id is of a type, without case.
pub(crate) fn is_kind(id: &str, kind: &str) -> bool {
    split(id).is_some_and(|(found, _)| found.eq_ignore_ascii_case(kind))
}

/// Type and name of a resource, from its id: of any scope, also of an extension of another resource.
pub(crate) fn split(id: &str) -> Option<(String, &str)> {
    let segments: Vec<&str> = id.trim_matches('/').split('/').collect();
    let provider = segments
        .iter()
        .rposition(|segment| segment.eq_ignore_ascii_case("providers"));
    let Some(provider) = provider else {
        return match segments.as_slice() {
            [subscriptions, _, groups, name]
                if subscriptions.eq_ignore_ascii_case("subscriptions")
                    && groups.eq_ignore_ascii_case("resourceGroups") =>
            {
                Some(("Microsoft.Resources/resourceGroups".to_owned(), name))
            }
            _ => None,
        };
    };
    let (namespace, path) = segments.get(provider + 1..)?.split_first()?;
    if path.is_empty() || path.len() % 2 != 0 {
        return None;
    }
    let mut kind = (*namespace).to_owned();
    for segment in path.iter().step_by(2) {
        kind.push('/');
        kind.push_str(segment);
    }
    Some((kind, path.last()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_called_as_people_call_it() {
        let group = "/subscriptions/s/resourceGroups/rg";
        for (id, title_) in [
            (group.to_owned(), "resource group rg"),
            (
                format!("{group}/providers/microsoft.containerservice/managedclusters/aks-1"),
                "managed cluster aks-1",
            ),
            (
                format!("{group}/providers/Microsoft.ContainerService/managedClusters/a/agentPools/user1"),
                "node pool user1",
            ),
            (
                format!(
                    "{group}/providers/Microsoft.KeyVault/vaults/v/providers/Microsoft.Authorization/roleAssignments/g"
                ),
                "role assignment g",
            ),
            (format!("{group}/providers/Microsoft.Odd/things/t"), "things t"),
            ("nothing".to_owned(), "nothing"),
        ] {
            assert_eq!(title(&id), title_, "{id}");
        }
    }
}
