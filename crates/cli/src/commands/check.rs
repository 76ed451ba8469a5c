//! `check`: what is wrong with the configuration.

use kompox_config::{Loaded, SystemSecrets};
use kompox_domain::driver::Finding;
use kompox_domain::{DriverRegistry, Operation as Port};
use kompox_usecase::check;
use serde::Serialize;

use crate::args::{GlobalArgs, OutputArgs, OutputFormat};
use crate::exit_codes;
use crate::failure::Failure;
use crate::hints;
use crate::operations;
use crate::session::{self, Operation, operate, rounds};
use crate::ui::{Shown, Table, Ui};
use crate::view::check::{self as online, CheckView};

const EXAMPLES: &str = "\
Examples:
  kompoxops check                     Without a request: what is wrong with the configuration
  kompoxops check --online            Ask the cloud too: who am I, permissions, quota, sizes, versions, names
  kompoxops check --online -o json | jq '.checks[] | select(.verdict == \"fail\")'

Nothing is written. What may not be read is unknown, and does not make this command fail.

Exit codes: 0 nothing is wrong, 1 something is";

/// `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Ask the cloud, too, what would keep each cluster from being provisioned
    #[arg(long)]
    online: bool,
    /// How to print what is found.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What was checked and found, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportView {
    ok: bool,
    files: Vec<String>,
    workspaces: usize,
    providers: usize,
    clusters: usize,
    apps: usize,
    findings: Vec<FindingView>,
    /// What the cloud told. Null where it was not asked.
    checks: Option<Vec<CheckView>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingView {
    id: String,
    message: String,
    hint: Option<String>,
}

pub(crate) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let loaded = session::configuration(global)?;
    let registry = session::drivers()?;
    let findings = check::offline(&loaded.catalog, &registry);
    let checks = if args.online {
        Some(online(&loaded, &registry, ui, global)?)
    } else {
        None
    };
    let view = view(&loaded, &findings, checks);
    let mut printed = ui.value(&view, &shown(&view));
    if printed.is_ok() && ui.format() == OutputFormat::Table {
        // The verdict is what was asked for, so it is data too.
        printed = ui.data(&format!("{}\n", verdict(&view)));
    }
    let judged = if view.ok {
        Ok(())
    } else {
        Err(Failure::Quiet(exit_codes::FAILED))
    };
    Failure::judged(printed, judged)
}

fn online(
    loaded: &Loaded,
    registry: &DriverRegistry,
    ui: &Ui,
    global: &GlobalArgs,
) -> Result<Vec<CheckView>, Failure> {
    let port = Port::ClusterCheck;
    let operation = Operation {
        label: operations::words(port),
        timeout: rounds(operations::default_timeout(port), loaded.catalog.clusters().len()),
        next: "kompoxops check --online".to_owned(),
    };
    let outcomes = operate(ui, global, &operation, async |cx| {
        Ok(check::online(&cx, &loaded.catalog, registry, &SystemSecrets).await)
    })?;
    Ok(online::views(&outcomes))
}

fn view(loaded: &Loaded, findings: &[Finding], checks: Option<Vec<CheckView>>) -> ReportView {
    let catalog = &loaded.catalog;
    ReportView {
        ok: findings.is_empty() && !checks.iter().flatten().any(CheckView::fails),
        files: loaded
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect(),
        workspaces: catalog.workspaces().len(),
        providers: catalog.providers().len(),
        clusters: catalog.clusters().len(),
        apps: catalog.apps().len(),
        findings: findings
            .iter()
            .map(|finding| FindingView {
                id: finding.subject.to_string(),
                message: finding.message.clone(),
                hint: hints::written(&finding.hints),
            })
            .collect(),
        checks,
    }
}

fn shown(view: &ReportView) -> Shown {
    let mut table = Table::new(&["ID", "FINDING", "WHAT TO DO"]);
    for finding in &view.findings {
        table.row(vec![
            finding.id.clone(),
            finding.message.clone(),
            finding.hint.clone().unwrap_or_default(),
        ]);
    }
    let checks = view.checks.as_deref().unwrap_or_default();
    let findings = view.findings.iter().map(|finding| finding.id.clone());
    Shown {
        table,
        more: vec![online::table(checks)],
        names: findings.chain(online::names(checks)).collect(),
        empty: String::new(),
    }
}

fn verdict(view: &ReportView) -> String {
    let count = |number: usize, one: &str, many: &str| format!("{number} {}", plural(number, one, many));
    let wrong = view.findings.len();
    let found = match (&view.checks, wrong) {
        (None, 0) => "nothing is wrong, as far as can be told without a request".to_owned(),
        (None, number) => count(number, "finding", "findings"),
        (Some(checks), 0) => online::verdict(checks),
        (Some(checks), number) => format!(
            "{}; {}",
            count(number, "finding", "findings"),
            online::verdict(checks)
        ),
    };
    format!(
        "checked {} with {}, {}, {}, {}: {found}",
        count(view.files.len(), "file", "files"),
        count(view.workspaces, "workspace", "workspaces"),
        count(view.providers, "provider", "providers"),
        count(view.clusters, "cluster", "clusters"),
        count(view.apps, "app", "apps"),
    )
}

const fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}
