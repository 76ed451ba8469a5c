//! `cluster status`.

use kompox_domain::Operation as Port;
use kompox_usecase::cluster;

use super::operation;
use crate::args::{ClusterTargetArgs, GlobalArgs, OutputArgs};
use crate::failure::Failure;
use crate::session::{ClusterSession, operate};
use crate::ui::Ui;
use crate::view::cluster as view;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: ClusterTargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = ClusterSession::open(global, &args.target)?;
    let operation = operation(Port::ClusterStatus, &args.target);
    let status = operate(ui, global, &operation, async |cx| {
        cluster::status(&*session.driver, &cx, &session.cluster).await
    })?;
    let id = &session.cluster.cluster.id;
    ui.value(&view::StatusView::new(id, &status), &view::shown(id, &status))
}
