//! What is known while an operation is followed: where its state is read, what a look showed, and its errors.

use azure_core::http::Method;
use kompox_domain::Context;
use kompox_domain::context::Step;
use kompox_domain::volume::Percent;
use serde_json::value::RawValue;
use url::Url;

use crate::client::ArmClient;
use crate::error::{ArmError, ServiceError};
use crate::pace::Pace;
use crate::request::ArmRequest;
use crate::response::ArmResponse;
use crate::shown::word;

/// Where the result of an operation is, when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalState {
    /// In the resource itself, which is read at the end (PUT, PATCH); of a POST, where its `Location` points.
    Resource,
    /// Nowhere, or nobody wants it: no request is made for it.
    Nothing,
}

/// Where the state of the operation is read.
#[derive(Debug, Clone)]
pub(super) enum Monitor {
    /// `Azure-AsyncOperation`: always 200, the state in the body.
    Status(Url),
    /// `Location`: 202 until the end, then what the operation itself would have answered.
    Location(Url),
    /// The resource: its `provisioningState`.
    Resource,
}

/// What one look at an operation showed.
#[derive(Debug)]
pub(super) enum Look {
    Running {
        state: String,
        percent: Option<Percent>,
    },
    /// Over, and this answer is the result.
    Result(ArmResponse),
    /// Over; the result is elsewhere, here if it says so.
    Over(Option<Url>),
    /// Over, and there is no result.
    Nothing,
}

impl Look {
    /// Under way, and nothing says how far it is.
    pub(super) fn running(state: &str) -> Self {
        Self::Running {
            state: state.to_owned(),
            percent: None,
        }
    }
}

/// An operation that is followed.
pub(super) struct Run<'a> {
    pub(super) client: &'a ArmClient,
    pub(super) cx: &'a Context,
    pub(super) request: &'a ArmRequest,
    pub(super) wanted: FinalState,
    pub(super) step: &'a Step,
    pub(super) nonsense: u32,
    /// How often the monitor was not there before it was seen for the first time.
    pub(super) unknown: u32,
    /// Whether the monitor was seen.
    pub(super) known: bool,
    /// How often is looked where the server does not say.
    pub(super) pace: Pace,
    pub(super) looks: u32,
    /// Where a POST says that its result will be, beside the monitor that tells how it stands.
    pub(super) result_at: Option<Url>,
}

impl Run<'_> {
    /// Whether what it is about exists once it was accepted.
    pub(super) fn changes(&self) -> bool {
        matches!(self.request.method, Method::Put | Method::Patch)
    }

    /// The error of reading a resource. Where a write of it was accepted, that it is not there says nothing about what
    /// became of the write.
    pub(super) fn out_of_sight(&self, error: ArmError) -> ArmError {
        if self.changes() && error.is_absent() {
            self.unfollowed(error)
        } else {
            error
        }
    }

    /// A monitor's address, if it is one that may be given our token.
    pub(super) fn header_url(&self, response: &ArmResponse, name: &'static str) -> Option<Url> {
        let text = response.header(name)?;
        let url = Url::parse(text).ok().filter(|url| self.client.cloud().owns(url));
        if url.is_none() {
            tracing::debug!(header = name, request = %self.request.label(), "the header's address is not usable");
        }
        url
    }

    pub(super) fn doing(&self) -> String {
        format!("while {} was still under way in Azure", self.request.label())
    }

    pub(super) fn unfollowed(&self, why: ArmError) -> ArmError {
        ArmError::Unfollowed {
            request: self.request.label(),
            source: Box::new(why),
        }
    }

    pub(super) fn nonsense(&self, reason: &str) -> ArmError {
        ArmError::Protocol {
            correlation_id: None,
            request: self.request.label(),
            reason: reason.to_owned(),
        }
    }

    pub(super) fn failed(&self, state: String, error: Option<&RawValue>, response: &ArmResponse) -> ArmError {
        let body = match error {
            Some(error) => format!("{{\"error\":{error}}}").into_bytes(),
            // A failed resource may say why in the place where an error would stand.
            None => response.body.to_vec(),
        };
        let mut service = ServiceError::parse(response.status, &body);
        if service.code == "Unknown" {
            state.clone_into(&mut service.code);
            service.message = format!("Azure gives no reason for {}", self.request.label());
        }
        service.correlation_id = response.header("x-ms-correlation-request-id").map(word);
        service.request = self.request.label();
        ArmError::Operation {
            state,
            error: Box::new(service),
        }
    }
}
