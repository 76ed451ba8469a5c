//! Errors and warnings as text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use kompox_domain::text::one_line;

use crate::exit_codes;
use crate::failure::{FailureView, Report};
use crate::short_ids::ShortIds;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// An error for humans: message and kind, causes, code and correlation id, hint.
#[must_use]
pub fn report_text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    if report.exit_code == exit_codes::INTERRUPTED {
        let _ = writeln!(text, "{}", one_line(&report.message));
    } else {
        let _ = writeln!(
            text,
            "{ERROR}error:{ERROR:#} {} ({})",
            one_line(&report.message),
            report.kind
        );
    }
    match report.causes.as_slice() {
        [] => {}
        [cause] => {
            let _ = writeln!(text, "  caused by: {}", one_line(cause));
        }
        causes => {
            let _ = writeln!(text, "  caused by:");
            for (index, cause) in causes.iter().enumerate() {
                let _ = writeln!(text, "    {}: {}", index + 1, one_line(cause));
            }
        }
    }
    if !report.failures.is_empty() {
        let _ = writeln!(text, "  in detail:");
        let below = Details {
            ids: short_ids(&report.failures),
            hint: report.hint.as_deref().unwrap_or_default(),
        };
        for failure in &report.failures {
            below.write(&mut text, failure, 2);
        }
    }
    // What stands in the details already is not said again.
    let detailed = |told: &str| told_by(&report.failures, told);
    if let Some(code) = report.code.as_deref().filter(|code| !detailed(code)) {
        let _ = writeln!(text, "  code: {}", one_line(code));
    }
    if let Some(id) = report.correlation_id.as_deref().filter(|id| !detailed(id)) {
        let _ = writeln!(text, "  correlation id: {}", one_line(id));
    }
    if let Some(hint) = &report.hint {
        let _ = writeln!(text, "{HINT}hint:{HINT:#} {}", one_line(hint));
    }
    text
}

/// What the details of an error leave out, as it is said elsewhere.
struct Details<'a> {
    ids: ShortIds,
    hint: &'a str,
}

impl Details<'_> {
    /// One that failed, and below it why. Where it began there is more to say than on the way.
    fn write(&self, text: &mut String, failure: &FailureView, depth: usize) {
        let indent = "  ".repeat(depth);
        let resource = self.ids.get(&failure.resource);
        let parts = [resource, failure.code.as_str(), failure.message.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let more = format!("{indent}  ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{indent}{}", one_line(&parts.join(": ")));
        if failure.causes.is_empty() {
            if let Some(id) = &failure.correlation_id {
                let _ = writeln!(text, "{more}correlation id: {}", one_line(id));
            }
            if let Some(hint) = failure.hint.as_deref().filter(|hint| !self.hint.contains(hint)) {
                let _ = writeln!(text, "{more}{HINT}hint:{HINT:#} {}", one_line(hint));
            }
        }
        for cause in &failure.causes {
            self.write(text, cause, depth + 1);
        }
    }
}

/// Whether this code is shown with one that failed, or this correlation id with one where it began.
fn told_by(failures: &[FailureView], told: &str) -> bool {
    failures.iter().any(|failure| {
        let began = failure.causes.is_empty() && failure.correlation_id.as_deref() == Some(told);
        failure.code == told || began || told_by(&failure.causes, told)
    })
}

fn short_ids(failures: &[FailureView]) -> ShortIds {
    fn gather<'a>(failures: &'a [FailureView], ids: &mut Vec<&'a str>) {
        for failure in failures {
            ids.push(&failure.resource);
            gather(&failure.causes, ids);
        }
    }
    let mut ids = Vec::new();
    gather(failures, &mut ids);
    ShortIds::of(ids)
}

/// A warning for humans.
pub(super) fn warning_text(message: &str) -> String {
    format!("{WARNING}warning:{WARNING:#} {}", one_line(message))
}

/// Names, each in a line of its own.
pub(super) fn one_to_a_line(items: &[String]) -> String {
    items
        .iter()
        .fold(String::new(), |text, item| text + &one_line(item) + "\n")
}

#[cfg(test)]
mod tests {
    use kompox_domain::error::FailedOperation;
    use kompox_domain::{Error, ErrorKind};

    use super::*;

