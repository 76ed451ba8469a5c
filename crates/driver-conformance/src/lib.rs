//! The suite that every [`ProviderDriver`] must pass, and a driver in memory that passes it.
//!
//! There is one entry, [`run`]. Which cases run follows from the abilities that the driver hands out, so that no list of calls can
//! forget one; a case that cannot run says why in the [`Report`]. A test of a driver looks like this:
//!
//! ```
//! # use kompox_driver_conformance::{declared_cases, memory::MemoryHarness, run, Harness as _};
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let harness = MemoryHarness::default();
//! let report = run(&harness).await;
//! report.assert_all_passed();
//! report.assert_ran(&declared_cases(&*harness.driver()));
//! # });
//! ```
//!
//! The cases prove what [`VolumeDriver`](kompox_domain::VolumeDriver) documents. Of the other abilities they prove
//! nothing yet.

mod case;
mod cases;
mod check;
mod events;
mod harness;
pub mod memory;
mod report;
mod timing;
mod world;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use kompox_domain::{Operation, ProviderDriver};

use crate::case::{Case, Suite};
use crate::check::Stop;
use crate::events::Recorder;
pub use crate::harness::Harness;
pub use crate::report::{CaseReport, Outcome, Report};

/// How long one case may take: a driver that hangs fails it instead of the whole run.
const CASE_LIMIT: Duration = Duration::from_secs(300);

/// The name under which the events of the whole run are judged.
const EVENTS_CASE: &str = "every_step_that_begins_ends_and_says_nothing_afterwards";

/// Runs every case for what the driver has, one after the other.
///
/// Needs a tokio runtime with time.
pub async fn run(harness: &dyn Harness) -> Report {
    let events = Arc::new(Recorder::default());
    let suite = Suite {
        harness,
        events: Arc::clone(&events),
    };
    let mut reports = Vec::new();
    for case in cases::all() {
        reports.push(CaseReport {
            name: case.name,
            outcome: run_case(&case, &suite).await,
        });
    }
    reports.push(CaseReport {
        name: EVENTS_CASE,
        outcome: events.judge().map_or_else(Outcome::Failed, |()| Outcome::Passed),
    });
    Report::new(reports)
}

/// The names of the cases that must run for a driver with these abilities.
///
/// Cases that also need an ability of the [`Harness`] are among them: when the harness lacks it they are skipped, and
/// [`Report::assert_ran`] says so unless the test names them.
#[must_use]
pub fn declared_cases(driver: &dyn ProviderDriver) -> BTreeSet<&'static str> {
    cases::all()
        .filter(|case| case.missing(driver).is_empty())
        .map(|case| case.name)
        .chain([EVENTS_CASE])
        .collect()
}

/// Every case with the operations that it is about.
pub fn all_cases() -> impl Iterator<Item = (&'static str, &'static [Operation])> {
    let events: (&str, &[Operation]) = (EVENTS_CASE, &[]);
    cases::all()
        .map(|case| (case.name, case.operations))
        .chain([events])
}

async fn run_case(case: &Case, suite: &Suite<'_>) -> Outcome {
    let missing = case.missing(&*suite.harness.driver());
    if !missing.is_empty() {
        return Outcome::Skipped(format!("the driver lacks {missing:?}"));
    }
    // A driver that panics or hangs fails its case, not the rest of the report.
    let guarded = AssertUnwindSafe((case.run)(suite)).catch_unwind();
    match tokio::time::timeout(CASE_LIMIT, guarded).await {
        Ok(Ok(Ok(()))) => Outcome::Passed,
        Ok(Ok(Err(Stop::Failed(reason)))) => Outcome::Failed(reason),
        Ok(Ok(Err(Stop::Skipped(reason)))) => Outcome::Skipped(reason),
        Ok(Err(_)) => Outcome::Failed("panicked".to_owned()),
        Err(_) => Outcome::Failed(format!("not over after {} s", CASE_LIMIT.as_secs())),
    }
}
