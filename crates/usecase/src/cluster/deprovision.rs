//! Deleting exactly what provisioning made.

use kompox_domain::cluster::{ChangeAction, ClusterStatus, Plan};
use kompox_domain::driver::{ClusterDriver, DeprovisionRequest};
use kompox_domain::error::FailedOperation;
use kompox_domain::progress::WarningKind;
use kompox_domain::{
    Argument, Cluster, Context, Error, ErrorKind, Hint, Mode, Operation, ProviderDriver, Result,
};

use super::cannot;
use super::protection::{self, Deed};
use crate::ability;

/// How to take a cluster down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deprovision {
    /// What the driver is asked for.
    pub request: DeprovisionRequest,
    /// Whether what is still installed goes along.
    pub force: bool,
}

/// What [`deprovision`] would do.
#[derive(Debug, Default)]
pub struct DeprovisionPlan {
    /// What goes, what stays, and what stands in the way.
    pub plan: Plan,
    /// Why it would be refused whatever is in the way: a protection, or something that is still installed.
    pub refusal: Option<Error>,
    /// Of what stands in the way, that which would go along if it were named. The rest must be dealt with first.
    pub allowable: Vec<String>,
}

/// What [`deprovision`] would delete, keep, and stop at. Nothing is written.
///
/// That something is still installed and would go along, because `force` says so, is a warning.
///
/// # Errors
/// `Unsupported`; those of [`ClusterDriver::deprovision`].
pub async fn deprovision_plan(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &Deprovision,
) -> Result<DeprovisionPlan> {
    if cluster.existing {
        return Ok(DeprovisionPlan::default());
    }
    let clusters = ability::clusters(driver, Operation::ClusterDeprovision)?;
    let (plan, status) = futures::join!(
        clusters.deprovision(cx, cluster, &request.request, Mode::Plan),
        clusters.status(cx, cluster)
    );
    let plan = plan.map_err(|error| {
        let id = &cluster.id;
        error.context(format!(
            "cannot tell what deprovisioning cluster {id} would delete"
        ))
    })?;
    // What the status does not tell is not known; the plan stands for itself.
    let status = status.unwrap_or_default();
    let level = protection::level(cluster, Deed::Deprovision);
    let refusal = if plan.is_empty() {
        None
    } else if protection::forbids(level, Deed::Deprovision, status.found) {
        Some(protection::refused(cluster, Deed::Deprovision, &status))
    } else if request.force {
        if status.installed == Some(true) {
            cx.warn(WarningKind::StillInstalled, still_installed(cluster));
        }
        None
    } else {
        refuse_installed(driver, cluster, &status).err()
    };
    let allowable = allowable(&*clusters, cx, cluster, &request.request, &plan).await?;
    Ok(DeprovisionPlan {
        plan,
        refusal,
        allowable,
    })
}

/// What of that which stands in the way does so only until it is named. Only the driver knows, so it is asked.
async fn allowable(
    clusters: &dyn ClusterDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &DeprovisionRequest,
    plan: &Plan,
) -> Result<Vec<String>> {
    let blocking = |plan: &Plan| -> Vec<String> {
        let blocks = plan.of(ChangeAction::Block);
        blocks.map(|change| change.resource.clone()).collect()
    };
    let mut named = blocking(plan);
    if named.is_empty() {
        return Ok(named);
    }
    let mut request = request.clone();
    request.allow_delete.extend(named.iter().cloned());
    let then = clusters.deprovision(cx, cluster, &request, Mode::Plan).await;
    let then = then.map_err(|error| {
        let id = &cluster.id;
        error.context(format!(
            "cannot tell what stands in the way of deprovisioning cluster {id}"
        ))
    })?;
    let left = blocking(&then);
    named.retain(|id| !left.contains(id));
    Ok(named)
}

/// Deletes exactly what provisioning made, and answers with what was deleted and what is left.
///
/// Nothing is done to an `existing` cluster. Missing is success. A protected cluster is refused unless it is known
/// that nothing of it is there; one on which something is still installed is refused without `force`. What the
/// driver protects, above all what is not ours, `force` does not lift.
///
/// # Errors
/// `Unsupported`; `Precondition` for a protected cluster and for one on which something is installed; those of
/// [`ClusterDriver::deprovision`].
pub async fn deprovision(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &Deprovision,
) -> Result<Plan> {
    if cluster.existing {
        return Ok(Plan::default());
    }
    let clusters = ability::clusters(driver, Operation::ClusterDeprovision)?;
    let level = protection::level(cluster, Deed::Deprovision);
    if protection::concerns(level, Deed::Deprovision) {
        let status = clusters.status(cx, cluster).await;
        let status = protection::known(cluster, Deed::Deprovision, status)?;
        if protection::forbids(level, Deed::Deprovision, status.found) {
            return Err(protection::refused(cluster, Deed::Deprovision, &status));
        }
        // Nothing is there, and nothing that appears from now on may be deleted.
        return Ok(Plan::default());
    }
    if !request.force {
        let status = clusters.status(cx, cluster).await;
        refuse_installed(driver, cluster, &status.unwrap_or_default())?;
    }
    let cx = &cx.within();
    clusters
        .deprovision(cx, cluster, &request.request, Mode::Apply)
        .await
        .map_err(|error| {
            let what = format!("deprovision cluster {}", cluster.id);
            cannot(error, cx.outcome(), &what)
        })
}

/// The error of a plan in whose way something stands: all of it, each with why.
#[must_use]
pub fn blocked(cluster: &Cluster, plan: &Plan) -> Option<Error> {
    let failures: Vec<FailedOperation> = plan
        .of(ChangeAction::Block)
        .map(|change| FailedOperation {
            resource: change.resource.clone(),
            message: change.reason.clone(),
            ..FailedOperation::default()
        })
        .collect();
    let message = match failures.len() {
        0 => return None,
        1 => "one resource stands in the way, so nothing was deleted".to_owned(),
        several => format!("{several} resources stand in the way, so nothing was deleted"),
    };
    let error = Error::new(ErrorKind::Precondition, message).with_failures(failures);
    Some(error.context(format!("cannot deprovision cluster {}", cluster.id)))
}

fn refuse_installed(driver: &dyn ProviderDriver, cluster: &Cluster, status: &ClusterStatus) -> Result<()> {
    if status.installed != Some(true) {
        return Ok(());
    }
    let uninstall = driver
        .ingress()
        .map(|_| Hint::command("take it off first", Operation::ClusterUninstall));
    let text = match uninstall {
        Some(_) => "or let it go along",
        None => "let it go along",
    };
    let force = Hint::argument(text, Argument::Force);
    Err(Error::new(ErrorKind::Precondition, still_installed(cluster))
        .with_hints(uninstall.into_iter().chain([force])))
}

fn still_installed(cluster: &Cluster) -> String {
    format!(
        "the ingress is still installed on cluster {}: what it serves ends with it",
        cluster.id
    )
}
