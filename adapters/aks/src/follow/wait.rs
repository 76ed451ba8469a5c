//! Waiting for what is under way with a cluster, whoever began it.

use kompox_arm::Pace;
use kompox_domain::error::FailedOperation;
use kompox_domain::{Argument, Error, ErrorKind, Hint, Operation, Result};

use super::failure;
use super::follower::Follower;
use crate::advice::to_domain;
use crate::observe::managed_cluster::ManagedCluster;
use crate::observe::stack::StackState;
use crate::observe::{ProvisionedCluster, locate};
use crate::resource_name::title;
use crate::session::Session;

impl ProvisionedCluster<'_> {
    /// Waits for the stack, or else for the managed cluster; at once where neither is busy.
    ///
    /// # Errors
    /// What failed, as a tree; `Timeout` with what still goes on.
    pub(crate) async fn wait(&self) -> Result<Option<String>> {
        let observed = self.observe().await?;
        let Some(stack) = observed.stack.filter(|stack| stack.state() == StackState::Busy) else {
            return match observed.cluster.filter(|cluster| cluster.at_work().is_some()) {
                Some(cluster) => self.wait_for_cluster(&cluster).await.map(Some),
                None => Ok(None),
            };
        };
        let name = &self.stack.name;
        let deletes = |state: &str| state.eq_ignore_ascii_case("deleting");
        let was_deleting = deletes(stack.state_word());
        let step = self.session.cx.begin(format!("wait for deployment stack {name}"));
        step.state(stack.state_word(), None);
        let mut follower = Follower::new(self, Some(&stack));
        let result = match follower.until_over(&step).await {
            Ok(None) => Ok(format!("deletion of deployment stack {name}")),
            Ok(Some(stack)) if stack.state() == StackState::Succeeded => {
                follower.succeeded();
                Ok(format!("deployment stack {name}"))
            }
            Ok(Some(stack)) => {
                let root = failure::of_stack(self.session, &stack).await;
                let what = if was_deleting { "deletion" } else { "operation" };
                Err(failure::error(
                    &format!("the {what} that was waited for failed"),
                    root,
                ))
            }
            Err(error) => Err(error),
        };
        step.end(result).map(Some)
    }

    /// Waits for a managed cluster that is busy by itself.
    pub(crate) async fn wait_for_cluster(&self, cluster: &ManagedCluster) -> Result<String> {
        wait_for_cluster(self.session, cluster).await
    }
}

/// Waits for a managed cluster of which only the id is known; at once where it is not busy, or not there.
pub(crate) async fn wait_for_existing(session: Session<'_>, id: &str) -> Result<Option<String>> {
    match locate::read(session, id).await.map_err(to_domain)? {
        Some(cluster) if cluster.at_work().is_some() => wait_for_cluster(session, &cluster).await.map(Some),
        _ => Ok(None),
    }
}

async fn wait_for_cluster(session: Session<'_>, cluster: &ManagedCluster) -> Result<String> {
    let name = title(&cluster.id);
    let step = session.cx.begin(format!("wait for {name}"));
    let result = settled(session, cluster, &step).await;
    step.end(result)?;
    Ok(name)
}

async fn settled(
    session: Session<'_>,
    cluster: &ManagedCluster,
    step: &kompox_domain::context::Step,
) -> Result<()> {
    let mut pace = Pace::new(session.options.poll);
    let mut now = cluster.clone();
    loop {
        let Some(state) = now.at_work() else {
            return match now.failed() {
                None => Ok(()),
                Some(state) => Err(failed(&now, state)),
            };
        };
        step.state(state, None);
        let state = state.to_owned();
        let doing = || format!("while {} was still in state {state}", title(&cluster.id));
        session
            .arm
            .pause(session.cx, pace.wait(), doing)
            .await
            .map_err(|error| {
                Error::from(error).with_hints([
                    Hint::command("it goes on in Azure; wait for it", Operation::ClusterWait),
                    Hint::argument("give it more time", Argument::Timeout),
                ])
            })?;
        let Some(next) = locate::read(session, &cluster.id).await.map_err(to_domain)? else {
            return Ok(());
        };
        now = next;
    }
}

fn failed(cluster: &ManagedCluster, state: &str) -> Error {
    let message = format!("{} ended as {state}", title(&cluster.id));
    let failure = FailedOperation {
        resource: cluster.id.clone(),
        code: state.to_owned(),
        message: message.clone(),
        ..FailedOperation::default()
    };
    Error::new(ErrorKind::Failed, message)
        .with_code(state)
        .with_target(cluster.id.clone())
        .with_hint(Hint::command(
            "its activity log in the portal says why; try to mend it",
            Operation::ClusterProvision,
        ))
        .with_failures(vec![failure])
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use kompox_arm::ArmOptions;
    use kompox_arm::fuzzing::{client, signed_in};
    use kompox_domain::Context;
    use kompox_domain::ids::SystemUlids;
    use kompox_domain::progress::Silent;
    use kompox_kube::SystemResolver;
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;
    use crate::template::tests::provider;

    #[tokio::test(start_paused = true)]
    async fn a_cluster_that_is_busy_by_itself_is_looked_at_at_the_same_pace() {
        const ID: &str =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        let begun = Instant::now();
        let looks: Arc<Mutex<Vec<u64>>> = Arc::default();
        let looked = Arc::clone(&looks);
        let scripted = move |url: &url::Url| {
            signed_in(url).unwrap_or_else(|| {
                let since = begun.elapsed();
                looked.lock().unwrap().push(since.as_secs());
                let state = if since.as_secs() < 40 {
                    "Upgrading"
                } else {
                    "Succeeded"
                };
                let body = json!({"id": ID, "name": "c", "properties": {"provisioningState": state}});
                (200, Vec::new(), body.to_string().into_bytes())
            })
        };
        let options = ArmOptions::default();
        let arm = client(scripted, options).unwrap();
        let cx = Context::new(Arc::new(Silent), Arc::new(SystemUlids::default()));
        let provider = provider();
        let session = Session {
            arm: &arm,
            cx: &cx,
            provider: &provider,
            options,
            resolver: &SystemResolver,
        };
        wait_for_existing(session, ID).await.unwrap();
        let looks = looks.lock().unwrap().clone();
        let waits: Vec<u64> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits, [1, 2, 3, 5, 10, 10, 10], "{looks:?}");
    }
}
