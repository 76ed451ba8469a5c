//! `cluster wait`.

use kompox_domain::Operation as Port;
use kompox_usecase::cluster;

use super::operation::operation;
use crate::args::{ClusterTargetArgs, GlobalArgs, OutputArgs};
use crate::failure::Failure;
use crate::session::{ClusterSession, operate};
use crate::ui::Ui;
use crate::view::cluster as view;

const EXAMPLES: &str = "\
Examples:
  kompoxops cluster wait               After Ctrl-C or a deadline: see how it ends
  kompoxops cluster wait --timeout 2h  Wait longer than the half hour that is the default";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    target: ClusterTargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = ClusterSession::open(global, &args.target)?;
    let operation = operation(Port::ClusterWait, &args.target);
    let waited = operate(ui, global, &operation, async |cx| {
        cluster::wait(&*session.driver, &cx, &session.cluster).await
    })?;
    match &waited.what {
        Some(what) => ui.say(&format!("has ended well: {what}")),
        None => ui.say(&format!("nothing is under way with cluster {}", session.name())),
    }
    let id = &session.cluster.id;
    let view = view::WaitedView::new(id, &waited);
    ui.value(&view, &view::shown(id, &waited.status))
}