    fn plain(report: &Report) -> String {
        anstream::adapter::strip_str(&report_text(report)).to_string()
    }

    #[test]
    fn an_error_is_told_with_all_it_knows() {
        let error = Error::new(ErrorKind::Precondition, "the scope is locked\nby lock keep")
            .with_code("ScopeLocked")
            .with_correlation_id("7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d")
            .with_hint("ask who made the lock")
            .with_source(std::io::Error::other("HTTP 409"))
            .context("cannot delete disk db-034d4d-first");
        insta::assert_snapshot!(plain(&Report::of(&error)), @r"
        error: cannot delete disk db-034d4d-first (precondition)
          caused by:
            1: the scope is locked by lock keep
            2: HTTP 409
          code: ScopeLocked
          correlation id: 7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d
        hint: ask who made the lock
        ");
        insta::assert_snapshot!(Report::of(&error).to_json(), @r#"{"error":{"kind":"precondition","outcome":"notDone","message":"cannot delete disk db-034d4d-first","causes":["the scope is locked\nby lock keep","HTTP 409"],"code":"ScopeLocked","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":"ask who made the lock","failures":[]}}"#);
    }

    #[test]
    fn what_failed_is_told_down_to_where_it_began() {
        let id = |rest: &str| format!("/subscriptions/s/resourceGroups/g/providers/{rest}");
        let leaf = |name: &str, code: &str, hint: Option<&str>| FailedOperation {
            resource: id(&format!("Microsoft.ContainerService/managedClusters/{name}")),
            code: code.to_owned(),
            message: "Insufficient vcpu quota requested 8,\nremaining 4.".to_owned(),
            correlation_id: Some("7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d".to_owned()),
            hints: hint.map(|hint| hint.to_owned().into()).into_iter().collect(),
            causes: vec![],
        };
        let nested = FailedOperation {
            resource: id("Microsoft.Resources/deployments/cluster"),
            code: "DeploymentFailed".to_owned(),
            message: "At least one resource deployment operation failed.".to_owned(),
            correlation_id: Some("not shown: there is more to say below".to_owned()),
            hints: vec!["not shown either".into()],
            causes: vec![
                leaf(
                    "aks-x7",
                    "ErrCode_InsufficientVCPUQuota",
                    Some("ask for quota\nor use another size"),
                ),
                leaf("aks-x8", "Conflict", None),
            ],
        };
        let check = FailedOperation {
            code: "quota".to_owned(),
            message: "4 cores are left".to_owned(),
            ..FailedOperation::default()
        };
        let error = Error::new(ErrorKind::Failed, "the deployment failed")
            .with_code("ErrCode_InsufficientVCPUQuota")
            .with_correlation_id("7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d")
            .with_hint("mend it")
            .with_failures(vec![nested, check])
            .context("cannot provision cluster /ws/w/prv/p/cls/c");
        let report = Report::of(&error);
        insta::assert_snapshot!(plain(&report), @r"
        error: cannot provision cluster /ws/w/prv/p/cls/c (failed)
          caused by: the deployment failed
          in detail:
            deployments/cluster: DeploymentFailed: At least one resource deployment operation failed.
              managedClusters/aks-x7: ErrCode_InsufficientVCPUQuota: Insufficient vcpu quota requested 8, remaining 4.
                correlation id: 7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d
                hint: ask for quota or use another size
              managedClusters/aks-x8: Conflict: Insufficient vcpu quota requested 8, remaining 4.
                correlation id: 7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d
            quota: 4 cores are left
        hint: mend it
        ");
        insta::assert_snapshot!(report.to_json(), @r#"{"error":{"kind":"failed","outcome":"notDone","message":"cannot provision cluster /ws/w/prv/p/cls/c","causes":["the deployment failed"],"code":"ErrCode_InsufficientVCPUQuota","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":"mend it","failures":[{"resource":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments/cluster","code":"DeploymentFailed","message":"At least one resource deployment operation failed.","correlationId":"not shown: there is more to say below","hint":"not shown either","causes":[{"resource":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-x7","code":"ErrCode_InsufficientVCPUQuota","message":"Insufficient vcpu quota requested 8,\nremaining 4.","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":"ask for quota\nor use another size","causes":[]},{"resource":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-x8","code":"Conflict","message":"Insufficient vcpu quota requested 8,\nremaining 4.","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":null,"causes":[]}]},{"resource":"","code":"quota","message":"4 cores are left","correlationId":null,"hint":null,"causes":[]}]}}"#);
    }

    #[test]
    fn an_error_without_advice_gets_that_of_its_kind() {
        let error = Error::new(ErrorKind::Timeout, "disk db-034d4d-first is not ready yet");
        let report = Report::of(&error).go_on_with("kompoxops disk list -V db");
        insta::assert_snapshot!(plain(&report), @r"
        error: disk db-034d4d-first is not ready yet (timeout)
        hint: give it longer with --timeout, for example --timeout 10m; go on with: kompoxops disk list -V db
        ");
        for kind in ErrorKind::ALL {
            assert!(Report::of(&Error::new(kind, "x")).hint.is_some(), "{kind}");
        }
    }

    #[test]
    fn an_interruption_says_what_still_runs() {
        let abandoned = ["create disk db-034d4d-first".to_owned()];
        let report = Report::interrupted(
            &abandoned,
            kompox_domain::WriteOutcome::Unknown,
            "kompoxops disk list -V db",
        );
        insta::assert_snapshot!(plain(&report), @r"
        interrupted; this may still run in Azure: create disk db-034d4d-first
        hint: see how it ends with: kompoxops disk list -V db
        ");
    }

    mod foreign {
        use proptest::collection::vec;
        use proptest::prelude::*;

        use super::super::*;
        use crate::exit_codes::FAILED;
        use crate::serialize::shows_itself;
        use crate::serialize::tests::foreign_text as text;
        use crate::ui::Table;

        fn failure() -> impl Strategy<Value = FailureView> {
            let one = (text(), text(), text(), text(), text());
            one.prop_map(|(resource, code, message, id, hint)| FailureView {
                resource: resource + "r",
                code,
                message,
                correlation_id: Some(id),
                hint: Some(hint),
                causes: Vec::new(),
            })
        }

        fn report() -> impl Strategy<Value = Report> {
            let own = (text(), text(), text(), text());
            let more = (vec(text(), 0..3), vec(failure(), 0..3));
            (own, more).prop_map(|((message, code, id, hint), (causes, failures))| Report {
                outcome: "unknown",
                kind: "failed",
                message,
                causes,
                code: Some(code),
                correlation_id: Some(id),
                hint: Some(hint),
                failures,
                exit_code: FAILED,
            })
        }

        /// At most so many lines; the rest of the report repeats nothing, so that fewer may be there.
        fn most_lines(report: &Report) -> usize {
            let causes = match report.causes.len() {
                several @ 2.. => several + 1,
                few => few,
            };
            let failures = report.failures.len();
            1 + causes + usize::from(failures > 0) + 3 * failures + 3
        }

        proptest! {
            #[test]
            fn an_error_has_the_lines_of_its_form_and_nothing_in_them_drives_a_terminal(report in report()) {
                let text = anstream::adapter::strip_str(&report_text(&report)).to_string();
                prop_assert!(shows_itself(&text) && !text.contains('\t'), "{text:?}");
                prop_assert!(text.lines().count() <= most_lines(&report), "{text:?}");
                let forged = text.lines().filter(|line| line.starts_with("hint: ")).count();
                prop_assert!(forged <= 1, "{text:?}");
                let json = report.to_json();
                prop_assert!(shows_itself(&json) && !json.contains('\n'), "{json:?}");
                let read: serde_json::Value = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(&read["error"]["message"], &report.message);
            }

            #[test]
            fn a_name_a_cell_and_a_warning_take_one_line_each(text in text()) {
                let mut table = Table::new(&["A", "B"]);
                table.row(vec![text.clone(), text.clone()]);
                table.note(&text);
                let told = [table.to_string(), one_to_a_line(std::slice::from_ref(&text)), warning_text(&text) + "\n"];
                for (told, count) in told.iter().zip([3, 1, 1]) {
                    let plain = anstream::adapter::strip_str(told).to_string();
                    prop_assert!(shows_itself(&plain), "{plain:?}");
                    prop_assert_eq!(plain.matches('\n').count(), count, "{:?}", plain);
                }
            }
        }
    }
}
