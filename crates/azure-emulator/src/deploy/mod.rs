//! Deployments and Deployment Stacks: what they start, when, and what becomes of them.
//!
//! Nothing runs in the background: whenever anybody asks for anything, what is due is done first. How far a
//! deployment has come is kept with the resources, so that it goes on after a kill by the same rules.

pub(crate) mod deployed;
pub(crate) mod preflight;
pub(crate) mod record;
mod run;
pub(crate) use run::canceled;
mod send;
pub(crate) mod stack;
pub(crate) mod surroundings;
mod tree;
mod unmanage;

use std::sync::{Mutex, PoisonError};

use kompox_emulator_core::faults::ActivePlan;
use kompox_emulator_core::json;
use kompox_emulator_core::store::State;
use serde::{Deserialize, Serialize};

use crate::context::Environment;
use crate::operation::{self, Operation, Work};
use record::Deployment;
use stack::StackRecord;

/// The moment at which deployments move on.
pub(crate) struct Engine<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) environment: &'a Environment,
    plan: &'a Mutex<ActivePlan>,
    /// Ticks since the epoch.
    pub(crate) now: i64,
}

/// What must pass before something goes on: time and looks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Gate {
    due: i64,
    looks: u32,
}

impl Gate {
    /// As long as a deployment takes for itself.
    pub(crate) fn new(environment: &Environment, now: i64) -> Self {
        let timing = &environment.options.timing;
        Self {
            due: now.saturating_add(json::ticks(timing.deployment)),
            looks: timing.polls,
        }
    }

    fn is_open(&self, now: i64) -> bool {
        self.looks == 0 && now >= self.due
    }

    fn look(&mut self) {
        self.looks = self.looks.saturating_sub(1);
    }
}

/// Lower-cased type of a stored deployment.
pub(crate) const DEPLOYMENTS: &str = "microsoft.resources/deployments";
/// Lower-cased type of a stored stack.
pub(crate) const STACKS: &str = "microsoft.resources/deploymentstacks";

/// Ends every operation that is due, and moves on every deployment and stack that can. `look` is shown each state on
/// the way.
pub(crate) fn settle(
    state: &mut State,
    environment: &Environment,
    plan: &Mutex<ActivePlan>,
    now: i64,
    look: &mut dyn FnMut(&State),
) {
    loop {
        operation::settle(state, environment, now, look);
        let mut targets: Vec<(i64, String)> = state
            .operations
            .running()
            .into_iter()
            .filter_map(|id| {
                let operation = state.operations.get::<Operation>(&id)?;
                matches!(operation.work, Work::Deploy).then(|| (operation.started, operation.target.clone()))
            })
            .collect();
        targets.sort_unstable();
        let mut moved = false;
        for (_, key) in targets {
            let mut engine = Engine {
                state: &mut *state,
                environment,
                plan,
                now,
            };
            moved |= if is_stack(&key) {
                engine.advance_stack(&key)
            } else {
                engine.advance_deployment(&key)
            };
        }
        if !moved {
            return;
        }
    }
}

fn is_stack(key: &str) -> bool {
    key.contains("/providers/microsoft.resources/deploymentstacks/")
}

/// Counts one look at a deployment or a stack towards everything that runs because of it.
pub(crate) fn look_below(state: &mut State, key: &str) {
    let mut running = Vec::new();
    if is_stack(key) {
        let Some(mut record) = StackRecord::load(state, key) else {
            return;
        };
        record.gate.look();
        record.store(state, key);
        running.extend(record.deployment_key());
        running.extend(record.unmanage.running());
    } else {
        let Some(mut record) = Deployment::load(state, key) else {
            return;
        };
        record.gate.look();
        record.store(state);
        running.extend(record.steps.iter().filter_map(record::Step::running));
    }
    for target in running {
        operation::look_at_target(state, &target);
    }
}

impl Engine<'_> {
    fn plan(&self) -> std::sync::MutexGuard<'_, ActivePlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
