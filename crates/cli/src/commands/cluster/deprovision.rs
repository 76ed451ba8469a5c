//! `cluster deprovision`.

use std::time::Instant;

use kompox_domain::Operation as Port;
use kompox_domain::cluster::{ChangeAction, Plan};
use kompox_domain::driver::DeprovisionRequest;
use kompox_usecase::cluster::{self, Deprovision, DeprovisionPlan};

use super::operation::{operation, planning};
use super::plan::show_own;
use crate::args::{ClusterTargetArgs, GlobalArgs, OutputArgs};
use crate::duration;
use crate::failure::Failure;
use crate::session::{ClusterSession, operate};
use crate::shell;
use crate::ui::Ui;
use crate::view::plan as view;

const EXAMPLES: &str = "\
Examples:
  kompoxops cluster deprovision --dry-run        See what would go, what stays, and what is in the way
  kompoxops cluster deprovision                  Ask, and do it; running it again goes on where it stopped
  kompoxops cluster deprovision --yes            The same in a script, where nobody can be asked
  kompoxops cluster deprovision --allow-delete /subscriptions/…/disks/db-034d4d-first

What holds data or is not ours is never deleted unless --allow-delete names it. Whether the cluster is ours is
proved by its tags, and no flag stands in for that proof.

Exit codes: 0 done or nothing to do, 1 failed or in the way, 3 a dry run would change something";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Let this resource go along, by its id, though it is not ours or holds data; may be repeated
    #[arg(long, value_name = "ID")]
    allow_delete: Vec<String>,
    /// Delete it even if the ingress is still installed; never overrides ownership, protection or --allow-delete
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    target: ClusterTargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = ClusterSession::open(global, &args.target)?;
    let request = Deprovision {
        request: DeprovisionRequest {
            allow_delete: args.allow_delete.clone(),
        },
        force: args.force,
    };
    let look = planning(Port::ClusterDeprovision, &args.target);
    let planned = operate(ui, global, &look, async |cx| {
        cluster::deprovision_plan(&*session.driver, &cx, &session.cluster, &request).await
    })?;
    let hint = allowing(args, &planned);
    let plan = planned.plan;
    for id in not_there(&args.allow_delete, &plan) {
        ui.warn(&format!("--allow-delete {id}: nothing of that id is there"));
    }
    if args.dry_run {
        if let Some(refusal) = planned.refusal {
            ui.warn(&format!("it would be refused: {refusal}"));
        }
        if let Some(hint) = hint {
            ui.warn(&format!("something stands in the way: {hint}"));
        }
        return Failure::judged(
            print(ui, &session, &plan, true),
            Failure::of_dry_run(!plan.is_empty()),
        );
    }
    if let Some(refusal) = planned.refusal {
        return Err(refusal.into());
    }
    if let Some(error) = cluster::blocked(&session.cluster, &plan) {
        return Err(match hint {
            Some(hint) => error.with_hint(hint).into(),
            None => Failure::from(error),
        });
    }
    if plan.is_empty() {
        return print(ui, &session, &plan, false);
    }
    confirm(ui, &session, &plan)?;
    let began = Instant::now();
    let operation = operation(Port::ClusterDeprovision, &args.target);
    let done = operate(ui, global, &operation, async |cx| {
        cluster::deprovision(&*session.driver, &cx, &session.cluster, &request).await
    })?;
    let took = duration::human(began.elapsed());
    let name = session.name();
    ui.say(&format!(
        "cluster {name} is deprovisioned: {} in {took}",
        view::done(&done)
    ));
    print(ui, &session, &done, false)
}

/// Those of the named ids that are not in the plan: gone already, or mistyped. Where nothing is there that is told
/// anyway.
fn not_there<'a>(named: &'a [String], plan: &Plan) -> Vec<&'a String> {
    if plan.is_empty() {
        return Vec::new();
    }
    let planned = |id: &&String| {
        let id = id.trim_end_matches('/');
        plan.changes
            .iter()
            .any(|change| change.resource.eq_ignore_ascii_case(id))
    };
    named.iter().filter(|id| !planned(id)).collect()
}

/// Shows what would go and asks, naming how much it is.
fn confirm(ui: &Ui, session: &ClusterSession, plan: &Plan) -> Result<(), Failure> {
    let going = plan.of(ChangeAction::Delete).count();
    let what = match going {
        1 => "one resource".to_owned(),
        several => format!("{several} resources"),
    };
    let name = session.name();
    if ui.can_ask() {
        ui.say_table(&view::shown(plan, "").table);
    }
    ui.confirm_or_refuse(
        &format!("Delete {what} of cluster {name}? This cannot be undone."),
        &format!("deleting {what} of cluster {name}"),
    )
}

/// What to do about what stands in the way. None where nothing does.
fn allowing(args: &Args, planned: &DeprovisionPlan) -> Option<String> {
    let in_the_way = planned.plan.of(ChangeAction::Block).count();
    let mut hints = Vec::new();
    if planned.allowable.len() < in_the_way {
        hints.push("deal first with what no flag lets go along".to_owned());
    }
    if !planned.allowable.is_empty() {
        let named = args.allow_delete.iter().chain(&planned.allowable);
        let flags: String = named
            .map(|id| format!(" --allow-delete {}", shell::word(id)))
            .collect();
        let target = args.target.flags();
        hints.push(format!(
            "move away what is to be kept; where all of it may go: kompoxops cluster deprovision{target}{flags}"
        ));
    }
    (!hints.is_empty()).then(|| hints.join("; "))
}

fn print(ui: &Ui, session: &ClusterSession, plan: &Plan, dry_run: bool) -> Result<(), Failure> {
    let settled = format!("nothing of cluster {} is there: nothing to do", session.name());
    show_own(ui, session, plan, dry_run, settled)
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Change;

    use super::*;

    fn args() -> Args {
        Args {
            dry_run: false,
            allow_delete: vec!["/d/first".to_owned()],
            force: false,
            target: ClusterTargetArgs {
                cluster_name: Some("main".to_owned()),
                ..ClusterTargetArgs::default()
            },
            output: OutputArgs {
                output: crate::args::OutputFormat::Auto,
            },
        }
    }

    fn planned(blocking: &[&str], allowable: &[&str]) -> DeprovisionPlan {
        let change = |id: &&str| Change {
            action: ChangeAction::Block,
            resource: (*id).to_owned(),
            reason: String::new(),
        };
        DeprovisionPlan {
            plan: Plan {
                changes: blocking.iter().map(change).collect(),
                inputs: vec![],
            },
            refusal: None,
            allowable: allowable.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    #[test]
    fn the_flags_that_let_all_of_it_go_are_given_to_be_pasted() {
        let hint = |blocking: &[&str], allowable: &[&str]| allowing(&args(), &planned(blocking, allowable));
        assert_eq!(hint(&[], &[]), None);
        assert_eq!(
            hint(&["/d/a b"], &["/d/a b"]).unwrap(),
            "move away what is to be kept; where all of it may go: kompoxops cluster deprovision --cluster-name main \
             --allow-delete /d/first --allow-delete '/d/a b'"
        );
        assert_eq!(
            hint(&["/lock"], &[]).unwrap(),
            "deal first with what no flag lets go along"
        );
        assert!(
            hint(&["/lock", "/d/a"], &["/d/a"])
                .unwrap()
                .starts_with("deal first with what no flag lets go along; move away")
        );
    }
}
