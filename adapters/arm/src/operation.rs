//! Long-running operations, as ARM publishes them: which header leads, what ends them, where the result is.

mod look;
#[cfg(test)]
mod paced;
mod run;
mod state;

use std::time::Duration;

use azure_core::http::Method;
use kompox_domain::Context;
use kompox_domain::context::Step;
use url::Url;

use crate::client::ArmClient;
use crate::error::{ArmError, Result};
use crate::pace::Pace;
use crate::request::ArmRequest;
use crate::response::ArmResponse;
pub use run::FinalState;
use run::{Look, Monitor, Run};
pub(crate) use state::state_of;
pub use state::{End, ended};

/// A server that says "ask again at once" is asked this much later, growing to [`MAX_EAGER_POLL`].
const EAGER_POLL: Duration = Duration::from_millis(5);
const MAX_EAGER_POLL: Duration = Duration::from_millis(250);

impl ArmClient {
    /// Sends a request and follows the operation it starts to its end, telling `step` how it stands.
    ///
    /// Returns the result where `wanted` says there is one, else what was answered last.
    ///
    /// # Errors
    /// Those of [`send`](Self::send) for the request itself; [`ArmError::Operation`] for a late failure;
    /// [`ArmError::Deadline`] when the deadline comes first, in which case the operation goes on in Azure.
    pub async fn run(
        &self,
        cx: &Context,
        request: &ArmRequest,
        wanted: FinalState,
        step: &Step,
    ) -> Result<Option<ArmResponse>> {
        let first = self.send(cx, request).await?;
        Run {
            client: self,
            cx,
            request,
            wanted,
            step,
            nonsense: 0,
            unknown: 0,
            known: false,
            pace: Pace::new(self.options().poll),
            looks: 0,
            result_at: None,
        }
        .follow(first)
        .await
        .map_err(|error| {
            let error = if request.reads {
                error
            } else {
                error.after_acceptance()
            };
            self.correlated(error)
        })
    }
}

