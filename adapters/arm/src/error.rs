//! What can go wrong between us and ARM, read leniently: an answer may be anything.

use std::fmt::Write as _;
use std::time::Duration;

use kompox_domain::progress::Unfinished;

use crate::detail::{Body, Envelope, ErrorDetail, MAX_DEPTH, MAX_PARSED, MAX_POLICIES, inner, nested};
use crate::shown::{MAX_MESSAGE, path};
pub use crate::shown::{clip, word};

/// A result with an [`ArmError`].
pub type Result<T, E = ArmError> = std::result::Result<T, E>;

/// An error of the ARM client.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// ARM answered with an error.
    #[error("{} ({})", .0.message, .0.code)]
    Service(Box<ServiceError>),
    /// ARM accepted an operation and reported later that it failed.
    #[error("the operation ended as {state}: {} ({})", .error.message, .error.code)]
    Operation {
        /// `Failed` or `Canceled`.
        state: String,
        /// What it reported.
        error: Box<ServiceError>,
    },
    /// The request did not get an answer.
    #[error("no answer to {request}")]
    Transport {
        /// The id that was sent with the request.
        correlation_id: Option<String>,
        /// Method and path.
        request: String,
        /// Why.
        #[source]
        source: Box<azure_core::Error>,
    },
    /// No token could be had.
    #[error("cannot sign in to Azure")]
    Credential {
        /// The id that was sent with the request.
        correlation_id: Option<String>,
        /// Why.
        #[source]
        source: Box<azure_core::Error>,
    },
    /// The deadline passed, or would pass before the server wants to be asked again.
    #[error("there was not enough time {doing}")]
    Deadline {
        /// The id that was sent with the request.
        correlation_id: Option<String>,
        /// What was being done: `while waiting for …`.
        doing: String,
        /// How long the server asked to wait, where that was longer than the time left.
        retry_after: Option<Duration>,
    },
    /// ARM accepted the request, and how it goes on cannot be read.
    #[error("{request} was accepted, but how it goes on cannot be read")]
    Unfollowed {
        /// Method and path.
        request: String,
        /// Why.
        #[source]
        source: Box<ArmError>,
    },
    /// A write that may have taken effect: this attempt, or an earlier one, reached ARM and was not refused. The error
    /// is that of the last attempt, and says nothing about the others.
    #[error(transparent)]
    Unsettled(Box<ArmError>),
    /// ARM answered with something that is not in its protocol.
    #[error("ARM's answer to {request} cannot be understood: {reason}")]
    Protocol {
        /// The id that was sent with the request.
        correlation_id: Option<String>,
        /// Method and path.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What ARM says when it says no.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status; 200 for an operation that failed late.
    pub status: u16,
    /// ARM's error code, `Unknown` if there was none.
    pub code: String,
    /// ARM's message, with the messages of its details.
    pub message: String,
    /// What it is about.
    pub target: Option<String>,
    /// What it says in detail, as it says it.
    pub details: Vec<ErrorDetail>,
    /// Names of the policies that forbid it.
    pub policies: Vec<String>,
    /// `x-ms-correlation-request-id`.
    pub correlation_id: Option<String>,
    /// Method and path.
    pub request: String,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
}

impl ArmError {
    /// The same with an id, where Azure gave none.
    pub(crate) fn with_correlation_id(mut self, id: &str) -> Self {
        if let Some(place) = self.correlation_id() {
            place.get_or_insert_with(|| id.to_owned());
        }
        self
    }

    fn correlation_id(&mut self) -> Option<&mut Option<String>> {
        match self {
            Self::Unfollowed { .. } => None,
            Self::Unsettled(last) => last.correlation_id(),
            Self::Service(error) | Self::Operation { error, .. } => Some(&mut error.correlation_id),
            Self::Transport { correlation_id, .. }
            | Self::Credential { correlation_id, .. }
            | Self::Deadline { correlation_id, .. }
            | Self::Protocol { correlation_id, .. } => Some(correlation_id),
        }
    }

    /// The same error of a write that ARM had accepted before.
    pub(crate) fn after_acceptance(self) -> Self {
        match self {
            Self::Operation { .. } | Self::Unfollowed { .. } | Self::Unsettled(_) => self,
            error => Self::Unsettled(Box::new(error)),
        }
    }

