//! One Deployment Stack: from its template over a deployment to the resources it manages.

use http::Method;
use kompox_emulator_core::faults::Outcome;
use kompox_emulator_core::json::{fields, set_property};
use kompox_emulator_core::store::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::{Deployment, duration};
use super::send::Sent;
use super::tree::{Managed, harvest};
use super::unmanage::{Fate, Unmanage, is_group};
use super::{Engine, Gate, STACKS};
use crate::arm::deployments::Origin;
use crate::operation::{self, Operation};

/// What is kept of a stack besides its document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StackRecord {
    pub(crate) template: Value,
    /// As given.
    pub(crate) parameters: Value,
    pub(crate) correlation: String,
    pub(crate) started: i64,
    pub(crate) operation: String,
    pub(crate) gate: Gate,
    pub(crate) phase: Phase,
    /// Id of the deployment, once it was started.
    pub(crate) deployment: Option<String>,
    /// Where the deployment goes.
    pub(crate) scope: String,
    pub(crate) on_unmanage: OnUnmanage,
    /// What the stack managed when it was last at rest.
    pub(crate) managed: Vec<Managed>,
    pub(crate) unmanage: Unmanage,
    /// What it manages once the deletions are through.
    goal: Vec<Managed>,
    detached: Vec<String>,
}

/// How far a stack has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    #[serde(alias = "Creating")]
    Initializing,
    Validating,
    Deploying,
    /// After a deployment.
    DeletingResources,
    /// The stack itself goes.
    Deleting,
    AtRest,
}

/// What happens to resources that are not managed any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OnUnmanage {
    pub(crate) delete_resources: bool,
    pub(crate) delete_groups: bool,
}

impl OnUnmanage {
    fn deletes(self, id: &str) -> bool {
        if is_group(id) {
            self.delete_groups
        } else {
            self.delete_resources
        }
    }
}

impl StackRecord {
    /// Of a stack that is put.
    pub(crate) fn put(template: Value, parameters: Value, scope: String, on_unmanage: OnUnmanage) -> Self {
        Self {
            template,
            parameters,
            correlation: String::new(),
            started: 0,
            operation: String::new(),
            gate: Gate::default(),
            phase: Phase::Initializing,
            deployment: None,
            scope,
            on_unmanage,
            managed: Vec::new(),
            unmanage: Unmanage::default(),
            goal: Vec::new(),
            detached: Vec::new(),
        }
    }

    /// Sets out what a DELETE does to what the stack manages.
    pub(crate) fn unmanage_for_delete(&mut self, managed: Vec<Managed>, on_unmanage: OnUnmanage) {
        let (delete, detach): (Vec<Managed>, Vec<Managed>) = managed
            .into_iter()
            .partition(|managed| on_unmanage.deletes(&managed.id));
        self.unmanage = Unmanage::new(delete);
        // Should the deletion fail, the stack goes on managing these.
        self.goal = detach;
    }

    /// The record of a stack by lower-cased id.
    pub(crate) fn load(state: &State, key: &str) -> Option<Self> {
        state.records.get(key)
    }

    /// Keeps it.
    pub(crate) fn store(&self, state: &mut State, key: &str) {
        state.records.set(key, self);
    }

    /// Lower-cased id of the deployment that runs.
    pub(crate) fn deployment_key(&self) -> Option<String> {
        let deploying = self.phase == Phase::Deploying;
        self.deployment
            .as_ref()
            .filter(|_| deploying)
            .map(|id| id.to_lowercase())
    }
}

/// What a stack manages: what its document says, with what more is known of it.
pub(crate) fn managed(state: &State, key: &str) -> Vec<Managed> {
    let known = StackRecord::load(state, key).map_or_else(Vec::new, |record| record.managed);
    let document = state.documents.document(key).unwrap_or_default();
    document["properties"]["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["id"].as_str())
        .map(|id| {
            let known = known.iter().find(|known| known.id.eq_ignore_ascii_case(id));
            known.cloned().unwrap_or_else(|| Managed::unknown(id))
        })
        .collect()
}

fn entries<'m>(managed: impl Iterator<Item = &'m Managed>, status: &str) -> Vec<Value> {
    managed
        .map(|managed| json!({ "id": managed.id, "status": status, "denyStatus": "none" }))
        .collect()
}

