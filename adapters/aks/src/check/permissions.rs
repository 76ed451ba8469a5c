//! Which actions the caller lacks.

use std::collections::BTreeSet;

use kompox_domain::{Ability, Mode, Operation};

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Permission, Read};
use crate::permissions;

pub(super) const KIND: CheckKind = CheckKind::Permissions;

/// What provisions a cluster.
const PROVISION: &[Operation] = &[Operation::ClusterProvision, Operation::ClusterWait];
/// What is done with a cluster that is there, whoever made it.
pub(super) const USE: &[Operation] = &[
    Operation::ClusterStatus,
    Operation::ClusterWait,
    Operation::ClusterKubeconfig,
    Operation::ClusterToken,
];
/// What tells of a cluster, opens it, installs into it, and takes it away.
const LATER: &[Operation] = &[
    Operation::ClusterCheck,
    Operation::ClusterStatus,
    Operation::ClusterDeprovision,
    Operation::ClusterInstall,
    Operation::ClusterUninstall,
    Operation::ClusterKubeconfig,
    Operation::ClusterToken,
];

/// What some operations need.
pub(super) fn needed(operations: &[Operation]) -> BTreeSet<&'static str> {
    operations
        .iter()
        .flat_map(|operation| permissions::actions(*operation, Mode::Apply))
        .copied()
        .collect()
}

/// The credentials of a cluster: one of them opens it.
const CREDENTIALS: [&str; 2] = [permissions::ADMIN_CREDENTIAL, permissions::USER_CREDENTIAL];

/// Whether something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Yes,
    /// Only where a condition holds, which is not judged here.
    Conditionally,
    No,
}

/// Roles add up; what one role takes out of itself, another may give.
fn allowed(permissions: &[Permission], action: &str) -> Allowed {
    let mut found = Allowed::No;
    for permission in permissions {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, action));
        if any(&permission.actions) && !any(&permission.not_actions) {
            match permission.condition.as_deref() {
                None | Some("") => return Allowed::Yes,
                Some(_) => found = Allowed::Conditionally,
            }
        }
    }
    found
}

/// `*` stands for any characters, also for slashes and none at all; case does not count.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| action.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// Whether an action is about the subscription: a role in a resource group does not give it.
fn is_of_subscription(action: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "Microsoft.Resources/deploymentStacks/",
        "Microsoft.Resources/subscriptions/read",
        "Microsoft.Resources/subscriptions/providers/",
        "Microsoft.Resources/subscriptions/operationresults/",
        "Microsoft.Compute/skus/",
        "Microsoft.Compute/locations/",
        "Microsoft.ContainerService/locations/",
        "Microsoft.Features/",
        "Microsoft.KeyVault/deletedVaults/",
        "Microsoft.KeyVault/locations/",
    ];
    BEGINNINGS.iter().any(|beginning| action.starts_with(beginning))
}

/// What the caller may do, as far as it was read.
pub(super) struct Scopes {
    /// Azure documents this for groups and resources only; it is asked for what a group cannot tell, since what is
    /// about the subscription is in no other answer.
    pub(super) subscription: Read<Vec<Permission>>,
    /// None where there is no group yet: then the subscription tells.
    pub(super) group: Read<Vec<Permission>>,
}

/// What of the settings decides what is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeaturesInUse {
    pub(super) adopt: bool,
    pub(super) application_insights: bool,
    /// Whether an identity is made for the control plane.
    pub(super) makes_identity: bool,
    pub(super) encryption_at_host: bool,
    pub(super) window: bool,
}

impl FeaturesInUse {
    /// Whether this configuration comes to need an action in subscription or group. What is linked to is looked at
    /// where it is.
    fn needs(self, action: &str) -> bool {
        !(is_linked_elsewhere(action)
            || (!self.encryption_at_host && action == permissions::FEATURES_READ)
            || (!self.window && action.contains("/maintenanceConfigurations/"))
            || (self.adopt && action == "Microsoft.Resources/subscriptions/resourceGroups/write")
            || (!self.makes_identity && action == permissions::ASSIGN_IDENTITY)
            || (!self.application_insights && action.starts_with("Microsoft.Insights/components/")))
    }
}

/// Whether an action is needed only at what a setting names.
fn is_linked_elsewhere(action: &str) -> bool {
    action.starts_with("Microsoft.Network/") || action == permissions::ENCRYPTION_SET_READ
}

