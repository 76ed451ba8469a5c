//! What is looked at before the first write of a cluster.

use kompox_domain::cluster::{Check, Verdict};
use kompox_domain::error::FailedOperation;
use kompox_domain::progress::WarningKind;
use kompox_domain::{Cluster, ClusterDriver, Context, Error, ErrorKind, Hint, Operation, Result};

/// Refuses a first creation that would fail, with everything that was found at once.
///
/// What works and should be known is a warning. What could not be looked at, one thing or all, keeps nobody
/// from trying: then the cloud tells.
pub(super) async fn pass(driver: &dyn ClusterDriver, cx: &Context, cluster: &Cluster) -> Result<()> {
    let checks = match driver.check(cx, cluster).await {
        Ok(checks) => checks,
        Err(error) => {
            cx.warn(
                WarningKind::Check,
                format!("the checks before the first write could not be made: {error}"),
            );
            return Ok(());
        }
    };
    for check in checks.iter().filter(|check| check.verdict == Verdict::Warn) {
        let message = format!("{}: {}", check.kind, check.message);
        cx.warn_with_hints(WarningKind::Check, message, check.hints.clone());
    }
    let failed: Vec<&Check> = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let message = match failed.len() {
        1 => "one check before the first write failed, so nothing was begun".to_owned(),
        several => format!("{several} checks before the first write failed, so nothing was begun"),
    };
    Err(Error::new(ErrorKind::Precondition, message)
        .with_failures(failed.into_iter().map(finding).collect())
        .with_hints([
            Hint::text("mend what is listed"),
            Hint::command("look again without writing anything", Operation::ClusterCheck),
        ])
        .context(format!("cannot provision cluster {}", cluster.id)))
}

/// A failed check in the form in which all else that keeps a cluster from being made is told.
fn finding(check: &Check) -> FailedOperation {
    FailedOperation {
        code: check.kind.clone(),
        message: check.message.clone(),
        hints: check.hints.clone(),
        ..FailedOperation::default()
    }
}
