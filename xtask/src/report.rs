//! What a rule finds.

use std::error::Error;

/// What a step can fail with when it cannot even look.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Something that a rule refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Where: a file with line, a package, or a command.
    pub(crate) place: String,
    /// What is wrong there.
    pub(crate) problem: String,
    /// How to mend it.
    pub(crate) remedy: String,
}

impl Finding {
    /// A finding from its three parts.
    pub(crate) fn new(
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// A finding in a line of a file.
    pub(crate) fn at(path: &str, line: usize, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line}"), problem, remedy)
    }
}

/// What the tests of rules ask: the problems, one per line.
#[cfg(test)]
pub(crate) fn problems(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}: {}", finding.place, finding.problem))
        .collect();
    lines.join("\n")
}
