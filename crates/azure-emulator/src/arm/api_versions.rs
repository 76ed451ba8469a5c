//! The api-versions that exist, per type, newest first: what the types of Azure/bicep-types-az name, and the defaults of
//! newer SDKs. A version that is not here does not exist, or came later than this table.

/// Disks and snapshots.
pub(crate) const DISKS: &[&str] = &[
    "2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02", "2023-01-02", "2022-07-02",
    "2022-03-02", "2021-12-01", "2021-08-01", "2021-04-01", "2020-12-01", "2020-06-30", "2020-05-01",
    "2019-11-01", "2019-07-01", "2019-03-01", "2018-09-30", "2018-06-01", "2018-04-01", "2017-03-30",
    "2016-04-30-preview",
];

/// Disk encryption sets: since 2019-07-01.
pub(crate) const DISK_ENCRYPTION_SETS: &[&str] = DISKS.split_at(16).0;

/// Machines, and the usages of a region.
pub(crate) const SCALE_SETS: &[&str] = &[
    "2026-04-01", "2026-03-01", "2025-11-01", "2025-04-01", "2024-11-01", "2024-07-01", "2024-03-01",
    "2023-09-01", "2023-07-01", "2023-03-01", "2022-11-01", "2022-08-01", "2022-03-01", "2021-11-01",
    "2021-07-01", "2021-04-01", "2021-03-01", "2020-12-01", "2020-06-01", "2019-12-01", "2019-07-01",
    "2019-03-01", "2018-10-01", "2018-06-01", "2018-04-01", "2017-12-01", "2017-03-30",
    "2016-04-30-preview", "2016-03-30", "2015-06-15",
];

/// Sizes and storage types.
pub(crate) const SKUS: &[&str] = &["2021-07-01", "2019-04-01", "2017-09-01"];

/// Clusters, and what belongs to them.
pub(crate) const MANAGED_CLUSTERS: &[&str] = &[
    "2026-08-01", "2026-06-01", "2026-05-02-preview", "2026-05-01", "2026-04-02-preview", "2026-04-01",
    "2026-03-02-preview", "2026-03-01", "2026-02-02-preview", "2026-02-01", "2026-01-02-preview",
    "2026-01-01", "2025-10-02-preview", "2025-10-01", "2025-09-02-preview", "2025-09-01",
    "2025-08-02-preview", "2025-08-01", "2025-07-02-preview", "2025-07-01", "2025-06-02-preview",
    "2025-05-02-preview", "2025-05-01", "2025-04-02-preview", "2025-04-01", "2025-03-02-preview",
    "2025-03-01", "2025-02-02-preview", "2025-02-01", "2025-01-02-preview", "2025-01-01",
    "2024-10-02-preview", "2024-10-01", "2024-09-02-preview", "2024-09-01", "2024-08-01",
    "2024-07-02-preview", "2024-07-01", "2024-06-02-preview", "2024-05-02-preview", "2024-05-01",
    "2024-04-02-preview", "2024-03-02-preview", "2024-02-02-preview", "2024-02-01", "2024-01-02-preview",
    "2024-01-01", "2023-11-02-preview", "2023-11-01", "2023-10-02-preview", "2023-10-01",
    "2023-09-02-preview", "2023-09-01", "2023-08-02-preview", "2023-08-01", "2023-07-02-preview",
    "2023-07-01", "2023-06-02-preview", "2023-06-01", "2023-05-02-preview", "2023-05-01",
    "2023-04-02-preview", "2023-04-01", "2023-03-02-preview", "2023-03-01", "2023-02-02-preview",
    "2023-02-01", "2023-01-02-preview", "2023-01-01", "2022-11-02-preview", "2022-11-01",
    "2022-10-02-preview", "2022-09-02-preview", "2022-09-01", "2022-08-03-preview", "2022-08-02-preview",
    "2022-07-02-preview", "2022-07-01", "2022-06-02-preview", "2022-06-01", "2022-05-02-preview",
    "2022-04-02-preview", "2022-04-01", "2022-03-02-preview", "2022-03-01", "2022-02-02-preview",
    "2022-02-01", "2022-01-02-preview", "2022-01-01", "2021-11-01-preview", "2021-10-01", "2021-09-01",
    "2021-08-01", "2021-07-01", "2021-05-01", "2021-03-01", "2021-02-01", "2020-12-01", "2020-11-01",
    "2020-09-01", "2020-07-01", "2020-06-01", "2020-04-01", "2020-03-01", "2020-02-01", "2020-01-01",
    "2019-11-01", "2019-10-01", "2019-08-01", "2019-06-01", "2019-04-01", "2019-02-01",
    "2018-08-01-preview", "2018-03-31", "2017-08-31",
];

