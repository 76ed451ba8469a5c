//! What the cloud told when it was asked before it was needed, as it is printed.

use kompox_domain::ErrorKind;
use kompox_domain::cluster::{Check, Verdict};
use kompox_domain::model::ClusterId;
use kompox_usecase::cluster::ClusterOutcome;
use serde::Serialize;

use crate::failure::Report;
use crate::ui::Table;

/// One check of one cluster, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckView {
    id: String,
    kind: String,
    /// `pass`, `unknown`, `warn` or `fail`.
    verdict: &'static str,
    message: String,
    hint: Option<String>,
    #[serde(skip)]
    judged: Verdict,
}

impl CheckView {
    fn new(id: &ClusterId, check: &Check) -> Self {
        Self {
            id: id.to_string(),
            kind: check.kind.clone(),
            verdict: check.verdict.as_str(),
            message: check.message.clone(),
            hint: check.hint.clone(),
            judged: check.verdict,
        }
    }

    /// Of a cluster that could not be checked at all. That the driver checks nothing keeps nobody from provisioning.
    fn unchecked(id: &ClusterId, error: &kompox_domain::Error) -> Self {
        let report = Report::of(error);
        let chain = std::iter::once(&report.message).chain(&report.causes);
        let message = chain.map(String::as_str).collect::<Vec<_>>().join(": ");
        let verdict = if error.kind() == ErrorKind::Unsupported {
            Verdict::Unknown
        } else {
            Verdict::Fail
        };
        Self {
            id: id.to_string(),
            kind: report.kind.to_owned(),
            verdict: verdict.as_str(),
            message,
            hint: report.hint,
            judged: verdict,
        }
    }

    /// Whether provisioning would fail.
    pub(crate) fn fails(&self) -> bool {
        self.judged == Verdict::Fail
    }
}

/// All checks of all clusters, in one list.
pub(crate) fn views(outcomes: &[ClusterOutcome<Vec<Check>>]) -> Vec<CheckView> {
    let mut views = Vec::new();
    for outcome in outcomes {
        match &outcome.result {
            Ok(checks) => views.extend(checks.iter().map(|check| CheckView::new(&outcome.cluster, check))),
            Err(error) => views.push(CheckView::unchecked(&outcome.cluster, error)),
        }
    }
    views
}

/// The checks for humans. The id of the cluster is shown where there are several.
pub(crate) fn table(checks: &[CheckView]) -> Table {
    let several = checks
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.id != b.id));
    let mut table = Table::new(if several {
        &["ID", "KIND", "VERDICT", "FINDING", "WHAT TO DO"]
    } else {
        &["KIND", "VERDICT", "FINDING", "WHAT TO DO"]
    });
    for check in checks {
        let mut cells = vec![
            check.kind.clone(),
            check.verdict.to_owned(),
            check.message.clone(),
            check.hint.clone().unwrap_or_default(),
        ];
        if several {
            cells.insert(0, check.id.clone());
        }
        table.row(cells);
    }
    table
}

/// What pipes of names get: the clusters that would fail, once for each check that says so.
pub(crate) fn names(checks: &[CheckView]) -> impl Iterator<Item = String> {
    checks
        .iter()
        .filter(|check| check.fails())
        .map(|check| check.id.clone())
}

/// The checks counted, the worst first.
pub(crate) fn verdict(checks: &[CheckView]) -> String {
    let words = [
        (Verdict::Fail, "failed"),
        (Verdict::Warn, "with a warning"),
        (Verdict::Unknown, "could not be made"),
        (Verdict::Pass, "passed"),
    ];
    let counted = words.map(|(verdict, word)| {
        let count = checks.iter().filter(|check| check.judged == verdict).count();
        (count, word)
    });
    let told = counted.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, word)| format!("{count} {word}")).collect();
    if told.is_empty() {
        return "nothing was checked online, as there is no cluster".to_owned();
    }
    format!("of the checks online {}", told.join(", "))
}
