//! Deprovisioning: exactly what provisioning made goes, and nothing is deleted before it is known whose it is.
//!
//! The order is that of the dangers: role assignments outside the stack first, since afterwards nobody knows their
//! principals; then the stack with its resources and groups, which Azure does as one operation; then the vaults that
//! this left behind in their deleted state, where they hold their names.

mod inventory;
mod ownership;
mod plan;
mod read;
mod side_products;

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmError, ArmRequest, FinalState, ResourceId};
use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::driver::DeprovisionRequest;
use kompox_domain::{Argument, Error, ErrorKind, Hint, Operation, Result};

use self::inventory::{DeletedVault, Inventory, same};
use self::read::Reader;
use crate::advice::to_domain;
use crate::api::DELETED_VAULTS;
use crate::follow::failure;
use crate::observe::ProvisionedCluster;
use crate::observe::stack::{Stack, StackState, Unmanage};
use crate::{dns, install, roles};

/// How many things are deleted at once where one does not depend on the other.
const AT_ONCE: usize = 8;

impl ProvisionedCluster<'_> {
    /// What would be deleted, what stays, and what is in the way.
    ///
    /// # Errors
    /// As the port says.
    pub(crate) async fn deprovision_plan(&self, request: &DeprovisionRequest) -> Result<Plan> {
        require_ids(&request.allow_delete)?;
        let (inventory, _) = self.reader().await?.read().await.map_err(to_domain)?;
        ownership::prove(&inventory, &self.scope.path())?;
        let mut plan = plan::plan(&inventory, &request.allow_delete);
        self.tell_records(&mut plan).await?;
        Ok(plan)
    }

    /// Deletes it, and tells what was deleted and what is left.
    ///
    /// # Errors
    /// As the port says.
    pub(crate) async fn deprovision(&self, request: &DeprovisionRequest) -> Result<Plan> {
        require_ids(&request.allow_delete)?;
        let reader = self.reader().await?;
        let (mut inventory, mut stack) = reader.read().await.map_err(to_domain)?;
        // Somebody else's operation first: what it leaves is what there is to delete.
        if stack
            .as_ref()
            .is_some_and(|stack| stack.state() == StackState::Busy)
        {
            ownership::prove(&inventory, &self.scope.path())?;
            match self.wait().await {
                // However it ended: what it leaves is looked at anew. Where it failed, the error says what did.
                Ok(_) => {}
                Err(error) if !error.failures().is_empty() => {}
                Err(error) => return Err(error),
            }
            (inventory, stack) = reader.read().await.map_err(to_domain)?;
        }
        let mut plan = self.cleared(&inventory, request)?;
        if let Some(stack) = stack {
            if !inventory.assignments.is_empty() {
                self.delete_assignments(&inventory).await?;
                // Time has passed: what came meanwhile must not go along unseen.
                (inventory, _) = reader.read().await.map_err(to_domain)?;
                self.cleared(&inventory, request)?;
            }
            self.delete_stack(&stack).await?;
        }
        self.purge(&reader, &mut plan).await?;
        if !inventory.is_gone() {
            self.look_back(&reader, &mut plan).await?;
        }
        self.tell_records(&mut plan).await?;
        Ok(plan)
    }

    /// Adds the DNS records that lead to the cluster: they are its apps', and stay.
    async fn tell_records(&self, plan: &mut Plan) -> Result<()> {
        let left = dns::left_behind(self.session, &self.scope.path(), &self.settings.installed).await?;
        plan.changes.extend(left);
        Ok(())
    }

    async fn reader(&self) -> Result<Reader<'_>> {
        let installed = &self.settings.installed;
        let subscription = &self.session.provider.subscription;
        let secrets = install::secret_scopes(self.session, subscription, &installed.certificates)
            .await
            .map_err(to_domain)?;
        Ok(Reader {
            session: self.session,
            stack_ref: &self.stack,
            scope: self.scope,
            group: self.group_path(),
            elsewhere: installed
                .dns_zones
                .iter()
                .chain(&installed.registries)
                .map(ToString::to_string)
                .chain(secrets)
                .collect(),
        })
    }

    /// The plan, if ownership is proved and nothing is in the way.
    fn cleared(&self, inventory: &Inventory, request: &DeprovisionRequest) -> Result<Plan> {
        ownership::prove(inventory, &self.scope.path())?;
        let plan = plan::plan(inventory, &request.allow_delete);
        plan::require_clear(&plan)?;
        Ok(plan)
    }

    async fn delete_assignments(&self, inventory: &Inventory) -> Result<()> {
        let deletions = inventory.assignments.iter();
        let ended = all(deletions
            .map(|assignment| roles::delete(self.session, &assignment.id))
            .collect())
        .await;
        ended.map_err(|error| error.context("cannot delete the role assignments outside the stack"))
    }

    async fn delete_stack(&self, stack: &Stack) -> Result<()> {
        let stack_ref = &self.stack;
        let step = self.session.cx.begin(format!(
            "delete Deployment Stack {} with everything in it",
            stack_ref.name
        ));
        let request = stack_ref
            .delete(self.session.arm, Unmanage::Delete)
            .map_err(to_domain)?;
        let deleted = self
            .session
            .arm
            .run(self.session.cx, &request, FinalState::Nothing, &step)
            .await;
        let error = match step.end(absent_is_done(deleted.map(drop))) {
            Ok(()) => return Ok(()),
            Err(error) if matches!(error.last(), ArmError::Operation { .. } | ArmError::Service(_)) => error,
            Err(error) => return Err(go_on(to_domain(error))),
        };
        // The stack itself knows best what could not be deleted.
        match stack_ref.get(self.session).await {
            Ok(Some(left))
                if left.state() == StackState::Failed
                    && left.properties.correlation_id != stack.properties.correlation_id =>
            {
                let root = failure::of_stack(self.session, &left).await;
                let error = failure::error(
                    &format!("cannot delete Deployment Stack {}", stack_ref.name),
                    root,
                );
                Err(go_on(error))
            }
            _ => Err(go_on(
                to_domain(error).context(format!("cannot delete Deployment Stack {}", stack_ref.name)),
            )),
        }
    }

    /// Purges the vaults that are ours by their own tags, and notes those that cannot be.
    async fn purge(&self, reader: &Reader<'_>, plan: &mut Plan) -> Result<()> {
        let vaults = reader.deleted_vaults().await.map_err(to_domain)?;
        let (held, free): (Vec<DeletedVault>, Vec<DeletedVault>) =
            vaults.into_iter().partition(|vault| vault.protected);
        let purged = all(free.iter().map(|vault| self.purge_vault(vault)).collect()).await;
        for vault in &free {
            note(plan, ChangeAction::Delete, &vault.id, || {
                format!("deleted vault that held the name {}: purged", vault.name)
            });
        }
        for vault in &held {
            note(plan, ChangeAction::Keep, &vault.id, || {
                let until = vault.purged_at.as_deref().unwrap_or("Azure purges it");
                format!(
                    "deleted vault whose purge protection holds the name {} until {until}",
                    vault.name
                )
            });
        }
        purged.map_err(|error| {
            error.context("everything is deleted, but a deleted vault that holds its name cannot be purged")
        })
    }

    async fn purge_vault(&self, vault: &DeletedVault) -> Result<(), ArmError> {
        let url = self
            .session
            .arm
            .url(&format!("{}/purge", vault.id), DELETED_VAULTS)?;
        // A vault that is purged twice is purged.
        let deleted = self.session.arm.url(&vault.id, DELETED_VAULTS)?;
        let request = ArmRequest::post_empty(url).repeatable().removing(deleted);
        let step = self
            .session
            .cx
            .begin(format!("purge deleted vault {}", vault.name));
        let result = self
            .session
            .arm
            .run(self.session.cx, &request, FinalState::Nothing, &step)
            .await;
        step.end(absent_is_done(result.map(drop)))
    }

    /// Whether anything is there after all.
    async fn look_back(&self, reader: &Reader<'_>, plan: &mut Plan) -> Result<()> {
        let (left, stack) = reader.read().await.map_err(to_domain)?;
        if let Some(stack) = stack {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "Deployment Stack {} is there again: somebody provisions at the same time",
                    stack.id
                ),
            )
            .with_hint(Hint::command("see what it is", Operation::ClusterStatus)));
        }
        for found in &left.resources {
            let told = plan
                .changes
                .iter_mut()
                .find(|change| same(&change.resource, &found.id));
            match told {
                Some(change) if change.action == ChangeAction::Delete => {
                    change.action = ChangeAction::Keep;
                    "deleted with the stack, and still listed".clone_into(&mut change.reason);
                }
                Some(_) => {}
                None => note(plan, ChangeAction::Keep, &found.id, || {
                    "came while the cluster was deleted".to_owned()
                }),
            }
        }
        Ok(())
    }
}

