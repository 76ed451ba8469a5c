//! `emulator run`: the embedded Azure.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Subcommand, ValueEnum, ValueHint};
use kompox_azure_emulator::{Connection, Emulator, EmulatorError, FaultPlan, Options, Throttling, Timing};
use kompox_domain::{Error, ErrorKind};
use tokio::sync::Notify;

use crate::args::{GlobalArgs, OutputArgs, OutputFormat};
use crate::failure::Failure;
use crate::os;
use crate::serialize;
use crate::session;
use crate::stop::Stop;
use crate::ui::Ui;

/// `emulator`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the embedded Azure on loopback until Ctrl-C
    Run(Run),
}

const AFTER_HELP: &str = "\
When it is ready it prints one line of JSON with -o json: armEndpoint, authorityHost, caFile, subscriptionId,
tenantId, clientId, clientSecret, and settings, which is what a Provider needs to use it.

Examples:
  kompoxops emulator run --state .azure
  kompoxops emulator run -o json --latency 50 --faults faults.json";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
struct Run {
    /// Keep state, certificate, credentials and port in this directory [default: in memory only]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    state: Option<PathBuf>,
    /// Listen on this port [default: that of the state directory, or any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Let go wrong what this fault plan says (JSON)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    faults: Option<PathBuf>,
    /// Make every request take so many milliseconds more
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// How long operations take
    #[arg(long, value_enum, value_name = "HOW", default_value_t = TimingArg::Realistic)]
    timing: TimingArg,
    /// Answer 429 to whoever asks more than Azure's documented limits allow
    #[arg(long)]
    throttle: bool,
    /// Stop when standard input is closed
    #[arg(long)]
    until_stdin_closes: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// How long operations of the embedded Azure take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TimingArg {
    /// A second or two
    Realistic,
    /// No time at all
    Zero,
}

impl TimingArg {
    /// As it is written on the command line.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Realistic => "realistic",
            Self::Zero => "zero",
        }
    }
}

impl Args {
    pub(crate) fn output(&self) -> OutputFormat {
        let Command::Run(run) = &self.command;
        run.output.output
    }
}

pub(crate) fn run(args: Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let Command::Run(args) = args.command;
    let options = Options {
        faults: args
            .faults
            .as_deref()
            .map_or_else(|| Ok(FaultPlan::default()), fault_plan)?,
        state_dir: args.state.as_deref().map(absolute).transpose()?,
        port: args.port,
        latency: Duration::from_millis(args.latency),
        timing: match args.timing {
            TimingArg::Realistic => Timing::realistic(),
            TimingArg::Zero => Timing::hurried(),
        },
        throttling: args.throttle.then(Throttling::documented),
        ..Options::default()
    };
    let stdin = args.until_stdin_closes.then(stdin_closed).transpose()?;
    let (stop, runtime) = session::start()?;
    let served = runtime.block_on(serve(options, ui, &stop, stdin, global.timeout));
    runtime.shutdown_background();
    served
}

/// So that the CA file can be named in a configuration that is used from another directory.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path).map_err(|error| {
        let what = format!("cannot use state directory {}", path.display());
        Failure::io(what, error, "give the path of a directory")
    })?;
    super::require_utf8(&path)?;
    Ok(path)
}

async fn serve(
    options: Options,
    ui: &Ui,
    stop: &Stop,
    stdin: Option<Arc<Notify>>,
    timeout: Option<Duration>,
) -> Result<(), Failure> {
    let emulator = Emulator::start(options).await.map_err(told)?;
    announce(ui, emulator.connection())?;
    let closed = async {
        match stdin {
            Some(closed) => closed.notified().await,
            None => std::future::pending().await,
        }
    };
    let over = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let failed = tokio::select! {
        () = stop.requested() => None,
        () = closed => None,
        () = over => None,
        error = emulator.failed() => Some(error),
    };
    emulator.shutdown().await;
    failed.map_or(Ok(()), |error| Err(told(error)))
}

