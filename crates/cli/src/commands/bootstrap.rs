//! `disk create --bootstrap`: the first disk of every volume.

use kompox_domain::{Error, Operation as Port};
use kompox_usecase::disk::{self, BootstrapOutcome, Bootstrapped};
use serde::Serialize;

use crate::args::GlobalArgs;
use crate::failure::{Failure, Report};
use crate::operations;
use crate::session::{Operation, Session, operate};
use crate::ui::{Shown, Table, Ui};
use crate::view::disk::DiskView;

/// What became of one volume, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeView {
    volume_name: String,
    /// `created`, `unchanged` or `failed`.
    outcome: &'static str,
    disk: Option<DiskView>,
    error: Option<Report>,
}

impl From<&BootstrapOutcome> for OutcomeView {
    fn from(outcome: &BootstrapOutcome) -> Self {
        let volume_name = outcome.volume.to_string();
        let (outcome, disk, error) = match &outcome.result {
            Ok(Bootstrapped::Created(disk)) => ("created", Some(DiskView::from(disk)), None),
            Ok(Bootstrapped::Unchanged(disk)) => ("unchanged", Some(DiskView::from(disk)), None),
            Err(error) => ("failed", None, Some(Report::of(error))),
        };
        Self {
            volume_name,
            outcome,
            disk,
            error,
        }
    }
}

pub(super) fn run(session: &Session, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let volumes = u32::try_from(session.app.app.volumes.len()).unwrap_or(u32::MAX);
    let operation = Operation {
        label: "disk create --bootstrap",
        timeout: operations::default_timeout(Port::DiskCreate).saturating_mul(volumes.max(1)),
        next: "kompoxops disk list".to_owned(),
    };
    let outcomes = operate(ui, global, &operation, async |cx| {
        disk::bootstrap(&*session.driver, &cx, &session.app).await
    })?;
    let views: Vec<OutcomeView> = outcomes.iter().map(OutcomeView::from).collect();
    let empty = format!("app {} has no volumes", session.app.app.id.app);
    let judged = match summary(&outcomes) {
        Some(report) => Err(Failure::Told(Box::new(report))),
        None => Ok(()),
    };
    Failure::judged(ui.value(&views, &shown(&outcomes, &empty)), judged)
}

fn shown(outcomes: &[BootstrapOutcome], empty: &str) -> Shown {
    let mut table = Table::new(&["VOLUME", "OUTCOME", "DISK", "ASSIGNED", "SIZE"]);
    let mut names = Vec::new();
    for outcome in outcomes {
        let (word, disk) = match &outcome.result {
            Ok(Bootstrapped::Created(disk)) => ("created", Some(disk)),
            Ok(Bootstrapped::Unchanged(disk)) => ("unchanged", Some(disk)),
            Err(_) => ("failed", None),
        };
        names.extend(disk.map(|disk| disk.record.name.to_string()));
        let assigned = disk.map(|disk| if disk.assigned { "yes" } else { "no" });
        table.row(vec![
            outcome.volume.to_string(),
            word.to_owned(),
            disk.map(|disk| disk.record.name.to_string()).unwrap_or_default(),
            assigned.unwrap_or_default().to_owned(),
            disk.and_then(|disk| disk.record.size)
                .map(|size| size.to_string())
                .unwrap_or_default(),
        ]);
    }
    Shown {
        table,
        more: Vec::new(),
        names,
        empty: empty.to_owned(),
    }
}

/// One error for all volumes that failed; none when none did.
fn summary(outcomes: &[BootstrapOutcome]) -> Option<Report> {
    let failed: Vec<&Error> = outcomes
        .iter()
        .filter_map(|outcome| outcome.result.as_ref().err())
        .collect();
    let first = failed.first()?;
    let message = match (failed.len(), outcomes.len()) {
        (1, 1) => "the volume could not be given an assigned disk".to_owned(),
        (failed, all) if failed == all => format!("none of {all} volumes could be given an assigned disk"),
        (failed, all) => {
            format!("{failed} of {all} volumes could not be given an assigned disk; the others have one")
        }
    };
    Some(Report::of_several(first, &failed, message))
}

#[cfg(test)]
mod tests {
    use kompox_domain::ErrorKind;

    use super::*;

    #[test]
    fn volumes_that_failed_are_told_in_one_error() {
        let failed = |volume: &str| BootstrapOutcome {
            volume: volume.parse().unwrap(),
            result: Err(
                Error::new(ErrorKind::Precondition, "none is assigned (disks: a, b)")
                    .with_hint("choose one")
                    .context(format!("cannot bootstrap volume {volume}")),
            ),
        };
        let outcomes = [failed("db"), failed("files")];
        let report = summary(&outcomes).unwrap();
        insta::assert_snapshot!(report.to_json(), @r#"
        {"error":{"kind":"precondition","outcome":"notDone","message":"none of 2 volumes could be given an assigned disk","causes":["cannot bootstrap volume db: none is assigned (disks: a, b)","cannot bootstrap volume files: none is assigned (disks: a, b)"],"code":null,"correlationId":null,"hint":"choose one","failures":[]}}
        "#);
        insta::assert_snapshot!(shown(&outcomes, "").table.to_string(), @r"
        VOLUME   OUTCOME   DISK   ASSIGNED   SIZE
        db       failed    -      -          -
        files    failed    -      -          -
        ");
    }
}
