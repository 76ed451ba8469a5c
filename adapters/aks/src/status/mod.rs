//! What is known about a cluster: stack, group and managed cluster at the same time, then the way into it beside what
//! kept the stack from succeeding, then Kubernetes.

mod attach;
mod conditions;
mod drift;
mod ingress;
mod kind;

use kompox_arm::ResourceId;
use kompox_domain::cluster::{ClusterStatus, Condition, Pool};
use kompox_domain::{Error, ErrorKind, Result};

use self::conditions::{Read, condition};
use self::ingress::Look;
use self::kind::ConditionKind;
use crate::advice::to_domain;
use crate::api::Group;
use crate::follow::failure;
use crate::observe::ObservedCluster;
use crate::observe::managed_cluster::{AgentPool, ManagedCluster};
use crate::observe::stack::{Stack, StackState};
use crate::observe::{ProvisionedCluster, locate};
use crate::provision::node_images;
use crate::session::Session;
use kompox_domain::Cluster;

impl ProvisionedCluster<'_> {
    /// What is known about it. What cannot be read is not known, and a condition says why.
    ///
    /// # Errors
    /// `Unauthenticated`; whatever kept everything from being read.
    pub(crate) async fn status(&self, app_groups: &[Group]) -> Result<ClusterStatus> {
        let namespace = self.scope.ingress.namespace.as_str();
        let (stack, group, clusters) =
            futures::join!(self.stack.get(self.session), self.group(), self.clusters());
        let stack = known(stack.map_err(to_domain))?;
        let group = known(group.map_err(to_domain))?;
        let clusters = known(clusters.map_err(to_domain))?;
        if let (Err(error), Err(_), Err(_)) = (&stack, &group, &clusters)
            && matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout)
        {
            return stack.map(|_| ClusterStatus::default());
        }
        // What is somebody else's is told, and otherwise as if it was not there.
        let (stack, foreign) = match stack {
            Ok(Some(stack)) if !stack.belongs_to_cluster(&self.scope.path()) => (Ok(None), Some(stack)),
            stack => (stack, None),
        };
        let ours = stack.as_ref().ok().and_then(Option::as_ref);
        let cluster: Read<ManagedCluster> =
            clusters.and_then(|clusters| self.our_cluster(clusters, ours).map_err(to_domain));
        let failed = ours.filter(|stack| matches!(stack.state(), StackState::Failed | StackState::Canceled));
        let there = cluster.as_ref().ok().and_then(Option::as_ref);
        let (why, look, attach) = futures::join!(
            Box::pin(self.why(failed)),
            Box::pin(ingress::look(self.session, there, namespace)),
            Box::pin(attach::look(self.session, self.scope, app_groups, there)),
        );
        let look = look?;

        let mut status = ClusterStatus {
            found: conditions::found(self, &stack, &group, &cluster),
            under_way: conditions::under_way(&stack, &group, &cluster),
            ..ClusterStatus::default()
        };
        let provisioned = conditions::provisioned(&stack, &cluster, why.as_deref());
        status.provisioned = provisioned.status;
        status.conditions.push(provisioned);
        if let Some(stack) = &foreign {
            status.conditions.push(conditions::foreign(self, stack));
        }
        if let Err(error) = &group {
            status.conditions.push(conditions::unread(
                ConditionKind::ResourceGroup,
                "the resource group",
                error,
            ));
        }
        if let Some(cluster) = there {
            describe(&mut status, cluster);
        }
        take(&mut status, look, cluster.as_ref().err());
        status.conditions.extend(attach);
        status.conditions.extend(there.and_then(images_due));
        let observed = ObservedCluster {
            group: group.as_ref().ok().cloned().flatten(),
            cluster: cluster.as_ref().ok().cloned().flatten(),
            stack: stack.as_ref().ok().cloned().flatten(),
            ..ObservedCluster::default()
        };
        if observed.stack.is_some() || observed.cluster.is_some() {
            status.drift = self.drift(&observed);
            let unread = stack.as_ref().err().or(cluster.as_ref().err());
            status.conditions.push(drift::condition(&status.drift, unread));
        }
        Ok(status)
    }

    /// Why a stack failed, in a sentence.
    async fn why(&self, failed: Option<&Stack>) -> Option<String> {
        let stack = failed?;
        let tree = failure::of_stack(self.session, stack).await;
        let doing = format!("the deployment stack is {}", stack.state_word());
        Some(failure::error(&doing, tree).to_string())
    }
}

