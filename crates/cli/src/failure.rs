//! What went wrong, as it is told: kind, message, causes, code, correlation id, hint.

use std::error::Error as StdError;

use kompox_config::ConfigErrors;
use kompox_domain::error::FailedOperation;
use kompox_domain::{Error, ErrorKind, Hint, WriteOutcome};
use serde::Serialize;

use crate::exit_codes;
use crate::hints;
use crate::serialize::json_line;

/// That nothing of it was done is known where nothing was sent.
const NOT_DONE: &str = WriteOutcome::NotDone.as_str();

/// A command that did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// Something went wrong, and this is to be told.
    Told(Box<Report>),
    /// The outcome has been printed already; only the exit code is left to give.
    Quiet(u8),
    /// Whoever reads standard output has gone away. Nothing is said about it.
    BrokenPipe,
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Told(report) => report.exit_code,
            Self::Quiet(code) => *code,
            Self::BrokenPipe => exit_codes::DONE,
        }
    }

    /// A failure of this program's own making, which is no error of a port.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Error::new(kind, message).with_hint(hint).into()
    }

    /// Something that could not be read or written here.
    #[must_use]
    pub fn io(what: impl Into<String>, source: std::io::Error, hint: impl Into<Hint>) -> Self {
        Error::new(ErrorKind::InvalidInput, what)
            .with_source(source)
            .with_hint(hint)
            .into()
    }

    /// What nobody could be asked about.
    #[must_use]
    pub fn unasked(what: &str) -> Self {
        Self::Told(Box::new(Report {
            kind: "declined",
            outcome: NOT_DONE,
            message: format!("{what} needs a yes, and there is no terminal to ask on, so nothing was done"),
            causes: Vec::new(),
            code: None,
            correlation_id: None,
            hint: Some("give --yes; --dry-run shows what it would do".to_owned()),
            failures: Vec::new(),
            exit_code: exit_codes::FAILED,
        }))
    }

    /// What the user answered no to.
    #[must_use]
    pub fn declined(what: &str) -> Self {
        Self::Told(Box::new(Report {
            kind: "declined",
            outcome: NOT_DONE,
            message: format!("{what} was not confirmed, so nothing was done"),
            causes: Vec::new(),
            code: None,
            correlation_id: None,
            hint: Some("answer y, or give --yes".to_owned()),
            failures: Vec::new(),
            exit_code: exit_codes::FAILED,
        }))
    }
}

impl Failure {
    /// How a dry run ends: with an exit code of its own where there is something to do.
    pub(crate) fn of_dry_run(differs: bool) -> Result<(), Self> {
        if differs {
            Err(Self::Quiet(exit_codes::DIFFERENCE))
        } else {
            Ok(())
        }
    }

    /// The outcome of a command that has printed its result: that it failed counts also where nobody reads it.
    pub(crate) fn judged(printed: Result<(), Self>, verdict: Result<(), Self>) -> Result<(), Self> {
        match (printed, verdict) {
            (Ok(()) | Err(Self::BrokenPipe), Err(verdict)) => Err(verdict),
            // What could not be written is the lesser trouble, unless it was all that told the verdict.
            (Err(_), Err(told @ Self::Told(_))) => Err(told),
            (printed, _) => printed,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(Box::new(Report::of(&error)))
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        let count = errors.iter().count() + errors.more();
        if count == 1 {
            let error = Error::from(errors);
            return match error.hints() {
                // The advice of the kind leads to `check`, which would say the same.
                [] => error.with_hint("correct it and run it again").into(),
                _ => error.into(),
            };
        }
        // All of them, where the domain's error names the first few.
        let mut report = Report::of(&Error::new(ErrorKind::InvalidInput, errors.to_string()));
        report.causes = errors
            .iter()
            .map(|error| match hints::written(&error.hints) {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            })
            .collect();
        if errors.more() > 0 {
            report.causes.push(format!("and {} more", errors.more()));
        }
        report.hint = Some("correct these and run it again".to_owned());
        Self::Told(Box::new(report))
    }
}

/// One error, ready to be shown. Its JSON form is part of the contract.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The word for its kind.
    pub kind: &'static str,
    /// Whether what was asked for may have been done all the same: `notDone`, `unknown`.
    pub outcome: &'static str,
    /// What failed.
    pub message: String,
    /// Why, from the outermost cause to the innermost.
    pub causes: Vec<String>,
    /// The cloud's own error code.
    pub code: Option<String>,
    /// The id under which the cloud's support finds the request.
    pub correlation_id: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// What the cloud could not do, where it tells in detail: trees from the outside to where it began.
    pub failures: Vec<FailureView>,
    /// The exit code that goes with it.
    #[serde(skip)]
    pub exit_code: u8,
}

