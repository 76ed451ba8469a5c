//! Sending requests: authorization, deadlines, repetition, errors.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::policies::Policy;
use azure_core::http::{
    ClientOptions, Context as CoreContext, LoggingOptions, Pipeline, PipelineStreamOptions, Request,
    RetryOptions, Transport,
};
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use kompox_domain::{Context, Error, Event, Secret};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use crate::attempt::{Sent, did_nothing, warn_of_lost_answer};
use crate::cloud::Cloud;
use crate::credential::AuthMethod;
use crate::error::{ArmError, Result};
use crate::identity::Identity;
use crate::mapping::{is_about_certificates, sign_in_may_work_later};
use crate::request::{ArmRequest, Condition};
use crate::response::{ArmResponse, header, refusal};
use crate::retry::{self, Trouble};
use crate::token::TokenPolicy;
use crate::transport::{Proxies, transport};

/// The largest answer that is read. The largest that ARM gives is a page of a listing, some megabytes.
const MAX_BODY: usize = 64 << 20;

/// How patient the client is. The defaults are for Azure; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct ArmOptions {
    /// The wait before the first repetition, where the server does not say; it doubles from there.
    pub backoff: Duration,
    /// The unit of the [`Pace`](crate::Pace) at which what is under way is looked at, where the server does not say.
    pub poll: Duration,
    /// How many requests are under way at once.
    pub concurrency: usize,
}

impl Default for ArmOptions {
    fn default() -> Self {
        Self {
            backoff: Duration::from_millis(500),
            poll: Duration::from_secs(1),
            concurrency: 16,
        }
    }
}

/// The client. Cheap to clone; clones share connections and token.
#[derive(Clone)]
pub struct ArmClient {
    inner: Arc<Inner>,
}

struct Inner {
    pipeline: Pipeline,
    sign_in: Arc<TokenPolicy>,
    cloud: Cloud,
    options: ArmOptions,
    correlation_id: String,
    permits: Semaphore,
}

impl std::fmt::Debug for ArmClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArmClient")
            .field("cloud", &self.inner.cloud)
            .finish_non_exhaustive()
    }
}

impl ArmClient {
    /// Makes a client. Reads certificate and token files, but sends nothing.
    ///
    /// # Errors
    /// `InvalidInput` and `Unsupported` as [`AuthMethod`] and [`Cloud`] say; `InvalidInput` for a proxy that is named in
    /// a variable and cannot be used.
    pub fn new(cloud: Cloud, method: AuthMethod, options: ArmOptions) -> Result<Self, Error> {
        let sign_in_at = method.asks_authority().then_some(&cloud.authority_host);
        let proxies = Proxies::as_set([&cloud.arm_endpoint].into_iter().chain(sign_in_at))?;
        let shared = transport(cloud.ca_file.as_deref(), proxies)?;
        let sign_in = match method {
            AuthMethod::ManagedIdentity { .. } => transport(cloud.ca_file.as_deref(), Proxies::Never)?,
            _ => shared.clone(),
        };
        Self::over(shared, sign_in, cloud, method, options)
    }