/// The status of a cluster that somebody else made.
pub(crate) async fn status_of_existing(
    session: Session<'_>,
    scope: &Cluster,
    id: &ResourceId,
    app_groups: &[Group],
) -> Result<ClusterStatus> {
    let namespace = scope.ingress.namespace.as_str();
    let read = locate::read(session, &id.to_string()).await.map_err(to_domain);
    let cluster = known(read)?;
    if let Err(error) = &cluster
        && matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout)
    {
        return cluster.map(|_| ClusterStatus::default());
    }
    let there = cluster.as_ref().ok().and_then(Option::as_ref);
    let (look, attach) = futures::join!(
        Box::pin(ingress::look(session, there, namespace)),
        Box::pin(attach::look(session, scope, app_groups, there)),
    );
    let look = look?;
    let mut status = ClusterStatus {
        existing: true,
        found: cluster.as_ref().ok().map(Option::is_some),
        under_way: conditions::under_way(&Ok(None), &Ok(None), &cluster),
        ..ClusterStatus::default()
    };
    let provisioned = conditions::existing(&cluster, id);
    status.provisioned = provisioned.status;
    status.conditions.push(provisioned);
    if let Some(cluster) = there {
        describe(&mut status, cluster);
    }
    take(&mut status, look, cluster.as_ref().err());
    status.conditions.extend(attach);
    Ok(status)
}

/// Passes everything on but that nobody is signed in: without that nothing can be told.
fn known<T>(read: Result<T>) -> Result<Result<T>> {
    match read {
        Err(error) if error.kind() == ErrorKind::Unauthenticated => Err(error),
        read => Ok(read),
    }
}

/// What ARM tells about the managed cluster.
fn describe(status: &mut ClusterStatus, cluster: &ManagedCluster) {
    status.handle = Some(cluster.id.to_lowercase());
    status.kubernetes_version = cluster.version().map(str::to_owned);
    status.power_state = cluster
        .properties
        .power_state
        .as_ref()
        .and_then(|power| power.code.clone());
    let names = [
        ("public", cluster.public_name()),
        ("private", cluster.private_name()),
    ];
    status.addresses = names
        .into_iter()
        .filter_map(|(kind, name)| Some((kind.to_owned(), name?.to_owned())))
        .collect();
    status.pools = cluster.properties.pools.iter().map(pool).collect();
}

fn pool(pool: &AgentPool) -> Pool {
    let power = pool.power_state.as_ref().and_then(|power| power.code.as_deref());
    let state = match (pool.provisioning_state.as_deref(), power) {
        // AKS calls a pool that is stopped succeeded.
        (Some(state), Some(power))
            if state.eq_ignore_ascii_case("Succeeded") && power.eq_ignore_ascii_case("Stopped") =>
        {
            Some(power)
        }
        (state, _) => state,
    };
    Pool {
        name: pool.name.clone(),
        mode: pool.mode.clone(),
        machine: pool.vm_size.clone(),
        count: pool.count.map(u64::from),
        zones: pool.availability_zones.clone().unwrap_or_default(),
        kubernetes_version: pool
            .current_orchestrator_version
            .clone()
            .or_else(|| pool.orchestrator_version.clone()),
        state: state.map(str::to_owned),
    }
}

/// Which pools wait for an image.
fn images_due(cluster: &ManagedCluster) -> Option<Condition> {
    let due = node_images::due(cluster);
    (!due.is_empty()).then(|| {
        condition(
            ConditionKind::NodeImagesDue,
            Some(true),
            "notUpgraded",
            format!(
                "a change reaches the nodes of {} only when they get a new image; `kompoxops cluster provision \
                 --upgrade-node-images` gives it to them, and drains them",
                node_images::listed(&due)
            ),
        )
    })
}

/// What Kubernetes tells.
fn take(status: &mut ClusterStatus, look: Look, unread: Option<&Error>) {
    let Look {
        ip,
        host,
        mut conditions,
    } = look;
    if let Some(error) = unread {
        conditions = vec![conditions::unread(
            ConditionKind::Installed,
            "the managed cluster",
            error,
        )];
    }
    let installed = conditions
        .iter()
        .find(|condition| condition.kind == ConditionKind::Installed.as_str());
    status.installed = installed.and_then(|condition| condition.status);
    status.ingress_global_ip = ip;
    status.ingress_fqdn = host;
    status.conditions.extend(conditions);
}
