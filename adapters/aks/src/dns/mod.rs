//! DNS records of an app, in the zones of its cluster: read, planned, written on condition.

mod left_behind;
mod run;
mod served;
mod wire;
mod zones;

use kompox_domain::dns::{
    DesiredRecords, DnsReport, Owner, RecordSet, Zone, decide, desired_records, destroy as delete_all,
};
use kompox_domain::driver::DnsRequest;
use kompox_domain::{AppScope, Error, ErrorKind, Hint, Mode, Result};

pub(crate) use left_behind::left_behind;

use self::run::{PlanRecords, RecordPlan, ZoneRun};
use self::zones::SETTING;
use crate::observe::ClusterRef;
use crate::session::Session;
use crate::settings::cluster::InstallTargets;

/// Publishes what an app serves.
///
/// # Errors
/// As the port says.
pub(crate) async fn deploy(
    session: Session<'_>,
    app: &AppScope,
    cluster_ref: &ClusterRef,
    targets: &InstallTargets,
    request: &DnsRequest,
    mode: Mode,
) -> Result<DnsReport> {
    let zones = zones::of(targets)?;
    if zones.is_empty() {
        let message = format!("cluster {} has no DNS zone to write to", app.cluster.id);
        return Err(Error::new(ErrorKind::InvalidInput, message)
            .with_hint(Hint::setting("name the zones of the app's hosts in", SETTING)));
    }
    let served = served::read(session, app, cluster_ref, &request.namespaces).await?;
    let planner = Deploy {
        owner: Owner::of(app),
        desired: desired_records(&served, &zones),
        // An app that serves nothing at all is about to come or go; whoever means the latter says so. One that is
        // served without a name may be served under any.
        whole: request.namespaces.is_empty()
            && !served.is_empty()
            && served.iter().all(|one| !one.host.is_empty()),
    };
    let run = ZoneRun {
        session,
        zones,
        planner: &planner,
    };
    run.run(mode).await
}

/// Deletes what was published for an app.
///
/// # Errors
/// As the port says.
pub(crate) async fn destroy(
    session: Session<'_>,
    app: &AppScope,
    targets: &InstallTargets,
    mode: Mode,
) -> Result<DnsReport> {
    let run = ZoneRun {
        session,
        zones: zones::of(targets)?,
        planner: &Destroy {
            owner: Owner::of(app),
        },
    };
    run.run(mode).await
}

/// What deploying does about the record sets that are there.
struct Deploy {
    owner: Owner,
    desired: DesiredRecords,
    whole: bool,
}

impl PlanRecords for Deploy {
    fn plan(&self, zones: &[Zone], records: &[Vec<RecordSet>]) -> RecordPlan {
        let desired = self.desired.clone().without_delegated(zones, records);
        RecordPlan {
            decisions: decide(&self.owner, &desired, records, self.whole),
            gaps: desired.gaps,
        }
    }

    fn owner(&self) -> &Owner {
        &self.owner
    }
}

/// What destroying does about them.
struct Destroy {
    owner: Owner,
}

impl PlanRecords for Destroy {
    fn plan(&self, _zones: &[Zone], records: &[Vec<RecordSet>]) -> RecordPlan {
        RecordPlan {
            decisions: delete_all(&self.owner, records),
            gaps: Vec::new(),
        }
    }

    fn owner(&self) -> &Owner {
        &self.owner
    }
}