    /// Whether a write that ended so may have taken effect. Of a read it says nothing.
    #[must_use]
    pub const fn may_have_taken_effect(&self) -> bool {
        matches!(
            self,
            Self::Operation { .. } | Self::Unfollowed { .. } | Self::Unsettled(_)
        )
    }

    /// The error of the last attempt.
    #[must_use]
    pub fn last(&self) -> &Self {
        match self {
            Self::Unsettled(last) => last.last(),
            error => error,
        }
    }

    /// Whether the deadline came first.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        matches!(self.last(), Self::Deadline { .. })
    }

    /// The code of ARM's error, if it is one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self.last() {
            Self::Service(error) | Self::Operation { error, .. } => Some(&error.code),
            _ => None,
        }
    }

    /// The HTTP status of ARM's refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        if let Self::Service(error) = self.last() {
            Some(error.status)
        } else {
            None
        }
    }

    /// Whether ARM says that the thing asked for is not there. A group or parent that is missing counts too. A 404 after
    /// an attempt whose answer was lost does not: reading has not shown that it is gone.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Service(error) if error.status == 404)
    }

    /// Whether ARM says that what was asked for is not there. A subscription that is not there, or not ours to see,
    /// says nothing about what is in it.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.is_not_found()
            && !self
                .code()
                .is_some_and(|code| code.eq_ignore_ascii_case("SubscriptionNotFound"))
    }

    /// Whether ARM says that the resource group is not there, which may be false right after it was made.
    #[must_use]
    pub fn is_group_not_found(&self) -> bool {
        self.status() == Some(404)
            && self
                .code()
                .is_some_and(|code| code.eq_ignore_ascii_case("ResourceGroupNotFound"))
    }
}

/// What stands for the code of an answer that has none.
const NO_CODE: &str = "Unknown";

impl ServiceError {
    /// Whether the answer has an error's form: ARM and Entra ID give each of theirs a code.
    #[must_use]
    pub(crate) fn is_arms_own(&self) -> bool {
        self.code != NO_CODE
    }

    /// Reads an error body; whatever it is, an error comes out.
    #[must_use]
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let mut error = Self {
            status,
            ..Self::default()
        };
        let start = body.get(..MAX_PARSED).unwrap_or(body);
        let read = (start.len() == body.len()).then(|| serde_json::from_slice::<Envelope>(start).ok());
        match read.flatten() {
            Some(envelope) => {
                let body = inner(envelope);
                error.absorb(&body, 0);
                error.details = ErrorDetail::from_body(&body).details;
            }
            None => error.message = clip(&String::from_utf8_lossy(start)),
        }
        if error.code.is_empty() {
            NO_CODE.clone_into(&mut error.code);
        }
        if error.message.trim().is_empty() {
            error.message = format!("HTTP status {status} without a message");
        }
        error
    }

    fn absorb(&mut self, body: &Body, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if depth == 0 {
            self.code = body.code.as_deref().map(word).unwrap_or_default();
            self.target = body
                .target
                .as_deref()
                .map(path)
                .filter(|target| !target.is_empty());
        }
        if let Some(message) = &body.message {
            if let Some(nested) = nested(message) {
                self.absorb(&nested, depth + 1);
            } else {
                self.say(body.code.as_deref().filter(|_| depth > 0), message);
            }
        }
        for detail in &body.details {
            self.absorb(detail, depth + 1);
        }
        let room = MAX_POLICIES - self.policies.len();
        self.policies.extend(body.policies().take(room));
    }

    fn say(&mut self, code: Option<&str>, message: &str) {
        let message = clip(message.trim());
        if message.is_empty() || self.message.len() > MAX_MESSAGE || self.message.contains(&message) {
            return;
        }
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        if let Some(code) = code {
            let _ = write!(self.message, "{}: ", word(code));
        }
        self.message.push_str(&message);
    }
}

