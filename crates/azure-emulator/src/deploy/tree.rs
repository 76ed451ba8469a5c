//! What a deployment and those below it have brought about: the resources of a stack.

use kompox_emulator_core::store::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::{Deployment, Progress, Step};

/// A resource that a stack manages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Managed {
    pub(crate) id: String,
    /// The api-version it was written with; none where that is not known.
    pub(crate) version: Option<String>,
    /// Lower-cased ids of the resources it was made after.
    pub(crate) needs: Vec<String>,
}

impl Managed {
    /// A resource of which nothing but the id is known.
    pub(crate) fn unknown(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: None,
            needs: Vec::new(),
        }
    }
}

/// What a tree of deployments has brought about.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    /// In the order in which they were done.
    pub(super) deployed: Vec<Managed>,
    /// `{id, error}` of the resources that failed.
    pub(super) failed: Vec<Value>,
}

/// The harvest of a deployment by lower-cased id.
pub(super) fn harvest(state: &State, key: &str) -> Harvest {
    let mut harvest = Harvest::default();
    if let Some(deployment) = Deployment::load(state, key) {
        add(state, &deployment, &[], &mut harvest);
    }
    harvest
}

/// `after`: what everything in this deployment was made after.
fn add(state: &State, deployment: &Deployment, after: &[String], harvest: &mut Harvest) {
    let mut order: Vec<usize> = (0..deployment.steps.len()).collect();
    order.sort_by_key(|place| (deployment.steps[*place].ended, *place));
    for place in order {
        let step = &deployment.steps[place];
        let mut needs = after.to_vec();
        for need in &step.planned.needs {
            resources_of(state, deployment, *need, &mut needs);
        }
        needs.sort_unstable();
        needs.dedup();
        if let Some(child) = child(state, deployment, step) {
            let before = harvest.failed.len();
            add(state, &child, &needs, harvest);
            if step.progress == Progress::Failed && harvest.failed.len() == before {
                harvest.failed.push(failure(step));
            }
            continue;
        }
        match step.progress {
            Progress::Failed => harvest.failed.push(failure(step)),
            Progress::Succeeded if !step.planned.is_deployment() => harvest.deployed.push(Managed {
                id: step.planned.id.clone(),
                version: Some(step.planned.api_version.clone()),
                needs,
            }),
            _ => {}
        }
    }
}

/// The deployment that a step has started in the same run.
fn child(state: &State, deployment: &Deployment, step: &Step) -> Option<Deployment> {
    if !step.planned.is_deployment() {
        return None;
    }
    Deployment::load(state, &step.key()).filter(|child| child.correlation == deployment.correlation)
}

/// The resources that a step stands for: of one that stands for none, those before it.
fn resources_of(state: &State, deployment: &Deployment, place: usize, found: &mut Vec<String>) {
    let Some(step) = deployment.steps.get(place) else {
        return;
    };
    let before = found.len();
    match child(state, deployment, step) {
        Some(child) => {
            for place in 0..child.steps.len() {
                resources_of(state, &child, place, found);
            }
        }
        None if step.progress == Progress::Succeeded && !step.planned.is_deployment() => {
            found.push(step.key());
        }
        None => {}
    }
    if found.len() == before {
        for need in &step.planned.needs {
            resources_of(state, deployment, *need, found);
        }
    }
}

fn failure(step: &Step) -> Value {
    let message = step.message.as_ref();
    json!({
        "id": step.planned.id,
        "error": message.map(|message| message["error"].clone()).unwrap_or_default(),
    })
}
