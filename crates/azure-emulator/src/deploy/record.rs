//! What is kept of a deployment: its template, what its expressions see, and how far each resource has come.

use kompox_arm_template::context::DeploymentContext;
use kompox_arm_template::parameters;
use kompox_arm_template::plan::Planned;
use kompox_emulator_core::json::timestamp;
use kompox_emulator_core::store::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{DEPLOYMENTS, Gate};
use crate::arm::id::ResourceId;

/// A deployment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    /// The group or subscription it deploys to.
    pub(crate) scope: String,
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Value>,
    pub(crate) template: Value,
    pub(crate) template_hash: String,
    /// Values of its own parameters, for those who ask.
    pub(crate) parameters: Map<String, Value>,
    pub(crate) surroundings: DeploymentContext,
    pub(crate) correlation: String,
    pub(crate) started: i64,
    /// Its own operation.
    pub(crate) operation: String,
    pub(crate) gate: Gate,
    pub(crate) state: Phase,
    pub(crate) ended: i64,
    pub(crate) outputs: Value,
    /// Code, message and details, once it has failed.
    pub(crate) error: Option<Value>,
    pub(crate) steps: Vec<Step>,
    /// The name of the operation that evaluates the outputs, once that was done.
    pub(crate) output_step: Option<OutputStep>,
}

/// How far a deployment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    Accepted,
    Running,
    Succeeded,
    Failed,
    Canceled,
}

impl Phase {
    /// Whether it is over.
    pub(crate) fn is_terminal(self) -> bool {
        !matches!(self, Self::Accepted | Self::Running)
    }
}

/// The evaluation of the outputs: an operation without a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OutputStep {
    name: String,
    ended: i64,
    error: Option<Value>,
}

impl OutputStep {
    /// What became of it.
    pub(super) fn new(now: i64, error: Option<Value>) -> Self {
        Self {
            name: operation_name(),
            ended: now,
            error,
        }
    }
}

/// One resource of a deployment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) planned: Planned,
    /// Name of the deployment's operation.
    pub(crate) name: String,
    pub(crate) progress: Progress,
    pub(crate) started: i64,
    pub(crate) ended: i64,
    /// `OK`, `Created`, `Conflict` and the like.
    pub(crate) status: String,
    /// What `statusMessage` tells of a failure.
    pub(crate) message: Option<Value>,
}

/// How far a resource has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// For what it depends on.
    Waiting,
    /// With the operation that its write started; without one it never ends.
    Running(Option<String>),
    Succeeded,
    Failed,
    /// What it depends on has failed: it was never started.
    Blocked,
    /// Its condition is false.
    Skipped,
    /// It is there already, and only referred to.
    Existing,
}

impl Step {
    /// A resource that waits.
    pub(crate) fn new(planned: Planned) -> Self {
        let progress = match (planned.enabled, planned.existing) {
            (false, _) => Progress::Skipped,
            (true, true) => Progress::Existing,
            (true, false) => Progress::Waiting,
        };
        Self {
            planned,
            name: operation_name(),
            progress,
            started: 0,
            ended: 0,
            status: String::new(),
            message: None,
        }
    }

    /// The lower-cased id of the resource whose operation is under way.
    pub(crate) fn running(&self) -> Option<String> {
        matches!(self.progress, Progress::Running(_)).then(|| self.key())
    }

    /// The lower-cased id of its resource.
    pub(crate) fn key(&self) -> String {
        ResourceId::parse(&self.planned.id).map_or_else(|| self.planned.id.to_lowercase(), |id| id.key())
    }

    fn operation(&self, deployment: &str, now: i64) -> Option<Value> {
        let state = match self.progress {
            Progress::Waiting | Progress::Blocked | Progress::Skipped | Progress::Existing => return None,
            Progress::Running(_) => "Running",
            Progress::Succeeded => "Succeeded",
            Progress::Failed => "Failed",
        };
        let ended = if self.ended == 0 { now } else { self.ended };
        let planned = &self.planned;
        let mut properties = json!({
            "provisioningOperation": "Create",
            "provisioningState": state,
            "timestamp": timestamp(ended),
            "duration": duration(ended - self.started),
            "trackingId": self.name,
            "targetResource": {
                "id": planned.id,
                "resourceType": planned.kind,
                "resourceName": planned.name,
                "apiVersion": planned.api_version,
            },
        });
        if !self.status.is_empty() {
            properties["statusCode"] = self.status.clone().into();
        }
        if let Some(message) = &self.message {
            properties["statusMessage"] = message.clone();
        }
        Some(json!({
            "id": format!("{deployment}/operations/{}", self.name),
            "operationId": self.name,
            "properties": properties,
        }))
    }
}

/// Sixteen hexadecimal digits.
fn operation_name() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    id.chars().take(16).collect()
}