pub(super) fn permissions(findings: &mut Findings, scopes: &Scopes, wanted: FeaturesInUse) {
    let subscription = match &scopes.subscription {
        Ok(Some(permissions)) => Some(permissions),
        Ok(None) => {
            findings.untold(KIND, "Azure does not tell what may be done in the subscription");
            None
        }
        Err(error) => {
            findings.unknown(KIND, "what may be done in the subscription", error);
            None
        }
    };
    let group = match &scopes.group {
        Ok(Some(group)) => Some(group),
        Ok(None) => None,
        Err(error) => {
            findings.unknown(KIND, "what may be done in the resource group", error);
            None
        }
    };
    let at = |action: &str| match (group, subscription) {
        // What is given in the subscription is given in its groups too, and told there.
        (Some(group), _) if !is_of_subscription(action) => Some(allowed(group, action)),
        (_, Some(subscription)) => Some(allowed(subscription, action)),
        (_, None) => None,
    };
    let provision = needed(PROVISION);
    // Only when the stack lets go of something does it delete.
    let (later, now): (BTreeSet<&str>, BTreeSet<&str>) = provision
        .into_iter()
        .filter(|action| wanted.needs(action))
        .partition(|action| action.ends_with("/delete"));
    lacking(findings, "provisioning the cluster", &now, at, true);
    let later: BTreeSet<&str> = later
        .union(&needed(LATER))
        .copied()
        .filter(|action| wanted.needs(action) && !now.contains(action))
        .collect();
    lacking(
        findings,
        "changing, using and taking down the cluster",
        &later,
        at,
        false,
    );
    of_volumes(findings, &scopes.subscription);
}

/// Where nothing was found to be lacking.
pub(super) fn pass(findings: &mut Findings) {
    findings.otherwise_pass(
        KIND,
        "everything that kompoxops does with clusters and volumes is allowed",
    );
}

/// Volumes lie in the groups of apps: what the subscription does not give, these may.
pub(super) fn of_volumes(findings: &mut Findings, subscription: &Read<Vec<Permission>>) {
    if let Ok(Some(subscription)) = subscription {
        let mut actions = needed(&Operation::of(Ability::Volumes).collect::<Vec<_>>());
        actions.retain(|action| !is_linked_elsewhere(action));
        lacking_in(
            findings,
            "work on volumes, unless the resource groups of the apps give more,",
            &actions,
            subscription,
            false,
        );
    }
}

/// One finding with all actions that are lacking for something, and one with those that are given on a condition.
pub(super) fn lacking_in(
    findings: &mut Findings,
    purpose: &str,
    actions: &BTreeSet<&str>,
    permissions: &[Permission],
    fails: bool,
) {
    lacking(
        findings,
        purpose,
        actions,
        |action| Some(allowed(permissions, action)),
        fails,
    );
}

