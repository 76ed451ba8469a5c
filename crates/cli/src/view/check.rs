//! What the cloud told when it was asked before it was needed, as it is printed.

use kompox_domain::ErrorKind;
use kompox_domain::cluster::{Check, Verdict};
use kompox_domain::model::ClusterId;
use kompox_usecase::cluster::ClusterOutcome;
use serde::Serialize;

use crate::failure::Report;
use crate::hints;
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
            hint: hints::written(&check.hints),
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

/// The checks for humans, what to do below what was found: both are sentences, too wide for one line. The id of the
/// cluster is shown where there are several.
pub(crate) fn table(checks: &[CheckView]) -> Table {
    let several = checks
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.id != b.id));
    let mut table = Table::new(if several {
        &["ID", "KIND", "VERDICT", "FINDING"]
    } else {
        &["KIND", "VERDICT", "FINDING"]
    });
    for check in checks {
        let mut cells = vec![
            check.kind.clone(),
            check.verdict.to_owned(),
            check.message.clone(),
        ];
        if several {
            cells.insert(0, check.id.clone());
        }
        table.row(cells);
        if let Some(hint) = &check.hint {
            table.note(&format!("what to do: {hint}"));
        }
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

#[cfg(test)]
mod tests {
    use kompox_domain::model::AnyId;
    use kompox_domain::{Error, ErrorKind};

    use super::*;

    fn outcome(cluster: &str, result: kompox_domain::Result<Vec<Check>>) -> ClusterOutcome<Vec<Check>> {
        let Ok(AnyId::Cluster(cluster)) = cluster.parse() else {
            panic!("{cluster}")
        };
        ClusterOutcome {
            cluster,
            existing: false,
            result,
        }
    }

    fn checks() -> Vec<Check> {
        let check = |kind: &str, verdict, message: &str, hint: Option<&str>| Check {
            kind: kind.to_owned(),
            verdict,
            message: message.to_owned(),
            hints: hint.map(|hint| hint.to_owned().into()).into_iter().collect(),
        };
        vec![
            check("identity", Verdict::Pass, "signed in as ops@example.com", None),
            check(
                "quota",
                Verdict::Fail,
                "4 of 10 cores of Standard DSv5 are left, 12 are needed",
                Some("ask Azure for more"),
            ),
            check("dns", Verdict::Unknown, "the network may not be read", None),
        ]
    }

    #[test]
    fn one_cluster_needs_no_id_and_several_do() {
        let one = views(&[outcome("/ws/w/prv/p/cls/a", Ok(checks()))]);
        insta::assert_snapshot!(table(&one).to_string(), @r"
        KIND       VERDICT   FINDING
        identity   pass      signed in as ops@example.com
        quota      fail      4 of 10 cores of Standard DSv5 are left, 12 are needed
                             what to do: ask Azure for more
        dns        unknown   the network may not be read
        ");
        assert_eq!(
            verdict(&one),
            "of the checks online 1 failed, 1 could not be made, 1 passed"
        );
        assert_eq!(names(&one).collect::<Vec<_>>(), ["/ws/w/prv/p/cls/a"]);
        let denied = Error::new(ErrorKind::Unauthenticated, "no credential")
            .with_hint("sign in")
            .context("cannot check cluster /ws/w/prv/p/cls/b");
        let several = views(&[
            outcome("/ws/w/prv/p/cls/a", Ok(checks())),
            outcome("/ws/w/prv/p/cls/b", Err(denied)),
            outcome(
                "/ws/w/prv/q/cls/c",
                Err(Error::new(
                    ErrorKind::Unsupported,
                    "driver mock does not support cluster check",
                )),
            ),
        ]);
        insta::assert_snapshot!(table(&several).to_string(), @r"
        ID                  KIND              VERDICT   FINDING
        /ws/w/prv/p/cls/a   identity          pass      signed in as ops@example.com
        /ws/w/prv/p/cls/a   quota             fail      4 of 10 cores of Standard DSv5 are left, 12 are needed
                                                        what to do: ask Azure for more
        /ws/w/prv/p/cls/a   dns               unknown   the network may not be read
        /ws/w/prv/p/cls/b   unauthenticated   fail      cannot check cluster /ws/w/prv/p/cls/b: no credential
                                                        what to do: sign in
        /ws/w/prv/q/cls/c   unsupported       unknown   driver mock does not support cluster check
                                                        what to do: use a driver, or a kind of volume, that supports it
        ");
        let failing: Vec<bool> = several.iter().map(CheckView::fails).collect();
        assert_eq!(failing, [false, true, false, true, false]);
        assert!(verdict(&[]).contains("no cluster"));
    }

    #[test]
    fn a_check_in_json_has_the_fields_of_the_contract() {
        let views = views(&[outcome("/ws/w/prv/p/cls/a", Ok(checks()))]);
        let json = serde_json::to_string(&views).unwrap();
        insta::assert_snapshot!(json, @r#"[{"id":"/ws/w/prv/p/cls/a","kind":"identity","verdict":"pass","message":"signed in as ops@example.com","hint":null},{"id":"/ws/w/prv/p/cls/a","kind":"quota","verdict":"fail","message":"4 of 10 cores of Standard DSv5 are left, 12 are needed","hint":"ask Azure for more"},{"id":"/ws/w/prv/p/cls/a","kind":"dns","verdict":"unknown","message":"the network may not be read","hint":null}]"#);
    }
}
