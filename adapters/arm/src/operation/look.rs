//! One look at an operation: what the answer of a status monitor, of a location or of the resource means.

use std::time::Duration;

use azure_core::http::Method;
use kompox_domain::volume::Percent;
use url::Url;

use super::run::{Look, Monitor, Run};
use super::state::{End, StatusBody, ended, is_resource, state_of};

use crate::error::{ArmError, Result};
use crate::request::ArmRequest;
use crate::response::ArmResponse;
use crate::shown::word;

/// How many answers of a monitor may be nonsense before the resource itself is asked.
const MAX_NONSENSE: u32 = 3;

/// How often a monitor may be unknown before it was seen once: a replica may not have it yet.
const MAX_UNKNOWN: u32 = 3;

impl Run<'_> {
    /// Looks once, where the monitor says, and moves the monitor on where the answer says so. Also how long the
    /// server asks to wait before the next look.
    pub(super) async fn look(&mut self, monitor: &mut Monitor) -> Result<(Look, Option<Duration>)> {
        let url = match monitor {
            Monitor::Status(url) | Monitor::Location(url) => url.clone(),
            Monitor::Resource => self.request.url.clone(),
        };
        let mut read = ArmRequest::get(url);
        if matches!(monitor, Monitor::Resource) {
            read.group_is_known = self.request.group_is_known;
            read.resource_is_known = self.changes();
        }
        let answer = self.client.send(self.cx, &read).await;
        if !matches!(monitor, Monitor::Resource) && !self.known {
            match &answer {
                Err(error) if error.is_absent() && self.unknown < MAX_UNKNOWN => {
                    self.unknown += 1;
                    return Ok((Look::running("Accepted"), None));
                }
                answer => self.known = answer.is_ok(),
            }
        }
        match monitor {
            Monitor::Status(_) => self.look_at_status(answer, monitor),
            Monitor::Location(_) => self.look_at_location(answer, monitor),
            Monitor::Resource => self.look_at_resource(answer),
        }
    }

    fn look_at_status(
        &mut self,
        answer: Result<ArmResponse>,
        monitor: &mut Monitor,
    ) -> Result<(Look, Option<Duration>)> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.monitor_lost(error, monitor),
        };
        let wait = response.retry_after();
        if let Some(url) = self.header_url(&response, "azure-asyncoperation") {
            *monitor = Monitor::Status(url);
        }
        let body: StatusBody = response.json().unwrap_or_default();
        let Some(state) = body.status.as_deref().map(word) else {
            self.nonsense += 1;
            if self.nonsense >= MAX_NONSENSE {
                return self.monitor_lost(self.nonsense("its monitor names no state"), monitor);
            }
            return Ok((Look::running("Unknown"), wait));
        };
        match ended(&state) {
            None => Ok((
                Look::Running {
                    state,
                    percent: body.percent.map(Percent::new),
                },
                wait,
            )),
            Some(End::Succeeded) => {
                let location = body.resource_location.and_then(|text| Url::parse(&text).ok());
                Ok((
                    Look::Over(location.filter(|url| self.client.cloud().owns(url))),
                    wait,
                ))
            }
            Some(End::Failed | End::Canceled) => Err(self.failed(state, body.error.as_deref(), &response)),
        }
    }

    fn look_at_location(
        &mut self,
        answer: Result<ArmResponse>,
        monitor: &mut Monitor,
    ) -> Result<(Look, Option<Duration>)> {
        let response = match answer {
            Ok(response) => response,
            // Gone is the record of the operation. Any other refusal is the operation's own end.
            Err(error) if error.is_not_found() || error.status() == Some(410) => {
                return self.monitor_lost(error, monitor);
            }
            Err(ArmError::Service(error)) if !matches!(error.status, 401 | 403 | 408 | 429) => {
                return Err(ArmError::Operation {
                    state: "Failed".to_owned(),
                    error,
                });
            }
            Err(error) => return self.monitor_lost(error, monitor),
        };
        let wait = response.retry_after();
        if response.status == 202 {
            if let Some(url) = self.header_url(&response, "location") {
                *monitor = Monitor::Location(url);
            }
            let state = state_of(&response);
            return Ok((Look::running(state.as_deref().unwrap_or("Running")), wait));
        }
        match state_of(&response).as_deref().map(|state| (state, ended(state))) {
            Some((state, Some(End::Failed | End::Canceled))) => {
                Err(self.failed(state.to_owned(), None, &response))
            }
            // What a POST does leaves no resource: the record itself is what it answers.
            Some((state, None)) if self.request.method == Method::Post => Ok((Look::running(state), wait)),
            _ if self.request.method == Method::Post => Ok((Look::Result(response), wait)),
            // The record says it is over, the resource says it is not: the resource is right.
            Some((state, None)) => {
                *monitor = Monitor::Resource;
                Ok((Look::running(state), wait))
            }
            _ if is_resource(&response) => Ok((Look::Result(response), wait)),
            _ => Ok((Look::Over(None), wait)),
        }
    }

    fn look_at_resource(&mut self, answer: Result<ArmResponse>) -> Result<(Look, Option<Duration>)> {
        let deleting = self.request.method == Method::Delete;
        let response = match answer {
            // That the group is not there may be a lagging replica's error: whoever asked must find out.
            Err(error) if deleting && error.is_group_not_found() && !self.is_group() => return Err(error),
            Err(error) if deleting && error.is_not_found() => return Ok((Look::Nothing, None)),
            other => other.map_err(|error| self.out_of_sight(error))?,
        };
        let wait = response.retry_after();
        let state = state_of(&response);
        match state.as_deref().map(|state| (state, ended(state))) {
            Some((state, None)) => Ok((Look::running(state), wait)),
            Some((state, Some(End::Failed | End::Canceled))) => {
                Err(self.failed(state.to_owned(), None, &response))
            }
            // It is still there, and nothing says that it is going: not deleted yet.
            _ if deleting => Ok((Look::running("Deleting"), wait)),
            _ => Ok((Look::Result(response), wait)),
        }
    }

    /// Whether the request is about a resource group itself.
    fn is_group(&self) -> bool {
        let path = self.request.url.path().trim_matches('/');
        path.split('/').count() == 4
    }

    /// The monitor cannot be read, which says nothing about the operation: the resource is asked instead.
    /// Reading a monitor takes a right at the resource group or above that the caller may not have.
    fn monitor_lost(&self, error: ArmError, monitor: &mut Monitor) -> Result<(Look, Option<Duration>)> {
        if matches!(error, ArmError::Deadline { .. } | ArmError::Credential { .. }) {
            return Err(error);
        }
        // What only reads leaves nothing behind that could still run.
        if self.request.reads {
            return Err(error);
        }
        if !self.request.resource_tells || self.request.method == Method::Post {
            return Err(self.unfollowed(error));
        }
        tracing::debug!(request = %self.request.label(), %error, "the operation's monitor cannot be read");
        *monitor = Monitor::Resource;
        Ok((Look::running("Unknown"), Some(Duration::ZERO)))
    }
}
