//! DNS records of an app, in the zones of its cluster: read, judged, written on condition.

mod served;
mod wire;
mod work;
mod zones;

use kompox_arm::{ArmClient, ArmRequest};
use kompox_domain::cluster::{Change, ChangeAction};
use kompox_domain::dns::{DnsReport, DnsRequest, Owner, Wish, decide, destroy as nothing_left, wish};
use kompox_domain::{AppScope, Context, Error, ErrorKind, Result, tags};
use kompox_kube::Resolver;

use self::work::{Judge, Work};
use self::zones::{AzureZone, read_all};
use crate::cluster::domain;
use crate::cluster::locate::Place;
use crate::settings::cluster::InstallTargets;

const SETTING: &str = "AZURE_AKS_DNS_ZONE_RESOURCE_IDS";

/// Publishes what an app serves.
///
/// # Errors
/// As the port says.
pub(crate) async fn deploy(
    arm: &ArmClient,
    cx: &Context,
    resolver: &dyn Resolver,
    app: &AppScope,
    place: &Place<'_>,
    targets: &InstallTargets,
    request: &DnsRequest,
) -> Result<DnsReport> {
    let zones = zones::of(targets)?;
    if zones.is_empty() {
        let message = format!("cluster {} has no DNS zone to write to", app.cluster.id);
        return Err(Error::new(ErrorKind::InvalidInput, message)
            .with_hint(format!("name the zones of the app's hosts in {SETTING}")));
    }
    let served = served::read(arm, cx, resolver, app, place, &request.namespaces).await?;
    let plain: Vec<_> = zones.iter().map(|zone| zone.zone.clone()).collect();
    let wish = wish(&served, &plain);
    // An app that serves nothing at all is about to come or go; whoever means the latter says so.
    let whole = request.namespaces.is_empty() && !served.is_empty();
    let gaps = wish.gaps.clone();
    let owner = Owner::of(app);
    let judge = Deploy { owner, wish, whole };
    let records = run(arm, cx, zones, &judge, request.dry_run).await?;
    Ok(DnsReport { gaps, ..records })
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
    dry_run: bool,
) -> Result<DnsReport> {
    let judge = Destroy {
        owner: Owner::of(app),
    };
    run(arm, cx, zones::of(targets)?, &judge, dry_run).await
}

async fn run(
    arm: &ArmClient,
    cx: &Context,
    zones: Vec<AzureZone>,
    judge: &(dyn Judge + Sync),
    dry_run: bool,
) -> Result<DnsReport> {
    Work {
        arm,
        cx,
        zones,
        judge,
    }
    .run(dry_run)
    .await
}

/// What deploying does about the record sets that are there.
struct Deploy {
    owner: Owner,
    wish: Wish,
    whole: bool,
}

impl Judge for Deploy {
    fn judge(&self, records: &[Vec<kompox_domain::dns::RecordSet>]) -> Vec<kompox_domain::dns::Decision> {
        decide(&self.owner, &self.wish, records, self.whole)
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
    fn judge(&self, records: &[Vec<kompox_domain::dns::RecordSet>]) -> Vec<kompox_domain::dns::Decision> {
        nothing_left(&self.owner, records)
    }

    fn owner(&self) -> &Owner {
        &self.owner
    }
}

/// The record sets of a cluster's apps that stay when it goes. A zone that cannot be read is told as such: nothing of it
/// would be deleted, so it need not keep the cluster from going.
///
/// # Errors
/// `Unauthenticated` only.
pub(crate) async fn left_behind(
    arm: &ArmClient,
    cx: &Context,
    cluster: &str,
    targets: &InstallTargets,
) -> Result<Vec<Change>> {
    let zones = zones::of(targets)?;
    let mut left = Vec::new();
    for (zone, read) in zones.iter().zip(read_all(arm, cx, &zones).await) {
        let keep = |resource: String, reason: String| Change {
            action: ChangeAction::Keep,
            resource,
            reason,
        };
        match read {
            Ok(sets) => left.extend(sets.iter().filter(|set| set.is_of_cluster(cluster)).map(|set| {
                let app = set.metadata.get(tags::APP).map_or("an app", String::as_str);
                let reason = format!("DNS record of {app}: `kompoxops dns destroy` deletes it");
                keep(zone.record_path(&set.written_kind, &set.name), reason)
            })),
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                let error = domain(error);
                if error.kind() == ErrorKind::Unauthenticated {
                    return Err(error);
                }
                let reason =
                    format!("it is not known which DNS records of the cluster stay in this zone: {error}");
                left.push(keep(zone.zone.id.clone(), reason));
            }
        }
    }
    Ok(left)
}

/// A request to one record set.
fn record_url(
    arm: &ArmClient,
    zone: &AzureZone,
    kind: &str,
    name: &str,
) -> std::result::Result<url::Url, kompox_arm::ArmError> {
    arm.url(&zone.record_path(kind, name), zone.version())
}

/// Reads a listing of record sets.
fn listing(arm: &ArmClient, zone: &AzureZone) -> std::result::Result<ArmRequest, kompox_arm::ArmError> {
    let path = format!("{}/{}", zone.zone.id, zone.every());
    arm.url(&path, zone.version()).map(ArmRequest::get)
}
