//! What a new disk or snapshot is made from, found in Azure.

use kompox_arm::{ArmRequest, ResourceId};
use kompox_domain::options::OptionValue;
use kompox_domain::volume::{Creation, DiskRecord, Item, VolumeSnapshot};
use kompox_domain::{
    ByteSize, DiskName, Error, ErrorKind, Hint, Operation, Result, SnapshotName, Volume, VolumeName,
    VolumeOptions, suggest, tags,
};
use serde::Deserialize;
use serde_json::Value;

use super::sku::is_zone_redundant;
use super::{AppVolumes, sku, wire};
use crate::api::DISKS;

/// A source that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its ARM id.
    pub(crate) id: String,
    /// How large what is made from it must be at least.
    pub(crate) size: Option<ByteSize>,
    /// Bytes of its sectors, where they are known.
    pub(crate) sector_size: Option<u32>,
    /// The disk encryption set that it is encrypted with, where that is one.
    pub(crate) encryption_set: Option<String>,
    /// The disk it is or was taken from, where that is one of ours.
    pub(crate) disk: Option<String>,
    /// Its region, where that may be another one.
    pub(crate) location: Option<String>,
    /// Whether it is a snapshot.
    pub(crate) is_snapshot: bool,
    /// Whether it lies in all zones at once.
    pub(crate) is_zone_redundant: bool,
}

#[derive(Deserialize)]
struct Any {
    location: String,
    #[serde(default)]
    sku: Option<Sku>,
    #[serde(default)]
    tags: Option<Value>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize)]
struct Sku {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize, Default)]
struct CreationData {
    #[serde(rename = "logicalSectorSize")]
    sector_size: Option<i32>,
}

#[derive(Deserialize, Default)]
struct Encrypted {
    #[serde(rename = "diskEncryptionSetId")]
    set: Option<String>,
}

#[derive(Deserialize, Default)]
struct Properties {
    #[serde(default)]
    encryption: Encrypted,
    #[serde(rename = "creationData", default)]
    creation: CreationData,
    #[serde(rename = "diskSizeBytes")]
    bytes: Option<u64>,
    #[serde(rename = "diskSizeGB")]
    gib: Option<u64>,
    #[serde(rename = "completionPercent")]
    percent: Option<f64>,
}

impl AppVolumes<'_> {
    /// Looks up a source that is given by its ARM id.
    ///
    /// # Errors
    /// `InvalidInput` for what is neither a disk nor a snapshot; `NotFound`; `Precondition` for a snapshot that
    /// is not complete.
    pub(crate) async fn source_by_id(&self, volume: &Volume, text: &str) -> Result<Found> {
        let id: ResourceId = text.parse().map_err(|error| {
            Error::new(
                ErrorKind::InvalidInput,
                "source: not the id of a disk or snapshot",
            )
            .with_source(error)
        })?;
        let is_snapshot = id.is_of("Microsoft.Compute", "snapshots");
        if !is_snapshot && !id.is_of("Microsoft.Compute", "disks") {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("source {id} is neither a disk nor a snapshot"),
            ));
        }
        let request = ArmRequest::get(self.session.arm.url(&id.to_string(), DISKS)?);
        let response = self
            .session
            .arm
            .send(self.session.cx, &request)
            .await
            .map_err(|error| {
                let missing = error.is_not_found();
                let error = Error::from(error);
                if missing {
                    error.context(format!("source {id} does not exist"))
                } else {
                    error
                }
            })?;
        let any: Any = response.json()?;
        let made = wire::creation(std::str::from_utf8(&response.body).unwrap_or_default());
        if made != Creation::Done {
            let message = format!("source {id} was never made, or is still being made");
            return Err(Error::new(ErrorKind::Precondition, message)
                .with_hint("wait until its provisioningState is Succeeded, or make it anew"));
        }
        if is_snapshot && any.properties.percent.is_some_and(|percent| percent < 100.0) {
            return Err(not_ready(&id.to_string()));
        }
        let exact = any
            .properties
            .bytes
            .and_then(|bytes| ByteSize::from_bytes(bytes).ok());
        let size = exact.or_else(|| any.properties.gib.and_then(|gib| ByteSize::from_gib(gib).ok()));
        let tag = |name| wire::tag(any.tags.as_ref(), name);
        let ours = tag(tags::VOLUME) == Some(&self.app.volume_key(&volume.name))
            && tag(tags::APP).is_none_or(|app| app == self.app.path());
        let sku = any.sku.as_ref().and_then(|sku| sku.name.as_deref());
        // The SKU of a snapshot is its own, and says nothing about the disk.
        let sector_size = sku::sector_size(any.properties.creation.sector_size, sku.filter(|_| !is_snapshot));
        Ok(Found {
            id: id.to_string(),
            size,
            sector_size,
            encryption_set: any.properties.encryption.set,
            is_zone_redundant: sku.is_some_and(is_zone_redundant),
            disk: tag(tags::DISK_NAME).filter(|_| ours).map(str::to_owned),
            location: Some(any.location),
            is_snapshot,
        })
    }
}

