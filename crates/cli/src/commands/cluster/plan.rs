//! What was or would be done to a cluster: shown, and told by the exit code of a dry run.

use kompox_domain::cluster::Plan;

use crate::exit_codes;
use crate::failure::Failure;
use crate::session::ClusterSession;
use crate::ui::Ui;
use crate::view::plan;

/// Shows what was or would be done; `settled` is what is said where that is nothing.
pub(super) fn show(
    ui: &Ui,
    session: &ClusterSession,
    plan: &Plan,
    dry_run: bool,
    settled: &str,
) -> Result<(), Failure> {
    ui.value(
        &plan::PlanView::new(&session.cluster.id, plan, dry_run),
        &plan::shown(plan, settled),
    )
}

/// The same for what is never done to a cluster that somebody else made.
pub(super) fn show_own(
    ui: &Ui,
    session: &ClusterSession,
    plan: &Plan,
    dry_run: bool,
    settled: String,
) -> Result<(), Failure> {
    let settled = if session.cluster.existing {
        format!(
            "cluster {} is somebody else's (existing: true): nothing to do",
            session.name()
        )
    } else {
        settled
    };
    show(ui, session, plan, dry_run, &settled)
}

/// How a dry run ends: with an exit code of its own where there is something to do.
pub(super) fn end_of_dry_run(plan: &Plan) -> Result<(), Failure> {
    if plan.is_empty() {
        Ok(())
    } else {
        Err(Failure::Quiet(exit_codes::DIFFERENCE))
    }
}
