//! Clusters: one file per verb.

mod deprovision;
pub(crate) mod each;
mod install;
mod kubeconfig;
mod preflight;
mod protection;
mod provision;
mod status;
mod token;
mod wait;

use kompox_domain::cluster::ClusterStatus;
use kompox_domain::{Cluster, Context, Error, ErrorKind, ProviderDriver, Result, WriteOutcome};

pub use deprovision::{Deprovision, DeprovisionPlan, blocked, deprovision, deprovision_plan};
pub use each::ClusterOutcome;
pub use install::{UninstallPlan, install, uninstall, uninstall_plan};
pub use kubeconfig::kubeconfig;
pub use provision::{plan, provision};
pub use status::{status, status_all};
pub use token::token;
pub use wait::{Waited, wait};

use crate::support;

/// How many clusters are asked about at the same time.
///
/// A cluster takes some requests side by side, and a subscription has a budget of reads for each who signs in.
pub const CONCURRENT: usize = 8;

/// What there is of a cluster before something is done to its ingress. A driver that cannot tell leaves it unknown.
async fn look(driver: &dyn ProviderDriver, cx: &Context, cluster: &Cluster) -> Result<ClusterStatus> {
    match driver.clusters() {
        Some(clusters) => clusters.status(cx, cluster).await,
        None => Ok(ClusterStatus::default()),
    }
}

/// The error of a write on a cluster that can simply be done again.
fn cannot(error: Error, outcome: WriteOutcome, what: &str) -> Error {
    match error.kind() {
        // The cloud has told how it ended, and what of it failed.
        kind if kind == ErrorKind::Failed || !error.failures().is_empty() => error
            .with_outcome(outcome)
            .context(format!("cannot {what}"))
            .and_hint("the next run goes on where this one stopped"),
        ErrorKind::Timeout if outcome == WriteOutcome::Unknown => error.with_outcome(outcome).context(
            format!("there was not enough time to {what}; it goes on in the cloud"),
        ),
        _ => support::cannot_repeatable(error, outcome, what),
    }
}
