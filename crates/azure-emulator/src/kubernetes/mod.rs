//! The Kubernetes endpoint of each managed cluster.
//!
//! It is served by the same listener. A connection is a cluster's when its TLS server name is one of the cluster's
//! FQDNs: then it is answered with a certificate of the cluster's own CA, and paths may or may not begin with
//! `/_kubernetes/{resourceUID}`, as the kubeconfigs' `server` does. A path of one cluster on a connection of another,
//! or of none, is refused. A cluster that is stopped, being made or being deleted, or that is not there, resets
//! the connection.
//!
//! What is served stands in the table in [`kinds`].

mod access;
pub(crate) mod cluster;
mod discovery;
pub(crate) mod handles;
mod kinds;
pub(crate) mod kubeconfig;
mod namespaces;
mod objects;
mod protobuf;
mod seed;
mod selectors;
mod status;
mod table;
mod tls;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use crate::context::{Request, World};
use crate::json::object;
use crate::reply::Reply;
use crate::store::State;
use access::Wish;
use kinds::{Kind, Verb};
use objects::{Objects, Scope, has_finalizers};
use selectors::Selectors;
pub(crate) use status::forced;
use status::{Answer, Status};
pub(crate) use tls::{Tls, cluster_name};

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
                && let Some(reply) = discovery::handle(path, &document)
            {
                return Ok(reply);
            }
            let target = Target::parse(path).ok_or_else(Status::no_path)?;
            let verb = target.verb(&request.method)?;
            let wish = Wish {
                verb,
                kind: target.kind,
                namespace: target.namespace,
                name: target.name,
            };
            access::authorize(&caller, &wish, &document, state)?;
            let objects = Objects::of(state, &peer.cluster, now);
            serve(objects, request, &target, verb)
        });
    Some(answer.unwrap_or_else(|status| status.reply()))
}

/// What a path names.
struct Target<'a> {
    kind: &'static Kind,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn parse(path: &[&'a str]) -> Option<Self> {
        let (group, rest) = match path {
            ["api", rest @ ..] => ("", rest),
            ["apis", group, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let [version, rest @ ..] = rest else { return None };
        let (namespace, resource, name) = match rest {
            ["namespaces", namespace, resource] => (Some(*namespace), *resource, None),
            ["namespaces", namespace, resource, name] => (Some(*namespace), *resource, Some(*name)),
            [resource] => (None, *resource, None),
            [resource, name] => (None, *resource, Some(*name)),
            _ => return None,
        };
        let kind = kinds::by_path(group, version, resource)?;
        // A namespaced object has its namespace in its path, others have none.
        let fits = if kind.namespaced {
            namespace.is_some() || name.is_none()
        } else {
            namespace.is_none()
        };
        fits.then_some(Self {
            kind,
            namespace,
            name,
        })
    }

    fn verb(&self, method: &Method) -> Answer<Verb> {
        let verb = match (method, self.name) {
            (&Method::GET, Some(_)) => Verb::Get,
            (&Method::GET, None) => Verb::List,
            (&Method::POST, None) if self.namespace.is_some() || !self.kind.namespaced => Verb::Create,
            (&Method::DELETE, Some(_)) => Verb::Delete,
            _ => return Err(Status::method()),
        };
        if self.kind.verbs.contains(&verb) {
            Ok(verb)
        } else {
            Err(Status::method())
        }
    }

    fn scope(&self) -> Scope<'a> {
        Scope {
            kind: self.kind,
            namespace: self.namespace,
        }
    }
}

fn serve(mut objects: Objects<'_>, request: &Request, target: &Target<'_>, verb: Verb) -> Answer<Reply> {
    let name = target.name.unwrap_or_default();
    match verb {
        Verb::Get => {
            let document = objects
                .get(target.scope(), name)
                .ok_or_else(|| Status::not_found(target.kind, name))?;
            if table::is_wanted(request) {
                let version = json!({ "resourceVersion": document["metadata"]["resourceVersion"] });
                let table = table::table(request, target.kind, &version, &[document], objects.now)?;
                return Ok(Reply::json(200, &table));
            }
            Ok(Reply::json(200, &document))
        }
        Verb::List => list(&objects, request, target),
        Verb::Create => create(&mut objects, request, target),
        Verb::Delete => delete(&mut objects, request, target, name),
    }
}

fn list(objects: &Objects<'_>, request: &Request, target: &Target<'_>) -> Answer<Reply> {
    if request
        .query("watch")
        .is_some_and(|watch| !matches!(watch, "0" | "false"))
    {
        return Err(Status::method());
    }
    let selectors = Selectors::parse(
        target.kind,
        request.query("labelSelector"),
        request.query("fieldSelector"),
    )?;
    let limit =
        match request.query("limit") {
            None | Some("" | "0") => None,
            Some(text) => Some(text.parse::<usize>().map_err(|_| {
                Status::bad_request(format!("Invalid value: {text:?}: must be a whole number"))
            })?),
        };
    let last = match request.query("continue") {
        None | Some("") => None,
        Some(token) => Some(
            URL_SAFE_NO_PAD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(Status::expired)?,
        ),
    };
    let page = objects.page(target.scope(), last.as_deref(), limit, |object| {
        selectors.matches(object)
    });
    let mut metadata = json!({ "resourceVersion": objects.revision().to_string() });
    if let Some(last) = &page.last {
        metadata["continue"] = URL_SAFE_NO_PAD.encode(last).into();
    }
    if table::is_wanted(request) {
        let table = table::table(request, target.kind, &metadata, &page.items, objects.now)?;
        return Ok(Reply::json(200, &table));
    }
    Ok(Reply::json(
        200,
        &json!({
            "kind": format!("{}List", target.kind.kind),
            "apiVersion": target.kind.api_version(),
            "metadata": metadata,
            "items": page.items
        }),
    ))
}

