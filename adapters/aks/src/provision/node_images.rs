//! Node images: some changes reach nodes only with a new image, and getting one drains them. Which pools wait for it
//! is a tag on the cluster, written by the very PUT that makes the change, and shortened after each pool.

use kompox_arm::{ArmError, ArmRequest, FinalState, Pace};
use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::context::Step;
use kompox_domain::progress::WarningKind;
use kompox_domain::{Argument, Error, ErrorKind, Hint, Operation, Result, tags};
use serde_json::json;

use crate::advice::to_domain;
use crate::api::{MANAGED_CLUSTERS, TAGS};
use crate::observe::ObservedCluster;
use crate::observe::managed_cluster::{AgentPool, ManagedCluster, NO_ZONE};
use crate::observe::{ProvisionedCluster, locate};
use crate::resource_name::title;
use crate::settings::cluster::{ApiServer, PrivateZone};
use crate::tags::{Tags, tag};

/// What the tag says where the names of all pools would not fit.
const ALL: &str = "*";
/// How long a tag's value may be.
const MAX_VALUE: usize = 256;
/// AKS's word for a pool whose nodes get a new image.
const UPGRADING: &str = "UpgradingNodeImageVersion";
/// What AKS refuses with while another operation is under way.
const UNDER_WAY: &str = "OperationNotAllowed";
/// How often an upgrade is begun anew because somebody else was faster.
const MAX_TRIES: usize = 5;

/// The tag's value for these pools.
fn written(pools: &[String]) -> String {
    let all = pools.join(",");
    if all.len() > MAX_VALUE {
        ALL.to_owned()
    } else {
        all
    }
}

/// The pools of a cluster that the tag names, and that are still there.
pub(crate) fn due(cluster: &ManagedCluster) -> Vec<String> {
    let Some(value) = tag(&cluster.tags, tags::NODE_IMAGES_DUE) else {
        return Vec::new();
    };
    let named = |pool: &&AgentPool| {
        value == ALL
            || value
                .split(',')
                .any(|name| name.trim().eq_ignore_ascii_case(&pool.name))
    };
    let pools = cluster.properties.pools.iter().filter(named);
    pools.map(|pool| pool.name.clone()).collect()
}

fn has_no_zone(cluster: &ManagedCluster) -> bool {
    cluster
        .private_zone()
        .is_some_and(|zone| zone.eq_ignore_ascii_case(NO_ZONE))
}