/// Something that the cloud could not do, on the way down to why.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureView {
    /// The resource, by the cloud's own id. Empty where it is about none.
    pub resource: String,
    /// The cloud's own error code, or the word for what was looked at.
    pub code: String,
    /// What the cloud says.
    pub message: String,
    /// The id under which the cloud's support finds it.
    pub correlation_id: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Why. Empty: this is where it began.
    pub causes: Vec<Self>,
}

impl From<&FailedOperation> for FailureView {
    fn from(failed: &FailedOperation) -> Self {
        Self {
            resource: failed.resource.clone(),
            code: failed.code.clone(),
            message: failed.message.clone(),
            correlation_id: failed.correlation_id.clone(),
            hint: hints::written(&failed.hints),
            causes: failed.causes.iter().map(Self::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: &'a Report,
}

impl Report {
    /// Of an error and its causes. An error without advice gets that of its kind.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        let mut causes: Vec<String> = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Foreign errors often repeat their source; said once is enough.
            let repeated = causes.last().unwrap_or(&error.to_string()).ends_with(&text);
            if !repeated && !text.is_empty() {
                causes.push(text);
            }
            next = cause.source();
        }
        Self {
            kind: error.kind().as_str(),
            outcome: error.outcome().as_str(),
            message: error.to_string(),
            causes,
            code: error.code().map(ToOwned::to_owned),
            correlation_id: error.correlation_id().map(ToOwned::to_owned),
            hint: advice(error),
            failures: error.failures().iter().map(FailureView::from).collect(),
            exit_code: exit_codes::FAILED,
        }
    }

    /// Of several errors that are told as one, which is of the kind of the first: each with its causes in a line, and
    /// all their advice.
    #[must_use]
    pub fn of_several(first: &Error, errors: &[&Error], message: String) -> Self {
        let first = Self::of(first);
        let mut hints: Vec<String> = Vec::new();
        let mut causes = Vec::new();
        for report in errors.iter().map(|error| Self::of(error)) {
            let chain = std::iter::once(&report.message).chain(&report.causes);
            causes.push(chain.map(String::as_str).collect::<Vec<_>>().join(": "));
            hints.extend(report.hint.filter(|hint| !hints.contains(hint)));
        }
        let outcome = errors
            .iter()
            .map(|error| error.outcome())
            .max()
            .unwrap_or_default();
        Self {
            outcome: outcome.as_str(),
            message,
            causes,
            hint: Some(hints.join("; ")),
            failures: Vec::new(),
            ..first
        }
    }

    /// Of an operation that was cut short, with what still runs in the cloud.
    #[must_use]
    pub fn interrupted(abandoned: &[String], outcome: WriteOutcome, next: &str) -> Self {
        let outcome = with_abandoned(outcome, abandoned);
        let (message, hint) = if abandoned.is_empty() {
            let message = match outcome {
                WriteOutcome::NotDone => "interrupted; nothing is under way in Azure",
                WriteOutcome::Unknown => "interrupted; nothing is under way in Azure, and a part may be done",
            };
            (message.to_owned(), format!("run it again, or look with: {next}"))
        } else {
            (
                format!("interrupted; this may still run in Azure: {}", few(abandoned)),
                format!("see how it ends with: {next}"),
            )
        };
        Self {
            kind: "interrupted",
            outcome: outcome.as_str(),
            message,
            causes: Vec::new(),
            code: None,
            correlation_id: None,
            hint: Some(hint),
            failures: Vec::new(),
            exit_code: exit_codes::INTERRUPTED,
        }
    }

    /// Of a command line that was not understood, from the text that says why.
    #[must_use]
    pub fn usage(text: &str) -> Self {
        let mut message = String::new();
        let mut hints: Vec<String> = Vec::new();
        for paragraph in text.split("\n\n") {
            let words: Vec<&str> = paragraph.split_whitespace().collect();
            let line = words.join(" ");
            if let Some(tip) = line.strip_prefix("tip: ") {
                hints.extend(tip.split(" tip: ").map(ToOwned::to_owned));
            } else if let Some(usage) = line.strip_prefix("Usage: ") {
                hints.push(format!("usage: {usage}"));
            } else if message.is_empty() {
                message = line.strip_prefix("error: ").unwrap_or(&line).to_owned();
            }
        }
        Self {
            kind: "usage",
            outcome: NOT_DONE,
            message,
            causes: Vec::new(),
            code: None,
            correlation_id: None,
            hint: Some(if hints.is_empty() {
                "see `kompoxops --help`".to_owned()
            } else {
                hints.join("; ")
            }),
            failures: Vec::new(),
            exit_code: exit_codes::USAGE,
        }
    }

    /// The same, with the command to go on with.
    #[must_use]
    pub fn go_on_with(mut self, command: &str) -> Self {
        self.hint = Some(match self.hint.take() {
            Some(hint) if hint.contains(command) => hint,
            Some(hint) => format!("{hint}; go on with: {command}"),
            None => format!("go on with: {command}"),
        });
        self
    }

    /// `{"error":{…}}` in one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        json_line(&Envelope { error: self }).unwrap_or_else(|error| error.to_string())
    }
}

