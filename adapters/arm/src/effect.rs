//! Whether a write took effect: known from what was sent and answered, and, where an answer was lost, from what is
//! there afterwards.

use azure_core::http::headers::Headers;
use bytes::Bytes;
use kompox_domain::Context;
use serde_json::Value;

use crate::attempt::{Sent, Writing, warn_of_lost_answer};
use crate::client::ArmClient;
use crate::error::{ArmError, Result};
use crate::request::{ArmRequest, Evidence};
use crate::response::ArmResponse;
use crate::retry;

/// How often a resource is looked for that may not be visible yet.
const LOOKS: u32 = 4;

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
