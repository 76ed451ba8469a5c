//! Bringing a cluster into being, or up to date.

use kompox_domain::cluster::Plan;
use kompox_domain::driver::{ClusterDriver, ProvisionRequest};
use kompox_domain::progress::WarningKind;
use kompox_domain::{Cluster, Context, ErrorKind, Mode, Operation, ProviderDriver, Result};

use super::protection::{self, Deed};
use super::{cannot, preflight};
use crate::ability;

/// What [`provision`] would do. Nothing is written.
///
/// That a protection would refuse it is a warning: what would be done is worth knowing all the same.
///
/// # Errors
/// `Unsupported`; those of [`ClusterDriver::provision`].
pub async fn plan(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &ProvisionRequest,
) -> Result<Plan> {
    if cluster.existing {
        return Ok(Plan::default());
    }
    let driver = ability::clusters(driver, Operation::ClusterProvision)?;
    let level = protection::level(cluster, Deed::Provision);
    let what = || format!("cannot tell what provisioning cluster {} would do", cluster.id);
    if !protection::concerns(level, Deed::Provision) {
        let plan = driver.provision(cx, cluster, request, Mode::Plan).await;
        return plan.map_err(|error| error.context(what()));
    }
    let (plan, status) = futures::join!(
        driver.provision(cx, cluster, request, Mode::Plan),
        driver.status(cx, cluster)
    );
    let plan = plan.map_err(|error| error.context(what()))?;
    let found = status.ok().and_then(|status| status.found);
    if !plan.is_empty() && protection::forbids(level, Deed::Provision, found) {
        cx.warn(
            WarningKind::Protected,
            format!(
                "it would be refused: {}",
                protection::says(cluster, Deed::Provision)
            ),
        );
    }
    Ok(plan)
}

/// Brings the cluster and all it needs into being, or up to date, and answers with what was done.
///
/// Nothing is done to an `existing` cluster, forced or not. Where a protection forbids changes, a cluster that is
/// as configured is left alone, and one of which nothing is there is made; everything else is refused, also
/// when what is there cannot be read. Before the first write of a cluster that is not there yet, what would
/// make it fail is looked for, and all of it told.
///
/// # Errors
/// `Unsupported`; `Precondition` for a protected cluster and for failed checks; those of
/// [`ClusterDriver::provision`].
pub async fn provision(
    driver: &dyn ProviderDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &ProvisionRequest,
) -> Result<Plan> {
    if cluster.existing {
        return Ok(Plan::default());
    }
    let driver = ability::clusters(driver, Operation::ClusterProvision)?;
    let level = protection::level(cluster, Deed::Provision);
    let status = driver.status(cx, cluster).await;
    let status = if protection::concerns(level, Deed::Provision) {
        protection::known(cluster, Deed::Provision, status)?
    } else {
        // What the status does not tell is not known; what is wrong comes up where it matters.
        status.unwrap_or_default()
    };
    if protection::forbids(level, Deed::Provision, status.found) {
        return unchanged(&*driver, cx, cluster, request)
            .await?
            .ok_or_else(|| protection::refused(cluster, Deed::Provision, &status));
    }
    if status.found == Some(false) {
        preflight::pass(&*driver, cx, cluster).await?;
    }
    let cx = &cx.within();
    driver
        .provision(cx, cluster, request, Mode::Apply)
        .await
        .map_err(|error| {
            let what = format!("provision cluster {}", cluster.id);
            cannot(error, cx.outcome(), &what)
        })
}

/// The plan of a cluster that may not be changed, where it is empty. Only reads.
async fn unchanged(
    driver: &dyn ClusterDriver,
    cx: &Context,
    cluster: &Cluster,
    request: &ProvisionRequest,
) -> Result<Option<Plan>> {
    // To put everything again is a change, whatever comes of it.
    if request.force {
        return Ok(None);
    }
    match driver.provision(cx, cluster, request, Mode::Plan).await {
        Ok(plan) => Ok(Some(plan).filter(Plan::is_empty)),
        // What cannot be changed differs, or the place is not ours: there is something to do.
        Err(error) if error.kind() == ErrorKind::Precondition => Ok(None),
        Err(error) => Err(error.context(format!(
            "cannot tell whether cluster {} is as configured",
            cluster.id
        ))),
    }
}
