//! What follows from what was read, and from what was not.

use kompox_arm::ResourceId;
use kompox_domain::cluster::Condition;
use kompox_domain::{Error, Result, tags};

use super::kind::ConditionKind;
use crate::observe::ObservedGroup;
use crate::observe::ProvisionedCluster;
use crate::observe::managed_cluster::ManagedCluster;
use crate::observe::stack::{Stack, StackState};
use crate::tags::belongs_to_cluster;

/// What was read; none where there is nothing.
pub(super) type Read<T> = Result<Option<T>>;

const PROVISIONED: ConditionKind = ConditionKind::Provisioned;

/// Whether anything of it is there. What cannot be read may be there.
pub(super) fn found(
    work: &ProvisionedCluster<'_>,
    stack: &Read<Stack>,
    group: &Read<ObservedGroup>,
    cluster: &Read<ManagedCluster>,
) -> Option<bool> {
    // A group that is somebody else's says nothing about the cluster.
    let of_us = |group: &ObservedGroup| belongs_to_cluster(&group.tags, &work.scope.path());
    let group = group.as_ref().map(|group| group.as_ref().is_some_and(of_us));
    let all = [
        stack.as_ref().map(Option::is_some).ok(),
        group.ok(),
        cluster.as_ref().map(Option::is_some).ok(),
    ];
    if all.contains(&Some(true)) {
        Some(true)
    } else if all.contains(&None) {
        None
    } else {
        Some(false)
    }
}

/// What Azure is doing about it, in a few words.
pub(super) fn under_way(
    stack: &Read<Stack>,
    group: &Read<ObservedGroup>,
    cluster: &Read<ManagedCluster>,
) -> Option<String> {
    if let Ok(Some(stack)) = stack
        && stack.state() == StackState::Busy
    {
        return Some(format!("the deployment stack is {}", stack.state_word()));
    }
    if let Ok(Some(cluster)) = cluster
        && let Some(state) = cluster.at_work()
    {
        return Some(format!("the managed cluster is {state}"));
    }
    match group {
        Ok(Some(group)) if group.is_deleting() => Some("the resource group is being deleted".to_owned()),
        _ => None,
    }
}

/// Whether stack and managed cluster both succeeded. What is known to be wrong is told, whatever is not known.
pub(super) fn provisioned(
    stack: &Read<Stack>,
    cluster: &Read<ManagedCluster>,
    why: Option<&str>,
) -> Condition {
    let of_stack = of_stack(stack, why);
    let of_cluster = of_cluster(cluster);
    match (of_stack.status, of_cluster.status) {
        (Some(true), Some(true)) => condition(
            PROVISIONED,
            Some(true),
            "succeeded",
            "the deployment stack and the managed cluster both succeeded",
        ),
        (Some(false), _) => of_stack,
        (_, Some(false)) => of_cluster,
        (None, _) => of_stack,
        (_, None) => of_cluster,
    }
}

fn of_stack(stack: &Read<Stack>, why: Option<&str>) -> Condition {
    let stack = match stack {
        Ok(Some(stack)) => stack,
        Ok(None) => {
            return condition(
                PROVISIONED,
                Some(false),
                "stackMissing",
                "there is no deployment stack of this cluster",
            );
        }
        Err(error) => return unread(PROVISIONED, "the deployment stack", error),
    };
    let word = stack.state_word();
    match stack.state() {
        StackState::Succeeded => condition(PROVISIONED, Some(true), "succeeded", ""),
        StackState::Busy => condition(
            PROVISIONED,
            Some(false),
            "underWay",
            format!("the deployment stack is {word}"),
        ),
        StackState::Failed | StackState::Canceled => {
            let reason = if stack.state() == StackState::Failed {
                "stackFailed"
            } else {
                "stackCanceled"
            };
            let message = why.map_or_else(|| format!("the deployment stack is {word}"), str::to_owned);
            condition(PROVISIONED, Some(false), reason, message)
        }
    }
}

fn of_cluster(cluster: &Read<ManagedCluster>) -> Condition {
    match cluster {
        Ok(None) => condition(
            PROVISIONED,
            Some(false),
            "clusterMissing",
            "the managed cluster is gone, though the deployment stack says that it was made",
        ),
        Ok(Some(cluster)) => state(cluster),
        Err(error) => unread(PROVISIONED, "the managed cluster", error),
    }
}