fn ids(ids: impl Iterator<Item = String>) -> Vec<Value> {
    ids.map(|id| json!({ "id": id })).collect()
}

impl Engine<'_> {
    /// Moves a stack on, and says whether anything changed.
    pub(super) fn advance_stack(&mut self, key: &str) -> bool {
        let Some(mut record) = StackRecord::load(self.state, key) else {
            return self.abandon(key, "ResourceNotFound");
        };
        let moved = match record.phase {
            Phase::Initializing => {
                record.phase = Phase::Validating;
                self.show(key, "validating");
                true
            }
            Phase::Validating if record.gate.is_open(self.now) => self.deploy(key, &mut record),
            Phase::Deploying => self.after_deployment(key, &mut record),
            Phase::DeletingResources => {
                self.advance_deletions(&mut record.unmanage)
                    || (record.unmanage.is_over() && self.settle_put(key, &mut record))
            }
            Phase::Deleting if record.gate.is_open(self.now) => {
                self.show(key, "deletingResources");
                if self.advance_deletions(&mut record.unmanage) {
                    true
                } else {
                    return record.unmanage.is_over() && self.settle_delete(key, record);
                }
            }
            Phase::Validating | Phase::Deleting | Phase::AtRest => false,
        };
        if moved {
            record.store(self.state, key);
        }
        moved
    }

    fn show(&mut self, key: &str, state: &str) {
        let shown = self.state.documents.document(key).unwrap_or_default();
        if shown["properties"]["provisioningState"].as_str() != Some(state) {
            operation::set_state(self.state, key, state, self.now);
        }
    }

    /// Starts the deployment.
    fn deploy(&mut self, key: &str, record: &mut StackRecord) -> bool {
        let document = self.state.documents.document(key).unwrap_or_default();
        let name = deployment_name(document["name"].as_str().unwrap_or_default(), self.now);
        let id = format!(
            "{}/providers/Microsoft.Resources/deployments/{name}",
            record.scope
        );
        let in_group = record.scope.to_ascii_lowercase().contains("/resourcegroups/");
        let mut body = json!({
            "properties": {
                "mode": "Incremental", "template": record.template, "parameters": record.parameters
            }
        });
        if !in_group {
            body["location"] = document["location"].clone();
        }
        record.phase = Phase::Deploying;
        record.deployment = Some(id.clone());
        self.show(key, "deploying");
        self.edit(key, |properties| {
            properties["deploymentId"] = id.clone().into();
        });
        let origin = Origin {
            correlation: record.correlation.clone(),
            outer: None,
        };
        if let Sent::Refused(_, error) =
            self.send(&Method::PUT, &id, "2022-09-01", Some(&body), Some(&origin))
        {
            let failure = vec![json!({ "id": id, "error": error })];
            record.deployment = None;
            self.fail_deployment(key, record, &error, failure);
        }
        true
    }

    fn edit(&mut self, key: &str, change: impl FnOnce(&mut Value)) {
        let Some(mut document) = self.state.documents.document(key) else {
            return;
        };
        change(&mut document["properties"]);
        self.state.documents.put(key, STACKS, &document, self.now);
    }

    fn after_deployment(&mut self, key: &str, record: &mut StackRecord) -> bool {
        let Some(deployment_key) = record.deployment_key() else {
            return false;
        };
        let deployment = Deployment::load(self.state, &deployment_key);
        if deployment
            .as_ref()
            .is_some_and(|deployment| !deployment.state.is_terminal())
        {
            return false;
        }
        let error = match deployment.as_ref().map(|deployment| deployment.error.as_ref()) {
            Some(error) => error.cloned(),
            None => Some(json!({
                "code": "DeploymentNotFound", "message": "The deployment of the stack could not be found."
            })),
        };
        let harvest = harvest(self.state, &deployment_key);
        if let Some(mut error) = error {
            // The stack does not tell the cause: whoever wants it walks the operations.
            if error["code"].as_str() == Some("DeploymentFailed") {
                error["details"] = json!([]);
            }
            let mut all = managed(self.state, key);
            for deployed in harvest.deployed {
                all.retain(|known| !known.id.eq_ignore_ascii_case(&deployed.id));
                all.push(deployed);
            }
            record.managed = all;
            self.fail_deployment(key, record, &error, harvest.failed);
            return true;
        }
        let outputs = deployment.map_or(Value::Null, |deployment| deployment.outputs);
        let old = managed(self.state, key);
        let dropped: Vec<Managed> = old
            .into_iter()
            .filter(|old| {
                !harvest
                    .deployed
                    .iter()
                    .any(|new| new.id.eq_ignore_ascii_case(&old.id))
            })
            .collect();
        let (delete, detach): (Vec<Managed>, Vec<Managed>) = dropped
            .into_iter()
            .partition(|old| record.on_unmanage.deletes(&old.id));
        record.goal = harvest.deployed;
        record.detached = detach.into_iter().map(|managed| managed.id).collect();
        record.unmanage = Unmanage::new(delete);
        self.edit(key, |properties| {
            properties["outputs"] = outputs;
        });
        record.phase = Phase::DeletingResources;
        if !record.unmanage.deletions.is_empty() {
            self.show(key, "deletingResources");
        }
        true
    }

    /// The deployment has failed: nothing is deleted.
    fn fail_deployment(&mut self, key: &str, record: &mut StackRecord, error: &Value, failed: Vec<Value>) {
        let mut all = managed(self.state, key);
        for more in &record.managed {
            if !all.iter().any(|known| known.id.eq_ignore_ascii_case(&more.id)) {
                all.push(more.clone());
            }
        }
        record.managed = all;
        let whole = json!({
            "code": "DeploymentStackDeploymentFailed",
            "message": format!(
                "One or more resources could not be deployed. Correlation id: '{}'.", record.correlation
            ),
            "details": [error],
        });
        let resources = entries(record.managed.iter(), "managed");
        self.edit(key, |properties| {
            properties["resources"] = resources.into();
            properties["failedResources"] = failed.into();
        });
        self.rest(key, record, Some(whole));
    }

    /// Everything of a PUT is through.
    fn settle_put(&mut self, key: &str, record: &mut StackRecord) -> bool {
        let Some((outcome, true)) = self.may_end(record) else {
            return false;
        };
        let left = left(&record.unmanage);
        let failures = record.unmanage.failures();
        let error = match outcome {
            Outcome::Fail { code, message } => Some(json!({ "code": code, "message": message })),
            Outcome::Cancel => Some(super::canceled()),
            _ if !failures.is_empty() => Some(delete_error(&failures, &record.correlation)),
            _ => None,
        };
        let mut resources = entries(record.goal.iter(), "managed");
        resources.extend(left.1);
        let gone = gone(&record.unmanage);
        let detached = ids(record.detached.iter().cloned());
        let took = duration(self.now - record.started);
        let good = error.is_none();
        self.edit(key, |properties| {
            properties["resources"] = resources.into();
            properties["deletedResources"] = gone.into();
            properties["detachedResources"] = detached.into();
            properties["failedResources"] = failures.into();
            if good {
                properties["duration"] = took.into();
            }
        });
        record.managed = std::mem::take(&mut record.goal);
        record.managed.extend(left.0);
        self.rest(key, record, error);
        true
    }

    /// Everything of a DELETE is through.
    fn settle_delete(&mut self, key: &str, mut record: StackRecord) -> bool {
        let Some((outcome, true)) = self.may_end(&record) else {
            return false;
        };
        let failures = record.unmanage.failures();
        let error = match outcome {
            Outcome::Fail { code, message } => Some(json!({ "code": code, "message": message })),
            Outcome::Cancel => Some(super::canceled()),
            _ if !failures.is_empty() => Some(delete_error(&failures, &record.correlation)),
            _ => None,
        };
        if error.is_none() {
            self.state.remove(key);
            operation::finish(self.state, &record.operation, None, false, self.now);
            return true;
        }
        let (managed, mut resources) = left(&record.unmanage);
        let kept = std::mem::take(&mut record.goal);
        resources.extend(entries(kept.iter(), "managed"));
        let gone = gone(&record.unmanage);
        self.edit(key, |properties| {
            properties["resources"] = resources.into();
            properties["deletedResources"] = gone.into();
            properties["detachedResources"] = json!([]);
            properties["failedResources"] = failures.into();
        });
        record.managed = managed;
        record.managed.extend(kept);
        self.rest(key, &mut record, error);
        record.store(self.state, key);
        true
    }

    fn may_end(&self, record: &StackRecord) -> Option<(Outcome, bool)> {
        let operation = self.state.operations.get::<Operation>(&record.operation)?;
        Some((operation.outcome().clone(), operation.may_end(self.now)))
    }

    /// Ends the stack's operation.
    fn rest(&mut self, key: &str, record: &mut StackRecord, error: Option<Value>) {
        let canceled = error
            .as_ref()
            .is_some_and(|error| error["code"].as_str() == Some("DeploymentCanceled"));
        let state = match &error {
            None => "succeeded",
            Some(_) if canceled => "canceled",
            Some(_) => "failed",
        };
        record.phase = Phase::AtRest;
        record.unmanage = Unmanage::default();
        record.goal = Vec::new();
        if let Some(mut document) = self.state.documents.document(key) {
            set_property(&mut document, "provisioningState", state);
            match &error {
                Some(error) => set_property(&mut document, "error", error.clone()),
                None => {
                    fields(&mut document["properties"]).remove("error");
                }
            }
            self.state.documents.put(key, STACKS, &document, self.now);
        }
        operation::finish(self.state, &record.operation, error, canceled, self.now);
    }
}

