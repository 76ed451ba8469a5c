//! What a handler of ARM sees: the request, the state, and the environment, which is the same for all.

use std::time::Duration;

use kompox_emulator_core::faults::{OperationFault, RetryAfter};
use kompox_emulator_core::json;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::State;

use crate::access::access;
use crate::arm::error::{ArmError, ArmResult};
use crate::entra::Entra;
use crate::identity::Identity;
use crate::options::Options;

/// What does not change while the emulator runs.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) options: Options,
    pub(crate) identity: Identity,
    /// `https://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    pub(crate) entra: Entra,
}

/// How a new operation shall go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    /// Ticks until it may end.
    pub(crate) duration: i64,
    /// How often it must be looked at before it ends.
    pub(crate) looks: u32,
    pub(crate) retry_after: Option<String>,
    pub(crate) fault: OperationFault,
}

/// One request being handled.
pub(crate) struct RequestContext<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) environment: &'a Environment,
    pub(crate) request: &'a Request,
    /// Ticks since the epoch.
    pub(crate) now: i64,
    /// What the fault plan wants of the operation that this request starts.
    pub(crate) fault: Option<OperationFault>,
}

impl RequestContext<'_> {
    /// The id of the subscription that the request is about, as answered; the emulator's own where it names none.
    pub(crate) fn subscription(&self) -> &str {
        let own = &self.environment.identity.subscription_id;
        match self.request.segments.as_slice() {
            [first, id, ..]
                if first.eq_ignore_ascii_case("subscriptions") && !id.eq_ignore_ascii_case(own) =>
            {
                id
            }
            _ => own,
        }
    }

    /// How an operation that usually takes so long shall go.
    pub(crate) fn course(&self, usual: Duration) -> Course {
        self.course_announcing(usual, Some(self.environment.options.timing.retry_after))
    }

    /// The same for one that announces another `Retry-After`, or none.
    pub(crate) fn course_announcing(&self, usual: Duration, retry_after: Option<u32>) -> Course {
        let timing = &self.environment.options.timing;
        let fault = self.fault.clone().unwrap_or_default();
        let retry_after = match &fault.retry_after {
            RetryAfter::Usual => retry_after.map(|seconds| seconds.to_string()),
            RetryAfter::Missing => None,
            RetryAfter::Seconds(seconds) => Some(seconds.to_string()),
            RetryAfter::Raw(text) => Some(text.clone()),
        };
        Course {
            duration: json::ticks(fault.milliseconds.map_or(usual, Duration::from_millis)),
            looks: fault.polls.unwrap_or(timing.polls),
            retry_after,
            fault,
        }
    }

    /// Refuses what the caller may not do.
    pub(crate) fn authorize(&self, action: &str, scope: &str) -> ArmResult<()> {
        if access(self.state).allows(action, scope) {
            return Ok(());
        }
        let identity = &self.environment.identity;
        Err(ArmError::new(
            403,
            "AuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over \
                 scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your \
                 credentials.",
                identity.client_id, identity.object_id
            ),
        ))
    }
}
