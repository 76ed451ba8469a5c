//! Which rights the parts of a cluster need outside of its stack, and giving them.

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmError, ArmRequest};
use kompox_domain::error::FailedOperation;
use kompox_domain::{Error, Hint, Operation};
use serde::Deserialize;

use super::facts::Facts;
use super::vaults::Vault;
use crate::api::{Group, REGISTRIES};
use crate::roles::attach;
use crate::roles::{Assigned, Assigner, AssignmentOutcome, Identity, Role, RoleAssignment};
use crate::settings::cluster::InstallTargets;

/// How many registries are asked at once how they ask for rights.
const AT_ONCE: usize = 8;

/// Everything that rights are given to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scopes<'a> {
    pub(super) targets: &'a InstallTargets,
    pub(super) vaults: &'a [Vault],
    /// Of the apps on the cluster.
    pub(super) app_groups: &'a [Group],
}

/// Which rights are there and which are missing. Only reads; what cannot be told is in the answer.
pub(super) async fn look(assigner: &Assigner<'_>, facts: &Facts, scopes: Scopes<'_>) -> Assigned {
    let mut assignments = zones(facts, scopes.targets);
    assignments.extend(secrets(facts, scopes.targets, scopes.vaults));
    assignments.extend(groups(facts, scopes.app_groups));
    // How a registry asks for rights has to be known first; nothing else waits for that.
    let pulling = async {
        let (registries, failures) = registries(assigner, facts, scopes.targets).await;
        (told_apart(assigner, registries).await, failures)
    };
    let (mut assigned, (pulling, failures)) = futures::join!(told_apart(assigner, assignments), pulling);
    assigned.outcomes.extend(pulling.outcomes);
    assigned.failures.extend(pulling.failures);
    assigned.failures.extend(failures);
    within_reach(assigned)
}

/// Gives those that were missing. What fails is in the answer, and keeps nothing else from being given.
pub(super) async fn give(assigner: &Assigner<'_>, found: Assigned) -> Assigned {
    within_reach(assigner.give_missing(found).await)
}

/// Looks for those of identities that are known; the others are failures.
async fn told_apart(assigner: &Assigner<'_>, assignments: Vec<RoleAssignment>) -> Assigned {
    let (assignments, nameless): (Vec<RoleAssignment>, Vec<RoleAssignment>) = assignments
        .into_iter()
        .partition(|assignment| !assignment.principal.is_empty());
    let mut assigned = assigner.look_all(assignments).await;
    assigned.failures.extend(nameless.into_iter().map(|assignment| {
        let failure = unknown_identity(&assignment);
        (assignment, failure)
    }));
    assigned
}

/// A zone, registry or vault that is not there is a failure; an app's group is made with its first disk.
fn within_reach(mut assigned: Assigned) -> Assigned {
    let (gone, outcome): (Vec<_>, Vec<_>) =
        assigned.outcomes.into_iter().partition(|(assignment, outcome)| {
            *outcome == AssignmentOutcome::NoScope && assignment.role != Role::DiskRestoreOperator
        });
    assigned.outcomes = outcome;
    assigned.failures.extend(gone.into_iter().map(|(assignment, _)| {
        let failure = no_scope(&assignment);
        (assignment, failure)
    }));
    assigned
}

fn principal(id: Option<&String>) -> String {
    id.cloned().unwrap_or_default()
}

fn zones(facts: &Facts, targets: &InstallTargets) -> Vec<RoleAssignment> {
    let assignment = |zone: &kompox_arm::ResourceId| RoleAssignment {
        identity: Identity::Cluster,
        principal: principal(facts.cluster_principal.as_ref()),
        role: if zone.is_of("Microsoft.Network", "privateDnsZones") {
            Role::PrivateDnsZoneContributor
        } else {
            Role::DnsZoneContributor
        },
        scope: zone.to_string(),
    };
    targets.dns_zones.iter().map(assignment).collect()
}

fn secrets(facts: &Facts, targets: &InstallTargets, vaults: &[Vault]) -> Vec<RoleAssignment> {
    let ingress = facts
        .ingress
        .as_ref()
        .and_then(|ingress| ingress.principal.as_ref());
    let mut assignments: Vec<RoleAssignment> = Vec::new();
    for certificate in &targets.certificates {
        let Some(vault) = vaults.iter().find(|vault| vault.host == certificate.host) else {
            continue;
        };
        let assignment = RoleAssignment {
            identity: Identity::Ingress,
            principal: principal(ingress),
            role: Role::KeyVaultSecretsUser,
            scope: vault.secret(certificate),
        };
        // Two names for one secret, or two of its versions.
        if !assignments.iter().any(|other| other.name() == assignment.name()) {
            assignments.push(assignment);
        }
    }
    assignments
}

