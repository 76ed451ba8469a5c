//! What was found, in the order in which it is told.

use super::kind::CheckKind;
use kompox_domain::cluster::{Check, Verdict};
use kompox_domain::{Error, Hint};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Check>);

impl Findings {
    /// It is as it must be.
    pub(super) fn pass(&mut self, kind: CheckKind, message: impl Into<String>) {
        self.add(kind, Verdict::Pass, message.into(), Vec::new());
    }

    /// It works, but somebody should know.
    pub(super) fn warn(&mut self, kind: CheckKind, message: impl Into<String>, hint: impl Into<Hint>) {
        self.add(kind, Verdict::Warn, message.into(), vec![hint.into()]);
    }

    /// Provisioning would fail.
    pub(super) fn fail(&mut self, kind: CheckKind, message: impl Into<String>, hint: impl Into<Hint>) {
        self.add(kind, Verdict::Fail, message.into(), vec![hint.into()]);
    }

    /// Provisioning would fail, and there is more than one way out.
    pub(super) fn fail_with_hints(&mut self, kind: CheckKind, message: impl Into<String>, hints: Vec<Hint>) {
        self.add(kind, Verdict::Fail, message.into(), hints);
    }

    /// It could not be looked at.
    pub(super) fn unknown(&mut self, kind: CheckKind, what: &str, error: &Error) {
        let message = format!("{what} cannot be read: {error}");
        self.add(kind, Verdict::Unknown, message, error.hints().to_vec());
    }

    /// Azure does not say.
    pub(super) fn untold(&mut self, kind: CheckKind, message: impl Into<String>) {
        self.add(kind, Verdict::Unknown, message.into(), Vec::new());
    }

    /// An error of another part of the driver, as something that keeps from provisioning.
    pub(super) fn refused(&mut self, kind: CheckKind, error: &Error) {
        self.add(kind, Verdict::Fail, error.to_string(), error.hints().to_vec());
    }

    /// Says that a kind is as it must be, unless something was found about it.
    pub(super) fn otherwise_pass(&mut self, kind: CheckKind, message: impl Into<String>) {
        if !self.0.iter().any(|check| check.kind == kind.as_str()) {
            self.pass(kind, message);
        }
    }

    fn add(&mut self, kind: CheckKind, verdict: Verdict, message: String, hints: Vec<Hint>) {
        self.0.push(Check {
            kind: kind.as_str().to_owned(),
            verdict,
            message,
            hints,
        });
    }

    /// All of it.
    pub(super) fn into_checks(self) -> Vec<Check> {
        self.0
    }

    /// All of it, to look at.
    #[cfg(test)]
    pub(super) fn checks(&self) -> &[Check] {
        &self.0
    }
}
