//! The configured zones, and what is in them.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmClient, ArmError, ResourceId};
use kompox_domain::dns::{DomainName, RecordSet, Visibility, Zone};
use kompox_domain::{Context, Error, ErrorKind, Result};

use super::{SETTING, listing, wire};
use crate::api::{DNS_ZONES, PRIVATE_DNS_ZONES};
use crate::settings::cluster::InstallTargets;

/// How many zones are read at once.
const AT_ONCE: usize = 4;

/// A zone of Azure.
#[derive(Debug, Clone)]
pub(super) struct AzureZone {
    pub(super) zone: Zone,
}

impl AzureZone {
    fn of(id: &ResourceId) -> Result<Self> {
        let name: DomainName = id.name().parse().map_err(|error| {
            Error::new(ErrorKind::InvalidInput, format!("{id} is no DNS zone"))
                .with_source(Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
                .with_hint(format!("check {SETTING}"))
        })?;
        let visibility = if id.is_of("Microsoft.Network", "privateDnsZones") {
            Visibility::Private
        } else {
            Visibility::Public
        };
        Ok(Self {
            zone: Zone {
                id: id.to_string(),
                name,
                visibility,
            },
        })
    }

    pub(super) fn is_private(&self) -> bool {
        self.zone.visibility == Visibility::Private
    }

    pub(super) fn version(&self) -> &'static str {
        if self.is_private() {
            PRIVATE_DNS_ZONES
        } else {
            DNS_ZONES
        }
    }

    /// The last segment of the listing of all record sets.
    pub(super) fn every(&self) -> &'static str {
        if self.is_private() { "ALL" } else { "recordsets" }
    }

    /// The id of a record set.
    pub(super) fn record_path(&self, kind: &str, name: &str) -> String {
        format!("{}/{kind}/{name}", self.zone.id)
    }
}

/// The zones of a cluster, each once.
///
/// # Errors
/// `InvalidInput` for one that has no name of a zone.
pub(super) fn of(targets: &InstallTargets) -> Result<Vec<AzureZone>> {
    let mut seen = BTreeSet::new();
    let zones = targets
        .dns_zones
        .iter()
        .filter(|id| seen.insert(id.to_string().to_lowercase()));
    zones.map(AzureZone::of).collect()
}

/// Everything that is in these zones, a few of them at a time, in their order.
pub(super) async fn read_all(
    arm: &ArmClient,
    cx: &Context,
    zones: &[AzureZone],
) -> Vec<Result<Vec<RecordSet>, ArmError>> {
    let reads: Vec<_> = zones.iter().map(|zone| read(arm, cx, zone)).collect();
    stream::iter(reads).buffered(AT_ONCE).collect().await
}

/// Everything that is in a zone. One listing: it also tells what stands beside what is asked for, and what of an app
/// is left from before.
pub(super) async fn read(
    arm: &ArmClient,
    cx: &Context,
    zone: &AzureZone,
) -> Result<Vec<RecordSet>, ArmError> {
    let mut sets = Vec::new();
    let mut strange = None;
    let request = listing(arm, zone)?;
    let what = request.label();
    arm.list(cx, request, |element| match wire::read(element.get()) {
        // What has no name in this zone leads nobody anywhere.
        Ok(set) if DomainName::of_record(&set.name, &zone.zone.name).is_ok() => sets.push(set),
        Ok(_) => {}
        Err(error) => strange = Some(error),
    })
    .await?;
    match strange {
        // What cannot be read might be anybody's.
        Some(error) => Err(ArmError::Protocol {
            correlation_id: None,
            request: what,
            reason: error.to_string(),
        }),
        None => Ok(sets),
    }
}
