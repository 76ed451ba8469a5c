//! Who asks, and what they may do.

use serde_json::Value;

use super::cluster::Endpoint;
use super::kinds::{Kind, Verb};
use super::status::{Answer, Status};
use crate::arm;
use crate::context::{Request, World, action_matches};
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
    pub(super) verb: Verb,
    pub(super) kind: &'static Kind,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: Option<&'a str>,
}

/// 403 for what the caller may not do.
pub(super) fn authorize(caller: &Caller, wish: &Wish<'_>, cluster: &Value, state: &State) -> Answer<()> {
    let Caller::Entra(principal) = caller else {
        return Ok(());
    };
    let azure = cluster["properties"]["aadProfile"]["enableAzureRBAC"].as_bool() == Some(true);
    let allowed = if azure {
        azure_allows(principal, wish, cluster, state)
    } else {
        // Without Azure RBAC the cluster's own bindings decide; a new one binds its groups of administrators only.
        cluster["properties"]["aadProfile"]["adminGroupObjectIDs"]
            .as_array()
            .is_some_and(|groups| groups.iter().any(|group| group.as_str() == Some(principal)))
    };
    if allowed {
        return Ok(());
    }
    let place = match wish.namespace {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".to_owned(),
    };
    let what = match wish.name {
        Some(name) => format!("{} {name:?}", wish.kind.qualified()),
        None => wish.kind.qualified(),
    };
    let why = if azure {
        ": User does not have access to the resource in Azure. Update role assignment to allow access."
    } else {
        ""
    };
    let message = format!(
        "{what} is forbidden: User {principal:?} cannot {} resource {:?} in API group {:?} {place}{why}",
        wish.verb.name(),
        wish.kind.resource,
        wish.kind.group
    );
    Err(Status::forbidden(message))
}

/// Azure RBAC: as everywhere the emulator's client may do anything until it is restricted; then what it is left with
/// counts, and the roles it has on the cluster.
fn azure_allows(principal: &str, wish: &Wish<'_>, cluster: &Value, state: &State) -> bool {
    let group = match wish.kind.group {
        "" => String::new(),
        group => format!("{group}/"),
    };
    let action = format!(
        "Microsoft.ContainerService/managedClusters/{group}{}/{}",
        wish.kind.resource,
        wish.verb.data_action()
    );
    let left = match &state.caller_actions {
        None => true,
        Some(actions) => actions.iter().any(|pattern| action_matches(pattern, &action)),
    };
    if left {
        return true;
    }
    let mut scope = cluster["id"].as_str().unwrap_or_default().to_owned();
    if let Some(namespace) = wish.namespace {
        scope.push_str("/namespaces/");
        scope.push_str(namespace);
    }
    arm::allows_data_action(state, principal, &action, &scope)
}
