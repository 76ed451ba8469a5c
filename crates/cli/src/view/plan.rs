//! Plans as they are printed: what would be done to a cluster, and what was done.

use kompox_domain::cluster::{Change, ChangeAction, InputChange, Plan};
use kompox_domain::model::ClusterId;
use serde::Serialize;

use super::ShortIds;
use crate::ui::{Shown, Table};

/// A plan in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanView {
    id: String,
    name: String,
    /// Whether it was only looked at.
    dry_run: bool,
    /// Whether there is nothing to do.
    empty: bool,
    changes: Vec<ChangeView>,
    inputs: Vec<InputView>,
}

/// One line of a plan, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeView {
    action: &'static str,
    resource: String,
    reason: String,
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        Self {
            action: change.action.as_str(),
            resource: change.resource.clone(),
            reason: change.reason.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InputView {
    name: String,
    from: Option<String>,
    to: Option<String>,
}

impl From<&InputChange> for InputView {
    fn from(input: &InputChange) -> Self {
        Self {
            name: input.name.clone(),
            from: input.from.clone(),
            to: input.to.clone(),
        }
    }
}

impl PlanView {
    /// Of what would be done, or was done.
    pub(crate) fn new(id: &ClusterId, plan: &Plan, dry_run: bool) -> Self {
        Self {
            id: id.to_string(),
            name: id.cluster.to_string(),
            dry_run,
            empty: plan.is_empty(),
            changes: plan.changes.iter().map(ChangeView::from).collect(),
            inputs: plan.inputs.iter().map(InputView::from).collect(),
        }
    }
}

/// A plan for humans: the changes, and below them why. `empty` is said where there is nothing to show.
pub(crate) fn shown(plan: &Plan, empty: &str) -> Shown {
    let mut inputs = Table::new(&["INPUT", "FROM", "TO"]);
    for input in &plan.inputs {
        inputs.row(vec![
            input.name.clone(),
            input.from.clone().unwrap_or_default(),
            input.to.clone().unwrap_or_default(),
        ]);
    }
    let touched = |change: &&Change| change.action != ChangeAction::Keep;
    let names = plan.changes.iter().filter(touched);
    Shown {
        table: changes(&["ACTION", "RESOURCE", "REASON"], &plan.changes),
        more: vec![inputs],
        names: names.map(|change| change.resource.clone()).collect(),
        empty: empty.to_owned(),
    }
}

/// Changes in a table with this head.
pub(super) fn changes(head: &'static [&'static str; 3], changes: &[Change]) -> Table {
    let ids = ShortIds::of(changes.iter().map(|change| change.resource.as_str()));
    let mut table = Table::new(head);
    for change in changes {
        table.row(vec![
            change.action.to_string(),
            ids.get(&change.resource).to_owned(),
            change.reason.clone(),
        ]);
    }
    table
}

/// `3 created, 1 updated, 2 kept`: what a plan that was carried out has done.
pub(crate) fn done(plan: &Plan) -> String {
    let words = [
        (ChangeAction::Create, "created"),
        (ChangeAction::Update, "updated"),
        (ChangeAction::Delete, "deleted"),
        (ChangeAction::Keep, "kept"),
        (ChangeAction::Block, "in the way"),
    ];
    let counted = words.map(|(action, word)| (plan.of(action).count(), word));
    let told = counted.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, word)| format!("{count} {word}")).collect();
    told.join(", ")
}
