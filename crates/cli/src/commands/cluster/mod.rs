//! `cluster`: one file per verb.

mod deprovision;
mod install;
mod kubeconfig;
mod provision;
mod status;
mod token;
mod uninstall;
mod wait;

use clap::Subcommand;
use kompox_domain::Operation as Port;
use kompox_domain::cluster::Plan;

use crate::args::{ClusterTargetArgs, GlobalArgs, OutputFormat};
use crate::exit_codes;
use crate::failure::Failure;
use crate::session::{ClusterSession, Operation};
use crate::ui::Ui;
use crate::view::plan;

/// `cluster`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring a cluster and all it needs in the cloud into being, or up to date
    Provision(provision::Args),
    /// Delete exactly what provisioning made
    Deprovision(deprovision::Args),
    /// Make a cluster ready for apps: its ingress, and the rights that it needs outside
    Install(install::Args),
    /// Undo what installing did
    Uninstall(uninstall::Args),
    /// Show how a cluster stands in the cloud, or all of them
    Status(status::Args),
    /// Wait for what is under way with a cluster, whoever began it
    Wait(wait::Args),
    /// Give kubectl a way into a cluster: a kubeconfig, merged or on its own
    Kubeconfig(Box<kubeconfig::Args>),
    /// Print a token for a cluster's API server, as kubectl takes it
    Token(token::Args),
}

impl Args {
    /// The output asked for; none on verbs whose `-o` means something else.
    pub(crate) fn output(&self) -> Option<OutputFormat> {
        match &self.command {
            Command::Provision(args) => Some(args.output.output),
            Command::Deprovision(args) => Some(args.output.output),
            Command::Install(args) => Some(args.output.output),
            Command::Uninstall(args) => Some(args.output.output),
            Command::Status(args) => Some(args.output.output),
            Command::Wait(args) => Some(args.output.output),
            Command::Kubeconfig(_) | Command::Token(_) => None,
        }
    }
}

pub(crate) fn run(args: Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    match args.command {
        Command::Provision(args) => provision::run(&args, ui, global),
        Command::Deprovision(args) => deprovision::run(&args, ui, global),
        Command::Install(args) => install::run(&args, ui, global),
        Command::Uninstall(args) => uninstall::run(&args, ui, global),
        Command::Status(args) => status::run(&args, ui, global),
        Command::Wait(args) => wait::run(&args, ui, global),
        Command::Kubeconfig(args) => kubeconfig::run(&args, ui, global),
        Command::Token(args) => token::run(&args, ui, global),
    }
}

/// An operation on one cluster. What it leaves under way in the cloud is waited for with `cluster wait`; what goes on
/// in the cluster itself, by running it again.
fn operation(port: Port, target: &ClusterTargetArgs) -> Operation {
    let verb = match port {
        Port::ClusterProvision | Port::ClusterDeprovision | Port::ClusterWait => "wait",
        _ => "status",
    };
    Operation {
        label: port.as_str(),
        timeout: port.default_timeout(),
        next: format!("kompoxops cluster {verb}{}", target.flags()),
    }
}

/// Shows what was or would be done; `settled` is what is said where that is nothing.
fn show(ui: &Ui, session: &ClusterSession, plan: &Plan, dry_run: bool, settled: &str) -> Result<(), Failure> {
    ui.value(
        &plan::PlanView::new(&session.cluster.cluster.id, plan, dry_run),
        &plan::shown(plan, settled),
    )
}

/// The same for what is never done to a cluster that somebody else made.
fn show_own(
    ui: &Ui,
    session: &ClusterSession,
    plan: &Plan,
    dry_run: bool,
    settled: String,
) -> Result<(), Failure> {
    let settled = if session.cluster.cluster.existing {
        format!(
            "cluster {} is somebody else's (existing: true): nothing to do",
            session.name()
        )
    } else {
        settled
    };
    show(ui, session, plan, dry_run, &settled)
}

/// The verdict of a dry run.
fn different(plan: &Plan) -> Result<(), Failure> {
    if plan.is_empty() {
        Ok(())
    } else {
        Err(Failure::Quiet(exit_codes::DIFFERENCE))
    }
}
