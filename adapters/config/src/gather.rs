//! What the documents of a load hold together, and the check of it as a whole.

use std::collections::HashMap;

use kompox_domain::catalog::CatalogError;
use kompox_domain::model::{AnyId, AppId};
use kompox_domain::{App, Catalog, Cluster, Provider, Workspace, suggest};

use crate::error::{Fault, Faults, Place};

/// The parts of a catalog with the places of their ids.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) workspaces: Vec<Workspace>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) apps: Vec<App>,
    /// Every id that was found, in the order of the documents.
    pub(crate) places: Vec<(AnyId, Place)>,
    /// Whether the id of some document could not be read, so that what seems missing may be there.
    pub(crate) unidentified: bool,
    pub(crate) defaults: Option<Defaults>,
    /// The apps of the app file.
    pub(crate) own_apps: Vec<AppId>,
}

/// What a `Defaults` document says.
pub(crate) struct Defaults {
    pub(crate) kom_path: Vec<(String, Place)>,
    pub(crate) app: Option<(AppId, Place)>,
    pub(crate) place: Place,
}

impl Parts {
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty() && !self.unidentified
    }

    /// The catalog of these parts, and the app to use when none is named. Faults go to `faults`.
    pub(crate) fn into_catalog(self, faults: &mut Faults) -> (Catalog, Option<AnyId>) {
        let Self {
            workspaces,
            providers,
            clusters,
            apps,
            places,
            unidentified,
            defaults,
            own_apps,
        } = self;
        let mut by_id: HashMap<&AnyId, Vec<&Place>> = HashMap::new();
        for (id, place) in &places {
            by_id.entry(id).or_default().push(place);
        }
        let default_app = match (defaults.and_then(|defaults| defaults.app), own_apps.as_slice()) {
            (Some((id, place)), _) => {
                let id = AnyId::App(id);
                if !by_id.contains_key(&id) && !unidentified {
                    let fault = Fault::new(format!("the default app {id} is not in the configuration"));
                    faults.push(Some(&place), with_nearest(fault, &id, &places));
                }
                Some(id)
            }
            // As in the original: an app file with one app means that one.
            (None, [only]) => Some(AnyId::App(only.clone())),
            (None, _) => None,
        };
        let errors = match Catalog::new(workspaces, providers, clusters, apps) {
            Ok(catalog) => return (catalog, default_app),
            Err(errors) => errors,
        };
        // The catalog tells each repetition once, in order.
        let mut repeated: HashMap<&AnyId, usize> = HashMap::new();
        let mut orphans: HashMap<&AnyId, usize> = HashMap::new();
        for error in &errors {
            let found = by_id.get(error.subject());
            match error {
                CatalogError::Duplicate(id) => {
                    let count = repeated.entry(id).or_default();
                    *count += 1;
                    let first = found.and_then(|places| places.first());
                    let place = found.and_then(|places| places.get(*count).or(places.last()));
                    let mut fault = Fault::new(error.to_string());
                    if let Some(first) = first {
                        let (file, line) = (first.file.display(), first.mark.line);
                        fault = fault.hint(format!("its first place is {file}:{line}"));
                    }
                    faults.push(place.copied(), fault);
                }
                CatalogError::MissingParent { child, parent } => {
                    let count = orphans.entry(child).or_default();
                    let place = found.and_then(|places| places.get(*count));
                    *count += 1;
                    if !unidentified {
                        let fault = Fault::new(error.to_string());
                        faults.push(place.copied(), with_nearest(fault, parent, &places));
                    }
                }
            }
        }
        (Catalog::default(), None)
    }
}

/// Adds which id of the same kind may be meant, or what to add.
fn with_nearest(fault: Fault, missing: &AnyId, places: &[(AnyId, Place)]) -> Fault {
    let same_kind = |id: &AnyId| std::mem::discriminant(id) == std::mem::discriminant(missing);
    let known: Vec<String> = places
        .iter()
        .map(|(id, _)| id)
        .filter(|id| same_kind(id))
        // Comparing costs; a catalog of thousands needs no guess.
        .take(200)
        .map(ToString::to_string)
        .collect();
    match suggest::nearest(&missing.to_string(), known.iter().map(String::as_str)) {
        Some(nearest) => fault.hint(format!("did you mean {nearest}?")),
        None => fault.hint(format!("add a {} with the id {missing}", kind(missing))),
    }
}

/// The kind of document that has such an id.
pub(crate) const fn kind(id: &AnyId) -> &'static str {
    match id {
        AnyId::Workspace(_) => "Workspace",
        AnyId::Provider(_) => "Provider",
        AnyId::Cluster(_) => "Cluster",
        AnyId::App(_) => "App",
    }
}