impl ProvisionedCluster<'_> {
    /// Whether putting the stack changes what nodes learn only with a new image: by which name they reach the API server
    /// (learn.microsoft.com/azure/aks/private-clusters), and by which way the outside
    /// (learn.microsoft.com/azure/aks/node-disruption-policy).
    fn falls_due(&self, cluster: &ManagedCluster) -> bool {
        self.gives_up_zone(cluster) || self.migrates_egress(cluster)
    }

    /// Whether a private cluster is to have no private DNS zone any more.
    pub(crate) fn gives_up_zone(&self, cluster: &ManagedCluster) -> bool {
        let wants_none = matches!(
            self.settings.api_server,
            ApiServer::Private {
                zone: PrivateZone::None,
                ..
            }
        );
        wants_none && cluster.private_zone().is_some() && !has_no_zone(cluster)
    }

    /// The pools that wait for an image, or will once the stack is put (`puts`).
    pub(crate) fn images_due(&self, observed: &ObservedCluster, puts: bool) -> Vec<String> {
        match &observed.cluster {
            Some(cluster) if puts && self.falls_due(cluster) => names(cluster),
            Some(cluster) => due(cluster),
            None => Vec::new(),
        }
    }

    /// Writes into the tags that a cluster is put with which pools will wait for an image. The PUT makes the change and
    /// leaves the tag at once, so there is nothing between the two to be interrupted.
    pub(crate) fn mark_due(&self, cluster: &ManagedCluster, tags: &mut Tags) {
        tags.retain(|name, _| !name.eq_ignore_ascii_case(tags::NODE_IMAGES_DUE));
        let waiting = if self.falls_due(cluster) {
            names(cluster)
        } else {
            due(cluster)
        };
        if !waiting.is_empty() {
            tags.insert(tags::NODE_IMAGES_DUE.to_owned(), written(&waiting));
        }
    }

    /// What becomes of the pools that wait: lines of a plan, and a warning where nothing does.
    pub(crate) fn foretell_images(
        &self,
        observed: &ObservedCluster,
        due: &[String],
        upgrade: bool,
        plan: &mut Plan,
    ) {
        if due.is_empty() {
            if upgrade {
                self.session.cx.warn(
                    WarningKind::Ignored,
                    "no pool waits for a new node image: no node is drained",
                );
            }
            return;
        }
        let cluster = observed
            .cluster
            .as_ref()
            .map_or("", |cluster| cluster.id.as_str());
        let (action, reason) = if upgrade {
            (
                ChangeAction::Update,
                "its nodes get a new image, which drains them, so that the change reaches them",
            )
        } else {
            (
                ChangeAction::Keep,
                "the change reaches its nodes when they get a new image, which drains them",
            )
        };
        plan.changes.extend(due.iter().map(|pool| Change {
            action,
            resource: pool_path(cluster, pool),
            reason: reason.to_owned(),
        }));
        if !upgrade {
            self.session.cx.warn_with_hints(
                WarningKind::NodeImagesDue,
                format!(
                    "a change reaches the nodes of {} only when they get a new image, which drains them",
                    listed(due)
                ),
                vec![Hint::argument(
                    "give it to them when they may be drained",
                    Argument::UpgradeNodeImages,
                )],
            );
        }
    }

    /// Gives the nodes of these pools a new image, one pool after the other: AKS carries out one operation on a cluster
    /// at a time. After each the tag is shortened, so that whoever goes on drains no pool twice.
    ///
    /// # Errors
    /// Whatever keeps a pool from it; `Timeout` while it still goes on.
    pub(crate) async fn upgrade_images(&self, cluster: &str, due: &[String]) -> Result<()> {
        let mut waiting = due;
        while let [pool, rest @ ..] = waiting {
            let step = self
                .session
                .cx
                .begin(format!("upgrade the node image of node pool {pool}"));
            let result = self.upgrade_image(cluster, pool, &step).await;
            step.end(result).map_err(|error| {
                error.context(format!("node images are still due for {}", listed(waiting)))
            })?;
            self.shorten(cluster, waiting, pool).await?;
            waiting = rest;
        }
        Ok(())
    }

    async fn upgrade_image(&self, cluster: &str, pool: &str, step: &Step) -> Result<()> {
        let path = pool_path(cluster, pool);
        let mut tries = 0;
        loop {
            // Whoever began it, it began after the change: AKS makes no change while it is under way.
            match self.until_idle(cluster, pool, step).await? {
                Idle::Gone | Idle::Upgraded => return Ok(()),
                Idle::Ready | Idle::Failed => {}
            }
            tries += 1;
            let url = self
                .session
                .arm
                .url(&format!("{path}/upgradeNodeImageVersion"), MANAGED_CLUSTERS)
                .map_err(to_domain)?;
            let request = ArmRequest::post_empty(url);
            let Err(error) = self
                .session
                .arm
                .run(self.session.cx, &request, FinalState::Nothing, step)
                .await
            else {
                return self.settled_image(cluster, pool, step).await;
            };
            if error.is_deadline() {
                return Err(overdue(error.into()));
            }
            if error.may_have_taken_effect() && !matches!(error, ArmError::Operation { .. }) {
                // Its answer was lost: what the pool does shows whether it was begun.
                match self.until_idle(cluster, pool, step).await? {
                    Idle::Upgraded => {
                        self.session.cx.warn(
                            WarningKind::AnswerLost,
                            format!("Azure's answer about node pool {pool} was lost; the pool shows that its image was upgraded"),
                        );
                        return Ok(());
                    }
                    Idle::Gone => return Ok(()),
                    // It was begun, and its nodes are not drained again unasked.
                    Idle::Failed => return self.settled_image(cluster, pool, step).await,
                    // It was not begun, as far as the pool shows.
                    Idle::Ready if tries < MAX_TRIES => {
                        let doing = || format!("before {path} was asked again");
                        let paused = self
                            .session
                            .arm
                            .pause(self.session.cx, self.session.options.poll, doing)
                            .await;
                        paused.map_err(|error| overdue(error.into()))?;
                        continue;
                    }
                    Idle::Ready => return Err(again(to_domain(error))),
                }
            }
            let lost_race = error
                .code()
                .is_some_and(|code| code.eq_ignore_ascii_case(UNDER_WAY));
            if !lost_race || tries == MAX_TRIES || self.is_idle(cluster).await? {
                return Err(again(to_domain(error)));
            }
        }
    }

    /// Waits until AKS does nothing with a cluster and its pools any more.
    async fn until_idle(&self, cluster: &str, pool: &str, step: &Step) -> Result<Idle> {
        let mut pace = Pace::new(self.session.options.poll);
        let mut upgrading = false;
        loop {
            let Some(now) = self.read_cluster(cluster).await? else {
                return Ok(Idle::Gone);
            };
            let Some(found) = now.properties.pools.iter().find(|found| found.name == pool) else {
                return Ok(Idle::Gone);
            };
            let Some(state) = now.at_work() else {
                return Ok(match (upgrading, found.failed()) {
                    (false, _) => Idle::Ready,
                    (true, None) => Idle::Upgraded,
                    (true, Some(_)) => Idle::Failed,
                });
            };
            upgrading |= found
                .busy()
                .is_some_and(|state| state.eq_ignore_ascii_case(UPGRADING));
            step.state(state, None);
            let state = state.to_owned();
            let doing = || format!("while {} was still in state {state}", title(cluster));
            let paused = self.session.arm.pause(self.session.cx, pace.wait(), doing).await;
            paused.map_err(|error| overdue(error.into()))?;
        }
    }

    /// An upgrade was followed to its end: the pool itself has the last word.
    async fn settled_image(&self, cluster: &str, pool: &str, step: &Step) -> Result<()> {
        self.until_idle(cluster, pool, step).await?;
        let now = self.read_cluster(cluster).await?;
        let pools = now.into_iter().flat_map(|now| now.properties.pools);
        let failed = pools
            .filter(|found| found.name == pool)
            .find_map(|found| found.failed().map(str::to_owned));
        match failed {
            None => Ok(()),
            Some(state) => Err(again(
                Error::new(ErrorKind::Failed, format!("node pool {pool} ended as {state}"))
                    .with_code(&state)
                    .with_target(pool_path(cluster, pool)),
            )),
        }
    }

    async fn is_idle(&self, cluster: &str) -> Result<bool> {
        let now = self.read_cluster(cluster).await?;
        Ok(now.is_none_or(|now| now.at_work().is_none()))
    }

    async fn read_cluster(&self, id: &str) -> Result<Option<ManagedCluster>> {
        locate::read(self.session, id).await.map_err(to_domain)
    }

    /// Takes a pool off the tag, and with the last one the tag itself: not the tag of somebody who wrote another since.
    async fn shorten(&self, cluster: &str, waiting: &[String], done: &str) -> Result<()> {
        let Some(now) = self.read_cluster(cluster).await? else {
            return Ok(());
        };
        let mut rest = due(&now);
        let Some(before) = tag(&now.tags, tags::NODE_IMAGES_DUE).map(str::to_owned) else {
            return Ok(());
        };
        if !rest.iter().all(|pool| waiting.contains(pool)) {
            return Ok(());
        }
        rest.retain(|pool| pool != done);
        let after = written(&rest);
        if before == after {
            return Ok(());
        }
        let body = if rest.is_empty() {
            json!({"operation": "Delete", "properties": {"tags": {tags::NODE_IMAGES_DUE: before}}})
        } else {
            json!({"operation": "Merge", "properties": {"tags": {tags::NODE_IMAGES_DUE: after}}})
        };
        let url = self
            .session
            .arm
            .url(
                &format!("{cluster}/providers/Microsoft.Resources/tags/default"),
                TAGS,
            )
            .map_err(to_domain)?;
        // What the tags resource shows says nothing about the change: the cluster's own tags are what counts.
        let request = ArmRequest::merge(url, &body)
            .map_err(to_domain)?
            .in_known_group()
            .resource_tells_nothing();
        let step = self.session.cx.begin(format!("tag {}", title(cluster)));
        let result = match self
            .session
            .arm
            .run(self.session.cx, &request, FinalState::Nothing, &step)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.may_have_taken_effect() && !error.is_deadline() => {
                let now = self.read_cluster(cluster).await.ok().flatten();
                let shown = now.as_ref().and_then(|now| tag(&now.tags, tags::NODE_IMAGES_DUE));
                if now.is_some() && shown == (!rest.is_empty()).then_some(after.as_str()) {
                    Ok(())
                } else {
                    Err(to_domain(error))
                }
            }
            Err(error) => Err(to_domain(error)),
        };
        step.end(result)
    }
}

