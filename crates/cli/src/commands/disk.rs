//! `disk list`, `disk create`, `disk assign`, `disk delete`.

use clap::Subcommand;
use kompox_domain::volume::Deletion;
use kompox_domain::{DiskName, Operation as Port, Source, VolumeDisk, VolumeName, VolumeOptions};
use kompox_usecase::disk;

use super::bootstrap;
use super::values;
use crate::args::{GlobalArgs, OutputArgs, OutputFormat, TargetArgs};
use crate::failure::Failure;
use crate::operations;
use crate::session::{Operation, Session, operate};
use crate::ui::{Shown, Ui};
use crate::view::{Deleted, disk as view};

/// `disk`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the disks of one volume, or of all volumes of the app, newest first
    List(List),
    /// Create a disk; the first of a volume is assigned, later ones are not
    Create(Box<Create>),
    /// Make a disk the assigned one of its volume, and keep the one that was
    Assign(Assign),
    /// Delete a disk; one that is not there is no error
    Delete(Delete),
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
  kompoxops disk create --bootstrap             One assigned disk for every volume that has none
  kompoxops disk create -V db                   Another disk; its name is printed
  kompoxops disk create -V db -N copy -S before From snapshot `before` of the same volume
  kompoxops disk create -V db -O '{\"sku\":\"PremiumV2_LRS\",\"iops\":3000}'";

#[derive(Debug, clap::Args)]
#[command(after_help = CREATE_EXAMPLES)]
struct Create {
    /// The volume
    #[arg(
        short = 'V',
        long = "vol-name",
        value_name = "VOLUME",
        required_unless_present = "bootstrap"
    )]
    volume: Option<VolumeName>,
    /// The name of the disk [default: a new ULID]
    #[arg(short = 'N', long = "name", visible_alias = "disk-name", value_name = "DISK")]
    name: Option<DiskName>,
    /// What it is made from: a snapshot, disk:NAME, snapshot:NAME or a resource id [default: empty]
    #[arg(short = 'S', long, value_name = "SOURCE", value_parser = values::disk_source)]
    source: Option<Source>,
    /// The zone, such as 1 or japaneast-1 [default: that of the app]
    #[arg(short = 'Z', long, value_name = "ZONE")]
    zone: Option<String>,
    /// Options that win over those of the volume, as a JSON object
    #[arg(short = 'O', long, value_name = "JSON", value_parser = values::options)]
    options: Option<VolumeOptions>,
    /// Give every volume of the app that has no disk its first one
    #[arg(long, conflicts_with_all = ["volume", "name", "source", "zone", "options"])]
    bootstrap: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct Assign {
    /// The volume
    #[arg(short = 'V', long = "vol-name", value_name = "VOLUME")]
    volume: VolumeName,
    /// The disk
    #[arg(short = 'N', long = "name", visible_alias = "disk-name", value_name = "DISK")]
    name: DiskName,
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
    /// The disk
    #[arg(short = 'N', long = "name", visible_alias = "disk-name", value_name = "DISK")]
    name: DiskName,
    /// Delete it even if it is the assigned one; never lifts what else keeps it: a machine, a volume of the cluster
    #[arg(long)]
    force: bool,
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
            Command::Assign(args) => args.output.output,
            Command::Delete(args) => args.output.output,
        }
    }
}

pub(crate) fn run(args: Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    match args.command {
        Command::List(args) => list(&args, ui, global),
        Command::Create(args) => create(*args, ui, global),
        Command::Assign(args) => assign(&args, ui, global),
        Command::Delete(args) => delete(&args, ui, global),
    }
}

fn operation(port: Port, volume: Option<&VolumeName>) -> Operation {
    Operation {
        label: operations::words(port),
        timeout: operations::default_timeout(port),
        next: match volume {
            Some(volume) => format!("kompoxops disk list -V {volume}"),
            None => "kompoxops disk list".to_owned(),
        },
    }
}

fn list(args: &List, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let volume = args.volume.as_ref();
    let operation = operation(Port::DiskList, volume);
    let disks = operate(ui, global, &operation, async |cx| {
        disk::list(&*session.driver, &cx, &session.app, volume).await
    })?;
    let empty = match volume {
        Some(volume) => {
            format!("volume {volume} has no disks; `kompoxops disk create -V {volume}` makes one")
        }
        None => format!(
            "app {} has no disks; `kompoxops disk create --bootstrap` makes one for each volume",
            session.app.app.id.app
        ),
    };
    ui.value(&view::views(&disks), &view::shown(&disks, &empty))
}

fn create(args: Create, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    // clap has seen to it that there is one or the other.
    let Some(volume) = args.volume else {
        return bootstrap::run(&session, ui, global);
    };
    let operation = operation(Port::DiskCreate, Some(&volume));
    let request = disk::Create {
        volume,
        name: args.name,
        source: args.source,
        zone: args.zone,
        options: args.options.unwrap_or_default(),
    };
    let disk = operate(ui, global, &operation, async |cx| {
        disk::create(&*session.driver, &cx, &session.app, &request).await
    })?;
    one(ui, disk)
}

fn assign(args: &Assign, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let operation = operation(Port::DiskAssign, Some(&args.volume));
    let disk = operate(ui, global, &operation, async |cx| {
        disk::assign(&*session.driver, &cx, &session.app, &args.volume, &args.name).await
    })?;
    one(ui, disk)
}

fn delete(args: &Delete, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let (volume, name) = (&args.volume, &args.name);
    // Nobody is asked about what is not there; where there is no such volume, that is told in place of a question.
    if ui.can_ask() && session.has_volume(volume) {
        let looking = operation(Port::DiskList, Some(volume));
        let found = operate(ui, global, &looking, async |cx| {
            disk::find(&*session.driver, &cx, &session.app, volume, name).await
        })?;
        if found.is_none() {
            return Deleted::new("disk", name, volume, Deletion::WasNotThere).print(ui);
        }
        ui.confirm(&format!("Delete disk {name} of volume {volume}?"), "the deletion")?;
    }
    let operation = operation(Port::DiskDelete, Some(volume));
    let deletion = operate(ui, global, &operation, async |cx| {
        disk::delete(&*session.driver, &cx, &session.app, volume, name, args.force).await
    })?;
    Deleted::new("disk", name, volume, deletion).print(ui)
}

/// Prints one disk.
pub(super) fn one(ui: &Ui, disk: VolumeDisk) -> Result<(), Failure> {
    let view = view::DiskView::from(&disk);
    let shown: Shown = view::shown(&[disk], "");
    ui.value(&view, &shown)
}