    pub(crate) fn over(
        transport: Transport,
        sign_in: Transport,
        cloud: Cloud,
        method: AuthMethod,
        options: ArmOptions,
    ) -> Result<Self, Error> {
        let sign_in = Arc::new(TokenPolicy::new(method, &cloud, sign_in)?);
        let per_try: Vec<Arc<dyn Policy>> = vec![Arc::clone(&sign_in) as _];
        let client_options = ClientOptions {
            transport: Some(transport),
            // The policy of the SDK repeats every method, and waits past any deadline: ours decides.
            retry: RetryOptions::none(),
            logging: LoggingOptions::default(),
            ..ClientOptions::default()
        };
        let pipeline = Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            client_options,
            vec![],
            per_try,
            None,
        );
        let correlation_id = Uuid::new_v4().to_string();
        let permits = Semaphore::new(options.concurrency.max(1));
        Ok(Self {
            inner: Arc::new(Inner {
                pipeline,
                sign_in,
                cloud,
                options,
                correlation_id,
                permits,
            }),
        })
    }

    /// The address of a path below the ARM endpoint, with its api-version.
    ///
    /// # Errors
    /// [`ArmError::Protocol`] for a path that is none.
    pub fn url(&self, path: &str, api_version: &str) -> Result<Url> {
        let invalid = || ArmError::Protocol {
            correlation_id: None,
            request: path.to_owned(),
            reason: "not a path of ARM".to_owned(),
        };
        let endpoint = &self.inner.cloud.arm_endpoint;
        let mut url = endpoint
            .join(path.trim_start_matches('/'))
            .map_err(|_| invalid())?;
        if !self.inner.cloud.owns(&url) {
            return Err(invalid());
        }
        url.query_pairs_mut().append_pair("api-version", api_version);
        Ok(url)
    }

    /// A token of whoever is signed in, for something else than ARM: its scope is `<audience>/.default`. With it,
    /// until when it is good.
    ///
    /// # Errors
    /// [`ArmError::Credential`] and [`ArmError::Deadline`].
    pub async fn token(&self, cx: &Context, scope: &str) -> Result<(Secret, OffsetDateTime)> {
        let mut attempt = 1;
        loop {
            let doing = || "while signing in".to_owned();
            let source = match within(cx, doing, self.inner.sign_in.token_for(scope))
                .await
                .map_err(|error| self.correlated(error))?
            {
                Ok(token) => return Ok((Secret::new(token.token.secret().to_owned()), token.expires_on)),
                Err(source) => source,
            };
            let again =
                sign_in_may_work_later(&source) && retry::worth_another(attempt, true, Trouble::NotSent);
            let wait = retry::backoff(self.inner.options.backoff, attempt, None, rand::random());
            if !again || !self.fits(cx, wait) {
                return Err(self.correlated(ArmError::Credential {
                    correlation_id: None,
                    source: Box::new(source),
                }));
            }
            cx.emit(Event::Retrying {
                what: "signing in".to_owned(),
                reason: source.to_string(),
                wait,
            });
            self.wait(cx, wait, || "before signing in was tried again".to_owned())
                .await
                .map_err(|error| self.correlated(error))?;
            attempt += 1;
        }
    }

    /// Who is signed in, as the token for ARM says. The token that is held is read, or a new one.
    ///
    /// # Errors
    /// [`ArmError::Credential`] and [`ArmError::Deadline`].
    pub async fn identity(&self, cx: &Context) -> Result<Identity> {
        let doing = || "while signing in".to_owned();
        let token = within(cx, doing, self.inner.sign_in.token())
            .await
            .and_then(|token| {
                token.map_err(|source| ArmError::Credential {
                    correlation_id: None,
                    source: Box::new(source),
                })
            })
            .map_err(|error| self.correlated(error))?;
        Ok(Identity::of_token(token.token.secret()))
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        &self.inner.cloud
    }

    pub(crate) fn options(&self) -> ArmOptions {
        self.inner.options
    }

    /// Sends a request, again where that makes sense, until it is answered or the deadline has passed. A write whose
    /// answer was lost, and that is seen to have taken effect, is answered by what is there.
    ///
    /// # Errors
    /// Every [`ArmError`] but [`ArmError::Operation`]; of a write [`ArmError::Unsettled`] unless every attempt was
    /// refused or never sent.
    pub async fn send(&self, cx: &Context, request: &ArmRequest) -> Result<ArmResponse> {
        // Boxed: every operation waits for requests, and would be as large as they are otherwise.
        let result = if request.reads {
            Box::pin(self.send_until_answered(cx, request, &Sent::default())).await
        } else {
            Box::pin(self.send_write(cx, request)).await
        };
        result.map_err(|error| self.correlated(error))
    }

    /// `sent` tells afterwards whether any attempt may have taken effect.
    pub(crate) async fn send_until_answered(
        &self,
        cx: &Context,
        request: &ArmRequest,
        sent: &Sent,
    ) -> Result<ArmResponse> {
        let mut attempt = 1;
        loop {
            let before = sent.get();
            let error = match self.attempt(cx, request, sent).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if did_nothing(&error) {
                sent.set(before);
            }
            let Some(trouble) = trouble(&error, request) else {
                return Err(error);
            };
            if !retry::worth_another(attempt, request.repeatable, trouble) {
                return Err(error);
            }
            let retry_after = if let ArmError::Service(service) = &error {
                service.retry_after
            } else {
                None
            };
            let wait = retry::backoff(self.inner.options.backoff, attempt, retry_after, rand::random());
            if !self.fits(cx, wait) {
                return Err(out_of_time(error, request, retry_after));
            }
            tracing::debug!(request = %request.label(), attempt, ?wait, %error, "sending again");
            cx.emit(Event::Retrying {
                what: request.label(),
                reason: error.to_string(),
                wait,
            });
            self.wait(cx, wait, || format!("before {} was repeated", request.label()))
                .await?;
            attempt += 1;
            if request.creates
                && trouble.may_have_taken_effect()
                && let Some(made) = self.made_after_all(cx, request).await?
            {
                return Ok(made);
            }
        }
    }

    /// What a creating request made though its answer was lost. To send it again would replace what somebody may
    /// have written to it since.
    async fn made_after_all(&self, cx: &Context, request: &ArmRequest) -> Result<Option<ArmResponse>> {
        let read = ArmRequest::get(request.url.clone());
        match self.attempt(cx, &read, &Sent::default()).await {
            Ok(made) => {
                warn_of_lost_answer(cx, request);
                Ok(Some(made))
            }
            Err(error) if error.is_not_found() => Ok(None),
            // In doubt the request is sent again: it says everything.
            Err(ArmError::Service(_) | ArmError::Transport { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same error with the id under which Azure's support finds the run.
    pub(crate) fn correlated(&self, error: ArmError) -> ArmError {
        error.with_correlation_id(&self.inner.correlation_id)
    }

    /// Whether a wait ends before the deadline.
    pub(crate) fn fits(&self, cx: &Context, wait: Duration) -> bool {
        let end = Instant::now().checked_add(wait);
        cx.deadline()
            .is_none_or(|deadline| end.is_some_and(|end| end <= Instant::from_std(deadline)))
    }

    /// Waits before something is looked at again. A wait that would pass the deadline is not begun.
    ///
    /// # Errors
    /// [`ArmError::Deadline`].
    pub async fn pause(&self, cx: &Context, wait: Duration, doing: impl FnOnce() -> String) -> Result<()> {
        if !self.fits(cx, wait) {
            return Err(self.correlated(ArmError::Deadline {
                correlation_id: None,
                doing: doing(),
                retry_after: None,
            }));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The wait before the first repetition: whoever asks somebody else in the same operation keeps to it too.
    #[must_use]
    pub fn backoff(&self) -> Duration {
        self.inner.options.backoff
    }

    /// The id under which Azure's support finds everything that this client asked for, and which what it changed
    /// keeps.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        &self.inner.correlation_id
    }

    /// Waits, but not past the deadline.
    pub(crate) async fn wait(
        &self,
        cx: &Context,
        wait: Duration,
        doing: impl FnOnce() -> String,
    ) -> Result<()> {
        within(cx, doing, tokio::time::sleep(wait)).await
    }

    async fn attempt(&self, cx: &Context, request: &ArmRequest, sent: &Sent) -> Result<ArmResponse> {
        let doing = || format!("while waiting for the answer to {}", request.label());
        within(cx, doing, self.exchange(request, sent)).await?
    }

    async fn exchange(&self, request: &ArmRequest, sent: &Sent) -> Result<ArmResponse> {
        let Ok(_permit) = self.inner.permits.acquire().await else {
            return Err(ArmError::Protocol {
                correlation_id: None,
                request: request.label(),
                reason: "the client was closed".to_owned(),
            });
        };
        let began = Instant::now();
        let mut http = Request::new(request.url.clone(), request.method);
        http.insert_header(HeaderName::from_static("accept"), "application/json".to_owned());
        http.insert_header(
            HeaderName::from_static("x-ms-correlation-request-id"),
            self.inner.correlation_id.clone(),
        );
        http.insert_header(
            HeaderName::from_static("x-ms-return-client-request-id"),
            "true".to_owned(),
        );
        let condition = match &request.condition {
            Some(Condition::New) => Some(("if-none-match", "*".to_owned())),
            Some(Condition::Version(etag)) => Some(("if-match", etag.clone())),
            None => None,
        };
        if let Some((name, value)) = condition {
            http.insert_header(HeaderName::from_static(name), value);
        }
        if let Some(body) = &request.body {
            http.insert_header(
                HeaderName::from_static("content-type"),
                "application/json".to_owned(),
            );
            http.set_body(body.clone());
        }
        let options = PipelineStreamOptions {
            skip_checks: true,
            ..PipelineStreamOptions::default()
        };
        let response = self
            .inner
            .pipeline
            .stream(
                &CoreContext::new().with_value(sent.clone()),
                &mut http,
                Some(options),
            )
            .await
            .map_err(|source| self.not_answered(request, source))?;
        let (status, headers, body) = response.deconstruct();
        let body = self.read(request, body).await?;
        tracing::debug!(
            request = %request.label(),
            status = u16::from(status),
            bytes = body.len(),
            took = ?began.elapsed(),
            id = header(&headers, "x-ms-request-id"),
            "answered"
        );
        self.answer(request, status.into(), headers, body)
    }

    async fn read(
        &self,
        request: &ArmRequest,
        mut stream: azure_core::http::AsyncResponseBody,
    ) -> Result<Bytes> {
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.try_next().await.map_err(|source| ArmError::Transport {
            correlation_id: None,
            request: request.label(),
            source: Box::new(source),
        })? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(ArmError::Protocol {
                    correlation_id: None,
                    request: request.label(),
                    reason: format!("the body is larger than {} MiB", MAX_BODY >> 20),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn answer(
        &self,
        request: &ArmRequest,
        status: u16,
        headers: Headers,
        body: Bytes,
    ) -> Result<ArmResponse> {
        match status {
            200..=299 => Ok(ArmResponse {
                status,
                headers,
                body,
                request: request.label(),
            }),
            300..=399 => Err(ArmError::Protocol {
                correlation_id: None,
                request: request.label(),
                reason: format!("status {status} redirects elsewhere, which ARM never does"),
            }),
            _ => Err(ArmError::Service(Box::new(refusal(
                status,
                &headers,
                &body,
                request.label(),
            )))),
        }
    }

    fn not_answered(&self, request: &ArmRequest, source: azure_core::Error) -> ArmError {
        use azure_core::error::ErrorKind as Core;
        match source.kind() {
            Core::Credential | Core::HttpResponse { .. } => ArmError::Credential {
                correlation_id: None,
                source: Box::new(source),
            },
            _ => ArmError::Transport {
                correlation_id: None,
                request: request.label(),
                source: Box::new(source),
            },
        }
    }
}

/// Runs a future, but not past the deadline.
async fn within<T>(
    cx: &Context,
    doing: impl FnOnce() -> String,
    future: impl Future<Output = T>,
) -> Result<T> {
    let Some(deadline) = cx.deadline() else {
        return Ok(future.await);
    };
    tokio::time::timeout_at(Instant::from_std(deadline), future)
        .await
        .map_err(|_| ArmError::Deadline {
            correlation_id: None,
            doing: doing(),
            retry_after: None,
        })
}

fn trouble(error: &ArmError, request: &ArmRequest) -> Option<Trouble> {
    match error {
        // Without a token nothing was sent.
        ArmError::Credential { source, .. } => sign_in_may_work_later(source).then_some(Trouble::NotSent),
        // A certificate does not get better by asking again.
        ArmError::Transport { source, .. } if is_about_certificates(source) => None,
        ArmError::Service(service) if request.group_is_known && error.is_group_not_found() => {
            tracing::debug!(
                request = service.request,
                "a replica does not know the resource group yet"
            );
            Some(Trouble::GroupLag)
        }
        ArmError::Service(_) if request.resource_is_known && error.is_absent() => Some(Trouble::ResourceLag),
        ArmError::Service(service) => Some(Trouble::Status(service.status)),
        ArmError::Transport { source, .. } => match source.kind() {
            azure_core::error::ErrorKind::Connection => Some(Trouble::NotSent),
            azure_core::error::ErrorKind::Io => Some(Trouble::Broken),
            _ => None,
        },
        _ => None,
    }
}

fn out_of_time(error: ArmError, request: &ArmRequest, retry_after: Option<Duration>) -> ArmError {
    // Throttling is worth its own name: more time helps, and so does less haste.
    if error.status() == Some(429) {
        return error;
    }
    ArmError::Deadline {
        correlation_id: None,
        doing: format!("before {} could be repeated", request.label()),
        retry_after,
    }
}
