//! `quickstart`: the main job, step by step, with the ordinary commands.

mod child;
mod files;
mod steps;
mod stopped;

use std::path::{Path, PathBuf};

use clap::ValueHint;
use kompox_domain::ErrorKind;

use super::emulator::TimingArg;
use crate::args::GlobalArgs;
use crate::exit_codes;
use crate::failure::{Failure, Report};
use crate::session;
use crate::shell;
use crate::stop::Stop;
use crate::ui::Ui;
use child::{EmbeddedAzure, Program};
use stopped::Stopped;

const AFTER_HELP: &str = "\
Needs no Azure account and no network. Writes a configuration and the state of the embedded Azure to DIR, runs the
ordinary commands there, shows each with its output, and leaves the directory for you to go on with. Running it
again in the same directory goes on where it was.";

/// `quickstart`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The directory: a new or empty one, or that of an earlier quick start
    #[arg(value_name = "DIR", default_value = "kompoxops-quickstart", value_hint = ValueHint::DirPath)]
    directory: PathBuf,
    /// How long operations of the embedded Azure take
    #[arg(long, value_enum, value_name = "HOW", default_value_t = TimingArg::Realistic)]
    timing: TimingArg,
}

pub(crate) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    refuse_other_configuration(global)?;
    let cannot = |error| Failure::io("cannot find the quick start directory", error, "run it again");
    let directory = std::path::absolute(&args.directory).map_err(cannot)?;
    super::require_utf8(&directory)?;
    files::prepare(&args.directory)?;
    let (stop, runtime) = session::start()?;
    let done = runtime.block_on(tour(args, &directory, ui, global, &stop));
    runtime.shutdown_background();
    done
}

async fn tour(
    args: &Args,
    directory: &Path,
    ui: &Ui,
    global: &GlobalArgs,
    stop: &Stop,
) -> Result<(), Failure> {
    let program = Program::new(directory, global)?;
    ui.data(&introduction(&args.directory, &program))?;
    let azure = EmbeddedAzure::start(&program, args.timing, stop)
        .await
        .map_err(|stopped| interrupted_or(stopped, &args.directory))?;
    files::connect(directory, &azure.connection)?;
    let walked = steps::walk(&program, ui, stop)
        .await
        .map_err(|stopped| interrupted_or(stopped, &args.directory));
    // In any case before the end, so that the state is closed when this program is gone.
    azure.stop().await;
    walked?;
    ui.data(&farewell(&args.directory, &program))
}

fn interrupted_or(stopped: Stopped, directory: &Path) -> Failure {
    match stopped {
        Stopped::Failed(failure) => failure,
        Stopped::Interrupted => Failure::Told(Box::new(Report {
            kind: "interrupted",
            outcome: kompox_domain::WriteOutcome::Unknown.as_str(),
            message: "interrupted; the directory can be used again".to_owned(),
            causes: Vec::new(),
            code: None,
            correlation_id: None,
            hint: Some(format!(
                "go on with: kompoxops quickstart {}",
                shell::path(directory)
            )),
            failures: Vec::new(),
            exit_code: exit_codes::INTERRUPTED,
        })),
    }
}

/// The commands must not reach any Azure but the embedded one.
fn refuse_other_configuration(global: &GlobalArgs) -> Result<(), Failure> {
    let given = [
        ("--kompox-root", global.kompox_root.is_some()),
        ("--kompox-dir", global.kompox_dir.is_some()),
        ("--kom-path", !global.kom_path.is_empty()),
        ("--kom-app", global.kom_app.is_some()),
        ("--config", global.config.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::new(
            ErrorKind::InvalidInput,
            format!("quickstart makes its own configuration and cannot use {flag}"),
            "leave it out; say where with: kompoxops quickstart DIR",
        )),
    }
}

fn introduction(shown: &Path, program: &Program) -> String {
    let shown = shown.display();
    let stands_for = match program.not_in_path() {
        Some(path) => format!("`kompoxops` stands for {} here.\n", path.display()),
        None => String::new(),
    };
    format!(
        "The main job of kompoxops, in {shown}: a cluster for a shop, and disks and snapshots of its volumes, in an \
         Azure that runs inside this program.\nEverything below is an ordinary command; `$` marks what you would type.\n{stands_for}"
    )
}

fn farewell(shown: &Path, program: &Program) -> String {
    let alias = program
        .not_in_path()
        .map(|path| format!("    alias kompoxops={}\n", shell::path(path)))
        .unwrap_or_default();
    let proxy = if child::proxied() {
        "    export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1        # a proxy cannot reach this machine's loopback\n"
    } else {
        ""
    };
    format!(
        "\nThat was it. {shown} holds the configuration (.kompox/kom, begin with app.yml) and the state of the embedded\n\
         Azure (.azure), which has stopped now. To go on, start it again; it keeps its port:\n\n\
         {alias}    cd {shown}\n    kompoxops emulator run --state .azure\n\n\
         and in another terminal:\n\n\
         {alias}{proxy}    cd {shown}\n    kompoxops cluster status\n    kubectl --kubeconfig {kubeconfig} get namespaces\n    \
         kompoxops disk list\n    kompoxops snapshot create -V uploads\n    \
         kompoxops snapshot restore -V uploads -N <the name it printed>\n    kompoxops admin app get shop\n    \
         kompoxops --help\n\n\
         When you have seen enough, `kompoxops cluster uninstall` takes the ingress off, and `kompoxops cluster\n\
         deprovision` the cluster, and nothing else: the disks of the app have a resource group of their own.\n\n\
         For your own subscription change .kompox/kom/provider.yml, and see with `kompoxops check` what is missing.\n",
        shown = shell::path(shown),
        kubeconfig = steps::KUBECONFIG,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_and_no_flag() {
        let word = |path: &str| shell::path(Path::new(path));
        assert_eq!(word("a/b-c"), "a/b-c");
        assert_eq!(word("-x"), "./-x");
        assert_eq!(word("-x y"), "'./-x y'");
        assert_eq!(word("it's"), r"'it'\''s'");
    }
}
