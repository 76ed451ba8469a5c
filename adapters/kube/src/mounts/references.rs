//! Which persistent volumes name a disk.

use k8s_openapi::api::core::v1::PersistentVolume;
use kompox_domain::Context;
use kube::api::ListParams;

use crate::client::{KubeClient, KubeError};
use crate::object::{Kind, Scope};

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
        let all = ListParams::default();
        let volumes = self.list(cx, &place, &all).await?.unwrap_or_default();
        let mut found = Vec::new();
        for volume in &volumes {
            found.extend(reference(volume, handle).map_err(|why| self.strange(&why))?);
        }
        Ok(found)
    }
}

/// What a volume says of the disk with this handle, if that is its own.
///
/// # Errors
/// Where it cannot be told which disk it is for.
fn reference(volume: &PersistentVolume, handle: &str) -> Result<Option<DiskReference>, String> {
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    let unknown = || format!("PersistentVolume {name} does not say which disk it is for");
    let spec = volume.spec.as_ref().ok_or_else(unknown)?;
    // Volumes from before there were CSI drivers name disks too, and are attached by the same driver today.
    let csi = spec.csi.as_ref().map(|csi| &csi.volume_handle);
    let Some(named) = csi.or_else(|| spec.azure_disk.as_ref().map(|disk| &disk.disk_uri)) else {
        return Ok(None);
    };
    if named.is_empty() {
        return Err(unknown());
    }
    if !named.eq_ignore_ascii_case(handle) {
        return Ok(None);
    }
    let claim = spec.claim_ref.clone().unwrap_or_default();
    Ok(Some(DiskReference {
        volume: name.to_owned(),
        claim: claim.namespace.zip(claim.name),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_volume_that_does_not_say_which_disk_it_is_for_is_no_volume_of_another_disk() {
        let read = |spec: Value| {
            let volume = json!({"metadata": {"name": "v"}, "spec": spec});
            let volume = serde_json::from_value(volume).map_err(|error| error.to_string())?;
            reference(&volume, "/d")
        };
        for other in [
            json!({}),
            json!({"nfs": {"path": "/"}}),
            json!({"csi": {"driver": "x", "volumeHandle": "/e"}}),
        ] {
            assert_eq!(read(other.clone()), Ok(None), "{other}");
        }
        for strange in [
            json!(5),
            json!(null),
            json!({"csi": 7}),
            json!({"csi": {"driver": "x"}}),
            json!({"csi": {"driver": "x", "volumeHandle": 5}}),
            json!({"azureDisk": {"diskURI": ["/d"]}}),
        ] {
            assert!(read(strange.clone()).is_err(), "{strange}");
        }
        assert!(read(json!({"azureDisk": {"diskURI": "/D"}})).unwrap().is_some());
    }
}
