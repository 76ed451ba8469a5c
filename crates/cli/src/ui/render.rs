//! Values and errors as text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use kompox_domain::text::{is_unprintable, one_line};
use kompox_domain::{Error, ErrorKind};
use serde::Serialize;

use crate::exit_codes;
use crate::failure::{Failure, FailureView, Report};
use crate::view::ShortIds;

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

/// Pretty JSON with a line break at its end.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| escaped(&text) + "\n")
        .map_err(|error| unserialisable(&error))
}

/// JSON in one line, without a line break at its end.
pub(crate) fn json_line<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| escaped(&text))
}

/// YAML with a line break at its end.
pub(crate) fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    let mut text = serde_saphyr::to_string(&value).map_err(|error| unserialisable(&error))?;
    if shows_itself(&text) {
        // What stands before is kept: white space at the end of a block scalar is part of it.
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    } else {
        json(value)
    }
}

/// YAML documents, each with a line break at its end. Readers of YAML 1.1, as kubectl is, see the same strings.
pub(super) fn yaml_documents<T: Serialize>(values: &[T]) -> Result<String, Failure> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_multiple_with_options(values, options)
        .map_err(|error| unserialisable(&error))?;
    if shows_itself(&text) {
        return Ok(text);
    }
    let documents: Vec<String> = values.iter().map(json).collect::<Result<_, _>>()?;
    Ok(documents.join("---\n"))
}

/// Whether no character of a text does something else than to show itself. A YAML serialiser writes most of those that
/// do as they are. JSON is YAML too, and there each stands in quotes, where it can be told by its number.
fn shows_itself(text: &str) -> bool {
    !text.contains(|character| is_unprintable(character) && !matches!(character, '\n' | '\t'))
}

/// JSON with all its characters that do not show themselves told by number. They stand in strings only, and those
/// below U+0020 the serialiser has told already.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if is_unprintable(character) && character != '\n' {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

/// One to a line.
pub(super) fn lines(items: &[String]) -> String {
    items
        .iter()
        .fold(String::new(), |text, item| text + &one_line(item) + "\n")
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

    #[test]
    fn lists_are_arrays_in_every_machine_format() {
        let none: [&str; 0] = [];
        assert_eq!(json(&none).unwrap(), "[]\n");
        assert_eq!(yaml(&none).unwrap(), "[]\n");
    }

    mod foreign {
        use proptest::collection::{btree_map, vec};
        use proptest::prelude::*;

        use super::super::*;
        use crate::exit_codes::FAILED;
        use crate::ui::Table;

        /// Words, and among them what drives a terminal, ends a line or turns it around.
        fn text() -> impl Strategy<Value = String> {
            let piece = prop_oneof![
                "[a-z:{}'\"\\\\#-]{1,4}",
                any::<char>().prop_map(String::from),
                (0_u32..0xa0).prop_filter_map("no character", |c| char::from_u32(c).map(String::from)),
                prop::sample::select(vec![
                    "\u{1b}[2J",
                    "\u{9b}31m",
                    "\r\n",
                    "\nhint: run this",
                    "\u{202e}",
                    "\u{2066}",
                    "\u{200f}",
                    "\u{2028}",
                    "\u{2029}",
                    "\u{7f}",
                    "\u{85}",
                    "\u{feff}",
                ])
                .prop_map(ToOwned::to_owned),
            ];
            vec(piece, 0..6).prop_map(|pieces| pieces.concat())
        }

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

        #[test]
        fn white_space_at_the_end_of_a_value_is_part_of_it_in_yaml() {
            for value in ["\nhint: run this\t", "a\n\n", "a\n ", "b "] {
                let read: Vec<String> = serde_saphyr::from_str(&yaml(&[value]).unwrap()).unwrap();
                assert_eq!(read, [value]);
            }
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
            fn json_and_yaml_say_the_same_and_show_themselves(value in btree_map(text(), vec(text(), 0..3), 0..3)) {
                type Value = std::collections::BTreeMap<String, Vec<String>>;
                let json = json(&value).unwrap();
                let yaml = yaml(&value).unwrap();
                let documents = yaml_documents(&[&value, &value]).unwrap();
                for text in [&json, &yaml, &documents] {
                    prop_assert!(shows_itself(text) && text.ends_with('\n'), "{text:?}");
                }
                prop_assert_eq!(&serde_json::from_str::<Value>(&json).unwrap(), &value);
                prop_assert_eq!(&serde_saphyr::from_str::<Value>(&yaml).unwrap(), &value, "{}", yaml);
                let read: Vec<Value> = serde_saphyr::from_multiple(&documents).unwrap();
                prop_assert_eq!(read, vec![value.clone(), value], "{}", documents);
            }

            #[test]
            fn a_name_a_cell_and_a_warning_take_one_line_each(text in text()) {
                let mut table = Table::new(&["A", "B"]);
                table.row(vec![text.clone(), text.clone()]);
                table.note(text.clone());
                let told = [table.to_string(), lines(std::slice::from_ref(&text)), warning_text(&text) + "\n"];
                for (told, count) in told.iter().zip([3, 1, 1]) {
                    let plain = anstream::adapter::strip_str(told).to_string();
                    prop_assert!(shows_itself(&plain), "{plain:?}");
                    prop_assert_eq!(plain.matches('\n').count(), count, "{:?}", plain);
                }
            }
        }
    }
}