impl Run<'_> {
    async fn follow(&mut self, first: ArmResponse) -> Result<Option<ArmResponse>> {
        let Some(mut monitor) = self.monitor(&first) else {
            return self.settled(first);
        };
        if matches!(monitor, Monitor::Resource) && !self.request.resource_tells {
            return Err(self.unfollowed(self.nonsense("it names no monitor")));
        }
        if self.request.method == Method::Post {
            self.result_at = self.header_url(&first, "location");
        }
        let mut wait = first.retry_after();
        self.step
            .state(state_of(&first).unwrap_or_else(|| "Accepted".to_owned()), None);
        loop {
            self.pause(wait).await?;
            let (mut look, asked) = self.look(&mut monitor).await?;
            wait = asked;
            if let Look::Over(location) = look {
                monitor = Monitor::Resource;
                look = self.result(location).await?;
            }
            match look {
                Look::Running { state, percent } => self.step.state(state, percent),
                Look::Result(response) => return self.settled(response),
                Look::Over(_) | Look::Nothing => return Ok(None),
            }
        }
    }

    /// The monitor that an answer names: `Azure-AsyncOperation` before `Location` before the resource.
    fn monitor(&self, response: &ArmResponse) -> Option<Monitor> {
        if let Some(url) = self.header_url(response, "azure-asyncoperation") {
            return Some(Monitor::Status(url));
        }
        let changes = self.changes();
        let state = state_of(response);
        let running = state.as_deref().is_some_and(|state| ended(state).is_none());
        let accepted = response.status == 202;
        if (accepted || running)
            && let Some(url) = self.header_url(response, "location")
        {
            return Some(Monitor::Location(url));
        }
        // Some answers have no body though one is promised: only the resource can tell how it stands.
        let silent = response.status != 204 && matches!(response.body.trim_ascii(), b"" | b"{}");
        let pending = accepted || (changes && (running || silent));
        // A POST leaves nothing to look at.
        (pending && self.request.method != Method::Post).then_some(Monitor::Resource)
    }

    async fn pause(&mut self, asked: Option<Duration>) -> Result<()> {
        let eager = EAGER_POLL
            .saturating_mul(1 << self.looks.min(10))
            .min(MAX_EAGER_POLL);
        let wait = asked.map_or_else(|| self.pace.wait(), |asked| asked.max(eager));
        self.looks += 1;
        if !self.client.fits(self.cx, wait) {
            return Err(ArmError::Deadline {
                correlation_id: None,
                doing: self.doing(),
                retry_after: Some(wait),
            });
        }
        self.client.wait(self.cx, wait, || self.doing()).await
    }

    /// Reads the result of an operation that is over.
    async fn result(&self, location: Option<Url>) -> Result<Look> {
        let changes = self.changes();
        let location = location.or_else(|| self.result_at.clone());
        if self.wanted == FinalState::Nothing || !(changes || location.is_some()) {
            return Ok(Look::Nothing);
        }
        let mut read = ArmRequest::get(location.unwrap_or_else(|| self.request.url.clone())).in_known_group();
        read.resource_is_known = changes;
        let response = self.client.send(self.cx, &read).await;
        let response = response.map_err(|error| self.out_of_sight(error))?;
        Ok(match state_of(&response) {
            // The operation is over, the resource not settled: rare, and worth waiting for.
            Some(state) if ended(&state).is_none() => Look::Running { state, percent: None },
            _ => Look::Result(response),
        })
    }

    /// A result, unless it says itself that it is a failure.
    fn settled(&self, response: ArmResponse) -> Result<Option<ArmResponse>> {
        match state_of(&response) {
            Some(state) if ended(&state).is_some_and(End::is_failure) => {
                Err(self.failed(state, None, &response))
            }
            _ => Ok((self.wanted == FinalState::Resource).then_some(response)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use kompox_domain::ids::SystemUlids;
    use kompox_domain::progress::Silent;
    use serde_json::json;

    use super::*;
    use crate::client::ArmOptions;
    use crate::fuzzing::{Answer, client, signed_in};

    const DONE: &str = r#"{"properties":{"templateLink":null}}"#;

    fn link(name: &str, path: &str) -> Vec<(String, String)> {
        vec![(
            name.to_owned(),
            format!("https://management.azure.com{path}?api-version=1"),
        )]
    }

    fn answer(status: u16, headers: Vec<(String, String)>, body: &str) -> Answer {
        (status, headers, body.as_bytes().to_vec())
    }

    /// What comes of a POST where `script` answers what is sent to ARM, and how often it was asked.
    async fn post(
        repeatable: bool,
        script: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> (Result<Option<ArmResponse>>, usize) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let scripted = move |url: &Url| {
            signed_in(url).unwrap_or_else(|| script(url.path(), count.fetch_add(1, Ordering::SeqCst)))
        };
        let arm = client(scripted, ArmOptions::default()).unwrap();
        let cx = Context::new(Arc::new(Silent), Arc::new(SystemUlids::default()));
        let url = arm.url("/subscriptions/s/x/validate", "1").unwrap();
        let mut request = ArmRequest::post(url, &json!({})).unwrap();
        if repeatable {
            request = request.reading();
        }
        let step = cx.begin("test");
        let result = arm.run(&cx, &request, FinalState::Resource, &step).await;
        (step.end(result), asked.load(Ordering::SeqCst))
    }

    #[tokio::test(start_paused = true)]
    async fn the_result_of_a_post_is_what_its_location_answers_in_the_end() {
        let (result, asked) = post(false, |path, index| match (path, index) {
            (_, 0) => answer(202, link("location", "/result"), ""),
            ("/result", 1) => answer(202, vec![], ""),
            _ => answer(200, vec![], DONE),
        })
        .await;
        assert_eq!((&*result.unwrap().unwrap().body, asked), (DONE.as_bytes(), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_with_both_headers_is_followed_by_the_one_and_read_by_the_other() {
        let (result, asked) = post(false, |path, index| match (path, index) {
            (_, 0) => {
                let mut headers = link("location", "/result");
                headers.extend(link("azure-asyncoperation", "/status"));
                answer(202, headers, "")
            }
            ("/status", 1) => answer(200, vec![], r#"{"status":"InProgress"}"#),
            ("/status", _) => answer(200, vec![], r#"{"status":"Succeeded"}"#),
            _ => answer(200, vec![], DONE),
        })
        .await;
        assert_eq!((&*result.unwrap().unwrap().body, asked), (DONE.as_bytes(), 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_is_sent_again_only_where_it_is_said_to_do_no_harm() {
        let script = |_: &str, index| match index {
            0 => answer(503, vec![], ""),
            _ => answer(200, vec![], DONE),
        };
        let (result, asked) = post(false, script).await;
        assert_eq!((result.unwrap_err().status(), asked), (Some(503), 1));
        let (result, asked) = post(true, script).await;
        assert!(result.is_ok() && asked == 2, "{result:?} {asked}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_that_was_refused_late_says_so_with_its_status() {
        let (result, _) = post(true, |_, index| match index {
            0 => answer(202, link("location", "/result"), ""),
            _ => answer(
                400,
                vec![],
                r#"{"error":{"code":"InvalidTemplate","message":"m","details":[{"code":"d"}]}}"#,
            ),
        })
        .await;
        let Err(ArmError::Operation { error, .. }) = result else {
            panic!("{result:?}")
        };
        assert_eq!((error.status, error.code.as_str()), (400, "InvalidTemplate"));
        assert_eq!(error.details[0].code, "d");
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_whose_monitor_is_lost_may_still_run_unless_it_only_reads() {
        use kompox_domain::progress::Unfinished as _;
        let script = |_: &str, index| match index {
            0 => answer(202, link("location", "/result"), ""),
            _ => answer(404, vec![], ""),
        };
        for (repeatable, may_run) in [(false, true), (true, false)] {
            let error = post(repeatable, script).await.0.unwrap_err();
            assert_eq!(error.may_still_run(), may_run, "{error:?}");
        }
    }
}
