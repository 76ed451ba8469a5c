//! The suite that every [`ProviderDriver`] must pass, and a driver in memory that passes it.
//!
//! There is one entry, [`run`]. Which cases run follows from what the driver declares, so that no list of calls can
//! forget one; a case that cannot run says why in the [`Report`]. A test of a driver looks like this:
//!
//! ```
//! # use kompox_driver_conformance::{declared_cases, memory::MemoryHarness, run, Harness as _};
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let harness = MemoryHarness::default();
//! let report = run(&harness).await;
//! report.assert_all_passed();
//! report.assert_ran(&declared_cases(&harness.driver().capabilities()));
//! # });
//! ```
//!
//! The cases prove what the port documents, for the operations on volumes. Of the operations on clusters they prove
//! only that those which a driver does not declare are unsupported.

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
use kompox_domain::Capabilities;
#[cfg(doc)]
use kompox_domain::ProviderDriver;

use crate::case::{Case, Suite};
use crate::check::Stop;
use crate::events::Recorder;
pub use crate::harness::Harness;
pub use crate::report::{CaseReport, Outcome, Report};

/// How long one case may take: a driver that hangs fails it instead of the whole run.
const CASE_LIMIT: Duration = Duration::from_secs(300);

/// The name under which the events of the whole run are judged.
const EVENTS_CASE: &str = "every_step_that_begins_ends_and_says_nothing_afterwards";

/// Runs every case for what the driver declares, one after the other.
///
/// Needs a tokio runtime with time.
pub async fn run(harness: &dyn Harness) -> Report {
    let events = Arc::new(Recorder::default());
    let suite = Suite {
        harness,
        events: Arc::clone(&events),
        capabilities: harness.driver().capabilities(),
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

/// The names of the cases that must run for a driver with these capabilities.
///
/// Cases that also need an ability of the [`Harness`] are among them: when the harness lacks it they are skipped, and
/// [`Report::assert_ran`] says so unless the test names them.
#[must_use]
pub fn declared_cases(capabilities: &Capabilities) -> BTreeSet<&'static str> {
    cases::all()
        .filter(|case| case.missing(capabilities).is_empty())
        .map(|case| case.name)
        .chain([EVENTS_CASE])
        .collect()
}

async fn run_case(case: &Case, suite: &Suite<'_>) -> Outcome {
    let missing = case.missing(&suite.capabilities);
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        return Outcome::Skipped(format!("the driver does not declare {}", missing.join(", ")));
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
