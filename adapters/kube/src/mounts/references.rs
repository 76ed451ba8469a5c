//! Which persistent volumes name a disk.

use k8s_openapi::api::core::v1::PersistentVolume;
use kompox_domain::Context;
use serde_json::Value;

use crate::object::{Kind, Scope};
use crate::{KubeClient, KubeError};

/// A persistent volume that names a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskReference {
    /// The volume.
    pub volume: String,
    /// Namespace and name of the claim that it is for.
    pub claim: Option<(String, String)>,
}

impl KubeClient {
    /// The persistent volumes that name the disk with this handle, whoever made them. Handles compare without case.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn references(&self, cx: &Context, handle: &str) -> Result<Vec<DiskReference>, KubeError> {
        let place = Kind::of::<PersistentVolume>().within(Scope::Cluster);
        let volumes = self.list(cx, &place, &[]).await?.unwrap_or_default();
        let found = volumes.iter().filter_map(|volume| reference(volume, handle));
        Ok(found.collect())
    }
}

fn reference(volume: &Value, handle: &str) -> Option<DiskReference> {
    let spec = &volume["spec"];
    // Volumes from before there were CSI drivers name disks too, and are attached by the same driver today.
    let named = spec["csi"]["volumeHandle"]
        .as_str()
        .or_else(|| spec["azureDisk"]["diskURI"].as_str())?;
    if !named.eq_ignore_ascii_case(handle) {
        return None;
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let claim = &spec["claimRef"];
    Some(DiskReference {
        volume: text(&volume["metadata"]["name"]).unwrap_or_default(),
        claim: text(&claim["namespace"]).zip(text(&claim["name"])),
    })
}
