//! The one place that writes to the terminal.
//!
//! Everything goes to stderr, in the order in which it happens, beside what cargo itself writes there;
//! only lists, which are data, go to stdout.

use std::error::Error;
use std::time::Duration;

use crate::report::Finding;

/// Writes what the steps say.
#[derive(Debug)]
pub(crate) struct Output {}

#[expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the one place that writes"
)]
impl Output {
    pub(crate) const fn new() -> Self {
        Self {}
    }

    /// A line of a list that was asked for.
    pub(crate) fn item(&mut self, name: &str, about: &str) {
        println!("{name:<14}{about}");
    }

    /// Data that was asked for.
    pub(crate) fn data(&mut self, text: &str) {
        print!("{text}");
    }

    /// Something to know.
    pub(crate) fn note(&mut self, text: &str) {
        eprintln!("{text}");
    }

    /// A step begins.
    pub(crate) fn begin(&mut self, name: &str, about: &str) {
        eprintln!("== {name}: {about}");
    }

    /// What a step found.
    pub(crate) fn finding(&mut self, finding: &Finding) {
        eprintln!(
            "{}: {}\n    mend: {}",
            finding.place, finding.problem, finding.remedy
        );
    }

    /// A step is over.
    pub(crate) fn end(&mut self, name: &str, findings: usize, took: Duration) {
        let seconds = took.as_secs_f32();
        match findings {
            0 => eprintln!("== {name}: ok ({seconds:.1} s)\n"),
            1 => eprintln!("== {name}: FAILED, 1 finding ({seconds:.1} s)\n"),
            many => eprintln!("== {name}: FAILED, {many} findings ({seconds:.1} s)\n"),
        }
    }

    /// All steps are over.
    pub(crate) fn summary(&mut self, passed: usize, failed: &[&str]) {
        if failed.is_empty() {
            eprintln!("xtask check: all {passed} steps passed");
        } else {
            eprintln!(
                "xtask check: {passed} steps passed, {} failed: {}\n    again: cargo xtask check {}",
                failed.len(),
                failed.join(", "),
                failed.join(" "),
            );
        }
    }

    /// The end of everything, with its causes.
    pub(crate) fn error(&mut self, error: &dyn Error) {
        eprintln!("error: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            eprintln!("  caused by: {error}");
            cause = error.source();
        }
    }
}