/// Says that it is ready: in JSON on one line, so that whoever waits needs to read only that.
fn announce(ui: &Ui, connection: &Connection) -> Result<(), Failure> {
    match ui.format() {
        OutputFormat::Json => {
            let line = serialize::json_line(connection)?;
            ui.data(&format!("{line}\n"))
        }
        OutputFormat::Yaml => ui.data(&serialize::yaml(connection)?),
        OutputFormat::Name => ui.data(&format!("{}\n", connection.arm_endpoint)),
        OutputFormat::Auto | OutputFormat::Table => {
            let settings = serialize::yaml(&connection.settings())?;
            let indented: String = settings.lines().map(|line| format!("    {line}\n")).collect();
            ui.data(&format!(
                "The embedded Azure is ready at {}. Settings of a Provider that uses it:\n\n  settings:\n{indented}\n",
                connection.arm_endpoint
            ))?;
            ui.say("stop it with Ctrl-C");
            Ok(())
        }
    }
}

fn fault_plan(path: &Path) -> Result<FaultPlan, Failure> {
    const HINT: &str = "give a JSON file such as {\"rules\":[{\"method\":\"PUT\",\"path\":\"**/disks/*\",\"count\":1,\"action\":\"resetAfter\"}]}";
    let named = format!("--faults {}", path.display());
    let text = kompox_files::read_value(path, kompox_files::SMALL)
        .map_err(|unusable| unusable.told_of(&named).with_hint(HINT))?;
    serde_json::from_slice(&text).map_err(|error| {
        Error::new(ErrorKind::InvalidInput, format!("{named} is no fault plan"))
            .with_source(error)
            .with_hint(HINT)
            .into()
    })
}

/// What helps where the state cannot be written.
const NO_ROOM: &str = "make room on the disk, then start it again: what it has acknowledged is kept";

fn told(error: EmulatorError) -> Failure {
    let (kind, hint) = match &error {
        EmulatorError::StateInUse(_) => (
            ErrorKind::Conflict,
            "stop the other one, or use another directory",
        ),
        EmulatorError::Listen { source, .. } => match source.kind() {
            std::io::ErrorKind::AddrInUse => (
                ErrorKind::Conflict,
                "stop what listens there, or choose another port with --port",
            ),
            std::io::ErrorKind::PermissionDenied => (
                ErrorKind::InvalidInput,
                "choose a port that you may listen on with --port",
            ),
            _ => (ErrorKind::Failed, "free memory, processes or open files"),
        },
        EmulatorError::NotWritten(_) => (ErrorKind::Failed, NO_ROOM),
        EmulatorError::StateDirectory { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            (ErrorKind::Failed, NO_ROOM)
        }
        EmulatorError::StateDirectory { .. } => {
            (ErrorKind::InvalidInput, "give a directory that you may write to")
        }
        EmulatorError::StateDamaged { .. } | EmulatorError::Database(_) => (
            ErrorKind::Precondition,
            "delete the state directory and begin anew, or use another one",
        ),
        EmulatorError::FaultPlan(_) | EmulatorError::Argument(_) => {
            (ErrorKind::InvalidInput, "correct the fault plan")
        }
        _ => (
            ErrorKind::Internal,
            "run it again with --log-level debug and report what it prints",
        ),
    };
    Error::new(kind, "cannot run the embedded Azure")
        .with_source(error)
        .with_hint(hint)
        .into()
}

/// Is notified when standard input ends: when whoever started this process has gone, in whatever way.
fn stdin_closed() -> Result<Arc<Notify>, Failure> {
    let closed = Arc::new(Notify::new());
    let notify = Arc::clone(&closed);
    os::when_stdin_closes(move || notify.notify_one())
        .map_err(|error| Failure::io("cannot start", error, "free memory or processes"))?;
    Ok(closed)
}
