//! `cluster provision`.

use std::time::Instant;

use kompox_domain::Operation as Port;
use kompox_domain::cluster::Plan;
use kompox_domain::driver::ProvisionRequest;
use kompox_usecase::cluster;

use super::operation::{operation, planning};
use super::plan::show_own;
use crate::args::{ClusterTargetArgs, GlobalArgs, OutputArgs};
use crate::duration;
use crate::failure::Failure;
use crate::session::{ClusterSession, operate};
use crate::ui::Ui;
use crate::view::plan as view;

const EXAMPLES: &str = "\
Examples:
  kompoxops check --online                  See first what would keep it from being made
  kompoxops cluster provision --dry-run     See what would be made or changed; exit code 3 if there is anything
  kompoxops cluster provision               Do it; running it again goes on where it stopped
  kompoxops cluster provision --timeout 1h  Wait longer than the half hour that is the default
  kompoxops cluster provision --upgrade-node-images --timeout 2h
                                            Let a change reach the nodes for which they need a new image

Without --upgrade-node-images such a change is made and its nodes go on as they are. A tag on the cluster remembers
the pools, and the status tells them, until each has got its image. Where none is due the flag does nothing.
Interrupted, what was begun goes on in the cloud: `kompoxops cluster wait` waits for it.

Exit codes: 0 done or nothing to do, 1 failed, 3 a dry run would change something";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Put everything again even where nothing differs; never lifts a protection, nor touches an existing cluster
    #[arg(long)]
    force: bool,
    /// Give nodes the new image that a change needs to reach them: it drains them, one pool after the other
    #[arg(long)]
    upgrade_node_images: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: ClusterTargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = ClusterSession::open(global, &args.target)?;
    let request = ProvisionRequest {
        force: args.force,
        upgrade_node_images: args.upgrade_node_images,
    };
    if args.dry_run {
        return dry_run(args, &session, request, ui, global);
    }
    let began = Instant::now();
    let operation = operation(Port::ClusterProvision, &args.target);
    let plan = operate(ui, global, &operation, async |cx| {
        cluster::provision(&*session.driver, &cx, &session.cluster, &request).await
    })?;
    if !plan.is_empty() {
        let took = duration::human(began.elapsed());
        let name = session.name();
        ui.say(&format!(
            "cluster {name} is provisioned: {} in {took}",
            view::done(&plan)
        ));
    }
    print(ui, &session, &plan, false)
}

fn dry_run(
    args: &Args,
    session: &ClusterSession,
    request: ProvisionRequest,
    ui: &Ui,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let operation = planning(Port::ClusterProvision, &args.target);
    let plan = operate(ui, global, &operation, async |cx| {
        cluster::plan(&*session.driver, &cx, &session.cluster, &request).await
    })?;
    Failure::judged(
        print(ui, session, &plan, true),
        Failure::of_dry_run(!plan.is_empty()),
    )
}

fn print(ui: &Ui, session: &ClusterSession, plan: &Plan, dry_run: bool) -> Result<(), Failure> {
    let settled = format!("cluster {} is as configured: nothing to do", session.name());
    show_own(ui, session, plan, dry_run, settled)
}
