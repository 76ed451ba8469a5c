//! Who asks, and what they may do.

use serde_json::{Value, json};

use super::cluster::Endpoint;
use super::kinds::KindRef;
use super::objects::Objects;
use super::request::body;
use super::status::{Answer, Status};
use crate::arm;
use crate::context::{Request, World};
use crate::reply::Reply;
use crate::store::State;

/// Who asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The cluster's own credential: `system:masters`, which may do anything.
    Admin,
    /// A principal of Entra, by object id.
    Entra(String),
}

/// Finds out who asks: a client certificate goes before a token. Nobody asks anonymously.
pub(super) fn authenticate(
    request: &Request,
    endpoint: &Endpoint,
    cluster: &Value,
    certificate: bool,
    state: &State,
    world: &World,
    now: i64,
) -> Answer<Caller> {
    if certificate {
        return Ok(Caller::Admin);
    }
    let token = request
        .header("authorization")
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(Status::unauthorized)?;
    if same_secret(token, &endpoint.token) {
        return Ok(Caller::Admin);
    }
    if !cluster["properties"]["aadProfile"].is_object() {
        return Err(Status::unauthorized());
    }
    world
        .entra
        .kubernetes_caller(token, &world.identity, state, now)
        .map(Caller::Entra)
        .ok_or_else(Status::unauthorized)
}

/// Compared in constant time, as any secret.
fn same_secret(sent: &str, known: &str) -> bool {
    let (sent, known) = (sent.as_bytes(), known.as_bytes());
    sent.iter()
        .zip(known)
        .fold(sent.len() ^ known.len(), |acc, (a, b)| acc | usize::from(a ^ b))
        == 0
}

/// What is to be done, and where.
pub(super) struct Wish<'a> {
    pub(super) verb: &'a str,
    /// The last part of the data action that Azure asks for.
    pub(super) data_action: &'a str,
    pub(super) group: &'a str,
    /// With the part, as in `pods/log`.
    pub(super) resource: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: Option<&'a str>,
}

fn allows(principal: &str, wish: &Wish<'_>, cluster: &Value, state: &State) -> bool {
    if is_azure(cluster) {
        return azure_allows(principal, wish, cluster, state);
    }
    // Without Azure RBAC the cluster's own bindings decide; a new one binds its groups of administrators only.
    cluster["properties"]["aadProfile"]["adminGroupObjectIDs"]
        .as_array()
        .is_some_and(|groups| groups.iter().any(|group| group.as_str() == Some(principal)))
}

fn is_azure(cluster: &Value) -> bool {
    cluster["properties"]["aadProfile"]["enableAzureRBAC"].as_bool() == Some(true)
}

/// 403 for what the caller may not do.
pub(super) fn authorize(caller: &Caller, wish: &Wish<'_>, cluster: &Value, state: &State) -> Answer<()> {
    let Caller::Entra(principal) = caller else {
        return Ok(());
    };
    if allows(principal, wish, cluster, state) {
        return Ok(());
    }
    let place = match wish.namespace {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".to_owned(),
    };
    let qualified = match wish.group {
        "" => wish.resource.to_owned(),
        group => format!("{}.{group}", wish.resource),
    };
    let what = match wish.name {
        Some(name) => format!("{qualified} {name:?}"),
        None => qualified,
    };
    let why = if is_azure(cluster) {
        ": User does not have access to the resource in Azure. Update role assignment to allow access."
    } else {
        ""
    };
    let message = format!(
        "{what} is forbidden: User {principal:?} cannot {} resource {:?} in API group {:?} {place}{why}",
        wish.verb, wish.resource, wish.group
    );
    Err(Status::forbidden(message))
}

/// Answers whether the caller may do something (`SelfSubjectAccessReview`).
pub(super) fn review(
    objects: &Objects<'_>,
    request: &Request,
    kind: &KindRef,
    caller: &Caller,
    cluster: &Value,
) -> Answer<Reply> {
    let mut document = body(request)?;
    let asked = document["spec"]["resourceAttributes"].clone();
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let optional = |name: &str| asked[name].as_str().filter(|text| !text.is_empty());
    let resource = match optional("subresource") {
        Some(part) => format!("{}/{part}", text("resource")),
        None => text("resource").to_owned(),
    };
    let data_action = match text("verb") {
        "get" | "list" | "watch" => "read",
        "delete" | "deletecollection" => "delete",
        _ => "write",
    };
    let wish = Wish {
        verb: text("verb"),
        data_action,
        group: text("group"),
        resource: &resource,
        namespace: optional("namespace"),
        name: optional("name"),
    };
    let allowed = match caller {
        Caller::Admin => true,
        Caller::Entra(principal) => allows(principal, &wish, cluster, objects.state),
    };
    document["apiVersion"] = kind.api_version().into();
    document["kind"] = kind.kind.clone().into();
    document["status"] = json!({ "allowed": allowed });
    Ok(Reply::json(201, &document))
}

/// Azure RBAC: as everywhere the emulator's client may do anything until it is restricted; then what it is left with
/// counts, and the roles it has on the cluster.
fn azure_allows(principal: &str, wish: &Wish<'_>, cluster: &Value, state: &State) -> bool {
    let group = match wish.group {
        "" => String::new(),
        group => format!("{group}/"),
    };
    let action = format!(
        "Microsoft.ContainerService/managedClusters/{group}{}/{}",
        wish.resource, wish.data_action
    );
    let mut scope = cluster["id"].as_str().unwrap_or_default().to_owned();
    if state.access.allows(&action, &scope) {
        return true;
    }
    if let Some(namespace) = wish.namespace {
        scope.push_str("/namespaces/");
        scope.push_str(namespace);
    }
    arm::allows_data_action(state, principal, &action, &scope)
}
