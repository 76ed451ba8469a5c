//! `volume manifest`.

use clap::{Subcommand, ValueEnum};
use kompox_domain::{Error, Label, Operation as Port, VolumeMount, VolumeName, naming};
use kompox_kube::manifest::{List, objects};
use kompox_usecase::volume::{self, ApplyOutcome, MountOutcome};

use crate::args::{GlobalArgs, OutputFormat, TargetArgs};
use crate::failure::{Failure, Report};
use crate::operations;
use crate::session::{Operation, Session, operate};
use crate::ui::{Shown, Ui};
use crate::view::mounts as view;

/// `volume`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the Kubernetes manifests by which the app mounts the assigned disks of its volumes, or apply them
    Manifest(Manifest),
}

const EXAMPLES: &str = "\
Examples:
  kompoxops volume manifest --apply                 Let the app mount its volumes
  kompoxops volume manifest | kubectl apply -f -    The same with kubectl, and with its rights
  kompoxops volume manifest | kubectl diff -f -     See what that would change
  kompoxops volume manifest -V db --namespace prod  One volume, claimed in another namespace
  kompoxops volume manifest -o json | jq -r '.items[].metadata.name'

A volume has a PersistentVolume and a PersistentVolumeClaim of one name, which pods give as claimName. The name is that
of the assigned disk: once another one is assigned, apply again, let the pods use the new claim, and delete the old pair.
Deleting it keeps the disk.

--apply makes the namespace if it is missing, touches nothing that is somebody else's, and writes only what differs. It
tells what mounts other disks of the volumes, and leaves that to you. It does not wait until the claims are bound.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Manifest {
    /// The volume; may be repeated; all volumes of the app without it
    #[arg(short = 'V', long = "vol-name", value_name = "VOLUME")]
    volumes: Vec<VolumeName>,
    /// Apply them to the app's cluster, and print what was done
    #[arg(long)]
    apply: bool,
    /// The namespace of the claims [default: kompox-APP-HASH]
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<Label>,
    /// How to print them; when it is given, an error is one JSON object on standard error [default: yaml; with --apply a
    /// table on a terminal, JSON otherwise]
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    target: TargetArgs,
}

/// How manifests are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One YAML document for each object, or what was done
    Yaml,
    /// One JSON object of kind List, or what was done
    Json,
}

impl Args {
    pub(crate) fn output(&self) -> OutputFormat {
        let Command::Manifest(args) = &self.command;
        match args.format {
            None => OutputFormat::Auto,
            Some(Format::Yaml) => OutputFormat::Yaml,
            Some(Format::Json) => OutputFormat::Json,
        }
    }
}

pub(crate) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let Command::Manifest(args) = &args.command;
    if args.apply {
        apply(args, ui, global)
    } else {
        manifest(args, ui, global)
    }
}

fn apply(args: &Manifest, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let operation = Operation {
        label: operations::words(Port::VolumeApply),
        timeout: operations::default_timeout(Port::VolumeApply),
        next: "kompoxops volume manifest --apply".to_owned(),
    };
    let outcome = operate(ui, global, &operation, async |cx| {
        let namespace = args.namespace.as_ref();
        volume::apply(&*session.driver, &cx, &session.app, &args.volumes, namespace).await
    })?;
    match outcome {
        ApplyOutcome::Applied { namespace, plan } => {
            let shown = view::shown(&session.app, namespace.as_ref(), &plan);
            ui.value(
                &view::AppliedView::new(&session.app, namespace.as_ref(), &plan),
                &shown,
            )
        }
        ApplyOutcome::Unmountable(outcomes) => all(outcomes, "applied").map(drop),
    }
}

fn manifest(args: &Manifest, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let operation = Operation {
        label: "volume manifest",
        timeout: operations::default_timeout(Port::DiskList),
        next: "kompoxops disk list".to_owned(),
    };
    let outcomes = operate(ui, global, &operation, async |cx| {
        let namespace = args.namespace.as_ref();
        volume::mounts(&*session.driver, &cx, &session.app, &args.volumes, namespace).await
    })?;
    let mounts = all(outcomes, "printed")?;
    let objects = objects(&mounts);
    if args.format == Some(Format::Json) {
        ui.value(&List::of(objects), &Shown::default())?;
    } else {
        ui.documents(&objects)?;
    }
    match mounts.first() {
        None => ui.say(&format!("app {} has no volumes", session.app.app.id.app)),
        Some(mount) => {
            let cluster = &session.app.cluster;
            let context = naming::kubeconfig_name(&cluster.id.cluster, &cluster.hash());
            let (kubectl, namespace) = (format!("kubectl --context {context}"), &mount.namespace);
            ui.say(&format!(
                "to apply this, add --apply, or pipe it into: {kubectl} apply -f -"
            ));
            ui.say(&format!(
                "kubectl needs the namespace before: {kubectl} create namespace {namespace}"
            ));
        }
    }
    Ok(())
}

/// What mounts every volume: an app that finds some of its volumes only is of no use.
fn all(outcomes: Vec<MountOutcome>, done: &str) -> Result<Vec<VolumeMount>, Failure> {
    let count = outcomes.len();
    let mut mounts = Vec::new();
    let mut errors: Vec<Error> = Vec::new();
    for outcome in outcomes {
        match outcome.result {
            Ok(mount) => mounts.push(mount),
            Err(error) => errors.push(error),
        }
    }
    let errors: Vec<&Error> = errors.iter().collect();
    let report = match errors.as_slice() {
        [] => return Ok(mounts),
        [error] => Report::of(error),
        [first, ..] => {
            let failed = errors.len();
            let message = if failed == count {
                format!("none of {count} volumes can be mounted")
            } else {
                format!("{failed} of {count} volumes cannot be mounted, so nothing is {done}")
            };
            Report::of_several(first, &errors, message)
        }
    };
    Err(Failure::Told(Box::new(report)))
}
