//! The flags of `cluster kubeconfig`.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};
use kompox_domain::Label;
use kompox_kube::Kubeconfig;

use crate::args::ClusterTargetArgs;

const EXAMPLES: &str = "\
Examples:
  kompoxops cluster kubeconfig --merge --set-current    Use the cluster with kubectl from now on
  kompoxops cluster kubeconfig --merge --dry-run        See what that would change; exit code 3 if there is anything
  kompoxops cluster kubeconfig -o ~/.kube/shop.yml      Write a file of its own
  eval \"$(kompoxops cluster kubeconfig --temp --print-export)\"   Use the cluster in this shell only
  kompoxops cluster kubeconfig --merge --cred user      As whoever is signed in to Azure; needs no other program

Cluster, user and context are called kompox-CLUSTER-HASH unless --context names them. What else a file holds stays as
it is; what a merge replaces is kept beside it as FILE.kompox-backup, then FILE.kompox-backup.2 and so on. Of several files in $KUBECONFIG an entry is updated
in the one that defines it, and a new one goes to the first that is there, else it makes the last: as with kubectl.";

/// What only one of is meant.
const PLACE: &str = "place";
/// A file of its own. What needs a merge says that it conflicts with it too: clap does not ask for what conflicts with
/// something that is given.
const FILE: &str = "file";
/// What is there already, and is changed.
const EXISTING: &str = "existing";

/// `cluster kubeconfig`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group(clap::ArgGroup::new(PLACE).args(["out", "temp", "merge"])))]
#[command(group(clap::ArgGroup::new(FILE).args(["out", "temp"])))]
#[command(group(clap::ArgGroup::new(EXISTING).args(["out", "merge"])))]
pub(in crate::commands::cluster) struct Args {
    /// Write it to this file, and replace there only what an earlier run wrote; `-` for standard output [default: -]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) out: Option<PathBuf>,
    /// Merge it into a kubeconfig file, and keep everything else in there
    #[arg(long)]
    pub(super) merge: bool,
    /// Write it to a private temporary file, and print its path
    #[arg(long)]
    pub(super) temp: bool,
    /// The file to merge into [default: as kubectl does, into those of $KUBECONFIG, else ~/.kube/config]
    #[arg(long, value_name = "PATH", requires = "merge", conflicts_with = FILE, value_hint = ValueHint::FilePath)]
    pub(super) kubeconfig: Option<PathBuf>,
    /// What cluster, user and context are called
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) context: Option<String>,
    /// The namespace of the context
    #[arg(long, value_name = "NAMESPACE")]
    pub(super) namespace: Option<Label>,
    /// Make the context the current one; where there was none at all it is that anyway
    #[arg(long, requires = "merge", conflicts_with = FILE)]
    pub(super) set_current: bool,
    /// Replace what is somebody else's: entries of the same names, or the file named with --out; a backup is kept
    #[arg(long, requires = EXISTING, conflicts_with = "temp")]
    pub(super) force: bool,
    /// Print the command by which a shell uses the file
    #[arg(long, requires = FILE, conflicts_with = "merge")]
    pub(super) print_export: bool,
    /// How it is written; a file that is merged into is written as YAML
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Yaml, conflicts_with = "merge")]
    pub(super) format: Format,
    /// Only show what would change, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// With whose rights [default: the cluster's administrator where it has one, else user]
    #[arg(long, value_name = "WHOSE", value_enum)]
    pub(super) cred: Option<Cred>,
    /// At which address of the API server
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = At::Auto)]
    pub(super) address: At,
    #[command(flatten)]
    pub(super) target: ClusterTargetArgs,
}

/// How a kubeconfig is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// YAML
    Yaml,
    /// JSON
    Json,
}

impl Format {
    pub(super) fn write(self, config: &Kubeconfig) -> String {
        match self {
            Self::Yaml => config.to_yaml(),
            Self::Json => config.to_json(),
        }
    }
}

/// With whose rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Cred {
    /// The cluster's own administrator, without a trace of who it was
    Admin,
    /// Whoever is signed in to Azure, when kubectl is run
    User,
}

/// At which address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum At {
    /// The private one where its name can be resolved here, else the public one
    Auto,
    /// The public one
    Public,
    /// The private one
    Private,
}