/// A duration as ARM writes it.
pub(crate) fn duration(ticks: i64) -> String {
    let ticks = ticks.max(0);
    let (hours, rest) = (ticks / 36_000_000_000, ticks % 36_000_000_000);
    let (minutes, rest) = (rest / 600_000_000, rest % 600_000_000);
    let (seconds, fraction) = (rest / 10_000_000, rest % 10_000_000);
    let mut text = String::from("PT");
    if hours > 0 {
        text = format!("{text}{hours}H");
    }
    if minutes > 0 {
        text = format!("{text}{minutes}M");
    }
    let seconds = if fraction == 0 {
        seconds.to_string()
    } else {
        format!("{seconds}.{fraction:07}")
            .trim_end_matches('0')
            .to_owned()
    };
    format!("{text}{seconds}S")
}

impl Deployment {
    /// The record of a deployment by lower-cased id.
    pub(crate) fn load(state: &State, key: &str) -> Option<Self> {
        state.records.get(key)
    }

    /// Its lower-cased id.
    pub(crate) fn key(&self) -> String {
        self.id.to_lowercase()
    }

    /// Keeps it.
    pub(crate) fn store(&self, state: &mut State) {
        state.records.set(&self.key(), self);
    }

    /// Keeps it and shows it.
    pub(crate) fn publish(&self, state: &mut State, now: i64) {
        self.store(state);
        let document = self.document(now);
        state.documents.put(&self.key(), DEPLOYMENTS, &document, now);
    }

    /// The deployment as it is answered.
    fn document(&self, now: i64) -> Value {
        let ended = if self.ended == 0 { now } else { self.ended };
        let mut properties = json!({
            "provisioningState": format!("{:?}", self.state),
            "mode": "Incremental",
            "correlationId": self.correlation,
            "timestamp": timestamp(ended),
            "duration": duration(ended - self.started),
            "templateHash": self.template_hash,
            "parameters": parameters::shown(&self.template, &self.parameters),
            "providers": [],
            "dependencies": self.dependencies(),
        });
        if !self.outputs.is_null() {
            properties["outputs"] = self.outputs.clone();
        }
        if self.state == Phase::Succeeded {
            properties["outputResources"] = self
                .steps
                .iter()
                .filter(|step| step.progress == Progress::Succeeded)
                .map(|step| json!({ "id": step.planned.id }))
                .collect();
        }
        if let Some(error) = &self.error {
            properties["error"] = error.clone();
        }
        let mut document = json!({
            "id": self.id,
            "name": self.id.rsplit('/').next(),
            "type": "Microsoft.Resources/deployments",
            "properties": properties,
        });
        if let Some(location) = &self.location {
            document["location"] = location.clone().into();
        }
        if let Some(tags) = &self.tags {
            document["tags"] = tags.clone();
        }
        document
    }

    fn dependencies(&self) -> Value {
        let shown = |step: &Step| {
            json!({
                "id": step.planned.id,
                "resourceType": step.planned.kind,
                "resourceName": step.planned.name,
            })
        };
        self.steps
            .iter()
            .filter(|step| !step.planned.needs.is_empty())
            .map(|step| {
                let mut entry = shown(step);
                let needs = step.planned.needs.iter();
                entry["dependsOn"] = needs
                    .filter_map(|need| self.steps.get(*need))
                    .map(shown)
                    .collect();
                entry
            })
            .collect()
    }

    /// Its operations as they are answered.
    pub(crate) fn operations(&self, now: i64) -> Vec<Value> {
        let steps = self.steps.iter().filter_map(|step| step.operation(&self.id, now));
        let outputs = self.output_step.iter().map(|step| {
            let mut properties = json!({
                "provisioningOperation": "EvaluateDeploymentOutput",
                "provisioningState": if step.error.is_some() { "Failed" } else { "Succeeded" },
                "timestamp": timestamp(step.ended),
                "duration": duration(0),
                "trackingId": step.name,
                "statusCode": if step.error.is_some() { "BadRequest" } else { "OK" },
            });
            if let Some(error) = &step.error {
                properties["statusMessage"] = json!({ "error": error });
            }
            json!({
                "id": format!("{}/operations/{}", self.id, step.name),
                "operationId": step.name,
                "properties": properties,
            })
        });
        steps.chain(outputs).collect()
    }
}

/// A number that is the same for the same template.
pub(crate) fn template_hash(template: &Value) -> String {
    let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, template.to_string().as_bytes());
    hash.as_u64_pair().0.to_string()
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_written_as_iso_8601_says() {
        assert_eq!(duration(0), "PT0S");
        assert_eq!(duration(15_000_000), "PT1.5S");
        assert_eq!(duration(37_210_000_001), "PT1H2M1.0000001S");
    }
}
