//! The readers of ARM's resources, for the fuzz targets.

use kompox_domain::volume::{DiskRecord, VolumeSnapshot};
use kompox_domain::{Result, tags};

use super::wire;

/// A resource as a listing glances at it: its name and the app that its tag names.
#[must_use]
pub fn glance(json: &str) -> Option<(String, Option<String>)> {
    let glance: wire::Glance<'_> = serde_json::from_str(json).ok()?;
    let app = wire::tag(glance.tags.as_ref(), tags::APP).map(str::to_owned);
    Some((glance.name.into_owned(), app))
}

/// A disk `one` of volume `db`.
///
/// # Errors
/// `Internal`.
pub fn disk(json: &str) -> Result<DiskRecord> {
    wire::disk(json, &"db".parse()?, "one".parse()?, "japaneast")
}

/// A snapshot `one` of volume `db`.
///
/// # Errors
/// `Internal`.
pub fn snapshot(json: &str) -> Result<VolumeSnapshot> {
    wire::snapshot(json, &"db".parse()?, "one".parse()?)
}

/// Why a snapshot's copy failed: code and message.
#[must_use]
pub fn copy_failure(json: &str) -> Option<(String, String)> {
    wire::copy_failure(json)
}
