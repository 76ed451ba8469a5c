//! Customers' keys: the disk encryption set that a disk is encrypted with, and its snapshots with it.
//!
//! All of them lie in one subscription and region, and a disk and its incremental snapshots have the same set
//! (disk-encryption.md and its restrictions). Naming one needs the right to read it, so it is read before.

use azure_mgmt_compute::package_2024_03_02::models;
use kompox_arm::{ArmRequest, ResourceId};
use kompox_domain::model::App;
use kompox_domain::{Error, ErrorKind, Hint, Result, Volume};
use serde::Deserialize;

use super::AppVolumes;
use super::options::{DiskOptions, encryption_set, invalid};
use super::sku::takes_provisioning;
use super::source::Found;
use crate::api::DISKS;

/// The customer's key over the platform's.
const DOUBLE: &str = "EncryptionAtRestWithPlatformAndCustomerKeys";
/// The customer's key alone: what a set has unless told otherwise.
const CUSTOMER: &str = "EncryptionAtRestWithCustomerKey";

/// A set as ARM tells it.
#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct EncryptionSet {
    #[serde(default)]
    location: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    encryption_type: Option<String>,
}

impl EncryptionSet {
    fn kind(&self) -> &str {
        self.properties.encryption_type.as_deref().unwrap_or(CUSTOMER)
    }

    /// Where it lies, as ARM names regions: `japaneast`. Empty where that is not told.
    pub(crate) fn region(&self) -> String {
        self.location.replace(' ', "").to_lowercase()
    }

    /// What is wrong with it for disks in a region, whatever their SKU: the rest of a sentence, and what to do.
    pub(crate) fn unusable(&self, region: &str) -> Option<(String, &'static str)> {
        let there = self.region();
        if !there.is_empty() && !there.eq_ignore_ascii_case(region) {
            return Some((
                format!("lies in region {there}, and the disks in {region}"),
                "name a set of the same region in option diskEncryptionSet",
            ));
        }
        if ![CUSTOMER, DOUBLE].contains(&self.kind()) {
            return Some((
                format!("is of type {}, which disks of volumes do not have", self.kind()),
                "name a set of type EncryptionAtRestWithCustomerKey in option diskEncryptionSet",
            ));
        }
        None
    }
}

/// With what a disk or snapshot is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encryption {
    set: String,
    kind: String,
}

impl Encryption {
    /// As it is sent.
    pub(crate) fn model(&self) -> models::Encryption {
        models::Encryption {
            disk_encryption_set_id: Some(self.set.clone()),
            type_: self.kind.parse().ok(),
        }
    }
}

