//! Who asks, and what they may do.

use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::Documents;
use serde_json::json;

use super::cluster::{Authorization, Cluster, ClusterOwner};
use super::endpoint::Endpoint;
use super::kinds::KindRef;
use super::objects::Objects;
use super::request::body;
use super::status::{Answer, Status};

/// Who asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The cluster's own credential: `system:masters`, which may do anything.
    Admin,
    /// A principal, by object id.
    Principal(String),
}

/// Finds out who asks: a client certificate goes before a token. Nobody asks anonymously.
pub(crate) fn authenticate(
    request: &Request,
    endpoint: &Endpoint,
    cluster: &Cluster,
    certificate: bool,
    owner: &dyn ClusterOwner,
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
    if cluster.authorization == Authorization::LocalAccounts {
        return Err(Status::unauthorized());
    }
    owner
        .principal(token, now)
        .map(Caller::Principal)
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
pub(crate) struct Wish<'a> {
    pub(crate) verb: &'a str,
    /// The last part of the data action that Azure asks for.
    pub(crate) data_action: &'a str,
    pub(crate) group: &'a str,
    /// With the part, as in `pods/log`.
    pub(crate) resource: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

/// What decides about a principal: the cluster, its owner, and what is stored.
#[derive(Clone, Copy)]
pub(crate) struct Authorizer<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) owner: &'a dyn ClusterOwner,
}

impl Authorizer<'_> {
    fn allows(self, documents: &Documents, principal: &str, wish: &Wish<'_>) -> bool {
        match &self.cluster.authorization {
            Authorization::LocalAccounts => false,
            // The cluster's own bindings decide; a new one binds its groups of administrators only.
            Authorization::Groups(groups) => groups.iter().any(|group| group == principal),
            Authorization::Owner => {
                let group = match wish.group {
                    "" => String::new(),
                    group => format!("{group}/"),
                };
                let action = format!("{group}{}/{}", wish.resource, wish.data_action);
                let id = &self.cluster.id;
                self.owner
                    .allows(documents, principal, &action, id, wish.namespace)
            }
        }
    }

    fn is_owner(self) -> bool {
        self.cluster.authorization == Authorization::Owner
    }
}

/// 403 for what the caller may not do.
pub(crate) fn authorize(
    caller: &Caller,
    wish: &Wish<'_>,
    authorizer: Authorizer<'_>,
    documents: &Documents,
) -> Answer<()> {
    let Caller::Principal(principal) = caller else {
        return Ok(());
    };
    if authorizer.allows(documents, principal, wish) {
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
    let why = if authorizer.is_owner() {
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
pub(crate) fn review(
    objects: &Objects<'_>,
    request: &Request,
    kind: &KindRef,
    caller: &Caller,
    authorizer: Authorizer<'_>,
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
        Caller::Principal(principal) => authorizer.allows(objects.documents, principal, &wish),
    };
    document["apiVersion"] = kind.api_version().into();
    document["kind"] = kind.kind.clone().into();
    document["status"] = json!({ "allowed": allowed });
    Ok(Reply::json(201, &document))
}
