//! What a cluster was made to mount, as it is printed.

use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::{AppScope, Label};
use serde::Serialize;

use super::plan::{ChangeView, changes};
use crate::ui::{Shown, Table};

/// What was done so that an app mounts its volumes, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppliedView {
    id: String,
    name: String,
    cluster: String,
    namespace: Option<String>,
    /// Whether there was nothing to do.
    empty: bool,
    changes: Vec<ChangeView>,
}

impl AppliedView {
    pub(crate) fn new(app: &AppScope, namespace: Option<&Label>, plan: &Plan) -> Self {
        Self {
            id: app.app.id.to_string(),
            name: app.app.id.app.to_string(),
            cluster: app.cluster.id.cluster.to_string(),
            namespace: namespace.map(ToString::to_string),
            empty: plan.is_empty(),
            changes: plan.changes.iter().map(ChangeView::from).collect(),
        }
    }
}

/// The same for humans.
pub(crate) fn shown(app: &AppScope, namespace: Option<&Label>, plan: &Plan) -> Shown {
    let name = &app.app.id.app;
    let empty = match namespace {
        None => format!("app {name} has no volumes"),
        Some(_) => format!(
            "cluster {} mounts the volumes of app {name} already: nothing to do",
            app.cluster.id.cluster
        ),
    };
    let touched = plan
        .changes
        .iter()
        .filter(|change| change.action != ChangeAction::Keep);
    let names = touched.map(|change| change.resource.clone()).collect();
    let table: Table = changes(&["ACTION", "OBJECT", "REASON"], &plan.changes);
    Shown {
        table,
        more: vec![],
        names,
        empty,
    }
}
