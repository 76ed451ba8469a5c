//! `check`: what is wrong with the configuration.

use kompox_config::Loaded;
use kompox_domain::driver::Finding;
use kompox_usecase::check;
use serde::Serialize;

use crate::args::{GlobalArgs, OutputArgs, OutputFormat};
use crate::exit_codes;
use crate::failure::Failure;
use crate::session;
use crate::ui::{Shown, Table, Ui};

/// `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing is wrong, 1 something is")]
pub struct Args {
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
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingView {
    id: String,
    message: String,
    hint: Option<String>,
}

pub(crate) fn run(_: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let loaded = session::configuration(global)?;
    let findings = check::offline(&loaded.catalog, &session::drivers()?);
    let view = view(&loaded, &findings);
    let mut printed = ui.value(&view, &shown(&findings));
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

fn view(loaded: &Loaded, findings: &[Finding]) -> ReportView {
    let catalog = &loaded.catalog;
    ReportView {
        ok: findings.is_empty(),
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
                hint: finding.hint.clone(),
            })
            .collect(),
    }
}

fn shown(findings: &[Finding]) -> Shown {
    let mut table = Table::new(&["ID", "FINDING", "WHAT TO DO"]);
    for finding in findings {
        table.row(vec![
            finding.subject.to_string(),
            finding.message.clone(),
            finding.hint.clone().unwrap_or_default(),
        ]);
    }
    Shown {
        table,
        more: Vec::new(),
        names: findings
            .iter()
            .map(|finding| finding.subject.to_string())
            .collect(),
        empty: String::new(),
    }
}

fn verdict(view: &ReportView) -> String {
    let count = |number: usize, one: &str, many: &str| format!("{number} {}", plural(number, one, many));
    let found = match view.findings.len() {
        0 => "nothing is wrong, as far as can be told without a request".to_owned(),
        number => count(number, "finding", "findings"),
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
