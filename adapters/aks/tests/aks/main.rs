//! The driver against the embedded Azure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the exception for tests covers only the functions that are tests, not what they share"
)]

mod assign;
mod assign_unanswered;
mod attach;
mod beside_others;
mod chains;
mod check;
mod cluster_permissions;
mod clusters;
mod conformance;
mod deprovision;
mod deprovision_beside_others;
mod disk_encryption;
mod disks;
mod dns;
mod egress;
mod encryption;
mod failures;
mod foreign_tags;
mod install;
mod installing;
mod interruptions;
mod kubeconfig;
mod linked_rights;
mod listings;
mod mounts;
mod new_clusters;
mod node_images;
mod plan;
mod provision;
mod published_models;
mod sectors;
mod snapshots;
mod stack_operations;
mod status;
mod support;
mod system_logs;
mod template;
mod trouble;
mod uninstall;
mod unmade;
mod zones;
