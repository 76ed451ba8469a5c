//! The volumes of one app: what every operation on them starts from.

use kompox_domain::{AppScope, Cluster, Result};

use crate::api::Group;
use crate::groups::GroupMaker;
use crate::session::Session;
use crate::settings::{app_group, check_app_group, keys};

/// The volumes of one app: what every operation on them starts from.
pub(crate) struct AppVolumes<'a> {
    pub(super) session: Session<'a>,
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
        session: Session<'a>,
        groups: &'a GroupMaker,
        clusters: &[Cluster],
        app: &'a AppScope,
    ) -> Result<Self> {
        // A misspelt key would put data into another place than the one that was meant.
        keys::require_known(&app.app.settings, keys::APP)?;
        keys::require_known(&app.cluster.settings, keys::CLUSTER)?;
        let prefix = session.provider.prefix.as_deref();
        let name = app_group(app, prefix)?;
        check_app_group(&name, app, clusters, prefix)?;
        let group = Group {
            subscription: session.provider.subscription.clone(),
            name,
        };
        Ok(Self {
            session,
            groups,
            app,
            group,
        })
    }
}
