//! Undoing what installing did: in the cluster first, then the rights outside of it.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};
use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::driver::UninstallRequest;
use kompox_domain::progress::WarningKind;
use kompox_domain::{Error, ErrorKind, Hint, Mode, Result};
use kompox_kube::UninstallOptions;

use super::{InstallWork, vaults};
use crate::advice::to_domain;
use crate::observe::ProvisionedCluster;
use crate::observe::locate;
use crate::observe::managed_cluster::ManagedCluster;
use crate::observe::outputs::Outputs;
use crate::roles::{self, ListedAssignment, Role};
use crate::settings::cluster::ClusterSettings;
use crate::settings::ingress::described;

/// How many rights are taken back at once.
const AT_ONCE: usize = 8;

/// What is there to uninstall from.
struct There {
    cluster: ManagedCluster,
    /// Object ids of the cluster's identities.
    principals: BTreeSet<String>,
    /// What the cluster's stack manages: its rights go with it.
    managed: Vec<String>,
}

impl InstallWork<'_> {
    /// Undoes it, and answers with what was deleted, and with what stays and why.
    ///
    /// # Errors
    /// As the port says.
    pub(crate) async fn uninstall(&self, request: UninstallRequest, mode: Mode) -> Result<Plan> {
        let Some(there) = self.there().await? else {
            return Ok(Plan::default());
        };
        let client = self.client(&there.cluster).await?;
        let traefik = described(&self.scope.ingress, &self.scope.path());
        let options = UninstallOptions {
            delete_certificates: request.delete_certificates,
        };
        let mut plan = kompox_kube::uninstall(&client, self.session.cx, &traefik, options, mode).await?;
        let agent = self.agent(&client, &traefik.owner, false);
        let mut told = agent.look().await?;
        plan.changes.extend(told.change());
        if let Some(warning) = told.warning() {
            self.session.cx.warn(WarningKind::ForeignResource, warning);
        }
        if mode == Mode::Apply {
            agent.settle(&mut told, false).await?;
        }
        let assignments = self.assignments(&there).await?;
        if mode == Mode::Apply {
            self.take_back(&assignments).await?;
        }
        Ok(with_rights(plan, &assignments))
    }

    /// None: there is no cluster of ours, so that nothing is installed on it.
    async fn there(&self) -> Result<Option<There>> {
        let (cluster, outputs, managed) = match self.settings {
            ClusterSettings::Provisioned(own) => {
                let work = ProvisionedCluster::new(self.session, self.scope, own);
                let observed = work.observe().await?;
                work.refuse_stopped(&observed)?;
                let Some(cluster) = observed.cluster else {
                    return Ok(None);
                };
                let stack = observed
                    .stack
                    .filter(|stack| stack.belongs_to_cluster(&self.scope.path()));
                let managed = stack.iter().flat_map(|stack| &stack.properties.resources);
                let managed = managed.map(|resource| resource.id.clone()).collect();
                (
                    cluster,
                    stack.map(|stack| stack.outputs()).unwrap_or_default(),
                    managed,
                )
            }
            ClusterSettings::Existing(existing) => {
                let id = existing.id.to_string();
                let cluster = locate::read(self.session, &id).await.map_err(to_domain)?;
                let Some(cluster) = cluster else {
                    return Err(Error::new(ErrorKind::NotFound, format!("there is no {id}"))
                        .with_hint(Hint::setting("check", "AZURE_AKS_RESOURCE_ID")));
                };
                let ingress_principal_id = self.principal_of_ingress(existing).await?;
                let outputs = Outputs {
                    ingress_principal_id,
                    ..Outputs::default()
                };
                (cluster, outputs, Vec::new())
            }
        };
        let principals = [
            outputs.cluster_principal_id,
            outputs.kubelet_principal_id,
            outputs.ingress_principal_id,
            cluster.principal(),
            cluster.kubelet_principal(),
        ];
        Ok(Some(There {
            principals: principals.into_iter().flatten().collect(),
            cluster,
            managed,
        }))
    }

    /// The rights that were given outside of the stack.
    async fn assignments(&self, there: &There) -> Result<Vec<ListedAssignment>> {
        let targets = self.settings.targets();
        let subscription = &self.session.provider.subscription;
        let own = format!("/subscriptions/{subscription}");
        let secrets = vaults::secret_scopes(self.session, subscription, &targets.certificates);
        let secrets = secrets.await.map_err(to_domain)?;
        let elsewhere = targets.dns_zones.iter().chain(&targets.registries);
        let elsewhere = elsewhere.map(ToString::to_string).chain(secrets);
        let outside = elsewhere.filter(|scope| !within(scope, &own));
        let scopes: Vec<String> = std::iter::once(own.clone()).chain(outside).collect();
        let description = roles::description(&self.scope.path());
        let mut found = roles::assignments_of_cluster(self.session, &there.principals, &scopes, &description)
            .await
            .map_err(to_domain)?;
        found.retain(|assignment| {
            !there
                .managed
                .iter()
                .any(|id| id.eq_ignore_ascii_case(&assignment.id))
        });
        Ok(found)
    }

    async fn take_back(&self, assignments: &[ListedAssignment]) -> Result<()> {
        let going = assignments.iter().filter(|assignment| goes(assignment));
        let deletions = going.map(|assignment| roles::delete(self.session, &assignment.id));
        let ended: Vec<_> = stream::iter(deletions.collect::<Vec<_>>())
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        ended
            .into_iter()
            .collect::<std::result::Result<(), _>>()
            .map_err(|error| {
                to_domain(error).context("the ingress is uninstalled, but not every right was taken back")
            })
    }
}

fn within(scope: &str, subscription: &str) -> bool {
    scope
        .get(..subscription.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(subscription))
}

/// The right to attach disks stays: apps that run keep their volumes without an ingress too.
fn goes(assignment: &ListedAssignment) -> bool {
    !assignment.is_of(Role::DiskRestoreOperator)
}

fn with_rights(mut plan: Plan, assignments: &[ListedAssignment]) -> Plan {
    plan.changes.extend(assignments.iter().map(|assignment| {
        let (action, reason) = if goes(assignment) {
            (
                ChangeAction::Delete,
                "right that installing gave one of the cluster's identities",
            )
        } else {
            (
                ChangeAction::Keep,
                "lets the cluster attach the disks of an app; deprovisioning takes it back",
            )
        };
        Change {
            action,
            resource: assignment.id.clone(),
            reason: reason.to_owned(),
        }
    }));
    plan
}
