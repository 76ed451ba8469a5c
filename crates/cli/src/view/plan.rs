//! Plans as they are printed: what would be done to a cluster, and what was done.

use kompox_domain::cluster::{Change, ChangeAction, InputChange, Plan};
use kompox_domain::model::ClusterId;
use serde::Serialize;

use crate::short_ids::ShortIds;
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
    counted(|action| plan.of(action).count())
}

/// How many of each action there are, in words.
pub(super) fn counted(count: impl Fn(ChangeAction) -> usize) -> String {
    let words = [
        (ChangeAction::Create, "created"),
        (ChangeAction::Update, "updated"),
        (ChangeAction::Delete, "deleted"),
        (ChangeAction::Keep, "kept"),
        (ChangeAction::Block, "in the way"),
    ];
    let counted = words.map(|(action, word)| (count(action), word));
    let told = counted.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, word)| format!("{count} {word}")).collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use kompox_domain::model::AnyId;

    use super::*;

    const GROUP: &str =
        "/subscriptions/7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d/resourceGroups/shop_cls_main_c925e0";

    fn plan() -> Plan {
        let change = |action, resource: &str, reason: &str| Change {
            action,
            resource: format!("{GROUP}{resource}"),
            reason: reason.to_owned(),
        };
        let input = |name: &str, from: Option<&str>, to: Option<&str>| InputChange {
            name: name.to_owned(),
            from: from.map(ToOwned::to_owned),
            to: to.map(ToOwned::to_owned),
        };
        Plan {
            changes: vec![
                change(ChangeAction::Keep, "", "exists"),
                change(
                    ChangeAction::Update,
                    "/providers/Microsoft.ContainerService/managedClusters/aks-x7",
                    "skuTier differs",
                ),
                change(
                    ChangeAction::Delete,
                    "/providers/Microsoft.Insights/components/appi-x7",
                    "no longer configured",
                ),
            ],
            inputs: vec![
                input("skuTier", Some("Free"), Some("Standard")),
                input("applicationInsights", Some("true"), None),
            ],
        }
    }

    fn id() -> ClusterId {
        match "/ws/shop/prv/azure/cls/main".parse() {
            Ok(AnyId::Cluster(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_plan_for_humans_has_short_ids_and_below_them_why() {
        let shown = shown(&plan(), "nothing to do");
        let tables: Vec<String> = std::iter::once(&shown.table)
            .chain(&shown.more)
            .map(Table::to_string)
            .collect();
        insta::assert_snapshot!(tables.join("\n"), @r"
        ACTION   RESOURCE                              REASON
        keep     resourceGroups/shop_cls_main_c925e0   exists
        update   managedClusters/aks-x7                skuTier differs
        delete   components/appi-x7                    no longer configured

        INPUT                 FROM   TO
        skuTier               Free   Standard
        applicationInsights   true   -
        ");
        assert_eq!(
            shown.names.len(),
            2,
            "what is kept is not touched: {:?}",
            shown.names
        );
    }

    #[test]
    fn a_plan_in_json_has_whole_ids() {
        let json = serde_json::to_string_pretty(&PlanView::new(&id(), &plan(), true)).unwrap();
        insta::assert_snapshot!(json, @r#"
        {
          "id": "/ws/shop/prv/azure/cls/main",
          "name": "main",
          "dryRun": true,
          "empty": false,
          "changes": [
            {
              "action": "keep",
              "resource": "/subscriptions/7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d/resourceGroups/shop_cls_main_c925e0",
              "reason": "exists"
            },
            {
              "action": "update",
              "resource": "/subscriptions/7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d/resourceGroups/shop_cls_main_c925e0/providers/Microsoft.ContainerService/managedClusters/aks-x7",
              "reason": "skuTier differs"
            },
            {
              "action": "delete",
              "resource": "/subscriptions/7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d/resourceGroups/shop_cls_main_c925e0/providers/Microsoft.Insights/components/appi-x7",
              "reason": "no longer configured"
            }
          ],
          "inputs": [
            {
              "name": "skuTier",
              "from": "Free",
              "to": "Standard"
            },
            {
              "name": "applicationInsights",
              "from": "true",
              "to": null
            }
          ]
        }
        "#);
        let nothing = PlanView::new(&id(), &Plan::default(), false);
        insta::assert_snapshot!(serde_json::to_string(&nothing).unwrap(), @r#"{"id":"/ws/shop/prv/azure/cls/main","name":"main","dryRun":false,"empty":true,"changes":[],"inputs":[]}"#);
    }

    #[test]
    fn what_was_done_is_counted() {
        assert_eq!(done(&plan()), "1 updated, 1 deleted, 1 kept");
        assert_eq!(done(&Plan::default()), "");
    }
}