/// Adds a line to a report, unless one about the resource is there.
fn note(plan: &mut Plan, action: ChangeAction, resource: &str, reason: impl FnOnce() -> String) {
    if !plan.changes.iter().any(|change| same(&change.resource, resource)) {
        plan.changes.push(Change {
            action,
            resource: resource.to_owned(),
            reason: reason(),
        });
    }
}

/// What is not there may be named, since a second run names it again; what is no id at all is a mistake.
fn require_ids(allowed: &[String]) -> Result<()> {
    let wrong = allowed.iter().find_map(|id| id.parse::<ResourceId>().err());
    wrong.map_or(Ok(()), |wrong| {
        Err(
            Error::new(ErrorKind::InvalidInput, wrong.to_string()).with_hint(Hint::command(
                "give the whole id, as the plan shows it",
                Operation::ClusterDeprovision
                    .with(Argument::DryRun)
                    .with(Argument::Json),
            )),
        )
    })
}

/// What is not there is deleted.
fn absent_is_done(result: Result<(), ArmError>) -> Result<(), ArmError> {
    match result {
        Err(error) if error.is_absent() => Ok(()),
        other => other,
    }
}

/// All of them, whatever becomes of one; the first error.
async fn all<F>(deletions: Vec<F>) -> Result<()>
where
    F: Future<Output = Result<(), ArmError>>,
{
    let ended: Vec<Result<(), ArmError>> = stream::iter(deletions).buffer_unordered(AT_ONCE).collect().await;
    ended
        .into_iter()
        .collect::<Result<(), ArmError>>()
        .map_err(to_domain)
}

/// The same error with how to go on where time has run out. Where something failed, whoever asked for it says so.
fn go_on(error: Error) -> Error {
    if error.kind() != ErrorKind::Timeout {
        return error;
    }
    error.and_hint(Hint::command(
        "go on where it stopped",
        Operation::ClusterDeprovision,
    ))
}
