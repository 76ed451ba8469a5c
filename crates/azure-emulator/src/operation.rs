//! Long-running operations: records that end by time and by being looked at, and what their end does.
//!
//! Nothing runs in the background: before each request the operations that are due are ended. So an
//! operation that was under way when the process died ends after the restart, by the same rules.

use kompox_emulator_core::faults::{MonitorError, OperationFault, Outcome};
use kompox_emulator_core::json::{set_property, timestamp};
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::{self, Operation as _, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::tags::TagChange;
use crate::context::{Course, Environment};
use crate::deploy;
use crate::types::{self, End, ResourceType};

/// One long-running operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    /// Random, so that nobody guesses another's operation.
    pub(crate) id: String,
    /// Lower-cased id of the resource it works on.
    pub(crate) target: String,
    pub(crate) work: Work,
    /// Where `Azure-AsyncOperation` points to, without the id; compared without case.
    pub(crate) status_path: String,
    /// Where `Location` points to, without the id.
    pub(crate) result_path: String,
    /// Ticks since the epoch.
    pub(crate) started: i64,
    due: i64,
    looks_left: u32,
    progress: Progress,
    fault: OperationFault,
    monitor_errors: u32,
    retry_after: Option<String>,
}

/// What an operation does at its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Work {
    /// The document is stored already; its `provisioningState` becomes `Succeeded`. On failure an update
    /// is undone.
    Write { previous: Option<String> },
    /// The resource and everything below it goes.
    Delete,
    /// Tags change.
    Tags(TagChange),
    /// A deployment or a stack: it ends when its resources have, not by itself.
    Deploy,
    /// Nothing: the answer was known at once and is given at the end.
    Answer { status: u16, body: Value },
    /// An action of the resource's type.
    Action {
        name: String,
        input: Value,
        /// Whether `provisioningState` tells of it.
        tells: bool,
        /// What it has brought.
        result: Option<Value>,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Progress {
    Running,
    Succeeded {
        ended: i64,
    },
    Failed {
        ended: i64,
        code: String,
        message: String,
        canceled: bool,
        /// The error as it is told, where it says more than code and message.
        #[serde(default)]
        whole: Option<Value>,
    },
}

impl Operation {
    /// A new operation with a random id.
    pub(crate) fn start(
        target: String,
        work: Work,
        status_path: String,
        result_path: String,
        now: i64,
        course: Course,
    ) -> Self {
        let monitor_errors = course.fault.monitor_error.as_ref().map_or(0, |error| error.count);
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            target,
            work,
            status_path,
            result_path,
            started: now,
            due: now.saturating_add(course.duration),
            looks_left: course.looks,
            progress: Progress::Running,
            fault: course.fault,
            monitor_errors,
            retry_after: course.retry_after,
        }
    }

    /// Code and message of an operation that ended badly.
    pub(crate) fn error(&self) -> Option<(&str, &str)> {
        match &self.progress {
            Progress::Failed { code, message, .. } => Some((code, message)),
            _ => None,
        }
    }

    /// The error of an operation that ended badly, as it is told.
    pub(crate) fn failure(&self) -> Option<Value> {
        match &self.progress {
            Progress::Failed {
                code, message, whole, ..
            } => Some(
                whole
                    .clone()
                    .unwrap_or_else(|| json!({ "code": code, "message": message })),
            ),
            _ => None,
        }
    }

    /// Whether an operation that does not end by itself may: neither time nor looks nor a fault stand against it.
    pub(crate) fn may_end(&self, now: i64) -> bool {
        self.is_running() && self.looks_left == 0 && now >= self.due && self.fault.outcome != Outcome::Stuck
    }

    /// How a fault plan wants it to end.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.fault.outcome
    }

    pub(crate) fn retry_after(&self) -> Option<&str> {
        self.retry_after.as_deref()
    }

    /// Whether it is a stack's: those tell less than others.
    pub(crate) fn is_of_stack(&self) -> bool {
        self.target.contains("/microsoft.resources/deploymentstacks/")
    }

    fn is_due(&self, now: i64) -> bool {
        !matches!(self.work, Work::Deploy) && self.may_end(now)
    }

    fn ended(&self) -> Option<i64> {
        match self.progress {
            Progress::Running => None,
            Progress::Succeeded { ended } | Progress::Failed { ended, .. } => Some(ended),
        }
    }
}

