//! Making a cluster ready for apps, and undoing it.

#[cfg(doc)]
use kompox_domain::IngressDriver;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::{InstallRequest, UninstallRequest};
use kompox_domain::progress::WarningKind;
use kompox_domain::{Cluster, Context, Error, Mode, Operation, ProviderDriver, Result};

use super::protection::{self, Deed};
use super::{cannot, look};
use crate::ability;

/// Makes a cluster ready for apps, and answers with what was done; a dry run with what would be.
///
/// Also on a cluster that somebody else made. Where a protection forbids changes, an ingress that is as configured is
/// left alone, and one of which nothing is there is made; everything else is refused. That a protection would refuse
/// it is a warning of a dry run.
///
/// # Errors
/// `Unsupported`; `Precondition` for a protected ingress; those of [`IngressDriver::install`].
pub async fn install(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &InstallRequest,
    mode: Mode,
) -> Result<Plan> {
    let ingress = ability::ingress(driver, Operation::ClusterInstall)?;
    let id = &cluster.id;
    let protected = protection::concerns(protection::level(cluster, Deed::Install), Deed::Install);
    if mode == Mode::Plan || protected {
        let plan = ingress.install(cx, cluster, request, Mode::Plan).await;
        let plan = plan.map_err(|error| {
            error.context(format!(
                "cannot tell what installing the ingress of cluster {id} would do"
            ))
        })?;
        let forbidden = protected && !plan.is_empty() && !is_new(driver, cx, cluster, &plan).await;
        if mode == Mode::Plan {
            if forbidden {
                let says = protection::says(cluster, Deed::Install);
                cx.warn(WarningKind::Protected, format!("it would be refused: {says}"));
            }
            return Ok(plan);
        }
        if forbidden {
            let says = protection::says(cluster, Deed::Install);
            return Err(protection::forbidden(cluster, Deed::Install, says));
        }
        if plan.is_empty() {
            return Ok(plan);
        }
    }
    let cx = &cx.within();
    ingress
        .install(cx, cluster, request, Mode::Apply)
        .await
        .map_err(|error| {
            cannot(
                error,
                cx.outcome(),
                &format!("install the ingress of cluster {id}"),
            )
        })
}

/// Whether nothing of the ingress is there: then nothing of it is changed by making it.
async fn is_new(driver: &dyn ProviderDriver, cx: &Context, cluster: &Cluster, plan: &Plan) -> bool {
    let only_made = plan
        .changes
        .iter()
        .all(|change| matches!(change.action, ChangeAction::Create | ChangeAction::Keep));
    only_made
        && look(driver, cx, cluster)
            .await
            .is_ok_and(|status| status.installed == Some(false))
}

/// What [`uninstall`] would do.
#[derive(Debug, Default)]
pub struct UninstallPlan {
    /// What goes, and what stays and why.
    pub plan: Plan,
    /// Why it would be refused: a protection.
    pub refusal: Option<Error>,
}

/// What [`uninstall`] would delete and keep. Nothing is written.
///
/// # Errors
/// `Unsupported`; those of [`IngressDriver::uninstall`].
pub async fn uninstall_plan(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &UninstallRequest,
) -> Result<UninstallPlan> {
    let ingress = ability::ingress(driver, Operation::ClusterUninstall)?;
    let plan = ingress.uninstall(cx, cluster, request, Mode::Plan).await;
    let plan = plan.map_err(|error| {
        let id = &cluster.id;
        error.context(format!(
            "cannot tell what uninstalling the ingress of cluster {id} would delete"
        ))
    })?;
    let protected = protection::concerns(protection::level(cluster, Deed::Uninstall), Deed::Uninstall);
    let refusal = (protected && !plan.is_empty()).then(|| {
        let says = protection::says(cluster, Deed::Uninstall);
        protection::forbidden(cluster, Deed::Uninstall, says)
    });
    Ok(UninstallPlan { plan, refusal })
}

/// Undoes [`install`], and answers with what was deleted and what is left.
///
/// Not installed is success. A protected ingress is refused unless there is nothing to do; nothing lifts that.
///
/// # Errors
/// `Unsupported`; `Precondition` for a protected ingress; those of [`IngressDriver::uninstall`].
pub async fn uninstall(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &UninstallRequest,
) -> Result<Plan> {
    let ingress = ability::ingress(driver, Operation::ClusterUninstall)?;
    if protection::concerns(protection::level(cluster, Deed::Uninstall), Deed::Uninstall) {
        let planned = uninstall_plan(driver, cx, cluster, request).await?;
        // Where nothing is there, nothing that appears from now on may be deleted.
        return planned.refusal.map_or(Ok(planned.plan), Err);
    }
    let id = &cluster.id;
    let cx = &cx.within();
    ingress
        .uninstall(cx, cluster, request, Mode::Apply)
        .await
        .map_err(|error| {
            cannot(
                error,
                cx.outcome(),
                &format!("uninstall the ingress of cluster {id}"),
            )
        })
}
