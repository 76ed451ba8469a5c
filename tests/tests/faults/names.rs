//! Publishing names and taking them back, broken at every request in every way.

use kompox_azure_emulator::Options;
use kompox_tests::operations::publishing::Publishing;

use crate::surviving::survive;

#[tokio::test]
async fn names_whose_publishing_broke_anywhere_are_published_by_the_next_run_and_no_stranger_is_touched() {
    survive(Publishing::deploy, |_| Options::default()).await;
}

#[tokio::test]
async fn names_that_were_taken_back_in_part_are_gone_after_the_next_run_and_no_stranger_is_touched() {
    survive(Publishing::destroy, |_| Options::default()).await;
}
