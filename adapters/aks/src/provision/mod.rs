//! Provisioning: planned, validated, put, followed to its end.

mod diff;
pub(crate) mod egress;
mod foreign_tags;
pub(crate) mod node_images;
pub(crate) mod plan;
pub(crate) mod refusals;
pub(crate) mod upgrade_channels;
mod windows;

use std::pin::pin;

use futures::future::{Either, select};
use kompox_arm::{ArmError, FinalState};
use kompox_domain::cluster::Plan;
use kompox_domain::driver::ProvisionRequest;
use kompox_domain::progress::WarningKind;
use kompox_domain::{Error, ErrorKind, Result};

use self::plan::Todo;
use crate::advice::to_domain;
use crate::follow::failure;
use crate::follow::follower::Follower;
use crate::observe::ObservedCluster;
use crate::observe::ProvisionedCluster;
use crate::observe::stack::{Stack, StackState};
use crate::template::network_policy;

/// What a stack says to whoever comes while another operation holds it.
const HELD: &str = "DeploymentStackInNonTerminalState";

/// What came of putting the stack.
enum Put {
    Done,
    /// Somebody else was faster.
    Held,
}

impl ProvisionedCluster<'_> {
    /// Brings the cluster into being, or up to date. Answers with what was done.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); what failed, as a tree; `Timeout` with what still goes on.
    pub(crate) async fn provision(&self, request: &ProvisionRequest) -> Result<Plan> {
        let upgrade = request.upgrade_node_images;
        let (mut plan, observed, put) = self.bring_up_to_date(request.force).await?;
        let due = self.images_due(&observed, put);
        self.foretell_images(&observed, &due, upgrade, &mut plan);
        if let (true, Some(cluster)) = (upgrade && !due.is_empty(), &observed.cluster) {
            self.refuse_stopped(&observed)?;
            self.upgrade_images(&cluster.id, &due).await?;
        }
        Ok(plan)
    }

    /// Puts the stack where something differs. Answers with what was done, what was there before the last put, and
    /// whether there was one since.
    async fn bring_up_to_date(&self, force: bool) -> Result<(Plan, ObservedCluster, bool)> {
        // What this run put: Azure may have taken it though the answer was lost.
        let mut tried = None;
        loop {
            let observed = self.observe().await?;
            self.refuse(&observed)?;
            if let Some(stack) = observed
                .stack
                .as_ref()
                .filter(|stack| stack.state() == StackState::Busy)
            {
                self.wait_for_stack(stack).await?;
                continue;
            }
            let ours = observed
                .stack
                .as_ref()
                .is_some_and(|stack| self.is_of_this_run(stack));
            // Once is as asked.
            let Some(mut todo) = self.todo(&observed, force && !(tried.is_some() && ours)) else {
                return Ok((tried.filter(|_| ours).unwrap_or_default(), observed, false));
            };
            if let (Some(_), true, Some(stack)) = (&tried, ours, &observed.stack)
                && stack.state() != StackState::Succeeded
            {
                // What this run put has failed meanwhile: putting it again would only fail again.
                return Err(self.failed(stack).await);
            }
            if let Some(cluster) = observed
                .cluster
                .as_ref()
                .filter(|cluster| cluster.at_work().is_some())
            {
                match self.wait_for_cluster(cluster).await {
                    // Putting the stack again is what mends it.
                    Err(error) if error.kind() != ErrorKind::Failed => return Err(error),
                    _ => continue,
                }
            }
            self.refuse_stopped(&observed)?;
            self.keep_tags(&observed, &mut todo).await?;
            let plan = self.planned(&observed, &todo).await?;
            if let (None, Some(cost)) = (&tried, self.cost_of_dataplane(&observed)) {
                self.session.cx.warn(WarningKind::Check, cost);
            }
            match self.put(&observed, &todo).await? {
                Put::Done => return Ok((plan, observed, true)),
                Put::Held => tried = Some(plan),
            }
        }
    }

    /// What becomes of the nodes where the data plane changes.
    fn cost_of_dataplane(&self, observed: &ObservedCluster) -> Option<String> {
        network_policy::cost_of_change(
            self.settings.network_policy,
            observed.cluster.as_ref()?.network_policy(),
        )
    }

    /// Whether the last operation on a stack is one that this process began.
    fn is_of_this_run(&self, stack: &Stack) -> bool {
        let id = stack.properties.correlation_id.as_deref();
        id.is_some_and(|id| id.eq_ignore_ascii_case(self.session.arm.correlation_id()))
    }

    /// Waits for whoever holds the stack. How that ends is for the next look to judge.
    async fn wait_for_stack(&self, stack: &Stack) -> Result<()> {
        let step = self
            .session
            .cx
            .begin(format!("wait for deployment stack {}", self.stack.name));
        step.state(stack.state_word(), None);
        let mut follower = Follower::new(self, None);
        let result = follower.until_over(&step).await;
        step.end(result).map(drop)
    }

    async fn put(&self, observed: &ObservedCluster, todo: &Todo) -> Result<Put> {
        let request = self
            .stack
            .put(self.session.arm, &todo.input(&self.session.provider.location))
            .map_err(to_domain)?;
        let step = self
            .session
            .cx
            .begin(format!("deploy deployment stack {}", self.stack.name));
        let mut follower = Follower::of_next(self, observed.stack.as_ref());
        let result = {
            let put = pin!(
                self.session
                    .arm
                    .run(self.session.cx, &request, FinalState::Resource, &step)
            );
            let alongside = pin!(follower.alongside());
            match select(put, alongside).await {
                Either::Left((result, _)) => result,
                Either::Right((never, _)) => match never {},
            }
        };
        let untold =
            |error: &ArmError| matches!(error.last(), ArmError::Deadline { .. } | ArmError::Service(_));
        if !result.as_ref().is_err_and(untold) {
            // The last word about every resource, also about those that were made between two looks.
            if let Err(error) = follower.look().await {
                tracing::debug!(%error, "what the stack did cannot be read");
            }
        }
        match step.end(result) {
            Ok(_) => {
                follower.succeeded();
                Ok(Put::Done)
            }
            Err(error) if error.code().is_some_and(|code| code.eq_ignore_ascii_case(HELD)) => Ok(Put::Held),
            Err(error) if error.is_deadline() && error.may_have_taken_effect() => Err(follower.timeout(None)),
            Err(ArmError::Service(error)) if !error.details.is_empty() => Err(failure::error(
                &self.doing(),
                failure::of_refusal(&error, &self.stack.path()),
            )),
            Err(error @ ArmError::Operation { .. }) => match self.stack.get(self.session).await {
                Ok(Some(stack)) if stack.state() != StackState::Succeeded => Err(self.failed(&stack).await),
                _ => Err(to_domain(error).context(self.doing())),
            },
            Err(error) => match self.stack.get(self.session).await {
                // Azure took it, though its answer was lost.
                Ok(Some(stack)) if error.may_have_taken_effect() && self.is_of_this_run(&stack) => {
                    Ok(Put::Held)
                }
                _ => Err(to_domain(error).context(self.doing())),
            },
        }
    }

    /// The error of a stack that did not end well.
    pub(crate) async fn failed(&self, stack: &Stack) -> Error {
        let root = failure::of_stack(self.session, stack).await;
        failure::error(&self.doing(), root)
    }

    fn doing(&self) -> String {
        format!("cannot provision cluster {}", self.scope.id.cluster)
    }
}
