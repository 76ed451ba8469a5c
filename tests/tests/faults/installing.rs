//! Installing and uninstalling, broken at every request in every way.

use kompox_tests::operations::installing::Installing;

use crate::clusters::options;
use crate::surviving::survive;

#[tokio::test]
async fn an_ingress_whose_installing_broke_anywhere_is_installed_once_and_whole_by_the_next_run() {
    survive(Installing::install, options).await;
}

#[tokio::test]
async fn an_ingress_whose_uninstalling_broke_anywhere_is_gone_after_the_next_run_and_nothing_else_is() {
    survive(Installing::uninstall, options).await;
}