/// Node pools: all of them but the three oldest.
pub(crate) const AGENT_POOLS: &[&str] = MANAGED_CLUSTERS.split_at(MANAGED_CLUSTERS.len() - 3).0;

/// Maintenance windows: since 2020-12-01.
pub(crate) const MAINTENANCE_CONFIGURATIONS: &[&str] = MANAGED_CLUSTERS.split_at(MANAGED_CLUSTERS.len() - 17).0;

/// Vaults, deleted ones too.
pub(crate) const VAULTS: &[&str] = &[
    "2026-03-01-preview", "2026-02-01", "2025-05-01", "2024-12-01-preview", "2024-11-01",
    "2024-04-01-preview", "2023-07-01", "2023-02-01", "2022-11-01", "2022-07-01", "2022-02-01-preview",
    "2021-11-01-preview", "2021-10-01", "2021-06-01-preview", "2021-04-01-preview", "2020-04-01-preview",
    "2019-09-01", "2018-02-14", "2018-02-14-preview", "2016-10-01", "2015-06-01",
];

/// Networks, addresses and load balancers.
pub(crate) const NETWORKS: &[&str] = &[
    "2025-09-01", "2025-07-01", "2025-05-01", "2025-03-01", "2025-01-01", "2024-10-01", "2024-07-01",
    "2024-05-01", "2024-03-01", "2024-01-01", "2023-11-01", "2023-09-01", "2023-06-01", "2023-05-01",
    "2023-04-01", "2023-02-01", "2022-11-01", "2022-09-01", "2022-07-01", "2022-05-01", "2022-01-01",
    "2021-08-01", "2021-05-01", "2021-03-01", "2021-02-01", "2020-11-01", "2020-08-01", "2020-07-01",
    "2020-06-01", "2020-05-01", "2020-04-01", "2020-03-01", "2019-12-01", "2019-11-01", "2019-09-01",
    "2019-08-01", "2019-07-01", "2019-06-01", "2019-04-01", "2019-02-01", "2018-12-01", "2018-11-01",
    "2018-10-01", "2018-08-01", "2018-07-01", "2018-06-01", "2018-04-01", "2018-02-01", "2018-01-01",
    "2017-11-01", "2017-10-01", "2017-09-01", "2017-08-01", "2017-06-01", "2017-03-30", "2017-03-01",
    "2016-12-01", "2016-09-01", "2016-06-01", "2016-03-30", "2015-06-15", "2015-05-01-preview",
];

/// Public zones and their records.
pub(crate) const DNS_ZONES: &[&str] = &[
    "2023-07-01-preview", "2018-05-01", "2018-03-01-preview", "2017-10-01", "2017-09-01", "2016-04-01",
    "2015-05-04-preview",
];

/// Private zones, their records and links.
pub(crate) const PRIVATE_DNS_ZONES: &[&str] = &["2024-06-01", "2020-06-01", "2020-01-01", "2018-09-01"];

/// Registries.
pub(crate) const REGISTRIES: &[&str] = &[
    "2026-09-01-preview",
    "2026-03-01-preview", "2026-01-01-preview", "2025-11-01", "2025-06-01-preview", "2025-05-01-preview",
    "2025-04-01", "2025-03-01-preview", "2024-11-01-preview", "2023-11-01-preview", "2023-08-01-preview",
    "2023-07-01", "2023-06-01-preview", "2023-01-01-preview", "2022-12-01", "2022-02-01-preview",
    "2021-12-01-preview", "2021-09-01", "2021-08-01-preview", "2021-06-01-preview", "2020-11-01-preview",
    "2019-12-01-preview", "2019-05-01", "2017-10-01", "2017-03-01",
];

/// Log Analytics workspaces.
pub(crate) const WORKSPACES: &[&str] = &[
    "2026-03-01", "2025-07-01", "2025-02-01", "2023-09-01", "2022-10-01", "2021-12-01-preview",
    "2021-06-01", "2020-10-01", "2020-08-01", "2020-03-01-preview", "2015-11-01-preview",
];

/// Application Insights.
pub(crate) const COMPONENTS: &[&str] = &[
    "2020-02-02", "2020-02-02-preview", "2018-05-01-preview", "2015-05-01",
];

/// Diagnostic settings.
pub(crate) const DIAGNOSTIC_SETTINGS: &[&str] = &[
    "2021-05-01-preview", "2020-01-01-preview", "2017-05-01-preview", "2016-09-01", "2015-07-01",
];

