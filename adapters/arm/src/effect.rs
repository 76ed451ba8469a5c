//! Whether a write took effect: known from what was sent and answered, and, where an answer was lost, from what is
//! there afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use azure_core::http::headers::Headers;
use bytes::Bytes;
use kompox_domain::progress::WarningKind;
use kompox_domain::{Context, PendingWrite};
use serde_json::Value;

use crate::client::ArmClient;
use crate::error::{ArmError, Result};
use crate::request::{ArmRequest, Evidence};
use crate::response::ArmResponse;
use crate::retry;

/// How often a resource is looked for that may not be visible yet.
const LOOKS: u32 = 4;

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

impl ArmClient {
    /// Sends a write, and knows afterwards whether it may have taken effect.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) async fn send_write(&self, cx: &Context, request: &ArmRequest) -> Result<ArmResponse> {
        let writing = Writing::begin(cx);
        let error = match self.send_until_answered(cx, request, &writing.sent).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        if !writing.sent.get() {
            return self.refused(cx, request, &writing, error).await;
        }
        match self.shown(cx, request).await {
            Some(response) => Ok(response),
            None => Err(ArmError::Unsettled(Box::new(error))),
        }
    }

    /// What a refusal comes to. That there is nothing to delete, reading must not belie: a replica that lags behind says
    /// so too, and somebody in between.
    async fn refused(
        &self,
        cx: &Context,
        request: &ArmRequest,
        writing: &Writing,
        error: ArmError,
    ) -> Result<ArmResponse> {
        let Evidence::Absent(url) = &request.evidence else {
            return Err(error);
        };
        if !error.is_not_found() {
            return Err(error);
        }
        match self.look(cx, url).await {
            Err(absent) if absent.is_absent() => return Err(error),
            Err(unknown) => return Err(unknown),
            Ok(_) => {}
        }
        let again = request.clone().in_known_group().known_to_exist();
        match self.send_until_answered(cx, &again, &writing.sent).await {
            Err(error) if writing.sent.get() => Err(ArmError::Unsettled(Box::new(error))),
            Err(error) if error.is_not_found() => Err(ArmError::Protocol {
                correlation_id: None,
                request: request.label(),
                reason: "it is answered that there is nothing to delete, and reading shows that it is there"
                    .to_owned(),
            }),
            answered => answered,
        }
    }

    /// What shows that a write took effect although its answer was lost. None: nothing does, which proves nothing: it
    /// may take effect late.
    async fn shown(&self, cx: &Context, request: &ArmRequest) -> Option<ArmResponse> {
        let shown = match &request.evidence {
            Evidence::None => None,
            Evidence::Exists(url) => self.exists(cx, url).await,
            Evidence::Absent(url) => self.absent(cx, url, request).await,
            Evidence::Holds => {
                let sent: Value = serde_json::from_slice(request.body.as_deref()?).ok()?;
                let there = self.look(cx, &request.url).await.ok()?;
                let found: Value = there.json().ok()?;
                holds(&found, &sent).then_some(there)
            }
        };
        if shown.is_some() {
            warn_of_lost_answer(cx, request);
        }
        shown
    }

    async fn look(&self, cx: &Context, url: &url::Url) -> Result<ArmResponse> {
        let read = ArmRequest::get(url.clone()).in_known_group();
        self.send_until_answered(cx, &read, &Sent::default()).await
    }

    /// What was made is not visible at once everywhere.
    async fn exists(&self, cx: &Context, url: &url::Url) -> Option<ArmResponse> {
        let mut look = 1;
        loop {
            match self.look(cx, url).await {
                Ok(there) => return Some(there),
                Err(error) if error.is_not_found() && look < LOOKS => {}
                Err(_) => return None,
            }
            let wait = retry::backoff(self.backoff(), look, None, rand::random());
            self.pause(cx, wait, String::new).await.ok()?;
            look += 1;
        }
    }

    async fn absent(&self, cx: &Context, url: &url::Url, request: &ArmRequest) -> Option<ArmResponse> {
        let empty = |status, body| ArmResponse {
            status,
            headers: Headers::new(),
            body,
            request: request.label(),
        };
        match self.look(cx, url).await {
            // What is being deleted is followed to its end.
            Ok(there) => {
                let state = crate::operation::state_of(&there)?;
                // A Deployment Stack has a word of its own for it.
                let words = ["Deleting", "deletingResources"];
                let going = words.iter().any(|word| state.eq_ignore_ascii_case(word));
                going.then(|| empty(202, there.body))
            }
            Err(error) if error.is_absent() => Some(empty(204, Bytes::new())),
            Err(_) => None,
        }
    }
}

pub(crate) fn warn_of_lost_answer(cx: &Context, request: &ArmRequest) {
    cx.warn(
        WarningKind::AnswerLost,
        format!(
            "Azure's answer to {} was lost; what is there now shows that it took effect",
            request.label()
        ),
    );
}

/// Whether what is there has every value that was sent. ARM compares names, ids and most words without case, adds
/// fields, and gives lists back in its own order.
fn holds(there: &Value, sent: &Value) -> bool {
    match (there, sent) {
        (_, Value::Null) => true,
        (Value::Object(there), Value::Object(sent)) => sent.iter().all(|(name, value)| {
            there
                .iter()
                .find(|(found, _)| found.eq_ignore_ascii_case(name))
                .map_or(value.is_null(), |(_, found)| holds(found, value))
        }),
        (Value::Array(there), Value::Array(sent)) => {
            there.len() == sent.len()
                && sent
                    .iter()
                    .all(|value| there.iter().any(|found| holds(found, value)))
        }
        (Value::String(there), Value::String(sent)) => there.eq_ignore_ascii_case(sent),
        _ => there == sent,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    #[test]
    fn what_is_there_holds_what_was_sent_also_in_another_case_and_order_and_with_more_fields() {
        let sent = json!({"properties": {"TTL": 60, "ARecords": [{"ipv4Address": "1.2.3.4"}, {"ipv4Address": "5.6.7.8"}],
            "metadata": {"kompox-app": "A"}, "none": null}});
        let there = json!({"id": "x", "properties": {"ttl": 60, "fqdn": "a.", "aRecords": [{"ipv4Address": "5.6.7.8"},
            {"ipv4Address": "1.2.3.4"}], "metadata": {"kompox-app": "a"}}});
        assert!(holds(&there, &sent));
        for other in [
            json!({"properties": {"ttl": 61, "aRecords": [{"ipv4Address": "1.2.3.4"}, {"ipv4Address": "5.6.7.8"}],
                "metadata": {"kompox-app": "A"}}}),
            json!({"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "1.2.3.4"}], "metadata": {"kompox-app": "A"}}}),
            json!({"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "1.2.3.4"}, {"ipv4Address": "5.6.7.8"}]}}),
            json!([]),
        ] {
            assert!(!holds(&other, &sent), "{other}");
        }
    }
}
