//! `cluster`: one file per verb.

mod status;

use clap::Subcommand;
use kompox_domain::Operation as Port;

use crate::args::{ClusterTargetArgs, GlobalArgs, OutputFormat};
use crate::failure::Failure;
use crate::session::Operation;
use crate::ui::Ui;

/// `cluster`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show how a cluster stands in the cloud, or all of them
    Status(status::Args),
}

impl Args {
    /// The output asked for; none on verbs whose `-o` means something else.
    pub(crate) fn output(&self) -> Option<OutputFormat> {
        match &self.command {
            Command::Status(args) => Some(args.output.output),
        }
    }
}

pub(crate) fn run(args: Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    match args.command {
        Command::Status(args) => status::run(&args, ui, global),
    }
}

/// An operation on one cluster. What it leaves under way in the cloud is waited for with `cluster wait`.
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