/// Action groups.
pub(crate) const ACTION_GROUPS: &[&str] = &[
    "2024-10-01-preview", "2023-09-01-preview", "2023-01-01", "2022-06-01", "2022-04-01", "2021-09-01",
    "2019-06-01", "2019-03-01", "2018-09-01", "2018-03-01", "2017-04-01",
];

/// Rules of smart detection.
pub(crate) const ALERT_RULES: &[&str] = &["2021-04-01", "2019-06-01", "2019-03-01"];

/// Data collection rules and their associations.
pub(crate) const DATA_COLLECTION: &[&str] = &[
    "2024-03-11", "2023-03-11", "2022-06-01", "2021-09-01-preview", "2021-04-01", "2019-11-01-preview",
];

/// Identities.
pub(crate) const IDENTITIES: &[&str] = &[
    "2025-05-31-preview", "2025-01-31-preview", "2024-11-30", "2023-07-31-preview", "2023-01-31",
    "2022-01-31-preview", "2021-09-30-preview", "2018-11-30", "2015-08-31-preview",
];

/// Federated credentials of identities.
pub(crate) const FEDERATED_CREDENTIALS: &[&str] = &[
    "2025-05-31-preview", "2025-01-31-preview", "2024-11-30", "2023-07-31-preview", "2023-01-31",
    "2022-01-31-preview",
];

/// Groups, and lists of resources.
pub(crate) const GROUPS: &[&str] = &[
    "2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01", "2022-09-01",
    "2021-04-01", "2021-01-01", "2020-10-01", "2020-08-01", "2020-06-01", "2019-10-01", "2019-08-01",
    "2019-07-01", "2019-05-10", "2019-05-01", "2019-03-01", "2018-05-01", "2018-02-01", "2017-05-10",
    "2016-09-01", "2016-07-01", "2016-02-01", "2015-11-01",
];

/// Deployments.
pub(crate) const DEPLOYMENTS: &[&str] = &[
    "2026-06-01", "2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01",
    "2022-09-01", "2021-04-01", "2021-01-01", "2020-10-01", "2020-08-01", "2020-06-01", "2019-10-01",
    "2019-08-01", "2019-07-01", "2019-05-10", "2019-05-01", "2019-03-01", "2018-05-01", "2018-02-01",
    "2017-05-10", "2016-09-01", "2016-07-01", "2016-02-01", "2015-11-01",
];

/// Deployment Stacks.
pub(crate) const STACKS: &[&str] = &["2025-07-01", "2024-03-01", "2022-08-01-preview"];

/// Tags.
pub(crate) const TAGS: &[&str] = &[
    "2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01", "2022-09-01",
    "2021-04-01", "2021-01-01", "2020-10-01", "2020-08-01", "2020-06-01", "2019-10-01",
];

/// Subscriptions, their regions and tenants.
pub(crate) const SUBSCRIPTIONS: &[&str] = &[
    "2022-12-01", "2021-01-01", "2020-01-01", "2019-11-01", "2019-06-01", "2018-06-01", "2016-06-01",
    "2015-11-01",
];

/// Locks.
pub(crate) const LOCKS: &[&str] = &["2020-05-01", "2017-04-01", "2016-09-01", "2015-01-01"];

/// Role assignments.
pub(crate) const ROLE_ASSIGNMENTS: &[&str] = &[
    "2022-04-01", "2020-10-01-preview", "2020-08-01-preview", "2020-04-01-preview", "2020-03-01-preview",
    "2018-09-01-preview", "2018-01-01-preview", "2017-10-01-preview", "2015-07-01",
];

/// Role definitions, and what the caller may do.
pub(crate) const ROLE_DEFINITIONS: &[&str] = &[
    "2022-05-01-preview", "2022-04-01", "2018-01-01-preview", "2015-07-01",
];

/// Those of a type that is no part of the registry, by its lower-cased name.
pub(crate) fn of_built_in(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "microsoft.resources/deployments" => DEPLOYMENTS,
        "microsoft.resources/deploymentstacks" => STACKS,
        "microsoft.resources/resourcegroups" => GROUPS,
        "microsoft.resources/tags" => TAGS,
        "microsoft.authorization/locks" => LOCKS,
        "microsoft.authorization/roleassignments" => ROLE_ASSIGNMENTS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_later_than_its_neighbours_begins_where_it_came() {
        assert_eq!(MAINTENANCE_CONFIGURATIONS.last(), Some(&"2020-12-01"));
        assert_eq!(DISK_ENCRYPTION_SETS.last(), Some(&"2019-07-01"));
        assert_eq!(AGENT_POOLS.last(), Some(&"2019-02-01"));
    }
}
