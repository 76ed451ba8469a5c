//! An operation in a whole Azure, broken everywhere: each trouble in an Azure of its own.

use futures::future::join_all;
use kompox_azure_emulator::Options;
use kompox_tests::crash_points::{Operation, Report, Trouble, break_by};

/// Breaks it at every request in every way. Each trouble waits for its own Azure some of the time.
pub(crate) async fn survive<O: Operation>(operation: impl Fn() -> O, options: impl Fn(Trouble) -> Options) {
    let lanes = Trouble::ALL.iter().map(|trouble| {
        let (operation, options) = (operation(), options(*trouble));
        async move { break_by(&operation, options, &[*trouble]).await }
    });
    let reports: Vec<Report> = join_all(lanes)
        .await
        .into_iter()
        .map(|survived| survived.unwrap_or_else(|what| panic!("{what}")))
        .collect();
    for (trouble, report) in Trouble::ALL.iter().zip(&reports) {
        // A run may look once more, or less often, than another: but most of the requests were struck.
        assert!(
            report.requests > 0 && report.crash_points * 4 >= report.requests * 3,
            "{trouble}: {report}"
        );
    }
}
