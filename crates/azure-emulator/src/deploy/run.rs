//! One deployment, step by step.

use http::Method;
use kompox_arm_template::document::is_inner;
use kompox_arm_template::error::TemplateError;
use kompox_arm_template::evaluator::Evaluator;
use kompox_arm_template::outputs;
use kompox_emulator_core::faults::Outcome;
use kompox_emulator_core::store::Operation as _;
use serde_json::{Value, json};

use super::Engine;
use super::deployed::Resources;
use super::record::{Deployment, OutputStep, Phase, Progress, Step};
use super::send::{Sent, status_name};
use crate::arm::deployments::Origin;
use crate::operation::{self, Operation};

/// What ARM says of a deployment of which a resource has failed.
const AT_LEAST_ONE: &str = "At least one resource deployment operation failed. Please list deployment operations for \
                            details. Please see https://aka.ms/arm-deployment-operations for usage details.";

impl Engine<'_> {
    /// Moves a deployment on, and says whether anything changed.
    pub(super) fn advance_deployment(&mut self, key: &str) -> bool {
        let Some(mut deployment) = Deployment::load(self.state, key) else {
            return self.abandon(key, "DeploymentNotFound");
        };
        let mut changed = false;
        // As far as it goes: a record is written once for all that happens at one moment.
        loop {
            let moved = match deployment.state {
                Phase::Accepted if deployment.gate.is_open(self.now) => {
                    deployment.state = Phase::Running;
                    true
                }
                Phase::Running => self.run(&mut deployment),
                _ => false,
            };
            if !moved {
                break;
            }
            changed = true;
        }
        if changed {
            deployment.publish(self.state, self.now);
        }
        changed
    }

    /// The resource is gone, with its group or because somebody took it away: its operation ends with it.
    pub(super) fn abandon(&mut self, key: &str, code: &str) -> bool {
        let gone = json!({ "code": code, "message": format!("'{key}' could not be found.") });
        for operation in self.state.operations.running_on(key) {
            operation::finish(self.state, &operation, Some(gone.clone()), true, self.now);
        }
        true
    }

    fn run(&mut self, deployment: &mut Deployment) -> bool {
        let mut changed = false;
        for place in 0..deployment.steps.len() {
            changed |= self.look_after(&mut deployment.steps[place]);
        }
        for place in 0..deployment.steps.len() {
            if deployment.steps[place].progress != Progress::Waiting {
                continue;
            }
            let needs = &deployment.steps[place].planned.needs;
            let progress: Vec<&Progress> = needs
                .iter()
                .filter_map(|need| deployment.steps.get(*need))
                .map(|step| &step.progress)
                .collect();
            if progress
                .iter()
                .any(|progress| matches!(progress, Progress::Failed | Progress::Blocked))
            {
                deployment.steps[place].progress = Progress::Blocked;
                changed = true;
            } else if progress.iter().all(|progress| {
                matches!(
                    progress,
                    Progress::Succeeded | Progress::Skipped | Progress::Existing
                )
            }) {
                self.start(deployment, place);
                changed = true;
            }
        }
        let over = deployment
            .steps
            .iter()
            .all(|step| !matches!(step.progress, Progress::Waiting | Progress::Running(_)));
        if over && !changed {
            return self.end(deployment);
        }
        changed
    }

    /// Whether a step that runs has ended.
    fn look_after(&self, step: &mut Step) -> bool {
        let Progress::Running(Some(running)) = &step.progress else {
            return false;
        };
        let failure = match self.state.operations.get::<Operation>(running) {
            Some(operation) if operation.is_running() => return false,
            Some(operation) => operation.failure(),
            // Forgotten, as old operations are.
            None => None,
        };
        match failure {
            None => {
                step.progress = Progress::Succeeded;
                step.ended = self.now;
                if step.status == "Accepted" {
                    "OK".clone_into(&mut step.status);
                }
            }
            Some(error) => {
                let target = step.planned.id.clone();
                let whole = json!({
                    "status": "Failed",
                    "error": {
                        "code": "ResourceDeploymentFailure",
                        "target": target,
                        "message": "The resource write operation failed to complete successfully, because it reached \
                                    terminal provisioning state 'Failed'.",
                        "details": [error],
                    }
                });
                self.fail(step, 409, whole);
            }
        }
        true
    }

    fn fail(&self, step: &mut Step, status: u16, message: Value) {
        step.progress = Progress::Failed;
        step.ended = self.now;
        step.status = status_name(status);
        step.message = Some(message);
    }

    /// Sends the write of a step.
    fn start(&mut self, deployment: &mut Deployment, place: usize) {
        let evaluated = {
            let resources = Resources {
                state: self.state,
                environment: self.environment,
                now: self.now,
                deployment,
            };
            let evaluator = Evaluator::deployed(&deployment.surroundings, &resources);
            deployment.steps[place].planned.evaluated(&evaluator)
        };
        let (correlation, surroundings) = (deployment.correlation.clone(), deployment.surroundings.clone());
        let step = &mut deployment.steps[place];
        step.started = self.now;
        let body = match evaluated {
            Ok(body) => body,
            Err(problem) => {
                let error = unprocessable(&step.planned.id, &problem);
                self.fail(step, 400, json!({ "error": error }));
                return;
            }
        };
        let origin = step.planned.is_deployment().then(|| Origin {
            correlation,
            outer: (!is_inner(&body["properties"])).then_some(surroundings),
        });
        let sent = self.send(
            &Method::PUT,
            &step.planned.id,
            &step.planned.api_version,
            Some(&body),
            origin.as_ref(),
        );
        match sent {
            Sent::Done(status) => {
                step.progress = Progress::Succeeded;
                step.ended = self.now;
                step.status = status_name(status);
            }
            Sent::Started(operation, status) => {
                step.progress = Progress::Running(Some(operation));
                step.status = status_name(status);
            }
            Sent::Refused(status, error) => self.fail(step, status, json!({ "error": error })),
            Sent::Lost => step.progress = Progress::Running(None),
        }
    }

    /// All resources have ended.
    fn end(&mut self, deployment: &mut Deployment) -> bool {
        let Some(own) = self.state.operations.get::<Operation>(&deployment.operation) else {
            return false;
        };
        if !own.may_end(self.now) {
            return false;
        }
        let outcome = own.outcome().clone();
        let failures: Vec<Value> = deployment
            .steps
            .iter()
            .filter(|step| step.progress == Progress::Failed)
            .filter_map(|step| step.message.as_ref().map(|message| message["error"].clone()))
            .collect();
        let target = deployment.id.clone();
        let (phase, error) = match outcome {
            Outcome::Fail { code, message } => (
                Phase::Failed,
                Some(json!({ "code": code, "message": message, "target": target })),
            ),
            Outcome::Cancel => (Phase::Canceled, Some(canceled())),
            Outcome::Succeed | Outcome::Stuck if !failures.is_empty() => (
                Phase::Failed,
                Some(json!({
                    "code": "DeploymentFailed", "target": target, "message": AT_LEAST_ONE, "details": failures
                })),
            ),
            Outcome::Succeed | Outcome::Stuck => match self.outputs(deployment) {
                Ok(outputs) => {
                    deployment.outputs = outputs;
                    deployment.output_step = Some(OutputStep::new(self.now, None));
                    (Phase::Succeeded, None)
                }
                Err(problem) => {
                    let error = json!({
                        "code": "DeploymentOutputEvaluationFailed",
                        "target": target,
                        "message": format!("Unable to evaluate template outputs: {}.", problem.message),
                    });
                    deployment.output_step = Some(OutputStep::new(self.now, Some(error.clone())));
                    (Phase::Failed, Some(error))
                }
            },
        };
        deployment.state = phase;
        deployment.ended = self.now;
        deployment.error.clone_from(&error);
        let was_canceled = phase == Phase::Canceled;
        operation::finish(self.state, &deployment.operation, error, was_canceled, self.now);
        true
    }

    fn outputs(&self, deployment: &Deployment) -> Result<Value, TemplateError> {
        let resources = Resources {
            state: self.state,
            environment: self.environment,
            now: self.now,
            deployment,
        };
        outputs::evaluate(
            &deployment.template,
            &Evaluator::deployed(&deployment.surroundings, &resources),
        )
    }
}

/// The error of a deployment that was canceled.
pub(crate) fn canceled() -> Value {
    json!({ "code": "DeploymentCanceled", "message": "The deployment was canceled." })
}

fn unprocessable(id: &str, problem: &TemplateError) -> Value {
    let message = if problem.code == "InvalidTemplate" {
        format!(
            "Unable to process template language expressions for resource '{id}'. '{}'",
            problem.message
        )
    } else {
        problem.message.clone()
    };
    json!({ "code": problem.code, "message": message })
}
