//! The server: TLS, HTTP, latency, faults, and the way of a request through them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kompox_emulator_core::body::{AnswerBody, Reset};
use kompox_emulator_core::faults::{FaultAction, Verdict, When};
use kompox_emulator_core::log::RequestKind;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::seats::{Seat, Seats, Ticket};
use kompox_kubernetes_emulator::{
    self as kubernetes, Peer, Response as ClusterResponse, Stream, cluster_name,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::arm;
use crate::context::RequestContext;
use crate::control;
use crate::entra;
use crate::forced::{Side, error, forced};
use crate::race::racing_write;
use crate::shared::Shared;
use crate::types::clusters::owner::{Azure, pace};
use crate::watch_stream::tell;

/// ARM takes bodies up to this size.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// What goes beyond that is read and thrown away up to here: a client that is still sending does not see
/// the refusal.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;

/// How long is waited for a connection to end where there is no room for another.
const NO_ROOM: Duration = Duration::from_millis(50);
/// The longest that a TLS handshake takes, however patient the emulator is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Accepts connections until the task is aborted, which ends them too.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let most = shared.environment.options.connections.max(1);
    let seats = Arc::new(Seats::default());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Meanwhile others wait in the queue of the system.
                    while connections.len() >= most {
                        seats.ask_idlest_to_go(Instant::now());
                        let _ = tokio::time::timeout(NO_ROOM, connections.join_next()).await;
                    }
                    connections.spawn(connection(stream, shared.clone(), seats.take()));
                }
                Err(error) => {
                    // Out of file descriptors, most likely, of which the system may allow fewer.
                    tracing::warn!(%error, "the emulator could not accept a connection");
                    seats.ask_idlest_to_go(Instant::now());
                    let _ = tokio::time::timeout(NO_ROOM, connections.join_next()).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, ticket: Ticket) {
    let seat = Arc::clone(&ticket.seat);
    tokio::select! {
        () = seat.asked_to_go() => {}
        () = converse(stream, shared, &ticket) => {}
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>, ticket: &Ticket) {
    // Answers are small and come in one piece: waiting for more would only cost time.
    let _ = stream.set_nodelay(true);
    let patience = shared.environment.options.patience;
    let handshake = tokio::time::timeout(HANDSHAKE.min(patience), handshake(stream, &shared)).await;
    let Ok(Some((stream, peer))) = handshake else {
        return;
    };
    // A client that does not read its answer is not waited for either.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(patience));
    let peer = Arc::new(peer);
    let seat = Arc::clone(&ticket.seat);
    let service = service_fn(move |request| {
        let (shared, peer, seat) = (shared.clone(), peer.clone(), Arc::clone(&seat));
        Box::pin(async move { respond(&shared, peer.as_ref().as_ref(), request, &seat).await })
    });
    let mut connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // It runs from the end of the answer before, so that it ends idle connections too.
        .header_read_timeout(patience)
        .max_buf_size(256 * 1024)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    if (&mut connection).await.is_err() {
        // A real reset, not a polite end: the client must not take what it has for an answer.
        let stream = connection.into_parts().io.into_inner();
        let _ = stream.get_ref().get_ref().0.set_zero_linger();
    }
}

/// The handshake of TLS; `None` if there is nobody under the name that the client asks for, or it fails.
async fn handshake(stream: TcpStream, shared: &Shared) -> Option<(TlsStream<TcpStream>, Option<Peer>)> {
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream)
        .await
        .ok()?;
    let Some(host) = cluster_name(start.client_hello().server_name()) else {
        return Some((start.into_stream(shared.tls.own()).await.ok()?, None));
    };
    let found = shared
        .change(|state, _| {
            let (owner, documents) = Azure::of(state, &shared.environment);
            kubernetes::at(documents, &owner, &host)
        })
        .await;
    let Ok(Some(endpoint)) = found else {
        let _ = start.io.set_zero_linger();
        return None;
    };
    let config = match shared.tls.cluster(&host, &endpoint) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, %host, "a certificate could not be made");
            return None;
        }
    };
    let stream = start.into_stream(config).await.ok()?;
    // It has been verified: a certificate of somebody else ends the handshake.
    let certificate = stream.get_ref().1.peer_certificates().is_some();
    let peer = Peer {
        cluster: endpoint.uid,
        certificate,
    };
    Some((stream, Some(peer)))
}

