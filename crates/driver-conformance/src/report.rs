//! What became of each case.

use std::collections::BTreeSet;
use std::fmt;

/// How one case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The driver does what the case asks for.
    Passed,
    /// It does not, because of this.
    Failed(String),
    /// It was not asked, because of this.
    Skipped(String),
}

/// One case and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReport {
    /// The name of the case, which says what it proves.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// Every case of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a report that nobody looks at proves nothing"]
pub struct Report {
    cases: Vec<CaseReport>,
}

impl Report {
    pub(crate) const fn new(cases: Vec<CaseReport>) -> Self {
        Self { cases }
    }

    /// The cases, in the order in which they ran.
    #[must_use]
    pub fn cases(&self) -> &[CaseReport] {
        &self.cases
    }

    /// The cases that failed, with the reason.
    pub fn failed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.cases.iter().filter_map(|case| match &case.outcome {
            Outcome::Failed(reason) => Some((case.name, reason.as_str())),
            Outcome::Passed | Outcome::Skipped(_) => None,
        })
    }

    /// The cases that were skipped, with the reason.
    pub fn skipped(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.cases.iter().filter_map(|case| match &case.outcome {
            Outcome::Skipped(reason) => Some((case.name, reason.as_str())),
            Outcome::Passed | Outcome::Failed(_) => None,
        })
    }

    /// The names of the cases that were not skipped.
    #[must_use]
    pub fn ran(&self) -> BTreeSet<&'static str> {
        self.cases
            .iter()
            .filter(|case| !matches!(case.outcome, Outcome::Skipped(_)))
            .map(|case| case.name)
            .collect()
    }

    /// Stops the test, with the whole report, unless no case failed. Skipped cases are for [`Self::assert_ran`].
    #[track_caller]
    pub fn assert_all_passed(&self) {
        assert!(self.failed().next().is_none(), "{self}");
    }

    /// Stops the test, with the whole report, unless exactly these cases ran.
    #[track_caller]
    pub fn assert_ran(&self, expected: &BTreeSet<&'static str>) {
        let ran = self.ran();
        assert!(
            ran == *expected,
            "did not run: {:?}, ran unexpectedly: {:?}\n{self}",
            expected.difference(&ran),
            ran.difference(expected)
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.cases {
            match &case.outcome {
                Outcome::Passed => writeln!(f, "passed   {}", case.name)?,
                Outcome::Failed(reason) => writeln!(f, "FAILED   {}: {reason}", case.name)?,
                Outcome::Skipped(reason) => writeln!(f, "skipped  {}: {reason}", case.name)?,
            }
        }
        Ok(())
    }
}