impl Unfinished for ArmError {
    fn may_still_run(&self) -> bool {
        match self {
            Self::Unfollowed { .. } => true,
            Self::Unsettled(last) => last.is_deadline(),
            Self::Service(_)
            | Self::Operation { .. }
            | Self::Transport { .. }
            | Self::Credential { .. }
            | Self::Deadline { .. }
            | Self::Protocol { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shown::{MAX_PATH, MAX_WORD};

    #[test]
    fn nested_details_and_json_inside_a_message_come_out_as_one_text() {
        let body = br#"{"error":{"code":"Outer","message":"outer","details":[
            {"code":"Inner","message":"{\"error\":{\"code\":\"Deep\",\"message\":\"the real cause\"}}"}]}}"#;
        let error = ServiceError::parse(400, body);
        assert_eq!(error.code, "Outer");
        assert_eq!(error.message, "outer; Deep: the real cause");
    }

    #[test]
    fn an_answer_that_is_no_json_is_shown_as_it_is() {
        let error = ServiceError::parse(502, b"<html>Bad Gateway</html>");
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("Unknown", "<html>Bad Gateway</html>")
        );
        assert_eq!(
            ServiceError::parse(500, b"").message,
            "HTTP status 500 without a message"
        );
    }

    #[test]
    fn a_strange_field_does_not_hide_the_rest() {
        let error = ServiceError::parse(
            400,
            br#"{"error":{"code":7,"message":"m","target":{"a":1},"details":"x"}}"#,
        );
        assert_eq!((error.code.as_str(), error.message.as_str()), ("7", "m"));
    }

    #[test]
    fn code_target_and_policies_are_bounded_and_carry_no_control_characters() {
        let long = "\\u001b[31m".repeat(1_000);
        let policy = format!(r#"{{"type":"PolicyViolation","info":{{"policyDefinitionName":"{long}"}}}}"#);
        let policies = vec![policy; 100].join(",");
        let detail = format!(r#"{{"code":"{long}","message":"m"}}"#);
        let body = format!(
            r#"{{"error":{{"code":"{long}","target":"{long}","message":"no","details":[{detail}],"additionalInfo":[{policies}]}}}}"#
        );
        let error = ServiceError::parse(403, body.as_bytes());
        assert_eq!(error.policies.len(), MAX_POLICIES);
        let words = error.policies.iter().chain([&error.code, &error.message]);
        let words = words.map(|word| (word, MAX_WORD + 20));
        for (word, most) in words.chain(error.target.iter().map(|target| (target, MAX_PATH + 1))) {
            assert!(word.chars().count() <= most, "{word}");
            assert!(!word.contains('\u{1b}'), "{word:?}");
        }
    }

    #[test]
    fn what_was_accepted_may_still_run_when_nobody_waits_for_it_any_more() {
        let deadline = || ArmError::Deadline {
            correlation_id: None,
            doing: "while waiting".to_owned(),
            retry_after: None,
        };
        let unfollowed = ArmError::Unfollowed {
            request: "PUT /x".to_owned(),
            source: Box::new(deadline()),
        };
        let unsettled = ArmError::Unsettled(Box::new(deadline()));
        assert!(unsettled.may_still_run() && unfollowed.may_still_run());
        assert!(!deadline().may_still_run(), "nothing was sent");
        let refused = || ArmError::Service(Box::default());
        assert!(!refused().may_still_run() && !ArmError::Unsettled(Box::new(refused())).may_still_run());
    }

    #[test]
    fn an_empty_target_is_none() {
        let error = ServiceError::parse(400, br#"{"error":{"code":"c","message":"m","target":""}}"#);
        assert_eq!(error.target, None);
    }

    #[test]
    fn a_body_that_is_far_too_long_is_shown_and_not_read() {
        let body = format!(
            r#"{{"error":{{"code":"c","details":[{}0]}}}}"#,
            "0,".repeat(1 << 20)
        );
        let error = ServiceError::parse(500, body.as_bytes());
        assert_eq!(error.code, "Unknown");
        assert!(error.message.starts_with(r#"{"error""#) && error.message.chars().count() <= MAX_MESSAGE + 1);
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parser_panic_or_the_message_grow_without_bound(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let error = ServiceError::parse(500, &body);
            prop_assert!(error.message.chars().count() <= 2 * MAX_MESSAGE);
        }
    }
}
