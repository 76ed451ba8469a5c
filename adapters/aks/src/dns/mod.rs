//! DNS records of an app, in the zones of its cluster: read, judged, written on condition.

mod left_behind;
mod served;
mod wire;
mod work;
mod zones;

use kompox_arm::ArmClient;
use kompox_domain::dns::{DnsReport, Owner, RecordSet, Wish, Zone, decide, destroy as delete_all, wish};
use kompox_domain::driver::DnsRequest;
use kompox_domain::{AppScope, Context, Error, ErrorKind, Hint, Mode, Result};
use kompox_kube::Resolver;

pub(crate) use left_behind::left_behind;

use self::work::{Judge, Judged, Work};
use self::zones::SETTING;
use crate::observe::ClusterRef;
use crate::settings::cluster::InstallTargets;

/// Publishes what an app serves.
///
/// # Errors
/// As the port says.
pub(crate) async fn deploy(
    arm: &ArmClient,
    cx: &Context,
    resolver: &dyn Resolver,
    app: &AppScope,
    place: &ClusterRef,
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
    let served = served::read(arm, cx, resolver, app, place, &request.namespaces).await?;
    let judge = Deploy {
        owner: Owner::of(app),
        wish: wish(&served, &zones),
        // An app that serves nothing at all is about to come or go; whoever means the latter says so. One that is
        // served without a name may be served under any.
        whole: request.namespaces.is_empty()
            && !served.is_empty()
            && served.iter().all(|one| !one.host.is_empty()),
    };
    let work = Work {
        arm,
        cx,
        zones,
        judge: &judge,
    };
    work.run(mode).await
}

/// Deletes what was published for an app.
///
/// # Errors
/// As the port says.
pub(crate) async fn destroy(
    arm: &ArmClient,
    cx: &Context,
    app: &AppScope,
    targets: &InstallTargets,
    mode: Mode,
) -> Result<DnsReport> {
    let work = Work {
        arm,
        cx,
        zones: zones::of(targets)?,
        judge: &Destroy {
            owner: Owner::of(app),
        },
    };
    work.run(mode).await
}

/// What deploying does about the record sets that are there.
struct Deploy {
    owner: Owner,
    wish: Wish,
    whole: bool,
}

impl Judge for Deploy {
    fn judge(&self, zones: &[Zone], records: &[Vec<RecordSet>]) -> Judged {
        let wish = self.wish.clone().without_delegated(zones, records);
        Judged {
            decisions: decide(&self.owner, &wish, records, self.whole),
            gaps: wish.gaps,
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

impl Judge for Destroy {
    fn judge(&self, _zones: &[Zone], records: &[Vec<RecordSet>]) -> Judged {
        Judged {
            decisions: delete_all(&self.owner, records),
            gaps: Vec::new(),
        }
    }

    fn owner(&self) -> &Owner {
        &self.owner
    }
}
