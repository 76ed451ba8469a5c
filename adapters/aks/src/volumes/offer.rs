//! Where the region offers the kinds of disks that are not everywhere: the list of SKUs says so, and is asked.
//!
//! Which zones there are is told; whether such a disk may also lie in none, where there are zones, is not
//! (disks-deploy-nonzonal-premium-v2.md names regions). So that is left to Azure, and its refusal explained.

use std::collections::BTreeSet;

use kompox_arm::{ArmError, ArmRequest};
use kompox_domain::progress::WarningKind;
use kompox_domain::{Argument, Error, ErrorKind, Hint, Result, Zone};

use super::AppVolumes;
use super::options::DiskOptions;
use super::sku::takes_provisioning;
use crate::api::COMPUTE_SKUS;
use crate::skus::{Sku, SkuName};

/// What the region says of a kind of disks.
#[derive(Debug)]
pub(crate) enum Offer {
    /// It is everywhere, or nobody may know.
    Unknown,
    /// What the list says; nothing where it is not there.
    Told(Option<Box<Sku>>),
}

impl AppVolumes<'_> {
    /// Asks where the region offers disks of this SKU, if not everywhere. That it cannot be asked is a warning.
    pub(super) async fn offer(&self, options: &DiskOptions) -> Offer {
        if !takes_provisioning(options.sku) {
            return Offer::Unknown;
        }
        match self.offered(options.sku).await {
            Ok(sku) => Offer::Told(sku.map(Box::new)),
            Err(error) => {
                self.session.cx.warn(
                    WarningKind::Unchecked,
                    format!(
                        "it was not checked where region {} offers disks of {}: {error}",
                        self.session.provider.location, options.sku
                    ),
                );
                Offer::Unknown
            }
        }
    }

    async fn offered(&self, name: &str) -> Result<Option<Sku>, ArmError> {
        let path = format!(
            "/subscriptions/{}/providers/Microsoft.Compute/skus",
            self.session.provider.subscription
        );
        let mut url = self.session.arm.url(&path, COMPUTE_SKUS)?;
        let filter = format!("location eq '{}'", self.session.provider.location);
        url.query_pairs_mut().append_pair("$filter", &filter);
        let mut found = None;
        let reading = self
            .session
            .arm
            .try_list(self.session.cx, ArmRequest::get(url), |element| {
                if serde_json::from_str::<SkuName>(element.get())?.is_disk(name) {
                    found = Some(serde_json::from_str(element.get())?);
                }
                Ok(())
            });
        Box::pin(reading).await?;
        Ok(found)
    }
}

impl Offer {
    /// Refuses a place where the region has no such disks.
    ///
    /// # Errors
    /// `Precondition`, with where it has them.
    pub(super) fn require(&self, options: &DiskOptions, region: &str, zone: Option<Zone>) -> Result<()> {
        let Self::Told(sku) = self else {
            return Ok(());
        };
        let refuse = |what: String| Error::new(ErrorKind::Precondition, what);
        let listing =
            format!("az vm list-skus --location {region} --resource-type disks prints where they are");
        let Some(sku) = sku else {
            return Err(refuse(format!("region {region} has no disks of {}", options.sku))
                .with_hint(format!("choose another SKU in option sku; {listing}")));
        };
        let zones = sku.zones(region);
        if let (Some(zone), false) = (zone, zones.is_empty())
            && !zones.contains(zone.to_string().as_str())
        {
            return Err(refuse(format!(
                "region {region} has no disks of {} in zone {zone}",
                options.sku
            ))
            .with_hint(in_one_of(&zones)));
        }
        if zone.is_some() && zones.is_empty() {
            return Err(refuse(format!(
                "disks of {} lie in no zone in region {region}",
                options.sku
            ))
            .with_hint("leave the zone out; nodes that lie in a zone cannot attach them"));
        }
        let closed = sku.restrictions().iter().find(|restriction| {
            restriction.is_of_region() || zone.is_some_and(|zone| restriction.is_of_zone(&zone.to_string()))
        });
        match closed {
            None => Ok(()),
            Some(restriction) => Err(refuse(format!(
                "the subscription may not use disks of {} there ({})",
                options.sku,
                restriction.reason()
            ))
            .with_hint("choose another SKU or zone, or ask Azure's support to let the subscription use it")),
        }
    }

    /// What Azure refused, with the zones there are where the disk was to lie in none.
    pub(super) fn explain(&self, error: Error, region: &str, zone: Option<Zone>) -> Error {
        let Self::Told(Some(sku)) = self else {
            return error;
        };
        let zones = sku.zones(region);
        let refused = matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Precondition);
        if zone.is_some() || zones.is_empty() || !refused {
            return error;
        }
        error.with_hint(in_one_of(&zones))
    }
}

fn in_one_of(zones: &BTreeSet<&str>) -> Hint {
    let zones: Vec<&str> = zones.iter().copied().collect();
    Hint::argument(
        format!("name one of the zones {}", zones.join(", ")),
        Argument::Zone(Some("<zone>".into())),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn offer(zones: &Value, restrictions: &Value) -> Offer {
        let sku = json!({"resourceType": "disks", "name": "PremiumV2_LRS", "restrictions": restrictions,
            "locationInfo": [{"location": "JapanEast", "zones": zones}]});
        Offer::Told(Some(Box::new(serde_json::from_value(sku).unwrap())))
    }

    fn refusal(offer: &Offer, zone: Option<&str>) -> Option<String> {
        let options = DiskOptions {
            sku: "PremiumV2_LRS",
            ..DiskOptions::default()
        };
        let zone = zone.map(|zone| Zone::parse(zone, "japaneast").unwrap());
        let error = offer.require(&options, "japaneast", zone).err()?;
        assert!(!error.hints().is_empty(), "{error}");
        Some(error.to_string())
    }

    #[test]
    fn a_place_is_refused_where_the_list_says_that_there_is_no_such_disk() {
        let (in_two, nowhere) = (json!(["1", "3"]), json!([]));
        for (offer, zone, expected) in [
            (offer(&in_two, &nowhere), Some("1"), None),
            (offer(&in_two, &nowhere), Some("2"), Some("in zone 2")),
            // Whether one may lie in no zone is told nowhere.
            (offer(&in_two, &nowhere), None, None),
            (offer(&nowhere, &nowhere), None, None),
            (offer(&nowhere, &nowhere), Some("1"), Some("in no zone")),
            (Offer::Told(None), None, Some("no disks of")),
            (Offer::Unknown, Some("1"), None),
            (
                offer(
                    &in_two,
                    &json!([{"type": "Zone", "restrictionInfo": {"zones": ["3"]}}]),
                ),
                Some("3"),
                Some("may not use"),
            ),
            (
                offer(
                    &in_two,
                    &json!([{"type": "Zone", "restrictionInfo": {"zones": ["3"]}}]),
                ),
                Some("1"),
                None,
            ),
            (
                offer(&in_two, &json!([{"type": "Location", "reasonCode": "QuotaId"}])),
                None,
                Some("QuotaId"),
            ),
        ] {
            let refused = refusal(&offer, zone);
            match expected {
                None => assert_eq!(refused, None, "{offer:?} {zone:?}"),
                Some(expected) => assert!(
                    refused.as_ref().is_some_and(|refused| refused.contains(expected)),
                    "{refused:?} {offer:?} {zone:?}"
                ),
            }
        }
    }
}