async fn respond(
    shared: &Arc<Shared>,
    peer: Option<&Peer>,
    request: http::Request<Incoming>,
    seat: &Arc<Seat>,
) -> Result<Response<AnswerBody>, Reset> {
    let (parts, body) = request.into_parts();
    let endpoint = &shared.environment.endpoint;
    let patience = shared.environment.options.patience;
    if parts.uri.path().starts_with("/_emulator/") && peer.is_none() {
        let body = read(body, patience).await?.ok_or(Reset)?;
        let _busy = seat.busy();
        let request = Request::new(&parts, body, endpoint);
        return Ok(response(control::handle(shared, &request).await));
    }
    let path_and_query = parts
        .uri
        .path_and_query()
        .map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
    let head = Request::new(&parts, Bytes::new(), endpoint);
    let client_id = head.header("x-ms-client-request-id").map(str::to_owned);
    let side = side_of(peer, &head);
    let mut entry = shared.log.begin(
        &parts.method,
        path_and_query.clone(),
        client_id,
        kind(side, &head),
    );
    let mut request = head;
    let body = read(body, patience).await?;
    // Only now: whoever does not send its body is idle.
    let busy = seat.busy();
    let too_large = body.is_none();
    request.body = body.unwrap_or_default();
    let latency = shared.latency.load(Ordering::Relaxed);
    if latency > 0 {
        tokio::time::sleep(Duration::from_micros(latency)).await;
    }
    let verdict = shared
        .plan()
        .judge(&parts.method, parts.uri.path(), &path_and_query);
    if verdict.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(verdict.delay_ms)).await;
    }
    match &verdict.action {
        Some(FaultAction::ResetBefore) => return Err(Reset),
        Some(FaultAction::Hang) => std::future::pending().await,
        _ => {}
    }
    let admission = (side == Side::Arm).then(|| shared.admit(&request)).flatten();
    let (left, throttled) = admission.map_or_else(Default::default, |told| (Some(told.left), told.refusal));
    let mut stream: Option<Box<Stream>> = None;
    let reply = if let Some(refusal) = throttled {
        refusal
    } else if too_large {
        let message = format!("The request content size exceeds the maximum size of {MAX_BODY} bytes.");
        error(side, 413, "RequestEntityTooLarge", message)
    } else {
        match (
            forced(&shared.environment, side, &request, verdict.action.as_ref()),
            peer,
        ) {
            (Some(reply), _) => reply,
            (None, None) if side == Side::Kubernetes => kubernetes::misdirected(),
            (None, peer) => {
                let answered = handle(shared, peer, &request, &verdict).await.ok_or(Reset)?;
                stream = answered.stream;
                answered.reply
            }
        }
    };
    let region = &shared.environment.options.region;
    let mut reply = match side {
        Side::Entra | Side::Kubernetes => reply,
        Side::Arm => arm::stamp(&request, region, left, reply),
    };
    let mut half = false;
    match verdict.action {
        Some(FaultAction::ResetAfter) => return Err(Reset),
        Some(FaultAction::TruncateBody) => half = !reply.body.is_empty(),
        Some(FaultAction::MalformedBody) => {
            reply.body = Bytes::from_static(b"{\"value\":[{\"id\":");
            stream = None;
        }
        Some(FaultAction::Corrupt { seed }) => {
            kompox_emulator_core::faults::corrupt(&mut reply, seed);
            stream = None;
        }
        Some(FaultAction::EmptyBody) => {
            reply.body = Bytes::new();
            stream = None;
        }
        _ => {}
    }
    entry.answered(reply.status);
    let cut = half.then(|| AnswerBody::half(&reply.body));
    let mut response = response(reply);
    if let Some(cut) = cut {
        *response.body_mut() = cut;
    }
    if let Some(stream) = stream {
        let breaks_off = matches!(verdict.action, Some(FaultAction::TruncateBody));
        let (sender, receiver) = mpsc::channel(16);
        let telling = tell(shared.clone(), stream, sender, breaks_off);
        tokio::spawn(async move {
            telling.await;
            drop(busy);
        });
        *response.body_mut() = AnswerBody::stream(receiver);
    }
    Ok(response)
}

