//! The configured zones: where they are in Azure, and what is in them.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmClient, ArmError, ArmRequest, ResourceId};
use kompox_domain::dns::{DomainName, RecordSet, Visibility, Zone};
use kompox_domain::{Error, ErrorKind, Hint, Result};
use url::Url;

use super::wire;
use crate::api::{DNS_ZONES, PRIVATE_DNS_ZONES};
use crate::session::Session;
use crate::settings::cluster::InstallTargets;

/// The setting that names the zones.
pub(super) const SETTING: &str = "AZURE_AKS_DNS_ZONE_RESOURCE_IDS";
/// How many zones are read at once.
const AT_ONCE: usize = 4;

/// The zones of a cluster, each once.
///
/// # Errors
/// `InvalidInput` for one that has no name of a zone.
pub(super) fn of(targets: &InstallTargets) -> Result<Vec<Zone>> {
    let mut seen = BTreeSet::new();
    let zones = targets
        .dns_zones
        .iter()
        .filter(|id| seen.insert(id.to_string().to_lowercase()));
    zones.map(zone).collect()
}

fn zone(id: &ResourceId) -> Result<Zone> {
    let name: DomainName = id.name().parse().map_err(|error| {
        Error::new(ErrorKind::InvalidInput, format!("{id} is no DNS zone"))
            .with_source(Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
            .with_hint(Hint::setting("check", SETTING))
    })?;
    let private = id.is_of("Microsoft.Network", "privateDnsZones");
    Ok(Zone {
        id: id.to_string(),
        name,
        visibility: if private {
            Visibility::Private
        } else {
            Visibility::Public
        },
    })
}

const fn version(zone: &Zone) -> &'static str {
    match zone.visibility {
        Visibility::Public => DNS_ZONES,
        Visibility::Private => PRIVATE_DNS_ZONES,
    }
}

/// The id of a record set.
pub(super) fn record_id(zone: &Zone, kind: &str, name: &str) -> String {
    format!("{}/{kind}/{name}", zone.id)
}

/// The address of a record set.
pub(super) fn record_url(arm: &ArmClient, zone: &Zone, kind: &str, name: &str) -> Result<Url, ArmError> {
    arm.url(&record_id(zone, kind, name), version(zone))
}

/// Everything that is in these zones, a few of them at a time, in their order.
pub(super) async fn read_all(session: Session<'_>, zones: &[Zone]) -> Vec<Result<Vec<RecordSet>, ArmError>> {
    let reads: Vec<_> = zones.iter().map(|zone| read(session, zone)).collect();
    stream::iter(reads).buffered(AT_ONCE).collect().await
}

/// Everything that is in a zone. One listing: it also tells what stands beside what is asked for, and what of an app
/// is left from before.
pub(super) async fn read(session: Session<'_>, zone: &Zone) -> Result<Vec<RecordSet>, ArmError> {
    let every = match zone.visibility {
        Visibility::Public => "recordsets",
        Visibility::Private => "ALL",
    };
    let request = ArmRequest::get(session.arm.url(&format!("{}/{every}", zone.id), version(zone))?);
    let mut sets = Vec::new();
    session
        .arm
        .list_resources(session.cx, request, |resource| {
            let set = wire::listed(&resource)?;
            // What has no name in this zone leads nobody anywhere.
            if DomainName::of_record(&set.name, &zone.name).is_ok() {
                sets.push(set);
            }
            Ok(())
        })
        .await?;
    Ok(sets)
}
