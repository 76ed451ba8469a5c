//! The Kubernetes endpoint of each managed cluster.
//!
//! It is served by the same listener. A connection is a cluster's when its TLS server name is one of the cluster's
//! FQDNs: then it is answered with a certificate of the cluster's own CA, and paths may or may not begin with
//! `/_kubernetes/{resourceUID}`, as the kubeconfigs' `server` does. A path of one cluster on a connection of another,
//! or of none, is refused. A cluster that is stopped, being made or being deleted, or that is not there, resets
//! the connection.
//!
//! What is served stands in the table in [`kinds`], besides the kinds that CustomResourceDefinitions bring.

mod access;
mod admission;
pub(crate) mod cluster;
mod controllers;
mod crds;
mod defaults;
mod delete;
mod discovery;
pub(crate) mod handles;
mod history;
mod kinds;
pub(crate) mod kubeconfig;
mod logs;
mod namespaces;
mod objects;
mod openapi;
mod patch;
mod protobuf;
mod read;
mod request;
mod scale;
mod schema;
mod seed;
mod selectors;
mod ssa;
mod status;
mod table;
mod tls;
mod validate;
mod watch;
mod write;

use http::Method;

use crate::context::{Request, World};
use crate::reply::Reply;
use crate::store::State;
use access::{Caller, Wish};
pub(crate) use history::History;
use kinds::Verb;
use objects::Objects;
use request::{Part, Target};
pub(crate) use status::forced;
use status::{Answer, Status};
pub(crate) use tls::{Tls, cluster_name};
pub(crate) use watch::{News, Stream};

/// What paths of clusters begin with.
pub(crate) const PREFIX: &str = "/_kubernetes";

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// `resourceUID` of the cluster whose name it asked for.
    pub(crate) cluster: String,
    /// It has shown a certificate that the cluster's CA has signed.
    pub(crate) certificate: bool,
}

/// Whether a request is for a cluster, by its path alone.
pub(crate) fn is_kubernetes(path: &str) -> bool {
    path.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Answers a path of a cluster on a connection that is none's.
pub(crate) fn misdirected() -> Reply {
    Status::misdirected().reply()
}

/// Handles a request on a cluster's connection; `None` if the cluster does not answer (any more).
pub(crate) fn handle(
    state: &mut State,
    world: &World,
    peer: &Peer,
    request: &Request,
    now: i64,
) -> Option<Reply> {
    let endpoint = cluster::find(state, &peer.cluster)?;
    let document = cluster::answering(state, &endpoint)?;
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let path = match segments.as_slice() {
        ["_kubernetes", uid, rest @ ..] if *uid == peer.cluster => rest,
        ["_kubernetes", ..] => return Some(misdirected()),
        path => path,
    };
    let answer = access::authenticate(request, &endpoint, &document, peer.certificate, state, world, now)
        .and_then(|caller| {
            if request.method == Method::GET
                && let Some(reply) = discovery::handle(path, &document, state, &peer.cluster)
            {
                return Ok(reply);
            }
            let mut objects = Objects::paced(state, &peer.cluster, now, &world.options.timing);
            controllers::settle(&mut objects);
            let answer = serve(&mut objects, request, path, &caller, &document);
            controllers::react(&mut objects);
            if request.is_read() {
                objects.look();
            }
            answer
        });
    Some(answer.unwrap_or_else(|status| status.reply()))
}

fn serve(
    objects: &mut Objects<'_>,
    request: &Request,
    path: &[&str],
    caller: &Caller,
    cluster: &serde_json::Value,
) -> Answer<Reply> {
    let target = Target::parse(objects.state, objects.uid(), path).ok_or_else(Status::no_path)?;
    let verb = target.verb(request)?;
    if target.kind.is("authorization.k8s.io", "SelfSubjectAccessReview") {
        // Everybody may ask what they may do.
        return access::review(objects, request, &target.kind, caller, cluster);
    }
    let wish = Wish {
        verb: verb.name(),
        data_action: verb.data_action(),
        group: &target.kind.group,
        resource: &target.resource(),
        namespace: target.namespace,
        name: target.name,
    };
    access::authorize(caller, &wish, cluster, objects.state)?;
    let name = target.name.unwrap_or_default();
    if target.part == Part::Scale {
        return scale::handle(objects, request, &target, name);
    }
    match verb {
        Verb::Get => read::get(objects, request, &target, name),
        Verb::List => read::list(objects, request, &target),
        Verb::Watch => read::watch(objects, request, &target),
        Verb::Create => write::create(objects, request, &target),
        Verb::Update => write::update(objects, request, &target, name),
        Verb::Patch => write::patched(objects, request, &target, name),
        Verb::Delete => delete::delete(objects, request, &target, name),
        Verb::DeleteCollection => delete::collection(objects, request, &target),
    }
}