/// What the stack still has of what it was to delete: known, and as it is shown.
fn left(unmanage: &Unmanage) -> (Vec<Managed>, Vec<Value>) {
    let mut known = Vec::new();
    let mut shown = Vec::new();
    for deletion in &unmanage.deletions {
        let status = match deletion.fate {
            Fate::Failed(_) => "deleteFailed",
            Fate::Spared => "managed",
            _ => continue,
        };
        known.push(deletion.resource.clone());
        shown.extend(entries(std::iter::once(&deletion.resource), status));
    }
    (known, shown)
}

fn gone(unmanage: &Unmanage) -> Vec<Value> {
    ids(unmanage
        .deletions
        .iter()
        .filter(|deletion| deletion.fate == Fate::Gone)
        .map(|deletion| deletion.resource.id.clone()))
}

fn delete_error(failures: &[Value], correlation: &str) -> Value {
    let details: Vec<Value> = failures
        .iter()
        .map(|failure| {
            let mut error = failure["error"].clone();
            if error.get("target").is_none() {
                error["target"] = failure["id"].clone();
            }
            error
        })
        .collect();
    json!({
        "code": "DeploymentStackDeleteResourcesFailed",
        "message": format!("One or more resources could not be deleted. Correlation id: '{correlation}'."),
        "details": details,
    })
}

/// `{stack}-{yyMMddHH}{five characters}`, within what a deployment's name may be long.
fn deployment_name(stack: &str, now: i64) -> String {
    // `2026-11-21T13:…` without what separates it, from the year's third digit to the hour.
    let digits: String = kompox_emulator_core::json::timestamp(now)
        .chars()
        .filter(char::is_ascii_digit)
        .skip(2)
        .take(8)
        .collect();
    let random: String = uuid::Uuid::new_v4()
        .simple()
        .to_string()
        .chars()
        .take(5)
        .collect();
    let stack: String = stack.chars().take(50).collect();
    format!("{stack}-{digits}{random}")
}
