//! Which persistent volumes name a disk.

use k8s_openapi::api::core::v1::PersistentVolume;
use kompox_domain::Context;
use serde_json::Value;

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
        let volumes = self.list(cx, &place, &[]).await?.unwrap_or_default();
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
fn reference(volume: &Value, handle: &str) -> Result<Option<DiskReference>, String> {
    let spec = &volume["spec"];
    // Volumes from before there were CSI drivers name disks too, and are attached by the same driver today.
    let sources = [&spec["csi"]["volumeHandle"], &spec["azureDisk"]["diskURI"]];
    let named = match sources.into_iter().find(|source| !source.is_null()) {
        Some(Value::String(named)) => named,
        None if spec.is_object() && spec["csi"].is_null() && spec["azureDisk"].is_null() => return Ok(None),
        _ => {
            let name = volume["metadata"]["name"].as_str().unwrap_or_default();
            return Err(format!(
                "PersistentVolume {name} does not say which disk it is for"
            ));
        }
    };
    if !named.eq_ignore_ascii_case(handle) {
        return Ok(None);
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let claim = &spec["claimRef"];
    Ok(Some(DiskReference {
        volume: text(&volume["metadata"]["name"]).unwrap_or_default(),
        claim: text(&claim["namespace"]).zip(text(&claim["name"])),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_volume_that_does_not_say_which_disk_it_is_for_is_no_volume_of_another_disk() {
        let read = |spec: Value| reference(&json!({"metadata": {"name": "v"}, "spec": spec}), "/d");
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
