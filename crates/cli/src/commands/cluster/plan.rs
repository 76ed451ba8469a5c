//! What was or would be done to a cluster, as it is shown.

use kompox_domain::cluster::Plan;

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
