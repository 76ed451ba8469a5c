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
mod disks;
mod dns;
mod egress;
mod failures;
mod foreign_tags;
mod install;
mod installing;
mod interruptions;
mod kubeconfig;
mod listings;
mod mounts;
mod node_images;
mod plan;
mod provision;
mod snapshots;
mod status;
mod support;
mod template;
mod trouble;
mod uninstall;
mod unmade;
mod zones;