fn state(cluster: &ManagedCluster) -> Condition {
    if let Some(state) = cluster.busy() {
        let message = format!("the managed cluster is {state}");
        return condition(PROVISIONED, Some(false), "underWay", message);
    }
    match cluster.failed() {
        Some(state) => condition(
            PROVISIONED,
            Some(false),
            "clusterFailed",
            format!("the managed cluster is {state}"),
        ),
        None => condition(
            PROVISIONED,
            Some(true),
            "succeeded",
            "the managed cluster succeeded",
        ),
    }
}

/// The same for a cluster that somebody else made: there is no stack.
pub(super) fn existing(cluster: &Read<ManagedCluster>, id: &ResourceId) -> Condition {
    match cluster {
        Ok(None) => condition(
            PROVISIONED,
            Some(false),
            "clusterMissing",
            format!("there is no managed cluster {id}"),
        ),
        Ok(Some(cluster)) => state(cluster),
        Err(error) => unread(PROVISIONED, "the managed cluster", error),
    }
}

/// Of a stack that has our name and is not ours.
pub(super) fn foreign(work: &ProvisionedCluster<'_>, stack: &Stack) -> Condition {
    let whose = match stack.tag(tags::CLUSTER) {
        Some(other) => format!("belongs to cluster {other}"),
        None => "carries no tag of ours".to_owned(),
    };
    condition(
        ConditionKind::StackForeign,
        Some(true),
        "foreign",
        format!(
            "deployment stack {} exists and {whose}: it is never touched",
            work.stack.name
        ),
    )
}

/// A condition.
pub(super) fn condition(
    kind: ConditionKind,
    status: Option<bool>,
    reason: impl Into<String>,
    message: impl Into<String>,
) -> Condition {
    Condition {
        kind: kind.as_str().to_owned(),
        status,
        reason: reason.into(),
        message: message.into(),
    }
}

/// Of what could not be read.
pub(super) fn unread(kind: ConditionKind, what: &str, error: &Error) -> Condition {
    let kind_of_error = error.kind().as_str();
    let mut words = kind_of_error.split(['_', '-', ' ']);
    let first = words.next().unwrap_or_default();
    let mut reason: String = first.chars().take(1).flat_map(char::to_lowercase).collect();
    reason.push_str(first.get(1..).unwrap_or_default());
    for word in words {
        reason.extend(word.chars().take(1).flat_map(char::to_uppercase));
        reason.push_str(word.get(1..).unwrap_or_default());
    }
    condition(kind, None, reason, format!("{what} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use kompox_domain::ErrorKind;
    use serde_json::json;

    use super::*;

    fn stack(state: &str) -> Read<Stack> {
        Ok(Some(
            serde_json::from_value(json!({"properties": {"provisioningState": state}})).unwrap(),
        ))
    }

    fn cluster(state: &str) -> Read<ManagedCluster> {
        Ok(Some(
            serde_json::from_value(json!({"properties": {"provisioningState": state}})).unwrap(),
        ))
    }

    fn unreadable<T>() -> Read<T> {
        Err(Error::new(ErrorKind::PermissionDenied, "no"))
    }

    #[test]
    fn provisioned_means_that_both_succeeded_and_what_is_wrong_outweighs_what_is_not_known() {
        let of = |stack: &Read<Stack>, cluster: &Read<ManagedCluster>| {
            let condition = provisioned(stack, cluster, None);
            (condition.status, condition.reason)
        };
        let no = |reason: &str| (Some(false), reason.to_owned());
        assert_eq!(
            of(&stack("succeeded"), &cluster("Succeeded")),
            (Some(true), "succeeded".to_owned())
        );
        assert_eq!(of(&stack("deploying"), &cluster("Creating")), no("underWay"));
        assert_eq!(of(&stack("succeeded"), &cluster("Upgrading")), no("underWay"));
        assert_eq!(of(&stack("failed"), &unreadable()), no("stackFailed"));
        assert_eq!(of(&stack("canceled"), &Ok(None)), no("stackCanceled"));
        assert_eq!(of(&stack("succeeded"), &Ok(None)), no("clusterMissing"));
        assert_eq!(of(&Ok(None), &unreadable()), no("stackMissing"));
        assert_eq!(of(&unreadable(), &cluster("Failed")), no("clusterFailed"));
        let unknown = (None, "permissionDenied".to_owned());
        assert_eq!(of(&unreadable(), &cluster("Succeeded")), unknown);
        assert_eq!(of(&stack("succeeded"), &unreadable()), unknown);
    }
}
