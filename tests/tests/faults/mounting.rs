//! Letting a cluster mount disks, broken at every request in every way.

use kompox_azure_emulator::Options;
use kompox_tests::operations::mounting::Mounting;

use crate::surviving::survive;

#[tokio::test]
async fn volumes_whose_mounting_broke_anywhere_are_mounted_once_by_the_next_run() {
    survive(|| Mounting, |_| Options::default()).await;
}