/// Whether a write is only tried; anything but `All` is no such wish.
fn dry_run(request: &Request, options: &Value) -> Answer<bool> {
    let asked = request
        .query("dryRun")
        .map(str::to_owned)
        .or_else(|| options["dryRun"][0].as_str().map(str::to_owned));
    match asked.as_deref() {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(Status::bad_request(format!(
            "Invalid value: {other:?}: supported values: \"All\""
        ))),
    }
}

fn body(request: &Request) -> Answer<Value> {
    let sent = request.header("content-type").unwrap_or("application/json");
    let kind = sent.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/vnd.kubernetes.protobuf") {
        return protobuf::object(&request.body).ok_or_else(|| Status::media_type(kind));
    }
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Status::media_type(kind));
    }
    serde_json::from_slice::<Value>(&request.body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| Status::bad_request("the object provided is unrecognized (must be a JSON object)"))
}

fn create(objects: &mut Objects<'_>, request: &Request, target: &Target<'_>) -> Answer<Reply> {
    let kind = target.kind;
    let mut document = body(request)?;
    let dry_run = dry_run(request, &Value::Null)?;
    let says = |name: &str, wanted: &str| {
        document
            .get(name)
            .and_then(Value::as_str)
            .is_none_or(|said| said == wanted)
    };
    if !says("kind", kind.kind) || !says("apiVersion", &kind.api_version()) {
        return Err(Status::bad_request(format!(
            "the API version in the data does not match the expected API version ({} {})",
            kind.api_version(),
            kind.kind
        )));
    }
    let metadata = object(&mut document, "metadata");
    // What only the server says.
    for name in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "generation",
    ] {
        metadata.remove(name);
    }
    let text = |name: &str| {
        metadata
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    if kind.namespaced
        && let (Some(said), Some(there)) = (text("namespace"), target.namespace)
        && said != there
    {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let name = match (text("name"), text("generateName")) {
        (Some(name), _) => name,
        (None, Some(start)) => {
            let random = uuid::Uuid::new_v4().simple().to_string();
            format!("{start}{}", &random[..5])
        }
        (None, None) => return Err(Status::required(kind, "metadata.name")),
    };
    check_name(kind, &name)?;
    metadata.insert("name".to_owned(), name.clone().into());
    if let Some(namespace) = target.namespace {
        namespaces::check(objects, kind, namespace, &name)?;
    }
    if objects.get(target.scope(), &name).is_some() {
        return Err(Status::exists(kind, &name));
    }
    if kind.kind == "Namespace" {
        namespaces::complete(&mut document);
    }
    objects.complete(kind, target.namespace, &mut document);
    if !dry_run {
        objects.put(target.scope(), &mut document);
    }
    Ok(Reply::json(201, &document))
}

/// Names are DNS labels, as far as the kinds that can be made are concerned.
fn check_name(kind: &Kind, name: &str) -> Answer<()> {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if (1..=63).contains(&name.len())
        && name.chars().all(|c| alphanumeric(c) || c == '-')
        && name.starts_with(alphanumeric)
        && name.ends_with(alphanumeric)
    {
        return Ok(());
    }
    let problem = format!(
        "Invalid value: {name:?}: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
         and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
         validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    );
    Err(Status::invalid(kind, name, "metadata.name", &problem))
}

fn delete(objects: &mut Objects<'_>, request: &Request, target: &Target<'_>, name: &str) -> Answer<Reply> {
    let options = if request.body.is_empty() {
        Value::Null
    } else {
        body(request)?
    };
    let dry_run = dry_run(request, &options)?;
    let scope = target.scope();
    let mut document = objects
        .get(scope, name)
        .ok_or_else(|| Status::not_found(target.kind, name))?;
    for (field, said) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let there = document["metadata"][field].as_str().unwrap_or_default();
        if let Some(wanted) = options["preconditions"][field].as_str()
            && wanted != there
        {
            let why = format!(
                "Precondition failed: {said} in precondition: {wanted}, {said} in object meta: {there}"
            );
            return Err(Status::conflict(target.kind, name, &why));
        }
    }
    if target.kind.kind == "Namespace" {
        return namespaces::delete(objects, scope, document, dry_run).map(|answer| Reply::json(200, &answer));
    }
    if has_finalizers(&document) {
        let deleted = objects.timestamp();
        object(&mut document, "metadata")
            .entry("deletionTimestamp")
            .or_insert_with(|| deleted.into());
        if !dry_run {
            objects.put(scope, &mut document);
        }
        return Ok(Reply::json(200, &document));
    }
    if !dry_run {
        objects.remove(scope, name);
    }
    let uid = &document["metadata"]["uid"];
    Ok(Reply::json(
        200,
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": { "name": name, "group": target.kind.group, "kind": target.kind.resource, "uid": uid }
        }),
    ))
}