/// How a pool stands that is to be upgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Idle {
    /// It is no longer there.
    Gone,
    /// Nothing is under way.
    Ready,
    /// It was being upgraded, and that has ended well.
    Upgraded,
    /// It was being upgraded, and that has failed.
    Failed,
}

fn names(cluster: &ManagedCluster) -> Vec<String> {
    let pools = cluster.properties.pools.iter();
    pools.map(|pool| pool.name.clone()).collect()
}

fn pool_path(cluster: &str, pool: &str) -> String {
    format!("{cluster}/agentPools/{pool}")
}

/// `node pools system and user1`.
pub(crate) fn listed(pools: &[String]) -> String {
    match pools {
        [one] => format!("node pool {one}"),
        [first @ .., last] => format!("node pools {} and {last}", first.join(", ")),
        [] => "no node pool".to_owned(),
    }
}

fn again(error: Error) -> Error {
    error.and_hint(Hint::command(
        "run it again: the pools that are done are not drained again",
        Operation::ClusterProvision.with(Argument::UpgradeNodeImages),
    ))
}

fn overdue(error: Error) -> Error {
    error.with_hints([
        Hint::command(
            "what was begun goes on in Azure; wait for it",
            Operation::ClusterWait,
        ),
        Hint::command(
            "then go on with the pools that are left",
            Operation::ClusterProvision.with(Argument::UpgradeNodeImages),
        ),
        Hint::argument("give it more time", Argument::Timeout),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(tag: &str, pools: &[&str]) -> ManagedCluster {
        let pools: Vec<_> = pools.iter().map(|name| json!({"name": name})).collect();
        serde_json::from_value(json!({"tags": {"Kompox-Node-Images-Due": tag}, "properties": {
            "agentPoolProfiles": pools}}))
        .unwrap()
    }

    #[test]
    fn the_tag_names_pools_and_counts_for_those_that_are_there() {
        let all = ["system", "user1", "user2"];
        assert_eq!(due(&cluster("user1,gone,system", &all)), ["system", "user1"]);
        assert_eq!(due(&cluster(ALL, &all)), all);
        assert!(due(&cluster("", &all)).is_empty());
    }

    #[test]
    fn more_names_than_a_tag_holds_are_all_of_them() {
        let many: Vec<String> = (0..30).map(|number| format!("pool{number:08}")).collect();
        assert_eq!(written(&many), ALL);
        assert_eq!(written(&many[..2]), "pool00000000,pool00000001");
        assert_eq!(
            listed(&many[..3]),
            "node pools pool00000000, pool00000001 and pool00000002"
        );
    }
}
