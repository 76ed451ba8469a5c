//! The layer under every request: its deadline, its repetition, what the server asks to wait, and whether a write may
//! have taken effect. It hands on answers of success only; what the server refuses, and what is no answer, is an error.
//!
//! kube-rs has a policy of its own for tower's `Retry`. It knows no deadline, reads `Retry-After` in seconds only, does
//! not repeat a request whose answer broke off, tells nobody that it waits, and does not know what a lost write means.

use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::Full;
use kompox_domain::progress::Event;
use kompox_domain::{Context, PendingWrite};
use kube::client::Body;
use tower::{BoxError, Layer, Service, ServiceExt as _};

use super::answer;
use super::error::KubeError;

/// How long one request may take, unless the deadline is earlier. An API server answers in milliseconds; what takes
/// longer is on its way to nobody.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a request is sent at most. All that are sent here may arrive twice.
const ATTEMPTS: u32 = 4;
/// The same where the server itself says when to come back: right after a kind was defined its storage is made, and that
/// takes some seconds.
const ASKED_ATTEMPTS: u32 = 12;
/// How long is waited for altogether, where no deadline says so.
const LONGEST: Duration = Duration::from_secs(600);

/// For whom a request is sent. It travels in the extensions of the request; one without it is sent once.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) cx: Context,
    /// How long is waited before the second attempt, unless the server says it.
    pub(super) pace: Duration,
}

/// The layer of the client of one API server.
#[derive(Clone)]
pub(super) struct RepeatLayer {
    server: Arc<str>,
}

impl RepeatLayer {
    pub(super) fn new(server: &str) -> Self {
        Self {
            server: server.into(),
        }
    }
}

impl<S> Layer<S> for RepeatLayer {
    type Service = Repeat<S>;

    fn layer(&self, inner: S) -> Repeat<S> {
        Repeat {
            inner,
            server: Arc::clone(&self.server),
        }
    }
}

/// Sends each request until it is answered, at most as often as is worth it, and never past its deadline.
#[derive(Clone)]
pub(super) struct Repeat<S> {
    inner: S,
    server: Arc<str>,
}

impl<S, B> Service<Request<Body>> for Repeat<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), BoxError>> {
        // Each attempt waits until the service below is ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.repeat(request).await.map_err(BoxError::from) })
    }
}

impl<S, B> Repeat<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn repeat(self, request: Request<Body>) -> Result<Response<Full<Bytes>>, KubeError> {
        let Some(terms) = request.extensions().get::<Terms>().cloned() else {
            return send(self.inner, &self.server, None, request).await;
        };
        let cx = &terms.cx;
        let end = cx.deadline().unwrap_or_else(|| Instant::now() + LONGEST);
        let what = format!("{} {}", request.method(), request.uri().path());
        let mut writing = Writing::begin(cx, request.method());
        let mut usual = terms.pace;
        let mut attempt = 1;
        let mut next = Some(request);
        while let Some(request) = next {
            next = copy(&request);
            writing.sends();
            let error = match send(self.inner.clone(), &self.server, cx.deadline(), request).await {
                Err(error) => writing.ended(error),
                answer => return answer,
            };
            let asked = error.retry_after();
            let attempts = asked.map_or(ATTEMPTS, |_| ASKED_ATTEMPTS);
            let wait = asked.unwrap_or(usual);
            let again = Instant::now().checked_add(wait);
            let in_time = again.is_some_and(|again| again < end);
            if !error.is_transient() || attempt >= attempts || !in_time || next.is_none() {
                return Err(error);
            }
            cx.emit(Event::Retrying {
                what: what.clone(),
                reason: error.trouble().as_str().to_owned(),
                wait,
            });
            tokio::time::sleep(wait).await;
            usual *= 2;
            attempt += 1;
        }
        Err(KubeError::timeout(&self.server))
    }
}

/// One request and its answer, but not past the deadline.
async fn send<S, B>(
    inner: S,
    server: &str,
    deadline: Option<Instant>,
    request: Request<Body>,
) -> Result<Response<Full<Bytes>>, KubeError>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let exchange = async {
        let sent = inner.oneshot(request).await;
        let response = sent.map_err(|error| KubeError::sending(server, error.into()))?;
        let (head, body) = answer::read(server, response).await?;
        Ok(Response::from_parts(head, Full::new(body)))
    };
    let patience = Instant::now() + PATIENCE;
    let end = deadline.map_or(patience, |deadline| deadline.min(patience));
    match tokio::time::timeout_at(end.into(), exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(KubeError::timeout(server)),
    }
}

/// The same request once more. None where its body can be sent only once; kube-rs builds no such request.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

/// A write with all its attempts; of a read nothing is told. Dropped while an attempt is under way, it counts as one
/// that may take effect.
struct Writing {
    pending: Option<PendingWrite>,
    under_way: bool,
    lost: bool,
}

impl Writing {
    fn begin(cx: &Context, method: &Method) -> Self {
        Self {
            pending: (*method != Method::GET).then(|| cx.write()),
            under_way: false,
            lost: false,
        }
    }

    fn sends(&mut self) {
        self.under_way = true;
    }

    /// An attempt ended so. What an earlier one may have done, the refusal of a later one does not undo.
    fn ended(&mut self, error: KubeError) -> KubeError {
        self.under_way = false;
        self.lost |= error.may_have_taken_effect();
        if self.lost {
            error.after_lost_attempt()
        } else {
            error
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.under_way
            && !self.lost
            && let Some(pending) = self.pending.take()
        {
            pending.refused();
        }
    }
}