/// `at` tells nothing of an action where Azure did not: that stands in a finding of its own.
fn lacking(
    findings: &mut Findings,
    purpose: &str,
    actions: &BTreeSet<&str>,
    at: impl Fn(&str) -> Option<Allowed>,
    fails: bool,
) {
    let opens = CREDENTIALS.iter().any(|action| at(action) == Some(Allowed::Yes));
    let of = |wanted: Allowed| -> Vec<&str> {
        actions
            .iter()
            .copied()
            .filter(|action| at(action) == Some(wanted) && !(opens && CREDENTIALS.contains(action)))
            .collect()
    };
    let (missing, conditional) = (of(Allowed::No), of(Allowed::Conditionally));
    if !missing.is_empty() {
        let message = format!("{purpose} needs what no role gives: {}", missing.join(", "));
        let hint = "ask for a role that holds these actions; custom-role.json is one, and a role given just now takes some minutes to work";
        if fails {
            findings.fail(KIND, message, hint);
        } else {
            findings.warn(KIND, message, hint);
        }
    }
    if !conditional.is_empty() {
        let message = format!(
            "{purpose} needs what a role gives on a condition only: {}",
            conditional.join(", ")
        );
        let hint = "see that the condition lets through the roles that the cluster's identities are given";
        findings.warn(KIND, message, hint);
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;

    use super::*;

    fn role(actions: &[&str], not_actions: &[&str]) -> Permission {
        let all = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect();
        Permission {
            actions: all(actions),
            not_actions: all(not_actions),
            condition: None,
        }
    }

    #[test]
    fn a_star_stands_for_anything_and_case_does_not_count() {
        for (pattern, action) in [
            ("*", "Microsoft.Compute/disks/write"),
            ("*/read", "Microsoft.Compute/disks/read"),
            ("Microsoft.Compute/*", "microsoft.compute/disks/write"),
            (
                "Microsoft.*/disks/*/action",
                "Microsoft.Compute/disks/beginGetAccess/action",
            ),
            ("Microsoft.Compute/disks/write", "Microsoft.Compute/Disks/Write"),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, action), "{pattern} {action}");
        }
        for (pattern, action) in [
            ("*/read", "Microsoft.Compute/disks/write"),
            ("Microsoft.Compute/disks", "Microsoft.Compute/disks/write"),
            ("Microsoft.Compute/*/write", "Microsoft.Compute/disks/read"),
            ("", "a"),
            ("a*a", "a"),
        ] {
            assert!(!matches(pattern, action), "{pattern} {action}");
        }
    }

    #[test]
    fn what_one_role_takes_out_another_may_give() {
        let contributor = role(&["*"], &["Microsoft.Authorization/*/Write"]);
        let write = "Microsoft.Authorization/roleAssignments/write";
        assert_eq!(allowed(std::slice::from_ref(&contributor), write), Allowed::No);
        assert_eq!(
            allowed(
                std::slice::from_ref(&contributor),
                "Microsoft.Compute/disks/write"
            ),
            Allowed::Yes
        );
        let mut administrator = role(&["Microsoft.Authorization/roleAssignments/*"], &[]);
        assert_eq!(
            allowed(&[contributor.clone(), administrator.clone()], write),
            Allowed::Yes
        );
        administrator.condition = Some("@Request[…]".to_owned());
        assert_eq!(
            allowed(&[contributor, administrator], write),
            Allowed::Conditionally
        );
    }

    const PLAIN: FeaturesInUse = FeaturesInUse {
        adopt: false,
        application_insights: false,
        makes_identity: false,
        encryption_at_host: false,
        window: false,
    };

    fn found(scopes: &Scopes, wanted: FeaturesInUse) -> Vec<(Verdict, String)> {
        let mut findings = Findings::default();
        permissions(&mut findings, scopes, wanted);
        pass(&mut findings);
        let of = |check: &kompox_domain::cluster::Check| (check.verdict, check.message.clone());
        findings.checks().iter().map(of).collect()
    }

    fn scopes(subscription: Permission, group: Option<Permission>) -> Scopes {
        Scopes {
            subscription: Ok(Some(vec![subscription])),
            group: Ok(group.map(|group| vec![group])),
        }
    }

    #[test]
    fn a_role_in_the_group_gives_what_is_about_the_group_and_not_what_is_about_the_subscription() {
        let owner = role(&["*"], &[]);
        let found = found(&scopes(role(&["*/read"], &[]), Some(owner)), PLAIN);
        let (verdict, message) = &found[0];
        assert_eq!(*verdict, Verdict::Fail);
        assert!(
            message.contains("Microsoft.Resources/deploymentStacks/write"),
            "{message}"
        );
        assert!(
            !message.contains("Microsoft.ContainerService/managedClusters/write"),
            "{message}"
        );
    }

    #[test]
    fn what_the_configuration_does_not_come_to_need_is_not_asked_for() {
        let without = role(
            &["*"],
            &[
                "Microsoft.Insights/components/*",
                "Microsoft.Network/*",
                "Microsoft.Resources/subscriptions/resourceGroups/write",
            ],
        );
        let adopted = FeaturesInUse { adopt: true, ..PLAIN };
        let told = found(&scopes(without.clone(), Some(without.clone())), adopted);
        assert!(
            told.iter().all(|(verdict, _)| *verdict != Verdict::Fail),
            "{told:?}"
        );
        let wanted = FeaturesInUse {
            application_insights: true,
            ..PLAIN
        };
        let told = found(&scopes(without, None), wanted);
        assert!(
            told[0].1.contains("Microsoft.Insights/components/write"),
            "{told:?}"
        );
        assert!(told[0].1.contains("resourceGroups/write"), "{told:?}");
    }

    #[test]
    fn where_the_subscription_does_not_tell_the_group_still_does() {
        let untold = Scopes {
            subscription: Ok(None),
            ..scopes(role(&[], &[]), Some(role(&["*/read"], &[])))
        };
        let told = found(&untold, PLAIN);
        assert_eq!(told[0].0, Verdict::Unknown, "{told:?}");
        let (verdict, message) = &told[1];
        assert_eq!(*verdict, Verdict::Fail);
        assert!(
            message.contains("Microsoft.ContainerService/managedClusters/write"),
            "{message}"
        );
        // Of what only the subscription could tell nothing is said.
        assert!(
            told.iter()
                .all(|(_, message)| !message.contains("Microsoft.Resources/deploymentStacks/write")),
            "{told:?}"
        );
    }

    #[test]
    fn an_identity_is_assigned_in_the_group_only_where_one_is_made_there() {
        let without = role(&["*"], &[permissions::ASSIGN_IDENTITY]);
        let scopes = scopes(without.clone(), Some(without));
        assert_eq!(found(&scopes, PLAIN)[0].0, Verdict::Pass);
        let makes = FeaturesInUse {
            makes_identity: true,
            ..PLAIN
        };
        let told = found(&scopes, makes);
        assert_eq!(told[0].0, Verdict::Fail, "{told:?}");
        assert!(told[0].1.contains(permissions::ASSIGN_IDENTITY), "{told:?}");
    }

    #[test]
    fn of_the_two_rights_to_the_keys_of_a_workspace_each_is_missed() {
        for action in [
            permissions::WORKSPACE_KEYS_READ,
            permissions::WORKSPACE_KEYS_ACTION,
        ] {
            let without = role(&["*"], &[action]);
            let told = found(&scopes(without.clone(), Some(without)), PLAIN);
            assert_eq!(told[0].0, Verdict::Fail, "{told:?}");
            assert!(told[0].1.ends_with(action), "{told:?}");
        }
    }
}
