//! The request log: what was asked, when, for how long, and of which kind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use serde::Serialize;

/// One request, as it was received and answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedRequest {
    /// Number in order of arrival, from 1.
    pub sequence: u64,
    /// HTTP method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// Status answered; `None` while it is handled and for requests that got no answer.
    pub status: Option<u16>,
    /// Milliseconds since the emulator started.
    pub started: f64,
    /// Milliseconds since the emulator started; `None` while it is handled.
    pub ended: Option<f64>,
    /// `x-ms-client-request-id`, the same for all tries of one call.
    pub client_request_id: Option<String>,
    /// What it is for.
    pub kind: RequestKind,
}

impl LoggedRequest {
    /// Whether both were being handled at some moment.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.started < other.ended.unwrap_or(f64::INFINITY)
            && other.started < self.ended.unwrap_or(f64::INFINITY)
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestKind {
    /// Entra: tokens and metadata.
    Token,
    /// A look at a long-running operation.
    Poll,
    /// A read, or the first page of a list.
    Read,
    /// A further page of a list: it belongs to the read before it.
    ListPage,
    /// Anything that changes something.
    Write,
}

/// Requests kept; the oldest go first.
const CAPACITY: usize = 200_000;

/// The log, shared by all connections.
#[derive(Debug, Clone)]
pub struct RequestLog {
    epoch: Instant,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    sequence: u64,
    requests: VecDeque<LoggedRequest>,
}

/// An entry being written; it ends when this is dropped, also if the client has gone.
#[derive(Debug)]
pub struct Entry {
    log: RequestLog,
    sequence: u64,
    status: Option<u16>,
}

impl RequestLog {
    /// An empty log; its clock starts now.
    pub fn start() -> Self {
        Self {
            epoch: Instant::now(),
            inner: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> f64 {
        milliseconds(self.epoch.elapsed())
    }

    /// Begins an entry.
    pub fn begin(
        &self,
        method: &Method,
        path: String,
        client_request_id: Option<String>,
        kind: RequestKind,
    ) -> Entry {
        let started = self.now();
        let mut inner = self.lock();
        inner.sequence += 1;
        let sequence = inner.sequence;
        if inner.requests.len() == CAPACITY {
            inner.requests.pop_front();
        }
        inner.requests.push_back(LoggedRequest {
            sequence,
            method: method.to_string(),
            path,
            status: None,
            started,
            ended: None,
            client_request_id,
            kind,
        });
        Entry {
            log: self.clone(),
            sequence,
            status: None,
        }
    }

    /// Everything logged so far.
    pub fn all(&self) -> Vec<LoggedRequest> {
        self.lock().requests.iter().cloned().collect()
    }

    /// Forgets everything; numbers go on.
    pub fn clear(&self) {
        self.lock().requests.clear();
    }
}

impl Entry {
    /// Notes the status.
    pub fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let ended = self.log.now();
        let mut inner = self.log.lock();
        // Numbers are dense and ascending, so the place follows from the first; it may have been cleared.
        let Some(first) = inner.requests.front().map(|request| request.sequence) else {
            return;
        };
        let place = self
            .sequence
            .checked_sub(first)
            .and_then(|place| usize::try_from(place).ok());
        if let Some(request) = place.and_then(|place| inner.requests.get_mut(place)) {
            request.status = self.status;
            request.ended = Some(ended);
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
