//! `snapshot list`, `snapshot create`, `snapshot delete`, `snapshot restore`.

use clap::Subcommand;
use kompox_domain::volume::Deletion;
use kompox_domain::{DiskName, Operation as Port, SnapshotName, Source, VolumeName, VolumeOptions};
use kompox_usecase::snapshot;

use super::{disk, values};
use crate::args::{GlobalArgs, OutputArgs, OutputFormat, TargetArgs};
use crate::failure::Failure;
use crate::operations;
use crate::session::{Operation, Session, operate};
use crate::ui::Ui;
use crate::view::{Deleted, snapshot as view};

/// `snapshot`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the snapshots of one volume, or of all volumes of the app, newest first
    List(List),
    /// Take a snapshot, and wait until it can be used
    Create(Create),
    /// Delete a snapshot; one that is not there is no error
    Delete(Delete),
    /// Create a disk from a snapshot
    Restore(Box<Restore>),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The volume; all volumes of the app without it
    #[arg(short = 'V', long = "vol-name", value_name = "VOLUME")]
    volume: Option<VolumeName>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const CREATE_EXAMPLES: &str = "\
Examples:
  kompoxops snapshot create -V db             Of the assigned disk
  kompoxops snapshot create -V db -N before -S disk:old";

#[derive(Debug, clap::Args)]
#[command(after_help = CREATE_EXAMPLES)]
struct Create {
    /// The volume
    #[arg(short = 'V', long = "vol-name", value_name = "VOLUME")]
    volume: VolumeName,
    /// The name of the snapshot [default: a new ULID]
    #[arg(
        short = 'N',
        long = "name",
        visible_alias = "snap-name",
        value_name = "SNAPSHOT"
    )]
    name: Option<SnapshotName>,
    /// What it is taken from: a disk, disk:NAME, snapshot:NAME or a resource id [default: the assigned disk]
    #[arg(short = 'S', long, value_name = "SOURCE", value_parser = values::snapshot_source)]
    source: Option<Source>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct Delete {
    /// The volume
    #[arg(short = 'V', long = "vol-name", value_name = "VOLUME")]
    volume: VolumeName,
    /// The snapshot
    #[arg(
        short = 'N',
        long = "name",
        visible_alias = "snap-name",
        value_name = "SNAPSHOT"
    )]
    name: SnapshotName,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const RESTORE_EXAMPLES: &str = "\
Examples:
  kompoxops snapshot restore -V db -N before            A new disk beside the assigned one
  kompoxops snapshot restore -V db -N before --assign   The same, and the volume uses it from now on";

#[derive(Debug, clap::Args)]
#[command(after_help = RESTORE_EXAMPLES)]
struct Restore {
    /// The volume
    #[arg(short = 'V', long = "vol-name", value_name = "VOLUME")]
    volume: VolumeName,
    /// The snapshot
    #[arg(
        short = 'N',
        long = "name",
        visible_alias = "snap-name",
        value_name = "SNAPSHOT"
    )]
    name: SnapshotName,
    /// The name of the new disk [default: a new ULID]
    #[arg(long, value_name = "DISK")]
    disk_name: Option<DiskName>,
    /// The zone, such as 1 or japaneast-1 [default: that of the disk the snapshot was taken from]
    #[arg(short = 'Z', long, value_name = "ZONE")]
    zone: Option<String>,
    /// Options that win over those of the volume, as a JSON object
    #[arg(short = 'O', long, value_name = "JSON", value_parser = values::options)]
    options: Option<VolumeOptions>,
    /// Make the new disk the assigned one, and keep the one that was
    #[arg(long)]
    assign: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(crate) fn output(&self) -> OutputFormat {
        match &self.command {
            Command::List(args) => args.output.output,
            Command::Create(args) => args.output.output,
            Command::Delete(args) => args.output.output,
            Command::Restore(args) => args.output.output,
        }
    }
}

pub(crate) fn run(args: Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    match args.command {
        Command::List(args) => list(&args, ui, global),
        Command::Create(args) => create(args, ui, global),
        Command::Delete(args) => delete(&args, ui, global),
        Command::Restore(args) => restore(*args, ui, global),
    }
}

/// `noun` is what the following command lists: `snapshot`, or `disk` after a restore.
fn operation(port: Port, noun: &str, volume: Option<&VolumeName>) -> Operation {
    Operation {
        label: operations::words(port),
        timeout: operations::default_timeout(port),
        next: match volume {
            Some(volume) => format!("kompoxops {noun} list -V {volume}"),
            None => format!("kompoxops {noun} list"),
        },
    }
}

fn list(args: &List, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let volume = args.volume.as_ref();
    let operation = operation(Port::SnapshotList, "snapshot", volume);
    let snapshots = operate(ui, global, &operation, async |cx| {
        snapshot::list(&*session.driver, &cx, &session.app, volume).await
    })?;
    let (of, flag) = match volume {
        Some(volume) => (format!("volume {volume}"), volume.as_str()),
        None => (format!("app {}", session.app.app.id.app), "<volume>"),
    };
    let empty = format!("{of} has no snapshots; `kompoxops snapshot create -V {flag}` takes one");
    ui.value(&view::views(&snapshots), &view::shown(&snapshots, &empty))
}

fn create(args: Create, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let operation = operation(Port::SnapshotCreate, "snapshot", Some(&args.volume));
    let request = snapshot::Create {
        volume: args.volume,
        name: args.name,
        source: args.source,
    };
    let snapshot = operate(ui, global, &operation, async |cx| {
        snapshot::create(&*session.driver, &cx, &session.app, &request).await
    })?;
    let view = view::SnapshotView::from(&snapshot);
    ui.value(&view, &view::shown(&[snapshot], ""))
}

fn delete(args: &Delete, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let (volume, name) = (&args.volume, &args.name);
    // Nobody is asked about what is not there; where there is no such volume, that is told in place of a question.
    if ui.can_ask() && session.has_volume(volume) {
        let looking = operation(Port::SnapshotList, "snapshot", Some(volume));
        let found = operate(ui, global, &looking, async |cx| {
            snapshot::find(&*session.driver, &cx, &session.app, volume, name).await
        })?;
        if found.is_none() {
            return Deleted::new("snapshot", name, volume, Deletion::WasNotThere).print(ui);
        }
        ui.confirm(
            &format!("Delete snapshot {name} of volume {volume}?"),
            "the deletion",
        )?;
    }
    let operation = operation(Port::SnapshotDelete, "snapshot", Some(volume));
    let deletion = operate(ui, global, &operation, async |cx| {
        snapshot::delete(&*session.driver, &cx, &session.app, volume, name).await
    })?;
    Deleted::new("snapshot", name, volume, deletion).print(ui)
}

fn restore(args: Restore, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let mut operation = operation(Port::SnapshotRestore, "disk", Some(&args.volume));
    if args.assign {
        operation.timeout += operations::default_timeout(Port::DiskAssign);
    }
    let request = snapshot::Restore {
        volume: args.volume,
        snapshot: args.name,
        disk: args.disk_name,
        zone: args.zone,
        options: args.options.unwrap_or_default(),
        assign: args.assign,
    };
    let restored = operate(ui, global, &operation, async |cx| {
        snapshot::restore(&*session.driver, &cx, &session.app, &request).await
    })?;
    disk::one(ui, restored)
}
