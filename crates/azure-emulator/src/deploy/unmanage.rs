//! Deleting what a stack does not manage any more, in an order that works.

use http::Method;
use kompox_emulator_core::store::Operation as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Engine;
use super::send::Sent;
use super::tree::Managed;
use crate::arm::api_versions;
use crate::arm::id::ResourceId;
use crate::operation::Operation;
use crate::types;

/// The resources to delete, and how far each has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Unmanage {
    pub(crate) deletions: Vec<Deletion>,
}

/// One resource to delete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deletion {
    pub(crate) resource: Managed,
    /// Places of those that go first.
    waits: Vec<usize>,
    pub(crate) fate: Fate,
}

/// How far a deletion has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Fate {
    Waiting,
    /// With its operation; without one it never ends.
    Running(Option<String>),
    Gone,
    /// With the error.
    Failed(Value),
    /// A group in which something could not be deleted: it is not tried.
    Spared,
}

fn key(id: &str) -> String {
    ResourceId::parse(id).map_or_else(|| id.to_lowercase(), |id| id.key())
}

/// Whether an id is that of a resource group.
pub(super) fn is_group(id: &str) -> bool {
    ResourceId::parse(id).is_some_and(|id| id.group.is_some() && id.providers.is_empty())
}

impl Unmanage {
    /// What is below something goes before it, what was made after something too, and groups go last.
    pub(super) fn new(resources: Vec<Managed>) -> Self {
        let keys: Vec<String> = resources.iter().map(|resource| key(&resource.id)).collect();
        let waits: Vec<Vec<usize>> = resources
            .iter()
            .enumerate()
            .map(|(place, resource)| {
                let below = format!("{}/", keys[place]);
                let group = is_group(&resource.id);
                (0..resources.len())
                    .filter(|other| *other != place)
                    .filter(|other| {
                        keys[*other].starts_with(&below)
                            || resources[*other].needs.contains(&keys[place])
                            || (group && !is_group(&resources[*other].id))
                    })
                    .collect()
            })
            .collect();
        let deletions = resources
            .into_iter()
            .zip(waits)
            .map(|(resource, waits)| Deletion {
                resource,
                waits,
                fate: Fate::Waiting,
            })
            .collect();
        Self { deletions }
    }

    /// Lower-cased ids of what is being deleted.
    pub(super) fn running(&self) -> Vec<String> {
        self.deletions
            .iter()
            .filter(|deletion| matches!(deletion.fate, Fate::Running(_)))
            .map(|deletion| key(&deletion.resource.id))
            .collect()
    }

    /// Whether all have come to an end.
    pub(super) fn is_over(&self) -> bool {
        self.deletions
            .iter()
            .all(|deletion| !matches!(deletion.fate, Fate::Waiting | Fate::Running(_)))
    }

    /// `{id, error}` of those that could not be deleted.
    pub(super) fn failures(&self) -> Vec<Value> {
        self.deletions
            .iter()
            .filter_map(|deletion| match &deletion.fate {
                Fate::Failed(error) => Some(json!({ "id": deletion.resource.id, "error": error })),
                _ => None,
            })
            .collect()
    }

    fn is_ended(&self, place: usize) -> bool {
        self.deletions
            .get(place)
            .is_none_or(|deletion| !matches!(deletion.fate, Fate::Waiting | Fate::Running(_)))
    }
}

impl Engine<'_> {
    /// Moves deletions on, and says whether anything changed.
    pub(super) fn advance_deletions(&mut self, unmanage: &mut Unmanage) -> bool {
        let mut changed = false;
        for deletion in &mut unmanage.deletions {
            let Fate::Running(Some(operation)) = &deletion.fate else {
                continue;
            };
            let failure = match self.state.operations.get::<Operation>(operation) {
                Some(operation) if operation.is_running() => continue,
                Some(operation) => operation.failure(),
                None => None,
            };
            deletion.fate = failure.map_or(Fate::Gone, Fate::Failed);
            changed = true;
        }
        let ready: Vec<usize> = (0..unmanage.deletions.len())
            .filter(|place| unmanage.deletions[*place].fate == Fate::Waiting)
            .filter(|place| {
                unmanage.deletions[*place]
                    .waits
                    .iter()
                    .all(|other| unmanage.is_ended(*other))
            })
            .collect();
        for place in ready {
            let id = unmanage.deletions[place].resource.id.clone();
            let below = format!("{}/", key(&id));
            let blocked = is_group(&id)
                && unmanage.deletions.iter().any(|other| {
                    matches!(other.fate, Fate::Failed(_)) && key(&other.resource.id).starts_with(&below)
                });
            let version = unmanage.deletions[place].resource.version.clone();
            unmanage.deletions[place].fate = if blocked {
                Fate::Spared
            } else {
                self.delete(&id, version)
            };
            changed = true;
        }
        changed
    }

    fn delete(&mut self, id: &str, version: Option<String>) -> Fate {
        let version = version.unwrap_or_else(|| version_of(id).to_owned());
        match self.send(&Method::DELETE, id, &version, None, None) {
            Sent::Done(_) => Fate::Gone,
            Sent::Started(operation, _) => Fate::Running(Some(operation)),
            // It is gone already, with its group perhaps.
            Sent::Refused(404, _) => Fate::Gone,
            Sent::Refused(_, error) => Fate::Failed(error),
            Sent::Lost => Fate::Running(None),
        }
    }
}

/// An api-version that a type takes, where the template's is not known.
fn version_of(id: &str) -> &'static str {
    let kind = ResourceId::parse(id).map(|id| id.kind()).unwrap_or_default();
    let kind = kind.to_lowercase();
    types::by_kind(&kind)
        .map(|kind| kind.info().versions)
        .or_else(|| api_versions::of_built_in(&kind))
        .and_then(|versions| versions.first())
        .copied()
        .unwrap_or_default()
}