/// Reads a whole body; `None` if it is too large. A client that takes too long is not waited for.
async fn read(body: Incoming, patience: Duration) -> Result<Option<Bytes>, Reset> {
    tokio::time::timeout(patience, read_all(body))
        .await
        .unwrap_or(Err(Reset))
}

async fn read_all(mut body: Incoming) -> Result<Option<Bytes>, Reset> {
    let mut whole = BytesMut::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        // The client has gone, or does not speak HTTP.
        let Ok(data) = frame.map_err(|_| Reset)?.into_data() else {
            continue;
        };
        seen += data.len();
        if seen > MAX_DISCARDED {
            return Err(Reset);
        }
        if seen <= MAX_BODY {
            whole.extend_from_slice(&data);
        }
    }
    Ok((seen <= MAX_BODY).then(|| whole.freeze()))
}

fn response(reply: Reply) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(reply.body));
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = reply.headers;
    response
}

fn is_entra(request: &Request) -> bool {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    entra::is_entra(&segments)
}

/// Whose answer the client of a request expects.
fn side_of(peer: Option<&Peer>, request: &Request) -> Side {
    if peer.is_some() || kubernetes::is_kubernetes(&request.path) {
        Side::Kubernetes
    } else if is_entra(request) {
        Side::Entra
    } else {
        Side::Arm
    }
}

fn kind(side: Side, request: &Request) -> RequestKind {
    match side {
        Side::Entra => return RequestKind::Token,
        Side::Kubernetes if !request.is_read() => return RequestKind::Write,
        Side::Kubernetes if request.query("continue").is_some() => return RequestKind::ListPage,
        Side::Kubernetes => return RequestKind::Read,
        Side::Arm => {}
    }
    let count = request.segments.len();
    let monitor = count >= 2
        && request
            .segments
            .get(count - 2)
            .is_some_and(|segment| segment.to_ascii_lowercase().contains("operation"));
    if !request.is_read() {
        RequestKind::Write
    } else if monitor {
        RequestKind::Poll
    } else if request.query("$skiptoken").is_some() {
        RequestKind::ListPage
    } else {
        RequestKind::Read
    }
}

/// Handles a request; `None` if the cluster that the connection is made to does not answer any more.
async fn handle(
    shared: &Shared,
    peer: Option<&Peer>,
    request: &Request,
    verdict: &Verdict,
) -> Option<ClusterResponse> {
    let races = |when: When| verdict.races.iter().filter(move |race| race.when == when);
    let done = shared
        .change(|state, now| {
            for race in races(When::Before) {
                racing_write(state, &request.path, race, now);
            }
            let reply = if let Some(peer) = peer {
                let pace = pace(&shared.environment.options.timing);
                let (owner, documents) = Azure::of(state, &shared.environment);
                kubernetes::handle(documents, &owner, &pace, peer, request, now)
            } else if is_entra(request) {
                Some(entra::handle(&shared.environment, &state.settings, request, now).into())
            } else {
                let fault = verdict.operation.clone();
                let reply = arm::handle(&mut RequestContext {
                    state,
                    environment: &shared.environment,
                    request,
                    now,
                    fault,
                });
                Some(reply.into())
            };
            for race in races(When::After) {
                racing_write(state, &request.path, race, now);
            }
            reply
        })
        .await;
    match done {
        Ok(reply) => reply,
        // What is not on disk has not happened as far as the client may know.
        Err(failed) if peer.is_some() => {
            Some(error(Side::Kubernetes, 500, "InternalError", failed.to_string()).into())
        }
        Err(failed) => Some(error(Side::Arm, 500, "InternalServerError", failed.to_string()).into()),
    }
}
