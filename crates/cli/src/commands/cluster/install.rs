//! `cluster install`.

use std::time::Instant;

use kompox_domain::Operation as Port;
use kompox_domain::driver::InstallRequest;
use kompox_usecase::cluster;

use super::operation::operation;
use super::plan::show;
use crate::args::{ClusterTargetArgs, GlobalArgs, OutputArgs};
use crate::duration;
use crate::failure::Failure;
use crate::operations::mode_of;
use crate::session::{ClusterSession, operate};
use crate::ui::Ui;
use crate::view::plan as view;

const EXAMPLES: &str = "\
Examples:
  kompoxops cluster install --dry-run   See what would be made or changed; exit code 3 if there is anything
  kompoxops cluster install             Do it, and wait until the ingress answers and has an address
  kompoxops cluster install --force     Apply everything again, and take back what others have changed of it
  kompoxops cluster status              See the address afterwards

Rights that cannot be given are told at the end, when everything else is done. Running it again converges, whatever
interrupted it before. An ingress that Helm or somebody else installed is never taken over.

Exit codes: 0 done or nothing to do, 1 failed or a right could not be given, 3 a dry run would change something";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Apply everything again, and take back what others have changed of it; never takes over what is not ours
    #[arg(long)]
    force: bool,
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
    let request = InstallRequest { force: args.force };
    let began = Instant::now();
    let operation = operation(Port::ClusterInstall, &args.target);
    let plan = operate(ui, global, &operation, async |cx| {
        cluster::install(
            &*session.driver,
            &cx,
            &session.cluster,
            &request,
            mode_of(args.dry_run),
        )
        .await
    })?;
    let name = session.name();
    if !args.dry_run && !plan.is_empty() {
        let took = duration::human(began.elapsed());
        ui.say(&format!(
            "the ingress of cluster {name} is installed: {} in {took}",
            view::done(&plan)
        ));
    }
    let settled = format!("the ingress of cluster {name} is as configured: nothing to do");
    let printed = show(ui, &session, &plan, args.dry_run, &settled);
    if args.dry_run {
        return Failure::judged(printed, Failure::of_dry_run(!plan.is_empty()));
    }
    printed
}
