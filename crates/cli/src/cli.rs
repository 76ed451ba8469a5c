//! The command line as a whole: the commands, and what runs each of them.

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Effects};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::args::{GlobalArgs, OutputFormat};
use crate::commands;
use crate::failure::Failure;
use crate::ui::Ui;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  kompoxops quickstart                     See the main job on an embedded Azure, without an account
  kompoxops init                           Begin a configuration in this directory
  kompoxops check                          See what is wrong with it
  kompoxops disk create --bootstrap        Give every volume of the app its first disk
  kompoxops disk list -o json | jq .       Use the data in a script

Exit codes: 0 done, 1 failed, 2 usage, 3 a dry run would change something, 130 interrupted";

/// Give an application on managed Kubernetes its cluster and its block-storage volumes
#[derive(Debug, Parser)]
#[command(name = "kompoxops", version, styles = STYLES, after_help = EXAMPLES, arg_required_else_help = true)]
#[command(max_term_width = 110)]
pub struct Cli {
    /// Flags on every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begin a configuration: make .kompox in this directory
    Init(commands::init::Args),
    /// Do the main job step by step on an embedded Azure, in a directory that can be used further
    #[cfg(feature = "emulator")]
    Quickstart(commands::quickstart::Args),
    /// Check the configuration without sending a request
    Check(commands::check::Args),
    /// Work with a cluster: how it stands, what would change, bring it up, take it down
    Cluster(commands::cluster::Args),
    /// Work with the disks of an app's volumes
    Disk(commands::disk::Args),
    /// Work with the snapshots of an app's volumes
    Snapshot(commands::snapshot::Args),
    /// Let the app mount its volumes
    Volume(commands::volume::Args),
    /// Publish the names that the app is served under, or take them back
    Dns(commands::dns::Args),
    /// Show what the configuration holds
    Admin(commands::admin::Args),
    /// Run the embedded Azure
    #[cfg(feature = "emulator")]
    Emulator(commands::emulator::Args),
    /// Show version and build features
    Version(commands::version::Args),
    /// Print a completion script for a shell
    Completion(commands::completion::Args),
}

impl Command {
    /// The output asked for, on commands that print data.
    pub(crate) fn output(&self) -> Option<OutputFormat> {
        match self {
            Self::Init(_) | Self::Completion(_) => None,
            #[cfg(feature = "emulator")]
            Self::Quickstart(_) => None,
            #[cfg(feature = "emulator")]
            Self::Emulator(args) => Some(args.output()),
            Self::Check(args) => Some(args.output.output),
            Self::Cluster(args) => args.output(),
            Self::Disk(args) => Some(args.output()),
            Self::Snapshot(args) => Some(args.output()),
            Self::Volume(args) => Some(args.output()),
            Self::Dns(args) => Some(args.output()),
            Self::Admin(args) => Some(args.output()),
            Self::Version(args) => Some(args.output.output),
        }
    }

    /// Runs the command.
    pub(crate) fn run(self, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
        match self {
            Self::Init(args) => commands::init::run(&args, ui, global),
            #[cfg(feature = "emulator")]
            Self::Quickstart(args) => commands::quickstart::run(&args, ui, global),
            Self::Check(args) => commands::check::run(&args, ui, global),
            Self::Cluster(args) => commands::cluster::run(args, ui, global),
            Self::Disk(args) => commands::disk::run(args, ui, global),
            Self::Snapshot(args) => commands::snapshot::run(args, ui, global),
            Self::Dns(args) => commands::dns::run(args, ui, global),
            Self::Volume(args) => commands::volume::run(&args, ui, global),
            Self::Admin(args) => commands::admin::run(&args, ui, global),
            #[cfg(feature = "emulator")]
            Self::Emulator(args) => commands::emulator::run(args, ui, global),
            Self::Version(args) => commands::version::run(&args, ui),
            Self::Completion(args) => commands::completion::run(&args, Cli::command(), ui),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_is_an_imperative_without_a_full_stop() {
        fn check(command: &clap::Command) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty(), "{} has no help", command.get_name());
            assert!(!about.ends_with('.'), "{about}");
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    !help.is_empty() && !help.ends_with('.'),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