/// What is known where these steps were left behind: what may still run may still do what was asked for, whoever began
/// it.
pub(crate) const fn with_abandoned(outcome: WriteOutcome, abandoned: &[String]) -> WriteOutcome {
    if abandoned.is_empty() {
        outcome
    } else {
        WriteOutcome::Unknown
    }
}

/// Things in a row. A cluster is made of tens of them, of which the first are enough to know what it is about.
pub(crate) fn few(things: &[String]) -> String {
    const FEW: usize = 5;
    let shown: Vec<&str> = things.iter().map(String::as_str).take(FEW).collect();
    let shown = shown.join(", ");
    match things.len().saturating_sub(FEW) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The error's own advice, and before it that of its kind where the place it came up had none.
///
/// A use case adds how to go on to whatever comes from below; that alone would not say what to repair.
fn advice(error: &Error) -> Option<String> {
    let mut innermost = error;
    while let Some(source) = innermost
        .source()
        .and_then(|source| source.downcast_ref::<Error>())
    {
        innermost = source;
    }
    let general = match innermost.hints() {
        [] => hints::for_kind(error.kind()).map(ToOwned::to_owned),
        _ => None,
    };
    match (general, hints::written(error.hints())) {
        (Some(general), Some(own)) => Some(format!("{general}; {own}")),
        (general, own) => own.or(general),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_on_the_cause_comes_before_advice_on_how_to_go_on() {
        let below = || Error::new(ErrorKind::Unavailable, "connection refused");
        let above = |error: Error| error.context("cannot tell").and_hint("list");
        let hint = |error: &Error| Report::of(error).hint.unwrap();
        assert!(hint(&above(below())).starts_with("check network"));
        assert!(hint(&above(below())).ends_with("; list"));
        assert_eq!(hint(&above(below().with_hint("plug it in"))), "plug it in; list");
    }

    #[test]
    fn of_many_things_that_may_still_run_a_few_are_named() {
        let steps = |count: usize| (1..=count).map(|step| format!("s{step}")).collect::<Vec<_>>();
        let report = |count| Report::interrupted(&steps(count), WriteOutcome::NotDone, "next");
        assert_eq!((report(0).outcome, report(1).outcome), ("notDone", "unknown"));
        let message = |count| report(count).message;
        assert_eq!(message(0), "interrupted; nothing is under way in Azure");
        assert_eq!(
            message(5),
            "interrupted; this may still run in Azure: s1, s2, s3, s4, s5"
        );
        assert!(message(30).ends_with("s1, s2, s3, s4, s5 and 25 more"));
    }

    #[test]
    fn a_cause_that_was_said_already_is_not_said_again() {
        let error = Error::new(ErrorKind::Conflict, "cannot listen: in use")
            .with_source(std::io::Error::other("in use"));
        assert_eq!(Report::of(&error).causes, [""; 0]);
    }

    #[test]
    fn a_verdict_counts_also_where_nobody_reads_it() {
        let code =
            |printed, verdict| Failure::judged(printed, verdict).map_err(|failure| failure.exit_code());
        let quiet = || Err(Failure::Quiet(exit_codes::FAILED));
        assert_eq!(code(Err(Failure::BrokenPipe), quiet()), Err(exit_codes::FAILED));
        assert_eq!(code(Ok(()), quiet()), Err(exit_codes::FAILED));
        assert_eq!(code(Err(Failure::BrokenPipe), Ok(())), Err(exit_codes::DONE));
        let unwritten = || Err(Failure::new(ErrorKind::Failed, "full", ""));
        assert!(matches!(
            Failure::judged(unwritten(), quiet()),
            Err(Failure::Told(_))
        ));
        assert!(matches!(
            Failure::judged(unwritten(), Err(Failure::declined("it"))),
            Err(Failure::Told(report)) if report.kind == "declined"
        ));
    }

    #[test]
    fn a_dry_run_that_finds_something_to_do_has_an_exit_code_of_its_own() {
        assert!(Failure::of_dry_run(false).is_ok());
        let code = Failure::of_dry_run(true).map_err(|failure| failure.exit_code());
        assert_eq!(code, Err(exit_codes::DIFFERENCE));
    }

    #[test]
    fn exit_codes_follow_from_the_failure() {
        let told = |report| Failure::Told(Box::new(report));
        assert_eq!(
            told(Report::interrupted(&[], WriteOutcome::NotDone, "x")).exit_code(),
            exit_codes::INTERRUPTED
        );
        assert_eq!(
            Failure::from(Error::new(ErrorKind::Timeout, "x")).exit_code(),
            exit_codes::FAILED
        );
        assert_eq!(Failure::BrokenPipe.exit_code(), exit_codes::DONE);
    }
}
