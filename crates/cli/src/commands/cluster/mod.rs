//! `cluster`: one file per verb.

mod deprovision;
mod install;
mod kubeconfig;
mod operation;
mod plan;
mod provision;
mod status;
mod token;
mod uninstall;
mod wait;

use clap::Subcommand;

use crate::args::{GlobalArgs, OutputFormat};
use crate::failure::Failure;
use crate::ui::Ui;

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
