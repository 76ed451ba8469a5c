//! `dns deploy` and `dns destroy`.

use clap::Subcommand;
use kompox_domain::cluster::ChangeAction;
use kompox_domain::dns::DnsReport;
use kompox_domain::driver::DnsRequest;
use kompox_domain::{Label, Mode, Operation as Port};
use kompox_usecase::dns::{self, DnsOutcome};

use crate::args::{GlobalArgs, OutputArgs, OutputFormat, TargetArgs};
use crate::failure::Failure;
use crate::operations::{self, mode_of};
use crate::session::{Operation, Session, operate};
use crate::ui::Ui;
use crate::view::dns as view;

/// `dns`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish the names that the app is served under: records that lead to its ingress
    Deploy(Deploy),
    /// Delete the records that were published for the app
    Destroy(Destroy),
}

const DEPLOYING: &str = "\
Examples:
  kompoxops dns deploy --dry-run             See what would be written; exit code 3 if there is anything
  kompoxops dns deploy                       Do it; running it again goes on where it stopped
  kompoxops dns deploy --strict              In a script: fail unless every name is published
  kompoxops dns deploy --namespace web       Look for the app's names in another namespace

Names and addresses are those that the cluster's own ingress serves right now: of Ingresses, and of the routes of Traefik
and the Gateway API where it serves them. What another ingress or gateway serves, or nobody, is told and not published;
so is a name that a zone hands on to other name servers. The zones are those of the cluster's setting AZURE_AKS_DNS_ZONE_RESOURCE_IDS; each name
goes to the zone with the longest fitting name, public and private. A record says in its metadata whose it is: one that
is not this app's is never changed nor deleted. A record of the app that is no longer served is deleted, unless
--namespace is given or the app is served under no name at all.

Exit codes: 0 done or nothing to do, 1 failed, 3 a dry run would change something. A name that is not
published, or has somebody else's record in the way, is a warning; with --strict it is 1.";

#[derive(Debug, clap::Args)]
#[command(after_help = DEPLOYING)]
struct Deploy {
    /// Fail when a name is not published, or somebody else's record is in the way; the others are written
    #[arg(long)]
    strict: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// A namespace with the app's routes; may be repeated [default: kompox-APP-HASH and those labelled for the app]
    #[arg(long = "namespace", value_name = "NAMESPACE")]
    namespaces: Vec<Label>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const DESTROYING: &str = "\
Examples:
  kompoxops dns destroy --dry-run    See which records would go; exit code 3 if there are any
  kompoxops dns destroy              Delete them; the cluster need not be there any more

Exactly the records go that say in their metadata that they are this app's. Somebody else's under the same names stay.
On a terminal they are shown first, and asked for, unless there are none.

Exit codes: 0 done or nothing to do, 1 failed, 3 a dry run would change something. That somebody else's record stays is
a warning; with --strict it is 1.";

#[derive(Debug, clap::Args)]
#[command(after_help = DESTROYING)]
struct Destroy {
    /// Fail when somebody else's records stay under the same names; the app's are deleted
    #[arg(long)]
    strict: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(crate) fn output(&self) -> OutputFormat {
        match &self.command {
            Command::Deploy(args) => args.output.output,
            Command::Destroy(args) => args.output.output,
        }
    }
}

pub(crate) fn run(args: Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    match args.command {
        Command::Deploy(args) => deploy(args, ui, global),
        Command::Destroy(args) => destroy(&args, ui, global),
    }
}

fn deploy(args: Deploy, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let request = DnsRequest {
        namespaces: args.namespaces,
    };
    let outcome = operate(ui, global, &operation(Port::DnsDeploy), async |cx| {
        dns::deploy(
            &*session.driver,
            &cx,
            &session.app,
            &request,
            mode_of(args.dry_run),
            args.strict,
        )
        .await
    })?;
    let app = &session.app.app.id.app;
    let empty = if outcome.report.gaps.is_empty() {
        format!("app {app} is served under no name")
    } else {
        format!("nothing of app {app} can be published now: nothing to do")
    };
    finish(ui, &session, outcome, args.dry_run, &empty)
}

fn destroy(args: &Destroy, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let session = Session::open(global, &args.target)?;
    let app = &session.app.app.id.app;
    let operation = operation(Port::DnsDestroy);
    let empty = format!("no DNS record of app {app} is there: nothing to do");
    if !args.dry_run && ui.can_ask() {
        // Strict: what stays is told once, when it is done.
        let seen = operate(ui, global, &operation, async |cx| {
            dns::destroy(&*session.driver, &cx, &session.app, Mode::Plan, true).await
        })?;
        if !seen.report.is_change() {
            return finish(ui, &session, seen, false, &empty);
        }
        confirm(ui, app, &seen.report)?;
    }
    let outcome = operate(ui, global, &operation, async |cx| {
        dns::destroy(
            &*session.driver,
            &cx,
            &session.app,
            mode_of(args.dry_run),
            args.strict,
        )
        .await
    })?;
    finish(ui, &session, outcome, args.dry_run, &empty)
}

/// Shows what would go, and asks.
fn confirm(ui: &Ui, app: &Label, seen: &DnsReport) -> Result<(), Failure> {
    ui.say_table(&view::shown(seen, "").table);
    let what = match seen.of(ChangeAction::Delete).count() {
        1 => "one DNS record".to_owned(),
        several => format!("{several} DNS records"),
    };
    ui.confirm(
        &format!("Delete {what} of app {app}?"),
        &format!("deleting {what} of app {app}"),
    )
}

fn operation(port: Port) -> Operation {
    Operation {
        label: operations::words(port),
        timeout: operations::default_timeout(port),
        next: format!("kompoxops {} --dry-run", operations::words(port)),
    }
}

/// Prints what was or would be done, and judges it.
fn finish(
    ui: &Ui,
    session: &Session,
    outcome: DnsOutcome,
    dry_run: bool,
    empty: &str,
) -> Result<(), Failure> {
    let DnsOutcome { report, refusal } = outcome;
    let id = &session.app.app.id;
    if !dry_run && report.is_change() {
        ui.say(&format!("DNS records of app {}: {}", id.app, view::done(&report)));
    }
    let printed = ui.value(
        &view::DnsView::new(id, &report, dry_run),
        &view::shown(&report, empty),
    );
    let verdict = match refusal {
        Some(refusal) => Err(refusal.into()),
        None if dry_run => Failure::of_dry_run(report.is_change()),
        None => Ok(()),
    };
    Failure::judged(printed, verdict)
}
