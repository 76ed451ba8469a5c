//! Volumes: managed disks and their snapshots.

mod assign;
mod attach;
mod blueprint;
mod disks;
mod encryption;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod in_cluster;
mod listing;
mod mount;
mod offer;
mod options;
mod sectors;
mod snapshots;
mod source;
mod ultra;
mod wire;
mod zones;

use std::time::Duration;

use kompox_arm::{ArmClient, ArmError, ArmOptions};
use kompox_domain::model::VolumeKind;
use kompox_domain::volume::VolumeClass;
use kompox_domain::{AppScope, Cluster, Context, Error, ErrorKind, Result, Volume};

pub(crate) use encryption::{EncryptionSet, missing_hint, sets_of};
pub(crate) use mount::mount;
pub(crate) use options::DECLARED as DECLARED_OPTIONS;

use crate::api::Group;
use crate::groups::GroupMaker;
use crate::settings::{ProviderSettings, app_group, check_app_group, keys};
use options::DiskOptions;

/// How Kubernetes sees every volume of this driver.
pub(crate) const CLASS: VolumeClass = VolumeClass {
    storage_class: "managed-csi",
    csi_driver: "disk.csi.azure.com",
    fs_type: "ext4",
    access_modes: &["ReadWriteOnce"],
    reclaim_policy: "Retain",
    volume_mode: "Filesystem",
};

/// The volumes of one app: what every operation on them starts from.
pub(crate) struct AppVolumes<'a> {
    arm: &'a ArmClient,
    cx: &'a Context,
    settings: &'a ProviderSettings,
    options: ArmOptions,
    groups: &'a GroupMaker,
    app: &'a AppScope,
    group: Group,
}

impl<'a> AppVolumes<'a> {
    /// Finds the place of an app's volumes.
    ///
    /// # Errors
    /// `InvalidInput` when there is none, or when it is a cluster's.
    pub(crate) fn new(
        arm: &'a ArmClient,
        cx: &'a Context,
        settings: &'a ProviderSettings,
        options: ArmOptions,
        groups: &'a GroupMaker,
        clusters: &[Cluster],
        app: &'a AppScope,
    ) -> Result<Self> {
        // A misspelt key would put data into another place than the one that was meant.
        keys::require_known(&app.app.settings, keys::APP)?;
        keys::require_known(&app.cluster.settings, keys::CLUSTER)?;
        let prefix = settings.prefix.as_deref();
        let name = app_group(app, prefix)?;
        check_app_group(&name, app, clusters, prefix)?;
        let group = Group {
            subscription: settings.subscription.clone(),
            name,
        };
        Ok(Self {
            arm,
            cx,
            settings,
            options,
            groups,
            app,
            group,
        })
    }
}

impl AppVolumes<'_> {
    /// Waits, but not past the deadline.
    async fn pause(&self, wait: Duration, doing: impl FnOnce() -> String) -> Result<(), ArmError> {
        let wake = tokio::time::Instant::now() + wait;
        if self
            .cx
            .deadline()
            .is_some_and(|deadline| tokio::time::Instant::from_std(deadline) < wake)
        {
            return Err(ArmError::Deadline {
                doing: doing(),
                retry_after: None,
                correlation_id: None,
            });
        }
        tokio::time::sleep_until(wake).await;
        Ok(())
    }
}

/// Refuses volumes that are not made of disks.
pub(crate) fn require_disk(volume: &Volume) -> Result<()> {
    match volume.kind {
        VolumeKind::Disk => Ok(()),
        VolumeKind::Files => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "volume {} is of type files, which driver aks does not support",
                volume.name
            ),
        )
        .with_hint("leave `type` out, or write `type: disk`")),
    }
}

/// What is wrong with an app's volumes, as far as their configuration tells.
pub(crate) fn offline_findings(app: &AppScope) -> Vec<Error> {
    app.app
        .volumes
        .iter()
        .flat_map(|volume| {
            let options = DiskOptions::parse(&volume.options).and_then(|options| {
                options.check_size(volume.size)?;
                ultra::unattachable(app, &options).map_or(Ok(()), Err)
            });
            let options = options.map_err(|error| {
                let named = Error::new(error.kind(), format!("volume {}: {error}", volume.name));
                named.with_hints(error.hints().iter().cloned())
            });
            [require_disk(volume).err(), options.err()]
        })
        .flatten()
        .collect()
}
