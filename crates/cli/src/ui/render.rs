//! Values and errors as text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use kompox_domain::{Error, ErrorKind};
use serde::Serialize;

use crate::exit_codes;
use crate::failure::{Failure, FailureView, Report};
use crate::view::ShortIds;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Text from elsewhere, without what could drive a terminal: control characters are shown as `\u{…}`.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        // Right-to-left overrides can make a line read as something else.
        let misleading = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (character.is_control() && character != '\n' && character != '\t') || misleading {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// An error for humans: message and kind, causes, code and correlation id, hint.
#[must_use]
pub fn report_text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    if report.exit_code == exit_codes::INTERRUPTED {
        let _ = writeln!(text, "{}", indented(&report.message, ""));
    } else {
        let _ = writeln!(
            text,
            "{ERROR}error:{ERROR:#} {} ({})",
            indented(&report.message, ""),
            report.kind
        );
    }
    match report.causes.as_slice() {
        [] => {}
        [cause] => {
            let _ = writeln!(text, "  caused by: {}", indented(cause, "    "));
        }
        causes => {
            let _ = writeln!(text, "  caused by:");
            for (index, cause) in causes.iter().enumerate() {
                let _ = writeln!(text, "    {}: {}", index + 1, indented(cause, "       "));
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
        let _ = writeln!(text, "  code: {}", printable(code));
    }
    if let Some(id) = report.correlation_id.as_deref().filter(|id| !detailed(id)) {
        let _ = writeln!(text, "  correlation id: {}", printable(id));
    }
    if let Some(hint) = &report.hint {
        let _ = writeln!(text, "{HINT}hint:{HINT:#} {}", indented(hint, "      "));
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
        let _ = writeln!(text, "{indent}{}", indented(&parts.join(": "), &more));
        if failure.causes.is_empty() {
            if let Some(id) = &failure.correlation_id {
                let _ = writeln!(text, "{more}correlation id: {}", printable(id));
            }
            if let Some(hint) = failure.hint.as_deref().filter(|hint| !self.hint.contains(hint)) {
                let _ = writeln!(text, "{more}{HINT}hint:{HINT:#} {}", indented(hint, &more));
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
    format!("{WARNING}warning:{WARNING:#} {}", indented(message, "         "))
}

fn indented(text: &str, indent: &str) -> String {
    printable(text.trim_end()).replace('\n', &format!("\n{indent}"))
}

/// Pretty JSON with a line break at its end.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| unserialisable(&error))
}

/// YAML with a line break at its end.
pub(crate) fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_saphyr::to_string(&value)
        .map(|text| text.trim_end().to_owned() + "\n")
        .map_err(|error| unserialisable(&error))
}

/// YAML documents, each with a line break at its end. Readers of YAML 1.1, as kubectl is, see the same strings.
pub(super) fn yaml_documents<T: Serialize>(values: &[T]) -> Result<String, Failure> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_multiple_with_options(values, options).map_err(|error| unserialisable(&error))
}

/// One to a line.
pub(super) fn lines(items: &[String]) -> String {
    items.iter().fold(String::new(), |text, item| text + item + "\n")
}

fn unserialisable(error: &dyn std::error::Error) -> Failure {
    Error::new(ErrorKind::Internal, format!("cannot write the result: {error}")).into()
}

#[cfg(test)]
mod tests {
    use kompox_domain::error::FailedOperation;

    use super::*;

    #[test]
    fn what_an_older_reader_would_take_for_something_else_is_in_quotes() {
        let taken = [
            "on",
            "no",
            "y",
            "1e3",
            "0x1f",
            "0b1",
            "017",
            "12",
            "2025-11-21",
            "01E00000000000000000000000",
            "",
        ];
        let text = yaml_documents(&taken).unwrap();
        for line in text.lines().filter(|line| *line != "---") {
            assert!(line.starts_with(['"', '\'']), "{line}");
        }
        assert_eq!(text.matches("---\n").count(), taken.len() - 1);
        let handle = format!("/subscriptions/{}", "x".repeat(200));
        assert_eq!(yaml_documents(&[&handle]).unwrap(), handle + "\n");
    }

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
            1: the scope is locked
               by lock keep
            2: HTTP 409
          code: ScopeLocked
          correlation id: 7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d
        hint: ask who made the lock
        ");
        insta::assert_snapshot!(Report::of(&error).to_json(), @r#"{"error":{"kind":"precondition","message":"cannot delete disk db-034d4d-first","causes":["the scope is locked\nby lock keep","HTTP 409"],"code":"ScopeLocked","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":"ask who made the lock","failures":[]}}"#);
    }

    #[test]
    fn what_failed_is_told_down_to_where_it_began() {
        let id = |rest: &str| format!("/subscriptions/s/resourceGroups/g/providers/{rest}");
        let leaf = |name: &str, code: &str, hint: Option<&str>| FailedOperation {
            resource: id(&format!("Microsoft.ContainerService/managedClusters/{name}")),
            code: code.to_owned(),
            message: "Insufficient vcpu quota requested 8,\nremaining 4.".to_owned(),
            correlation_id: Some("7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d".to_owned()),
            hint: hint.map(ToOwned::to_owned),
            causes: vec![],
        };
        let nested = FailedOperation {
            resource: id("Microsoft.Resources/deployments/cluster"),
            code: "DeploymentFailed".to_owned(),
            message: "At least one resource deployment operation failed.".to_owned(),
            correlation_id: Some("not shown: there is more to say below".to_owned()),
            hint: Some("not shown either".to_owned()),
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
              managedClusters/aks-x7: ErrCode_InsufficientVCPUQuota: Insufficient vcpu quota requested 8,
                remaining 4.
                correlation id: 7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d
                hint: ask for quota
                or use another size
              managedClusters/aks-x8: Conflict: Insufficient vcpu quota requested 8,
                remaining 4.
                correlation id: 7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d
            quota: 4 cores are left
        hint: mend it
        ");
        insta::assert_snapshot!(report.to_json(), @r#"{"error":{"kind":"failed","message":"cannot provision cluster /ws/w/prv/p/cls/c","causes":["the deployment failed"],"code":"ErrCode_InsufficientVCPUQuota","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":"mend it","failures":[{"resource":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments/cluster","code":"DeploymentFailed","message":"At least one resource deployment operation failed.","correlationId":"not shown: there is more to say below","hint":"not shown either","causes":[{"resource":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-x7","code":"ErrCode_InsufficientVCPUQuota","message":"Insufficient vcpu quota requested 8,\nremaining 4.","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":"ask for quota\nor use another size","causes":[]},{"resource":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-x8","code":"Conflict","message":"Insufficient vcpu quota requested 8,\nremaining 4.","correlationId":"7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d","hint":null,"causes":[]}]},{"resource":"","code":"quota","message":"4 cores are left","correlationId":null,"hint":null,"causes":[]}]}}"#);
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

    #[test]
    fn text_from_elsewhere_cannot_drive_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\u{202e}c\r"),
            "a\\u{1b}[31mb\\u{202e}c\\u{d}"
        );
        assert_eq!(printable("two\nlines"), "two\nlines");
    }

    #[test]
    fn lists_are_arrays_in_every_machine_format() {
        let none: [&str; 0] = [];
        assert_eq!(json(&none).unwrap(), "[]\n");
        assert_eq!(yaml(&none).unwrap(), "[]\n");
    }
}
