//! Whether the cluster may attach the disks of its apps. Told only where it may not, or where nobody can tell.

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmClient, ArmOptions};
use kompox_domain::cluster::Condition;
use kompox_domain::{Cluster, Context};

use super::conditions::condition;
use crate::api::Group;
use crate::observe::managed_cluster::ManagedCluster;
use crate::roles;
use crate::roles::{Assigner, AssignmentOutcome, attach};

/// The condition's type.
const ATTACH_ROLE_MISSING: &str = "attachRoleMissing";
/// How many apps are looked at at once.
const AT_ONCE: usize = 8;

/// Who is asked about which apps.
#[derive(Clone, Copy)]
pub(crate) struct Apps<'a> {
    pub(crate) arm: &'a ArmClient,
    pub(crate) cx: &'a Context,
    pub(crate) options: ArmOptions,
    pub(crate) scope: &'a Cluster,
    /// Their resource groups, which need not be there.
    pub(crate) groups: &'a [Group],
}

impl Apps<'_> {
    /// One read for each app.
    pub(super) async fn look(&self, cluster: Option<&ManagedCluster>) -> Option<Condition> {
        let principal = cluster.and_then(ManagedCluster::principal)?;
        let description = roles::description(&self.scope.path());
        let assigner = Assigner {
            arm: self.arm,
            cx: self.cx,
            options: self.options,
            description: &description,
        };
        let grants: Vec<_> = self
            .groups
            .iter()
            .map(|group| attach(principal.clone(), group))
            .collect();
        let asked: Vec<_> = grants.iter().map(|grant| assigner.look(grant)).collect();
        let given: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut missing = Vec::new();
        let mut unread = None;
        for (group, given) in self.groups.iter().zip(given) {
            match given {
                Ok(AssignmentOutcome::Missing) => missing.push(group.name.as_str()),
                Ok(AssignmentOutcome::Exists | AssignmentOutcome::Created | AssignmentOutcome::NoScope) => {}
                Err(failure) => unread = unread.or(Some(failure.message)),
            }
        }
        if !missing.is_empty() {
            let message = format!(
                "the cluster identity was not given the right to attach the disks in {}; `kompoxops cluster install` gives it",
                missing.join(", ")
            );
            return Some(condition(ATTACH_ROLE_MISSING, Some(true), "notAssigned", message));
        }
        let why = unread?;
        let message = format!("whether the cluster may attach the disks of its apps cannot be read: {why}");
        Some(condition(ATTACH_ROLE_MISSING, None, "unread", message))
    }
}
