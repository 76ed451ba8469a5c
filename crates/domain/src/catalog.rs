//! Everything a configuration holds, checked as a whole.

use std::collections::HashSet;

use crate::model::{AnyId, App, AppId, Cluster, ClusterId, Provider, ProviderId, Workspace};
use crate::scope::{AppScope, ProviderScope};

/// Workspaces, providers, clusters and apps whose ids are unique and whose parents exist.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    workspaces: Vec<Workspace>,
    providers: Vec<Provider>,
    clusters: Vec<Cluster>,
    apps: Vec<App>,
}

/// Why parts do not make a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// Two parts have one id.
    #[error("id {0} is used twice")]
    Duplicate(AnyId),
    /// The parent of a part is not there.
    #[error("{child} needs {parent}, which is not in the configuration")]
    MissingParent {
        /// The part.
        child: AnyId,
        /// What it needs.
        parent: AnyId,
    },
}

impl CatalogError {
    /// The part that the error is about.
    #[must_use]
    pub const fn subject(&self) -> &AnyId {
        match self {
            Self::Duplicate(id) => id,
            Self::MissingParent { child, .. } => child,
        }
    }
}

impl Catalog {
    /// Makes a catalog of its parts: all or nothing.
    ///
    /// # Errors
    /// Every duplicate id and every missing parent.
    pub fn new(
        workspaces: Vec<Workspace>,
        providers: Vec<Provider>,
        clusters: Vec<Cluster>,
        apps: Vec<App>,
    ) -> Result<Self, Vec<CatalogError>> {
        let catalog = Self {
            workspaces,
            providers,
            clusters,
            apps,
        };
        let errors = catalog.errors();
        if errors.is_empty() {
            Ok(catalog)
        } else {
            Err(errors)
        }
    }

    fn errors(&self) -> Vec<CatalogError> {
        let ids = || {
            let workspaces = self
                .workspaces
                .iter()
                .map(|part| AnyId::Workspace(Some(part.name.clone())));
            let providers = self.providers.iter().map(|part| AnyId::Provider(part.id.clone()));
            let clusters = self.clusters.iter().map(|part| AnyId::Cluster(part.id.clone()));
            let apps = self.apps.iter().map(|part| AnyId::App(part.id.clone()));
            workspaces.chain(providers).chain(clusters).chain(apps)
        };
        let mut known: HashSet<AnyId> = HashSet::new();
        let mut errors: Vec<CatalogError> = Vec::new();
        for id in ids() {
            if !known.insert(id.clone()) {
                errors.push(CatalogError::Duplicate(id));
            }
        }
        // Absent is a workspace that always exists.
        known.insert(AnyId::Workspace(None));
        for child in ids() {
            let parent = match &child {
                AnyId::Workspace(_) => continue,
                AnyId::Provider(id) => AnyId::Workspace(id.workspace.clone()),
                AnyId::Cluster(id) => AnyId::Provider(id.provider.clone()),
                AnyId::App(id) => AnyId::Cluster(id.cluster.clone()),
            };
            if !known.contains(&parent) {
                errors.push(CatalogError::MissingParent { child, parent });
            }
        }
        errors
    }

    /// The workspaces, in the order of the configuration.
    #[must_use]
    pub fn workspaces(&self) -> &[Workspace] {
        &self.workspaces
    }

    /// The providers, in the order of the configuration.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The clusters, in the order of the configuration.
    #[must_use]
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The apps, in the order of the configuration.
    #[must_use]
    pub fn apps(&self) -> &[App] {
        &self.apps
    }

    /// A provider with all its clusters and apps: what its driver is made of.
    #[must_use]
    pub fn provider_scope(&self, id: &ProviderId) -> Option<ProviderScope> {
        let provider = self.providers.iter().find(|provider| provider.id == *id)?.clone();
        let clusters = self
            .clusters
            .iter()
            .filter(|cluster| cluster.id.provider == *id)
            .cloned()
            .collect();
        let apps = self
            .apps
            .iter()
            .filter(|app| app.id.cluster.provider == *id)
            .cloned()
            .collect();
        Some(ProviderScope {
            provider,
            clusters,
            apps,
        })
    }

    /// The cluster of that id.
    #[must_use]
    pub fn cluster(&self, id: &ClusterId) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.id == *id)
    }

    /// An app with what its operations need.
    #[must_use]
    pub fn app_scope(&self, id: &AppId) -> Option<AppScope> {
        let app = self.apps.iter().find(|app| app.id == *id)?.clone();
        let cluster = self
            .clusters
            .iter()
            .find(|cluster| cluster.id == app.id.cluster)?
            .clone();
        Some(AppScope { cluster, app })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn provider(id: &str) -> Provider {
        let AnyId::Provider(id) = id.parse().unwrap() else {
            panic!("{id} is not a provider's")
        };
        Provider {
            id,
            driver: "aks".to_owned(),
            settings: Settings::default(),
        }
    }

    #[test]
    fn a_provider_without_its_workspace_is_refused_and_one_in_none_is_not() {
        let errors = Catalog::new(vec![], vec![provider("/ws/w/prv/p")], vec![], vec![]).unwrap_err();
        assert!(matches!(errors.as_slice(), [CatalogError::MissingParent { .. }]));
        assert!(Catalog::new(vec![], vec![provider("/ws/(nil)/prv/p")], vec![], vec![]).is_ok());
    }

    #[test]
    fn every_duplicate_is_named() {
        let twice = vec![provider("/ws/(nil)/prv/p"), provider("/ws/(nil)/prv/p")];
        let errors = Catalog::new(vec![], twice, vec![], vec![]).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(
            errors.first().unwrap().to_string(),
            "id /ws/(nil)/prv/p is used twice"
        );
    }
}