impl store::Operation for Operation {
    fn id(&self) -> &str {
        &self.id
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn is_running(&self) -> bool {
        matches!(self.progress, Progress::Running)
    }

    fn started(&self) -> i64 {
        self.started
    }
}

/// Ends every operation that is due, one after the other as they are, and shows `look` how things stand after each.
pub(crate) fn settle(state: &mut State, environment: &Environment, now: i64, look: &mut dyn FnMut(&State)) {
    let due = |state: &State, id: &str| {
        let operation = state.operations.get::<Operation>(id)?;
        operation.is_due(now).then_some(operation.due)
    };
    let mut all: Vec<(i64, String)> = state
        .operations
        .running()
        .into_iter()
        .filter_map(|id| Some((due(state, &id)?, id)))
        .collect();
    all.sort_unstable();
    for (_, id) in all {
        // The end of one may be the end of others.
        if due(state, &id).is_some() {
            end(state, environment, &id, now);
            look(state);
        }
    }
}

/// Ends one operation now, whatever its time.
pub(crate) fn end(state: &mut State, environment: &Environment, id: &str, now: i64) {
    let Some(mut operation) = state.operations.get::<Operation>(id).cloned() else {
        return;
    };
    let end = &mut End {
        state,
        environment,
        now,
    };
    let failure = match operation.fault.outcome.clone() {
        Outcome::Succeed | Outcome::Stuck => succeed(end, &mut operation)
            .err()
            .map(|error| (error.code, error.message, false)),
        Outcome::Fail { code, message } => Some((code, message, false)),
        Outcome::Cancel => Some((
            "OperationCanceled".to_owned(),
            "The operation was canceled.".to_owned(),
            true,
        )),
    };
    operation.progress = match failure {
        None => Progress::Succeeded { ended: now },
        Some((code, message, canceled)) => {
            fail(end, &operation, if canceled { "Canceled" } else { "Failed" });
            Progress::Failed {
                ended: now,
                code,
                message,
                canceled,
                whole: None,
            }
        }
    };
    state.operations.put(operation);
}

/// Ends a deployment's or a stack's operation; the error is told as it is.
pub(crate) fn finish(state: &mut State, id: &str, error: Option<Value>, canceled: bool, now: i64) {
    let Some(mut operation) = state.operations.get::<Operation>(id).cloned() else {
        return;
    };
    operation.progress = match error {
        None => Progress::Succeeded { ended: now },
        Some(error) => Progress::Failed {
            ended: now,
            code: error["code"].as_str().unwrap_or_default().to_owned(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
            canceled,
            whole: Some(error),
        },
    };
    state.operations.put(operation);
}

/// Ends operations on a target because a newer one takes over, as compute does.
pub(crate) fn preempt(state: &mut State, target: &str, now: i64) {
    for id in state.operations.running_on(target) {
        let Some(mut operation) = state.operations.get::<Operation>(&id).cloned() else {
            continue;
        };
        operation.progress = Progress::Failed {
            ended: now,
            code: "OperationPreempted".to_owned(),
            message: "Operation execution has been preempted by a more recent operation.".to_owned(),
            canceled: true,
            whole: None,
        };
        state.operations.put(operation);
    }
}

/// Counts one look at a resource towards the operations on it.
pub(crate) fn look_at_target(state: &mut State, target: &str) {
    for id in state.operations.running_on(target) {
        look(state, &id);
        if is_deploy(state, &id) {
            deploy::look_below(state, target);
        }
    }
}

fn is_deploy(state: &State, id: &str) -> bool {
    state
        .operations
        .get::<Operation>(id)
        .is_some_and(|operation| matches!(operation.work, Work::Deploy))
}

fn look(state: &mut State, id: &str) -> bool {
    let Some(mut operation) = state.operations.get::<Operation>(id).cloned() else {
        return false;
    };
    if operation.looks_left == 0 {
        return false;
    }
    operation.looks_left -= 1;
    state.operations.put(operation);
    true
}

fn succeed(end: &mut End<'_>, operation: &mut Operation) -> ArmResult<()> {
    let key = operation.target.clone();
    match &mut operation.work {
        Work::Delete => end.remove(&key),
        Work::Write { previous } => {
            set_state(end.state, &key, "Succeeded", end.now);
            let created = previous.is_none();
            if let Some((kind, id, document)) = stored(end.state, &key) {
                kind.settled(end, &id, &document, created);
            }
        }
        Work::Tags(change) => change.apply(end.state, &key, end.now),
        Work::Deploy | Work::Answer { .. } => {}
        Work::Action {
            name,
            input,
            tells,
            result,
        } => {
            let (kind, id, _) = stored(end.state, &key).ok_or_else(|| {
                ArmError::new(
                    404,
                    "ResourceNotFound",
                    format!("The Resource '{key}' was not found."),
                )
            })?;
            *result = kind.acted(end, &id, name, input)?;
            if *tells {
                set_state(end.state, &key, "Succeeded", end.now);
            }
        }
    }
    Ok(())
}

fn fail(end: &mut End<'_>, operation: &Operation, outcome: &str) {
    let key = &operation.target;
    match &operation.work {
        Work::Write { previous } => {
            if let (Some(kind), Some(document)) = (
                end.state.documents.get(key).map(|resource| resource.kind.clone()),
                previous
                    .as_ref()
                    .and_then(|previous| serde_json::from_str::<Value>(previous).ok()),
            ) {
                end.state.documents.put(key, &kind, &document, end.now);
            }
            set_state(end.state, key, outcome, end.now);
            if let Some((kind, id, document)) = stored(end.state, key) {
                kind.failed(end, &id, &document, previous.is_none());
            }
        }
        Work::Delete | Work::Action { tells: true, .. } => set_state(end.state, key, outcome, end.now),
        Work::Tags(_) | Work::Deploy | Work::Answer { .. } | Work::Action { tells: false, .. } => {}
    }
}

/// A stored resource of a registered type.
fn stored(state: &State, key: &str) -> Option<(&'static dyn ResourceType, ResourceId, Value)> {
    let resource = state.documents.get(key)?;
    let kind = types::by_kind(&resource.kind)?;
    let document = resource.document();
    let id = document["id"].as_str().and_then(ResourceId::parse)?;
    Some((kind, id, document))
}

/// Sets `provisioningState` of a stored document, where its type has one.
pub(crate) fn set_state(state: &mut State, key: &str, provisioning_state: &str, now: i64) {
    let Some((kind, mut document)) = state
        .documents
        .get(key)
        .map(|old| (old.kind.clone(), old.document()))
    else {
        return;
    };
    if types::by_kind(&kind).is_some_and(|kind| !kind.has_state()) {
        return;
    }
    set_property(&mut document, "provisioningState", provisioning_state);
    state.documents.put(key, &kind, &document, now);
}

/// Answers a monitor URL; `result` is the `Location` one.
pub(crate) fn monitor(
    state: &mut State,
    environment: &Environment,
    id: &str,
    result: bool,
    now: i64,
    document: impl Fn(&mut State, &str) -> Option<Value>,
) -> Result<Reply, Box<ArmError>> {
    let gone = || ArmError::new(404, "NotFound", "The entity was not found.");
    let mut operation = state.operations.get::<Operation>(id).cloned().ok_or_else(gone)?;
    if operation.monitor_errors > 0 {
        operation.monitor_errors -= 1;
        let status = operation
            .fault
            .monitor_error
            .as_ref()
            .map_or(500, |error: &MonitorError| error.status);
        let retry_after = operation.retry_after.clone();
        state.operations.put(operation);
        let error = ArmError::new(
            status,
            "InternalServerError",
            "The status of the operation could not be read.",
        );
        return Ok(with_retry_after(error.reply(), retry_after.as_deref()));
    }
    if operation.is_running() && matches!(operation.work, Work::Deploy) {
        look(state, id);
        deploy::look_below(state, &operation.target);
    } else if operation.is_running() && !look(state, id) {
        if operation.is_due(now) {
            end(state, environment, id, now);
        }
        operation = state.operations.get::<Operation>(id).cloned().ok_or_else(gone)?;
    }
    if !operation.is_running() && operation.fault.expire {
        return Err(gone());
    }
    if result {
        Ok(result_reply(state, &operation, document))
    } else {
        Ok(status_reply(state, &operation, document))
    }
}

fn status_reply(
    state: &mut State,
    operation: &Operation,
    document: impl Fn(&mut State, &str) -> Option<Value>,
) -> Reply {
    let mut body = json!({
        "id": format!("{}/{}", operation.status_path, operation.id),
        "name": operation.id,
    });
    if !operation.is_of_stack() {
        body["startTime"] = timestamp(operation.started).into();
        if let Some(ended) = operation.ended() {
            body["endTime"] = timestamp(ended).into();
        }
    }
    match &operation.progress {
        Progress::Running => body["status"] = state_of_deployment(state, operation, "InProgress").into(),
        Progress::Succeeded { .. } => {
            body["status"] = state_of_deployment(state, operation, "Succeeded").into();
            match &operation.work {
                Work::Write { .. } => {
                    if let Some(output) = document(state, &operation.target) {
                        body["properties"] = json!({ "output": output });
                    }
                }
                Work::Action {
                    result: Some(result), ..
                } => body["properties"] = json!({ "output": result }),
                Work::Answer { body: answer, .. } => body["properties"] = json!({ "output": answer }),
                Work::Action { .. } | Work::Delete | Work::Tags(_) | Work::Deploy => {}
            }
        }
        Progress::Failed { canceled, .. } => {
            let status = if *canceled { "Canceled" } else { "Failed" };
            body["status"] = state_of_deployment(state, operation, status).into();
            body["error"] = operation.failure().unwrap_or_default();
        }
    }
    let reply = Reply::json(200, &body);
    if operation.is_running() {
        with_retry_after(reply, operation.retry_after.as_deref())
    } else {
        reply
    }
}

/// What the operation of a deployment or a stack tells is the state of that, as it is spelled there.
fn state_of_deployment(state: &State, operation: &Operation, otherwise: &str) -> String {
    let told = matches!(operation.work, Work::Deploy)
        .then(|| state.documents.document(&operation.target))
        .flatten()
        .and_then(|document| {
            document["properties"]["provisioningState"]
                .as_str()
                .map(str::to_owned)
        });
    told.unwrap_or_else(|| {
        if operation.is_of_stack() {
            // It is gone, and states of stacks have small letters.
            otherwise.to_ascii_lowercase()
        } else {
            otherwise.to_owned()
        }
    })
}

fn result_reply(
    state: &mut State,
    operation: &Operation,
    document: impl Fn(&mut State, &str) -> Option<Value>,
) -> Reply {
    match &operation.progress {
        Progress::Running => with_retry_after(Reply::empty(202), operation.retry_after.as_deref()),
        Progress::Failed { .. } => {
            Reply::json(409, &json!({ "error": operation.failure().unwrap_or_default() }))
        }
        Progress::Succeeded { .. } => match &operation.work {
            Work::Delete => Reply::empty(200),
            Work::Answer { status, body } => Reply::json(*status, body),
            Work::Deploy => document(state, &operation.target)
                .map_or_else(|| Reply::empty(200), |document| Reply::json(200, &document)),
            Work::Action { result, .. } => result
                .as_ref()
                .map_or_else(|| Reply::empty(204), |result| Reply::json(200, result)),
            Work::Write { .. } => document(state, &operation.target)
                .map_or_else(|| Reply::empty(204), |document| Reply::json(200, &document)),
            Work::Tags(_) => Reply::json(200, &crate::arm::tags::document(state, &operation.target)),
        },
    }
}

fn with_retry_after(reply: Reply, retry_after: Option<&str>) -> Reply {
    match retry_after {
        Some(value) => reply.with("Retry-After", value),
        None => reply,
    }
}
