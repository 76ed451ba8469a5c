//! Which actions the caller lacks.

use std::collections::BTreeSet;

use kompox_domain::Operation;

use super::findings::Findings;
use super::read::{Permission, Read};
use crate::permissions;

pub(super) const KIND: &str = "permissions";

/// What provisions a cluster.
const PROVISION: &[Operation] = &[
    Operation::ClusterPlan,
    Operation::ClusterProvision,
    Operation::ClusterWait,
];
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
    Operation::ClusterDeprovisionPlan,
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
        .flat_map(|operation| permissions::actions(*operation))
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
    pub(super) subscription: Read<Vec<Permission>>,
    /// None where there is no group yet.
    pub(super) group: Read<Vec<Permission>>,
    /// None without a subnet of one's own.
    pub(super) subnet: Read<Vec<Permission>>,
    /// None without a private zone of one's own.
    pub(super) zone: Read<Vec<Permission>>,
    /// None without a disk encryption set.
    pub(super) encryption_set: Read<Vec<Permission>>,
}

/// What of the settings decides what is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) adopt: bool,
    pub(super) application_insights: bool,
    /// Whether an identity is made that needs roles on subnet and zone.
    pub(super) makes_identity: bool,
    pub(super) subnet: bool,
    pub(super) zone: bool,
    pub(super) encryption_set: bool,
    pub(super) encryption_at_host: bool,
    pub(super) window: bool,
}

impl Wanted {
    /// Whether this configuration comes to need an action in subscription or group. Those of networks and of disk
    /// encryption sets are looked at where they are needed.
    fn needs(self, action: &str) -> bool {
        !(action.starts_with("Microsoft.Network/")
            || action == permissions::ENCRYPTION_SET_READ
            || (!self.encryption_at_host && action == permissions::FEATURES_READ)
            || (!self.window && action.contains("/maintenanceConfigurations/"))
            || (self.adopt && action == "Microsoft.Resources/subscriptions/resourceGroups/write")
            || (!self.application_insights && action.starts_with("Microsoft.Insights/components/")))
    }
}

pub(super) fn permissions(findings: &mut Findings, scopes: &Scopes, wanted: Wanted) {
    let subscription = match &scopes.subscription {
        Ok(Some(permissions)) => permissions,
        Ok(None) => {
            findings.untold(KIND, "Azure does not tell what may be done in the subscription");
            return;
        }
        Err(error) => {
            findings.unknown(KIND, "what may be done in the subscription", error);
            return;
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
    let at = |action: &str| match group {
        // What is given in the subscription is given in its groups too, and told there.
        Some(group) if !is_of_subscription(action) => allowed(group, action),
        _ => allowed(subscription, action),
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
    let roles: &[&str] = if wanted.makes_identity {
        &["Microsoft.Authorization/roleAssignments/write"]
    } else {
        &[]
    };
    let join: &[&str] = &[
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "Microsoft.Network/virtualNetworks/subnets/read",
    ];
    let link: &[&str] = &["Microsoft.Network/privateDnsZones/read"];
    let encrypt: &[&str] = &[permissions::ENCRYPTION_SET_READ];
    for (is_wanted, what, read, own) in [
        (wanted.subnet, "the subnet", &scopes.subnet, join),
        (wanted.zone, "the private DNS zone", &scopes.zone, link),
        (
            wanted.encryption_set,
            "the disk encryption set",
            &scopes.encryption_set,
            encrypt,
        ),
    ] {
        match read {
            _ if !is_wanted => {}
            Ok(Some(permissions)) => {
                let all: BTreeSet<&str> = own.iter().chain(roles).copied().collect();
                lacking(findings, what, &all, |action| allowed(permissions, action), true);
            }
            // That it is not there is another finding.
            Ok(None) => {}
            Err(error) => findings.unknown(KIND, &format!("what may be done with {what}"), error),
        }
    }
    findings.otherwise_pass(
        KIND,
        "everything that kompoxops does with clusters and volumes is allowed",
    );
}

/// Volumes lie in the groups of apps: what the subscription does not give, these may.
pub(super) fn of_volumes(findings: &mut Findings, subscription: &Read<Vec<Permission>>) {
    match subscription {
        Ok(Some(subscription)) => lacking(
            findings,
            "work on volumes, unless the resource groups of the apps give more,",
            &of_all_volumes(),
            |action| allowed(subscription, action),
            false,
        ),
        Ok(None) => {}
        Err(error) => findings.unknown(KIND, "what may be done in the subscription", error),
    }
}

/// What volumes need of the subscription; whether a disk encryption set may be read is seen where one is named.
fn of_all_volumes() -> BTreeSet<&'static str> {
    let mut all = needed(Operation::ON_VOLUMES);
    all.remove(permissions::ENCRYPTION_SET_READ);
    all
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
        |action| allowed(permissions, action),
        fails,
    );
}

fn lacking(
    findings: &mut Findings,
    purpose: &str,
    actions: &BTreeSet<&str>,
    at: impl Fn(&str) -> Allowed,
    fails: bool,
) {
    let opens = CREDENTIALS.iter().any(|action| at(action) == Allowed::Yes);
    let of = |wanted: Allowed| -> Vec<&str> {
        actions
            .iter()
            .copied()
            .filter(|action| at(action) == wanted && !(opens && CREDENTIALS.contains(action)))
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

    const PLAIN: Wanted = Wanted {
        adopt: false,
        application_insights: false,
        makes_identity: false,
        subnet: false,
        zone: false,
        encryption_set: false,
        encryption_at_host: false,
        window: false,
    };

    fn found(scopes: &Scopes, wanted: Wanted) -> Vec<(Verdict, String)> {
        let mut findings = Findings::default();
        permissions(&mut findings, scopes, wanted);
        let of = |check: &kompox_domain::cluster::Check| (check.verdict, check.message.clone());
        findings.checks().iter().map(of).collect()
    }

    fn scopes(subscription: Permission, group: Option<Permission>) -> Scopes {
        Scopes {
            subscription: Ok(Some(vec![subscription])),
            group: Ok(group.map(|group| vec![group])),
            subnet: Ok(None),
            zone: Ok(None),
            encryption_set: Ok(None),
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
        let adopted = Wanted { adopt: true, ..PLAIN };
        let told = found(&scopes(without.clone(), Some(without.clone())), adopted);
        assert!(
            told.iter().all(|(verdict, _)| *verdict != Verdict::Fail),
            "{told:?}"
        );
        let wanted = Wanted {
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
    fn a_subnet_and_a_zone_are_judged_by_what_is_given_there() {
        let mut scopes = scopes(role(&["*"], &["Microsoft.Network/*"]), None);
        scopes.subnet = Ok(Some(vec![role(
            &["Microsoft.Network/virtualNetworks/subnets/*"],
            &[],
        )]));
        scopes.zone = Ok(Some(vec![role(&["*"], &[])]));
        let wanted = Wanted {
            subnet: true,
            zone: true,
            ..PLAIN
        };
        assert_eq!(found(&scopes, wanted)[0].0, Verdict::Pass);
        let makes = Wanted {
            makes_identity: true,
            ..wanted
        };
        let told = found(&scopes, makes);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].1.starts_with("the subnet needs") && told[0].1.contains("roleAssignments/write"),
            "{told:?}"
        );
    }
}
