//! The attempts of one write: whether one was sent that has not been refused, and what a failed one proves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kompox_domain::progress::WarningKind;
use kompox_domain::{Context, PendingWrite};

use crate::error::ArmError;
use crate::request::ArmRequest;

/// Whether an attempt was sent that has not been refused. The policy that has the token at hand sets it, right before
/// the request leaves: what fails earlier was never sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent(Arc<AtomicBool>);

impl Sent {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, sent: bool) {
        self.0.store(sent, Ordering::Release);
    }
}

/// One write with all its attempts. Dropped while it is under way, it counts as one that may take effect as soon as
/// anything was sent.
pub(crate) struct Writing {
    pub(crate) sent: Sent,
    pending: Option<PendingWrite>,
}

impl Writing {
    pub(crate) fn begin(cx: &Context) -> Self {
        Self {
            sent: Sent::default(),
            pending: Some(cx.write()),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.sent.get()
            && let Some(pending) = self.pending.take()
        {
            pending.refused();
        }
    }
}

/// Whether an attempt that ended so did nothing: it was refused, or never sent.
pub(crate) fn did_nothing(error: &ArmError) -> bool {
    match error {
        // 408 and 5xx tell of trouble on the way or behind; 501 that nobody tried. A status without an error of ARM's
        // may come from whoever stands between, after ARM has done it.
        ArmError::Service(service) => {
            service.is_arms_own()
                && (service.status == 501 || (service.status != 408 && service.status < 500))
        }
        ArmError::Transport { source, .. } => {
            // A handshake that fails is one of these; trouble with TLS later is not.
            matches!(source.kind(), azure_core::error::ErrorKind::Connection)
        }
        // It is the answer to the sign-in, which comes before, or after a 401.
        ArmError::Credential { .. } => true,
        ArmError::Operation { .. }
        | ArmError::Deadline { .. }
        | ArmError::Unfollowed { .. }
        | ArmError::Unsettled(_)
        | ArmError::Protocol { .. } => false,
    }
}

/// Tells the user that an answer was lost, and that the write took effect all the same.
pub(crate) fn warn_of_lost_answer(cx: &Context, request: &ArmRequest) {
    cx.warn(
        WarningKind::AnswerLost,
        format!(
            "Azure's answer to {} was lost; what is there now shows that it took effect",
            request.label()
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ServiceError;

    fn refusal(status: u16) -> ArmError {
        ArmError::Service(Box::new(ServiceError {
            status,
            ..ServiceError::default()
        }))
    }

    #[test]
    fn a_refusal_did_nothing_and_trouble_of_the_server_may_have_done_it() {
        for status in [400, 401, 403, 404, 405, 409, 412, 413, 422, 429, 501] {
            assert!(did_nothing(&refusal(status)), "{status}");
        }
        for status in [408, 500, 502, 503, 504, 599] {
            assert!(!did_nothing(&refusal(status)), "{status}");
        }
    }

    #[test]
    fn a_refusal_without_an_error_of_arm_may_come_from_between_after_it_was_done() {
        let told = |status, body: &str| {
            did_nothing(&ArmError::Service(Box::new(ServiceError::parse(
                status,
                body.as_bytes(),
            ))))
        };
        for status in [400, 403, 404, 409, 429, 501] {
            for body in ["", "null", "{}", "[]", "<html>proxy</html>", r#"{"error":{}}"#] {
                assert!(!told(status, body), "{status} {body:?}");
            }
            assert!(
                told(status, r#"{"error":{"code":"Conflict","message":"No."}}"#),
                "{status}"
            );
        }
    }
}
