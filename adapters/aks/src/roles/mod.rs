//! Role assignments that are made outside of the cluster's stack: which, to whom, and what ARM says to each.
//!
//! | Identity | Role | Scope | Why |
//! |---|---|---|---|
//! | cluster identity | DNS Zone Contributor, Private DNS Zone Contributor | each configured zone | the control plane writes records |
//! | kubelet identity | AcrPull, or Container Registry Repository Reader where the registry is in ABAC mode | each configured registry | the nodes pull images |
//! | ingress identity | Key Vault Secrets User | each certificate's secret | the CSI driver reads it for the ingress |
//! | cluster identity | Disk Restore Operator | each app's resource group | the CSI driver, which AKS runs in the control plane, attaches disks |

mod answers;
mod assign;
mod grants;
mod ours;

pub(crate) use assign::{Assigned, Assigner, Given, refused};
pub(crate) use grants::{Grant, Identity, Role};
pub(crate) use ours::{Assignment, delete, description, ours};
