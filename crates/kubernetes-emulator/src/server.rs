//! The way of one request on a cluster's connection.

use http::Method;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::Documents;

use super::access::{self, Authorizer, Caller, Wish};
use super::cluster::{ClusterOwner, Pace};
use super::kinds::Verb;
use super::objects::Objects;
use super::request::{Part, Target};
use super::response::Response;
use super::status::{Answer, Status};
use super::{controllers, delete, discovery, endpoint, lifecycle, read, scale, write};

/// What paths of clusters begin with.
pub(crate) const PREFIX: &str = "/_kubernetes";

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The uid of the cluster whose name it asked for.
    pub cluster: String,
    /// It has shown a certificate that the cluster's CA has signed.
    pub certificate: bool,
}

/// Whether a request is for a cluster, by its path alone.
#[must_use]
pub fn is_kubernetes(path: &str) -> bool {
    path.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Answers a path of a cluster on a connection that is none's.
#[must_use]
pub fn misdirected() -> Reply {
    Status::misdirected().reply()
}

/// Handles a request on a cluster's connection; `None` if the cluster does not answer (any more).
pub fn handle(
    documents: &mut Documents,
    owner: &dyn ClusterOwner,
    pace: &Pace,
    peer: &Peer,
    request: &Request,
    now: i64,
) -> Option<Response> {
    let endpoint = endpoint::find(documents, &peer.cluster)?;
    let cluster = lifecycle::answering(documents, owner, &endpoint)?;
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let path = match segments.as_slice() {
        ["_kubernetes", uid, rest @ ..] if *uid == peer.cluster => rest,
        ["_kubernetes", ..] => return Some(misdirected().into()),
        path => path,
    };
    let authorizer = Authorizer {
        cluster: &cluster,
        owner,
    };
    let answer =
        access::authenticate(request, &endpoint, &cluster, peer.certificate, owner, now).and_then(|caller| {
            if request.method == Method::GET
                && let Some(reply) = discovery::handle(path, &cluster, documents)
            {
                return Ok(reply.into());
            }
            let mut objects = Objects::paced(documents, &cluster, now, pace);
            controllers::settle(&mut objects);
            let answer = serve(&mut objects, request, path, &caller, authorizer);
            controllers::react(&mut objects);
            if request.is_read() {
                objects.look();
            }
            answer
        });
    Some(answer.unwrap_or_else(|status| status.reply().into()))
}

fn serve(
    objects: &mut Objects<'_>,
    request: &Request,
    path: &[&str],
    caller: &Caller,
    authorizer: Authorizer<'_>,
) -> Answer<Response> {
    let target = Target::parse(objects.documents, objects.uid(), path).ok_or_else(Status::no_path)?;
    let verb = target.verb(request)?;
    if target.kind.is("authorization.k8s.io", "SelfSubjectAccessReview") {
        // Everybody may ask what they may do.
        return access::review(objects, request, &target.kind, caller, authorizer).map(Response::from);
    }
    let wish = Wish {
        verb: verb.name(),
        data_action: verb.data_action(),
        group: &target.kind.group,
        resource: &target.resource(),
        namespace: target.namespace,
        name: target.name,
    };
    access::authorize(caller, &wish, authorizer, objects.documents)?;
    let name = target.name.unwrap_or_default();
    if target.part == Part::Scale {
        return scale::handle(objects, request, &target, name).map(Response::from);
    }
    let reply = match verb {
        Verb::Get => read::get(objects, request, &target, name),
        Verb::List => read::list(objects, request, &target),
        Verb::Watch => return read::watch(objects, request, &target),
        Verb::Create => write::create(objects, request, &target),
        Verb::Update => write::update(objects, request, &target, name),
        Verb::Patch => write::patched(objects, request, &target, name),
        Verb::Delete => delete::delete(objects, request, &target, name),
        Verb::DeleteCollection => delete::collection(objects, request, &target),
    };
    reply.map(Response::from)
}
