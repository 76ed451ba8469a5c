//! The requests that a deployment makes: on the same way as everybody's, faults included.

use http::Method;
use kompox_emulator_core::faults::{FaultAction, When};
use kompox_emulator_core::request::Request;
use serde_json::{Value, json};

use super::Engine;
use crate::arm;
use crate::arm::deployments::{self, Origin};
use crate::arm::error::ArmResult;
use crate::arm::id::ResourceId;
use crate::arm::providers;
use crate::context::RequestContext;
use crate::forced::{Side, forced};
use crate::operation::Operation;
use crate::operation::Work;
use crate::race::racing_write;

/// What became of a request.
#[derive(Debug)]
pub(super) enum Sent {
    /// It is done, with this status.
    Done(u16),
    /// It goes on; the operation and the status of the first answer.
    Started(String, u16),
    /// The error of the answer, without its envelope.
    Refused(u16, Value),
    /// There is no answer and there will be none.
    Lost,
}

impl Engine<'_> {
    /// Sends a request for a resource. `origin` is for deployments that another one starts.
    pub(super) fn send(
        &mut self,
        method: &Method,
        id: &str,
        version: &str,
        body: Option<&Value>,
        origin: Option<&Origin>,
    ) -> Sent {
        let request = Request::internal(method.clone(), id, version, body, &self.environment.endpoint);
        let verdict = self
            .plan()
            .judge_inner(method, id, &format!("{id}?api-version={version}"));
        if matches!(verdict.action, Some(FaultAction::Hang)) {
            return Sent::Lost;
        }
        let races = |when: When| verdict.races.iter().filter(move |race| race.when == when);
        for race in races(When::Before) {
            racing_write(self.state, id, race, self.now);
        }
        let reply = match forced(self.environment, Side::Arm, &request, verdict.action.as_ref()) {
            Some(reply) => reply,
            None => {
                let mut cx = RequestContext {
                    state: &mut *self.state,
                    environment: self.environment,
                    request: &request,
                    now: self.now,
                    fault: verdict.operation.clone(),
                };
                if *method == Method::PUT {
                    register(&mut cx, id);
                }
                let answered = match origin {
                    Some(origin) => deployments::put_for(&mut cx, origin),
                    None => arm::dispatch(&mut cx),
                };
                answered.unwrap_or_else(|error| error.reply())
            }
        };
        for race in races(When::After) {
            racing_write(self.state, id, race, self.now);
        }
        if reply.status >= 400 {
            let mut body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let error = match body.get("error") {
                Some(error) => error.clone(),
                // AKS sends its errors without an envelope.
                None if body["code"].is_string() => {
                    kompox_emulator_core::json::drop_nulls(&mut body);
                    body
                }
                None => {
                    json!({ "code": status_name(reply.status), "message": "The resource provider did not say why." })
                }
            };
            return Sent::Refused(reply.status, error);
        }
        match self.started(id) {
            Some(operation) => Sent::Started(operation, reply.status),
            None => Sent::Done(reply.status),
        }
    }

    /// The newest operation on a resource, tags apart.
    fn started(&self, id: &str) -> Option<String> {
        let key = ResourceId::parse(id)?.key();
        self.state
            .operations
            .running_on(&key)
            .into_iter()
            .filter_map(|id| self.state.operations.get::<Operation>(&id))
            .filter(|operation| !matches!(operation.work, Work::Tags(_)))
            .max_by_key(|operation| operation.started)
            .map(|operation| operation.id.clone())
    }
}

/// A deployment registers the providers of what its template names, if whoever started it may.
fn register(cx: &mut RequestContext<'_>, id: &str) {
    let Some(namespace) = ResourceId::parse(id)
        .and_then(|id| id.providers.last().map(|provider| provider.namespace.clone()))
        .and_then(|namespace| providers::canonical(&namespace))
    else {
        return;
    };
    if !providers::is_registered(cx.state, namespace) && may_register(cx, namespace).is_ok() {
        providers::register(cx.state, namespace, true);
    }
}

/// Refuses who may not register a provider.
pub(super) fn may_register(cx: &RequestContext<'_>, namespace: &str) -> ArmResult<()> {
    let scope = ResourceId::of_subscription(cx.subscription()).to_string();
    cx.authorize(&format!("{namespace}/register/action"), &scope)
}

/// The name of a status, as .NET calls it: `statusCode` of an operation.
pub(super) fn status_name(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("InternalServerError");
    reason.replace(' ', "")
}