impl AppVolumes<'_> {
    /// The encryption of a new disk: as its options say, else as its source is.
    ///
    /// # Errors
    /// As [`encryption`](Self::encryption).
    pub(super) async fn encryption_of_disk(
        &self,
        options: &DiskOptions,
        source: Option<&Found>,
    ) -> Result<Option<Encryption>> {
        let own = options.encryption_set.as_deref();
        let Some(set) = own.or_else(|| source?.encryption_set.as_deref()) else {
            return Ok(None);
        };
        let encryption = self.encryption(set).await?;
        if encryption.kind == DOUBLE && takes_provisioning(options.sku) {
            let what = format!(
                "a disk of {} cannot be encrypted twice, as {set} would",
                options.sku
            );
            return Err(Error::new(ErrorKind::Precondition, what)
                .with_hint("name a set of type EncryptionAtRestWithCustomerKey, or use another SKU"));
        }
        Ok(Some(encryption))
    }

    /// The encryption of a new snapshot: that of its source. In another region its set cannot be used: there that of
    /// the volume is.
    ///
    /// # Errors
    /// As [`encryption`](Self::encryption); `Precondition` where the copy would be encrypted with nobody's key.
    pub(super) async fn encryption_of_snapshot(
        &self,
        volume: &Volume,
        source: &Found,
        elsewhere: bool,
    ) -> Result<Option<Encryption>> {
        let own = match volume.options.get("diskEncryptionSet").filter(|_| elsewhere) {
            Some(value) => Some(encryption_set(value)?),
            None => None,
        };
        let set = match (&own, &source.encryption_set) {
            (Some(own), _) => own,
            (None, None) => return Ok(None),
            (None, Some(set)) if !elsewhere => set,
            (None, Some(set)) => {
                let what = format!(
                    "source {} is encrypted with {set}, which is of no use in region {}",
                    source.id, self.session.provider.location
                );
                return Err(Error::new(ErrorKind::Precondition, what)
                    .with_hint("set option diskEncryptionSet of the volume to a set of that region"));
            }
        };
        self.encryption(set).await.map(Some)
    }

    /// Looks at a set.
    ///
    /// # Errors
    /// `InvalidInput` for one of another subscription; `NotFound`, `PermissionDenied`; `Precondition` for one that
    /// disks here cannot have.
    async fn encryption(&self, set: &str) -> Result<Encryption> {
        let id: ResourceId = set.parse().map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                "what Azure says of a disk encryption set cannot be read",
            )
            .with_source(error)
        })?;
        let (here, there) = (&self.session.provider.subscription, &id.subscription);
        if !here.eq_ignore_ascii_case(there) {
            let what = format!("disk encryption set {id} lies in another subscription than the disks");
            return Err(invalid(what).with_hint(format!("name a set of subscription {here}")));
        }
        let request = ArmRequest::get(self.session.arm.url(set, DISKS)?);
        let response = self
            .session
            .arm
            .send(self.session.cx, &request)
            .await
            .map_err(|error| {
                let (missing, denied) = (error.is_not_found(), Error::from(error));
                if missing {
                    return denied
                        .context(format!("disk encryption set {id} does not exist"))
                        .with_hint("make it, or correct option diskEncryptionSet");
                }
                denied.context(format!(
                    "disk encryption set {id} cannot be read, which encrypting with it needs"
                ))
            })?;
        let found: EncryptionSet = response.json()?;
        if let Some((why, hint)) = found.unusable(&self.session.provider.location) {
            let what = format!("disk encryption set {id} {why}");
            return Err(Error::new(ErrorKind::Precondition, what).with_hint(hint));
        }
        Ok(Encryption {
            set: set.to_owned(),
            kind: found.kind().to_owned(),
        })
    }
}

/// The sets that volumes of an app name, as far as the options can be read.
pub(crate) fn sets_of(app: &App) -> impl Iterator<Item = ResourceId> {
    let named = app
        .volumes
        .iter()
        .filter_map(|volume| volume.options.get("diskEncryptionSet"));
    named.filter_map(|value| encryption_set(value).ok()?.parse().ok())
}

/// What to do about a set that is not there, for checks.
pub(crate) fn missing_hint() -> Hint {
    Hint::text("make it, or correct option diskEncryptionSet of the volume")
}

#[cfg(test)]
mod tests {
    use kompox_domain::options::OptionValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_is_of_use_in_its_region_and_with_a_type_that_disks_have() {
        let set = |location: &str, kind: Option<&str>| -> EncryptionSet {
            serde_json::from_value(json!({"location": location, "properties": {"encryptionType": kind}}))
                .unwrap()
        };
        for kind in [None, Some(CUSTOMER), Some(DOUBLE)] {
            assert_eq!(set("Japan East", kind).unusable("japaneast"), None);
        }
        let (why, _) = set("eastus", None).unusable("japaneast").unwrap();
        assert!(why.contains("eastus"), "{why}");
        let (why, _) = set("japaneast", Some("ConfidentialVmEncryptedWithCustomerKey"))
            .unusable("japaneast")
            .unwrap();
        assert!(why.contains("Confidential"), "{why}");
    }

    #[test]
    fn only_the_id_of_a_set_is_one() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/diskEncryptionSets/d";
        assert_eq!(encryption_set(&OptionValue::Text(id.to_owned())).unwrap(), id);
        for bad in [
            OptionValue::Text("d".to_owned()),
            OptionValue::Text(id.replace("diskEncryptionSets", "disks")),
            OptionValue::Bool(true),
            OptionValue::Integer(1),
        ] {
            let error = encryption_set(&bad).unwrap_err();
            assert!(error.to_string().contains("diskEncryptionSet"), "{error}");
        }
    }
}
