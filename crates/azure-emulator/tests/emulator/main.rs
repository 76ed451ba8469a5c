//! The emulator, asked over real TLS with a plain HTTPS client.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail as tests do, and take what reads best at the call"
)]

mod client;
mod cluster_credentials;
mod cluster_dataplane;
mod cluster_encryption;
mod cluster_node_groups;
mod cluster_operations;
mod cluster_pools;
mod cluster_upgrades;
mod clusters;
mod connections;
mod data_collection;
mod deployed;
mod deployment_templates;
mod deployments;
mod disk_encryption_sets;
mod disks;
mod durability;
mod durability_kill;
mod entra;
mod faults;
mod groups;
mod identities;
mod kubernetes;
mod kubernetes_access;
mod kubernetes_apply;
mod kubernetes_controllers;
mod kubernetes_crds;
mod kubernetes_objects;
mod kubernetes_patches;
mod kubernetes_watch;
mod linked;
mod lists;
mod locks;
mod monitoring;
mod networks;
mod operations;
mod protocol;
mod record_sets;
mod registries;
mod roles;
mod snapshots;
mod stacks;
mod subscription;
mod system_data;
mod tags;
mod templates;
mod throttling;
mod vaults;
