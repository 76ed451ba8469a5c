//! What one operation is about.

use crate::model::{App, Cluster, Provider};
use crate::name::VolumeName;
use crate::naming::{self, ShortHash};

/// A provider with everything that is configured under it: what a driver is made of.
#[derive(Debug, Clone)]
pub struct ProviderScope {
    /// The provider.
    pub provider: Provider,
    /// Its clusters.
    pub clusters: Vec<Cluster>,
    /// Its apps.
    pub apps: Vec<App>,
}

/// An app that an operation is about, with the cluster it runs on.
#[derive(Debug, Clone)]
pub struct AppScope {
    /// The cluster.
    pub cluster: Cluster,
    /// The app.
    pub app: App,
}

impl AppScope {
    /// `<ws>/<prv>/<app>`, the value of `kompox-app`.
    #[must_use]
    pub fn path(&self) -> String {
        let id = &self.app.id;
        let provider = &id.cluster.provider;
        naming::path(provider.workspace.as_ref(), &provider.provider, &id.app)
    }

    /// idHASH.
    #[must_use]
    pub fn id_hash(&self) -> ShortHash {
        let id = &self.app.id;
        let provider = &id.cluster.provider;
        naming::id_hash(provider.workspace.as_ref(), &provider.provider, &id.app)
    }

    /// `<vol>-<idHASH>`, the value of `kompox-volume`.
    #[must_use]
    pub fn volume_key(&self, volume: &VolumeName) -> String {
        naming::volume_key(volume, &self.id_hash())
    }
}
