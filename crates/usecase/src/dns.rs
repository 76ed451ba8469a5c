//! DNS records of an app.

#[cfg(doc)]
use kompox_domain::DnsDriver;
use kompox_domain::cluster::ChangeAction;
use kompox_domain::dns::{DnsReport, GapReason, RecordChange};
use kompox_domain::driver::DnsRequest;
use kompox_domain::error::FailedOperation;
use kompox_domain::progress::WarningKind;
use kompox_domain::{AppScope, Context, Error, ErrorKind, Hint, Mode, Operation, ProviderDriver, Result};

use crate::{ability, support};

/// What became of the records, and whether that is enough.
#[derive(Debug)]
pub struct DnsOutcome {
    /// What was or would be done.
    pub report: DnsReport,
    /// Why it is not enough, where that was asked for: everything else is done all the same.
    pub refusal: Option<Error>,
}

/// Publishes the names that an app is served under.
///
/// A name that is not published is a warning; with `strict` it is why the outcome is not enough.
///
/// # Errors
/// `Unsupported`; those of [`DnsDriver::deploy`].
pub async fn deploy(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    request: &DnsRequest,
    mode: Mode,
    strict: bool,
) -> Result<DnsOutcome> {
    let driver = ability::dns(driver, Operation::DnsDeploy)?;
    let what = || format!("publish what app {} is served under", app.app.id);
    let watched = &cx.within();
    let report = driver
        .deploy(watched, app, request, mode)
        .await
        .map_err(|error| support::cannot_repeatable(error, watched.outcome(), &what()))?;
    let lacking = unpublished(&report);
    let refusal = judge(cx, strict, &lacking, || {
        format!(
            "{} of app {} {} not published",
            count(lacking.len(), "name"),
            app.app.id,
            if lacking.len() == 1 { "is" } else { "are" }
        )
    });
    Ok(DnsOutcome { report, refusal })
}

/// Deletes what was published for an app.
///
/// With `strict` it is not enough when somebody else's records stay under the same names.
///
/// # Errors
/// `Unsupported`; those of [`DnsDriver::destroy`].
pub async fn destroy(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    mode: Mode,
    strict: bool,
) -> Result<DnsOutcome> {
    let driver = ability::dns(driver, Operation::DnsDestroy)?;
    let what = || format!("delete the DNS records of app {}", app.app.id);
    let watched = &cx.within();
    let report = driver
        .destroy(watched, app, mode)
        .await
        .map_err(|error| support::cannot_repeatable(error, watched.outcome(), &what()))?;
    let kept: Vec<Lack> = report.of(ChangeAction::Keep).map(foreign).collect();
    let refusal = judge(cx, strict, &kept, || {
        format!(
            "{} under the names of app {} {} somebody else's",
            count(kept.len(), "record"),
            app.app.id,
            if kept.len() == 1 { "is" } else { "are" }
        )
    });
    Ok(DnsOutcome { report, refusal })
}

/// Something that is not as it should be, and that nobody failed at.
struct Lack {
    kind: WarningKind,
    warning: String,
    failed: FailedOperation,
}

fn unpublished(report: &DnsReport) -> Vec<Lack> {
    let blocked = report.of(ChangeAction::Block).map(foreign);
    let gaps = report.gaps.iter().map(|gap| Lack {
        kind: WarningKind::NotPublished,
        warning: if gap.host.is_empty() {
            format!("{} is not published: {}", gap.source, gap.message)
        } else {
            format!("{} is not published: {} ({})", gap.host, gap.message, gap.source)
        },
        failed: FailedOperation {
            resource: if gap.host.is_empty() {
                &gap.source
            } else {
                &gap.host
            }
            .clone(),
            code: gap.reason.as_str().to_owned(),
            message: format!("{} ({})", gap.message, gap.source),
            hints: advice(gap.reason).map(Hint::from).into_iter().collect(),
            ..FailedOperation::default()
        },
    });
    blocked.chain(gaps).collect()
}

const fn advice(reason: GapReason) -> Option<&'static str> {
    match reason {
        GapReason::NoZone => Some("add its zone to the DNS zones of the cluster"),
        GapReason::NoAddress => Some("run it again once the load balancer has an address"),
        GapReason::MixedAddresses => {
            Some("let everything that serves the name be reached at the same kind of address")
        }
        GapReason::InvalidName => Some("correct the name where it is written"),
        GapReason::NoHost => Some("name the hosts there"),
        GapReason::OtherIngress => {
            Some("publish it where that ingress is, or let the cluster's own ingress serve it")
        }
        // The message says what can be done.
        GapReason::AliasAtApex | GapReason::NotServed | GapReason::Delegated => None,
    }
}

fn foreign(record: &RecordChange) -> Lack {
    let verb = match record.action {
        ChangeAction::Block => "is in the way",
        _ => "stays",
    };
    let zone = record.zone.rsplit('/').next().unwrap_or_default();
    let what = |name: &str| {
        format!(
            "the {} record{name} in {} zone {zone} {verb}: {}",
            record.kind, record.visibility, record.reason
        )
    };
    Lack {
        kind: WarningKind::ForeignResource,
        warning: what(&format!(" of {}", record.host)),
        failed: FailedOperation {
            resource: record.host.clone(),
            code: "foreignRecord".to_owned(),
            message: what(""),
            hints: vec!["delete it where it was made, or leave the name to its owner".into()],
            ..FailedOperation::default()
        },
    }
}

/// One error of all of it where that is asked for, else a warning for each.
fn judge(cx: &Context, strict: bool, lacking: &[Lack], message: impl FnOnce() -> String) -> Option<Error> {
    if lacking.is_empty() {
        return None;
    }
    if !strict {
        for lack in lacking {
            cx.warn(lack.kind, lack.warning.clone());
        }
        return None;
    }
    let is_foreign = |lack: &Lack| lack.kind == WarningKind::ForeignResource;
    let kind = if lacking.iter().any(is_foreign) {
        ErrorKind::Conflict
    } else {
        ErrorKind::Precondition
    };
    let failures = lacking.iter().map(|lack| lack.failed.clone()).collect();
    Some(
        Error::new(kind, message())
            .with_failures(failures)
            .with_hint("everything else was done all the same"),
    )
}

fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("one {noun}"),
        several => format!("{several} {noun}s"),
    }
}
