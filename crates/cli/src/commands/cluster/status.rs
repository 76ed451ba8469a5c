//! `cluster status`.

use kompox_config::SystemSecrets;
use kompox_domain::Operation as Port;
use kompox_usecase::cluster;

use super::operation::operation;
use crate::args::{ClusterTargetArgs, GlobalArgs, OutputArgs};
use crate::failure::Failure;
use crate::session::{self, ClusterSession, operate, rounds};
use crate::ui::Ui;
use crate::view::cluster as view;

const EXAMPLES: &str = "\
Examples:
  kompoxops cluster status                              The one cluster of the configuration
  kompoxops cluster status --all                        Every cluster, one line each
  kompoxops cluster status -o json | jq .provisioned    true, false, or null where it cannot be told

Drift, and a cluster that cannot be reached, do not make this command fail; a missing credential does.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Show every cluster of the configuration, one line each
    #[arg(long, conflicts_with_all = ["cluster_id", "cluster_name", "app_id", "app_name"])]
    all: bool,
    #[command(flatten)]
    target: ClusterTargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    if args.all {
        return all(args, ui, global);
    }
    let session = ClusterSession::open(global, &args.target)?;
    let operation = operation(Port::ClusterStatus, &args.target);
    let status = operate(ui, global, &operation, async |cx| {
        cluster::status(&*session.driver, &cx, &session.cluster).await
    })?;
    let id = &session.cluster.id;
    ui.value(&view::StatusView::new(id, &status), &view::shown(id, &status))
}

fn all(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let loaded = session::configuration(global)?;
    let registry = session::drivers()?;
    let mut operation = operation(Port::ClusterStatus, &args.target);
    operation.timeout = rounds(operation.timeout, loaded.catalog.clusters().len());
    operation.next.push_str(" --all");
    let outcomes = operate(ui, global, &operation, async |cx| {
        Ok(cluster::status_all(&cx, &loaded.catalog, &registry, &SystemSecrets).await)
    })?;
    let printed = ui.value(&view::all(&outcomes), &view::shown_all(&outcomes));
    let judged = match view::failed(&outcomes) {
        Some(report) => Err(Failure::Told(Box::new(report))),
        None => Ok(()),
    };
    Failure::judged(printed, judged)
}
