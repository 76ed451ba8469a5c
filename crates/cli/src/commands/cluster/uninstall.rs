//! `cluster uninstall`.

use std::time::Instant;

use kompox_domain::Operation as Port;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::UninstallRequest;
use kompox_usecase::cluster::{self, UninstallPlan};

use super::operation::operation;
use super::plan::show;
use crate::args::{ClusterTargetArgs, GlobalArgs, OutputArgs};
use crate::duration;
use crate::failure::Failure;
use crate::session::{ClusterSession, operate};
use crate::ui::Ui;
use crate::view::plan as view;

const EXAMPLES: &str = "\
Examples:
  kompoxops cluster uninstall --dry-run              See what would go, and what stays and why
  kompoxops cluster uninstall                        Ask, do it, and wait until it is gone
  kompoxops cluster uninstall --yes                  The same in a script, where nobody can be asked
  kompoxops cluster uninstall --delete-certificates  Let the stored ACME certificates go too

Only what installing made is deleted. The namespace goes only if installing made it and nothing else is in it. The
public address goes with the ingress, and another one comes with the next.

Exit codes: 0 done or nothing to do, 1 failed, 3 a dry run would change something";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Delete the volume with the certificates of ACME too; what is in a key vault is never touched
    #[arg(long)]
    delete_certificates: bool,
    #[command(flatten)]
    target: ClusterTargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = ClusterSession::open(global, &args.target)?;
    let request = UninstallRequest {
        delete_certificates: args.delete_certificates,
    };
    let operation = operation(Port::ClusterUninstall, &args.target);
    let UninstallPlan { plan, refusal } = operate(ui, global, &operation, async |cx| {
        cluster::uninstall_plan(&*session.driver, &cx, &session.cluster, &request).await
    })?;
    if args.dry_run {
        if let Some(refusal) = refusal {
            ui.warn(&format!("it would be refused: {refusal}"));
        }
        return Failure::judged(
            print(ui, &session, &plan, true),
            Failure::of_dry_run(!plan.is_empty()),
        );
    }
    if let Some(refusal) = refusal {
        return Err(refusal.into());
    }
    if plan.is_empty() {
        return print(ui, &session, &plan, false);
    }
    confirm(ui, &session, &plan)?;
    let began = Instant::now();
    let done = operate(ui, global, &operation, async |cx| {
        cluster::uninstall(&*session.driver, &cx, &session.cluster, &request).await
    })?;
    let took = duration::human(began.elapsed());
    ui.say(&format!(
        "the ingress of cluster {} is uninstalled: {} in {took}",
        session.name(),
        view::done(&done)
    ));
    print(ui, &session, &done, false)
}

/// Shows what would go and asks, naming what ends with it.
fn confirm(ui: &Ui, session: &ClusterSession, plan: &Plan) -> Result<(), Failure> {
    let going = plan.of(ChangeAction::Delete).count();
    let what = match going {
        1 => "one object".to_owned(),
        several => format!("{several} objects"),
    };
    let name = session.name();
    if ui.can_ask() {
        ui.say_table(&view::shown(plan, "").table);
    }
    ui.confirm_or_refuse(
        &format!("Delete {what} of cluster {name}'s ingress? Every app on it stops being served."),
        &format!("deleting {what} of cluster {name}'s ingress"),
    )
}

fn print(ui: &Ui, session: &ClusterSession, plan: &Plan, dry_run: bool) -> Result<(), Failure> {
    let settled = format!(
        "nothing of the ingress of cluster {} is there: nothing to do",
        session.name()
    );
    show(ui, session, plan, dry_run, &settled)
}