/// A disk of the volume as a source.
pub(crate) fn disk(disks: &[DiskRecord], volume: &VolumeName, name: &DiskName) -> Result<Found> {
    let disk = disks.iter().find(|disk| disk.name == *name).ok_or_else(|| {
        missing(
            "disk",
            volume,
            &name.to_string(),
            disks.iter().map(|disk| disk.name.to_string()),
        )
    })?;
    usable(disk)
}

/// A disk as a source, if it was made.
pub(crate) fn usable(disk: &DiskRecord) -> Result<Found> {
    disk.creation.require_done(Item::Disk, &disk.name, &disk.volume)?;
    Ok(from_disk(disk))
}

fn from_disk(disk: &DiskRecord) -> Found {
    let name = Some(disk.name.to_string());
    Found {
        id: disk.handle.clone(),
        size: disk.size,
        sector_size: disk.sector_size,
        encryption_set: text(&disk.options, "diskEncryptionSet"),
        disk: name,
        location: None,
        is_snapshot: false,
        is_zone_redundant: has_zone_redundant_sku(&disk.options),
    }
}

/// A snapshot of the volume as a source.
pub(crate) fn snapshot<'a>(
    snapshots: &'a [VolumeSnapshot],
    volume: &VolumeName,
    name: &SnapshotName,
) -> Result<&'a VolumeSnapshot> {
    let names = || snapshots.iter().map(|snapshot| snapshot.name.to_string());
    let snapshot = snapshots
        .iter()
        .find(|snapshot| snapshot.name == *name)
        .ok_or_else(|| missing("snapshot", volume, &name.to_string(), names()))?;
    snapshot.creation.require_done(Item::Snapshot, name, volume)?;
    if snapshot.completion_percent.is_done() {
        Ok(snapshot)
    } else {
        Err(not_ready(&name.to_string()))
    }
}

pub(crate) fn from_snapshot(snapshot: &VolumeSnapshot) -> Found {
    Found {
        id: snapshot.handle.clone(),
        size: snapshot.size,
        sector_size: snapshot.sector_size,
        encryption_set: text(&snapshot.options, "diskEncryptionSet"),
        disk: snapshot.source_disk.clone(),
        location: None,
        is_snapshot: true,
        is_zone_redundant: has_zone_redundant_sku(&snapshot.options),
    }
}

fn has_zone_redundant_sku(options: &VolumeOptions) -> bool {
    text(options, "sku").is_some_and(|sku| is_zone_redundant(&sku))
}

fn text(options: &VolumeOptions, name: &str) -> Option<String> {
    match options.get(name) {
        Some(OptionValue::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Something of a volume that is not there, with what is.
pub(crate) fn missing(
    what: &str,
    volume: &VolumeName,
    name: &str,
    there: impl Iterator<Item = String>,
) -> Error {
    let there: Vec<String> = there.collect();
    let hint = match suggest::nearest(name, there.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None if there.is_empty() => format!("volume {volume} has no {what} at all"),
        None => format!("volume {volume} has: {}", there.join(", ")),
    };
    Error::new(
        ErrorKind::NotFound,
        format!("volume {volume} has no {what} {name}"),
    )
    .with_hint(hint)
}

fn not_ready(name: &str) -> Error {
    Error::new(
        ErrorKind::Precondition,
        format!("snapshot {name} is still being copied"),
    )
    .with_hint(Hint::command(
        "it can be used from 100 percent on; see how far it is",
        Operation::SnapshotList,
    ))
}
