//! Whether the cluster may attach the disks of its apps. Told only where it may not, or where nobody can tell.

use futures::stream::{self, StreamExt as _};
use kompox_domain::Cluster;
use kompox_domain::cluster::Condition;

use super::conditions::condition;
use super::kind::ConditionKind;
use crate::api::Group;
use crate::observe::managed_cluster::ManagedCluster;
use crate::roles::{self, Assigner, AssignmentOutcome, attach};
use crate::session::Session;

/// The condition's type.
const ATTACH_ROLE_MISSING: ConditionKind = ConditionKind::AttachRoleMissing;
/// How many apps are looked at at once.
const AT_ONCE: usize = 8;

/// Whether the cluster may attach the disks in these groups of its apps, which need not be there. One read for each.
pub(super) async fn look(
    session: Session<'_>,
    scope: &Cluster,
    groups: &[Group],
    cluster: Option<&ManagedCluster>,
) -> Option<Condition> {
    let principal = cluster.and_then(ManagedCluster::principal)?;
    let description = roles::description(&scope.path());
    let assigner = Assigner {
        session,
        description: &description,
    };
    let assignments: Vec<_> = groups
        .iter()
        .map(|group| attach(principal.clone(), group))
        .collect();
    let asked: Vec<_> = assignments
        .iter()
        .map(|assignment| assigner.look(assignment))
        .collect();
    let outcome: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut missing = Vec::new();
    let mut unread = None;
    for (group, outcome) in groups.iter().zip(outcome) {
        match outcome {
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