fn groups(facts: &Facts, groups: &[Group]) -> Vec<RoleAssignment> {
    groups
        .iter()
        .map(|group| attach(principal(facts.cluster_principal.as_ref()), group))
        .collect()
}

#[derive(Deserialize, Default)]
struct Registry {
    #[serde(default)]
    properties: RegistryProperties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct RegistryProperties {
    #[serde(default)]
    role_assignment_mode: Option<String>,
}

/// The right to pull, as each registry takes it: where rights are given by repository `AcrPull` has no effect.
async fn registries(
    assigner: &Assigner<'_>,
    facts: &Facts,
    targets: &InstallTargets,
) -> (Vec<RoleAssignment>, Vec<(RoleAssignment, FailedOperation)>) {
    let scopes: Vec<String> = targets.registries.iter().map(ToString::to_string).collect();
    let asked = scopes.into_iter().map(|scope| async move {
        let role = role_of_registry(assigner, &scope).await;
        let mut assignment = RoleAssignment {
            identity: Identity::Kubelet,
            principal: principal(facts.kubelet_principal.as_ref()),
            role: Role::AcrPull,
            scope,
        };
        match role {
            Ok(role) => {
                assignment.role = role;
                Ok(assignment)
            }
            Err(error) => {
                let failure = unread_registry(&assignment, error);
                Err((assignment, failure))
            }
        }
    });
    let ended: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut assignments = Vec::new();
    let mut failures = Vec::new();
    for end in ended {
        match end {
            Ok(assignment) => assignments.push(assignment),
            Err(failure) => failures.push(failure),
        }
    }
    (assignments, failures)
}

async fn role_of_registry(assigner: &Assigner<'_>, id: &str) -> Result<Role, ArmError> {
    let request = ArmRequest::get(assigner.session.arm.url(id, REGISTRIES)?);
    let registry: Registry = assigner
        .session
        .arm
        .send(assigner.session.cx, &request)
        .await?
        .json()?;
    let mode = registry.properties.role_assignment_mode.unwrap_or_default();
    Ok(if mode.eq_ignore_ascii_case("AbacRepositoryPermissions") {
        Role::RepositoryReader
    } else {
        Role::AcrPull
    })
}

fn unread_registry(assignment: &RoleAssignment, error: ArmError) -> FailedOperation {
    let code = error.code().unwrap_or_default().to_owned();
    let error = Error::from(error);
    FailedOperation {
        resource: assignment.scope.clone(),
        code,
        message: format!(
            "the {} did not get the right to pull: how the registry asks for rights cannot be read: {error}",
            assignment.identity
        ),
        correlation_id: error.correlation_id().map(str::to_owned),
        hints: match error.hints() {
            [] => vec![Hint::setting(
                "check",
                "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS",
            )],
            hints => hints.to_vec(),
        },
        causes: Vec::new(),
    }
}

fn unknown_identity(assignment: &RoleAssignment) -> FailedOperation {
    FailedOperation {
        resource: assignment.scope.clone(),
        code: "IdentityUnknown".to_owned(),
        message: format!(
            "nobody got {}: neither the stack nor the managed cluster says who its {} is",
            assignment.role.title(),
            assignment.identity
        ),
        hints: match assignment.identity {
            Identity::Ingress => vec![
                Hint::command("have one made", Operation::ClusterProvision),
                Hint::setting("or set", "AZURE_INGRESS_CLIENT_ID"),
            ],
            Identity::Cluster | Identity::Kubelet => vec![
                "a cluster needs managed identities: one with a service principal is given its rights by hand".into(),
            ],
        },
        ..FailedOperation::default()
    }
}

fn no_scope(assignment: &RoleAssignment) -> FailedOperation {
    FailedOperation {
        resource: assignment.scope.clone(),
        code: "ResourceNotFound".to_owned(),
        message: format!(
            "the {} did not get {}: there is no such resource",
            assignment.identity,
            assignment.role.title()
        ),
        hints: vec![match assignment.role {
            Role::DnsZoneContributor | Role::PrivateDnsZoneContributor => {
                Hint::setting("check", "AZURE_AKS_DNS_ZONE_RESOURCE_IDS")
            }
            Role::AcrPull | Role::RepositoryReader => {
                Hint::setting("check", "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS")
            }
            Role::KeyVaultSecretsUser | Role::DiskRestoreOperator => {
                "it was deleted meanwhile: run it again".into()
            }
        }],
        ..FailedOperation::default()
    }
}
