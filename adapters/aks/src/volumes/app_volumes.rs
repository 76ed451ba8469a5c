//! The volumes of one app: what every operation on them starts from.

use std::time::Duration;

use kompox_arm::{ArmClient, ArmError, ArmOptions};
use kompox_domain::{AppScope, Cluster, Context, Result};

use crate::api::Group;
use crate::groups::GroupMaker;
use crate::settings::{ProviderSettings, app_group, check_app_group, keys};

/// The volumes of one app: what every operation on them starts from.
pub(crate) struct AppVolumes<'a> {
    pub(super) arm: &'a ArmClient,
    pub(super) cx: &'a Context,
    pub(super) settings: &'a ProviderSettings,
    pub(super) options: ArmOptions,
    pub(super) groups: &'a GroupMaker,
    pub(super) app: &'a AppScope,
    pub(super) group: Group,
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
    pub(super) async fn pause(&self, wait: Duration, doing: impl FnOnce() -> String) -> Result<(), ArmError> {
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
