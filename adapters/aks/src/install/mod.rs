//! Installing: what makes a provisioned cluster ready for apps, and undoing it.
//!
//! First everything is looked at, and what stands in the way refused before anything is written. Then the rights are
//! given while the ingress's place in the cluster is prepared: neither needs the other. Then comes the ingress itself,
//! which needs both. A right that cannot be given is told at the end; it keeps nothing else from being done.

mod facts;
mod ingress;
mod role_assignments;
mod uninstall;
mod vaults;

use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::driver::InstallRequest;
use kompox_domain::progress::WarningKind;
use kompox_domain::{Cluster, Error, Mode, Result};
use kompox_kube::agent::{Agent, AgentLook};
use kompox_kube::ingress::{Ingress, Look};
use kompox_kube::{KubeClient, Traefik};

pub(crate) use vaults::secret_scopes;

use self::facts::Facts;
use self::role_assignments::Scopes;
use crate::advice::to_domain;
use crate::api::Group;
use crate::observe::managed_cluster::ManagedCluster;
use crate::observe::{ProvisionedCluster, locate};
use crate::roles::{Assigned, Assigner, AssignmentOutcome, Identity, RoleAssignment};
use crate::session::Session;
use crate::settings::cluster::{ClusterSettings, ExistingSettings};
use crate::{kubeconfig, roles};

/// One cluster on which something is installed: what installing and uninstalling start from.
pub(crate) struct InstallWork<'a> {
    pub(crate) session: Session<'a>,
    pub(crate) scope: &'a Cluster,
    pub(crate) settings: &'a ClusterSettings,
    /// Of the apps on the cluster.
    pub(crate) app_groups: Vec<Group>,
}

impl InstallWork<'_> {
    /// Makes the cluster ready for apps, and answers with what was done.
    ///
    /// # Errors
    /// As the port says.
    pub(crate) async fn install(&self, request: InstallRequest, mode: Mode) -> Result<Plan> {
        let targets = self.settings.targets();
        let subscription = &self.session.provider.subscription;
        let (facts, vaults) = futures::try_join!(
            self.facts(),
            vaults::find(self.session, subscription, &targets.certificates),
        )?;
        let description = roles::description(&self.scope.path());
        let assigner = self.assigner(&description);
        let scopes = Scopes {
            targets,
            vaults: &vaults,
            app_groups: &self.app_groups,
        };
        let traefik = ingress::traefik(self.scope, targets, &facts, &vaults);
        // All that is there is known before anything is written.
        let (there, looked) = futures::join!(
            role_assignments::look(&assigner, &facts, scopes),
            self.looked(&facts.cluster, &traefik)
        );
        let (client, mut look, mut agent_look) = looked?;
        let owner = self.scope.path();
        let agent = self.agent(&client, &owner, targets.system_logs);
        let ingress = Ingress::new(&client, self.session.cx, &traefik)?;
        for warning in look.warnings().chain(agent_look.warning()) {
            self.session.cx.warn(WarningKind::ForeignResource, warning);
        }
        let mut plan = if request.force {
            look.plan_by_force()
        } else {
            look.plan()
        };
        plan.changes.extend(agent_look.change());
        if mode == Mode::Plan {
            return finished(plan, there, "nothing was done");
        }
        look.check()?;
        let (assigned, prepared, told) = futures::join!(
            role_assignments::give(&assigner, there),
            ingress.prepare(&mut look, request.force),
            agent.settle(&mut agent_look, request.force)
        );
        // Without the right to its certificates the ingress would be waited for in vain.
        let blind = assigned
            .failures
            .iter()
            .any(|(assignment, _)| assignment.identity == Identity::Ingress);
        let running = async {
            prepared?;
            ingress.install(&mut look, request.force).await?;
            if !blind {
                ingress.wait(&look).await?;
            }
            // That logs are not collected keeps nothing else from being done.
            told
        };
        match running.await {
            Ok(()) => finished(plan, assigned, "everything else is done"),
            // Why the ingress does not come up may well be among the rights that it lacks.
            Err(error) => Err(with_rights(error, assigned)),
        }
    }

    async fn facts(&self) -> Result<Facts> {
        match self.settings {
            ClusterSettings::Provisioned(own) => {
                let cluster = ProvisionedCluster::new(self.session, self.scope, own);
                Facts::of_own(&cluster, &self.scope.ingress).await
            }
            ClusterSettings::Existing(existing) => {
                let id = existing.id.to_string();
                let (cluster, principal) = futures::try_join!(
                    async { locate::read(self.session, &id).await.map_err(to_domain) },
                    self.principal_of_ingress(existing),
                )?;
                Facts::of_existing(existing, cluster, principal)
            }
        }
    }

    /// Whom the ingress of a cluster of somebody else stands for. Only certificates ask for it.
    async fn principal_of_ingress(&self, existing: &ExistingSettings) -> Result<Option<String>> {
        let client_id = existing.ingress_client_id.as_deref();
        match client_id.filter(|_| !existing.installed.certificates.is_empty()) {
            Some(client_id) => {
                facts::principal_of(self.session, &self.session.provider.subscription, client_id)
                    .await
                    .map(Some)
            }
            None => Ok(None),
        }
    }

    /// A way into the cluster, and what is there of its ingress and of what its agent is told.
    async fn looked(
        &self,
        cluster: &ManagedCluster,
        traefik: &Traefik,
    ) -> Result<(KubeClient, Look, AgentLook)> {
        let client = self.client(cluster).await?;
        let ingress = Ingress::new(&client, self.session.cx, traefik)?;
        let owner = self.scope.path();
        let agent = self.agent(&client, &owner, self.settings.targets().system_logs);
        let (look, agent_look) = futures::try_join!(ingress.look(), agent.look())?;
        Ok((client, look, agent_look))
    }

    const fn agent<'a>(&'a self, client: &'a KubeClient, owner: &'a str, system_logs: bool) -> Agent<'a> {
        Agent {
            client,
            cx: self.session.cx,
            owner,
            system_logs,
        }
    }

    async fn client(&self, cluster: &ManagedCluster) -> Result<KubeClient> {
        kubeconfig::client(self.session, cluster).await
    }

    const fn assigner<'a>(&'a self, description: &'a str) -> Assigner<'a> {
        Assigner {
            session: self.session,
            description,
        }
    }
}

/// The plan with the rights that were given, unless some could not be.
fn finished(mut plan: Plan, assigned: Assigned, besides: &str) -> Result<Plan> {
    let made = assigned
        .outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, AssignmentOutcome::Missing | AssignmentOutcome::Created));
    plan.changes
        .extend(made.map(|(assignment, _)| created_assignment(assignment)));
    match roles::refused(assigned.failures, besides) {
        Some(error) => Err(error),
        None => Ok(plan),
    }
}

/// An error of the ingress, with the rights that could not be given either.
fn with_rights(error: Error, assigned: Assigned) -> Error {
    if assigned.failures.is_empty() {
        return error;
    }
    let rights = assigned.failures.into_iter().map(|(_, failure)| failure);
    let failures = error.failures().iter().cloned().chain(rights).collect();
    error.with_failures(failures)
}

fn created_assignment(assignment: &RoleAssignment) -> Change {
    Change {
        action: ChangeAction::Create,
        resource: assignment.id(),
        reason: format!(
            "{} for the {} on {}",
            assignment.role.title(),
            assignment.identity,
            crate::resource_name::title(&assignment.scope)
        ),
    }
}
