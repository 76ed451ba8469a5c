//! A kubeconfig that the cloud answers: taken apart, and put together again from what is known.
//!
//! Whoever can change the answer must not have a program run, a file of this machine sent, a certificate believed
//! unseen, or another one acted for. What would do that is refused and not left out: AKS never writes it, so the answer
//! is not AKS's. What is merely unknown is left out.

use http::Uri;

use kompox_yaml::{Map, Node, Value};

use super::{Access, Kubeconfig, no_kubeconfig};
use kompox_domain::Result;

/// The fields of a cluster that are taken over.
const CLUSTER: [&str; 3] = ["certificate-authority-data", "server", "tls-server-name"];
/// The fields of a user that are taken over.
pub(super) const CREDENTIALS: [&str; 3] = ["client-certificate-data", "client-key-data", "token"];
/// The fields of a user by which kubectl gets a token of Entra ID. None of their content is taken over.
const PROGRAMS: [&str; 2] = ["exec", "auth-provider"];

/// What a cluster must not have: no verification, files of this machine, another way there.
const NO_CLUSTER: [&str; 3] = ["insecure-skip-tls-verify", "certificate-authority", "proxy-url"];
/// What a user must not have: files of this machine, a password, somebody else to act for.
const NO_USER: [&str; 9] = [
    "client-certificate",
    "client-key",
    "tokenFile",
    "username",
    "password",
    "as",
    "as-uid",
    "as-groups",
    "as-user-extra",
];

/// A way into a cluster that the cloud gave out.
pub struct Received {
    /// The way, with nothing but what is known. Without a credential where that is a token of the user's own.
    pub access: Access,
    /// Whether the user proves who they are with a token that a program gets for them.
    pub wants_token: bool,
}

impl Kubeconfig {
    /// The current context of an answer, with nothing but the fields that are known.
    ///
    /// # Errors
    /// `InvalidInput`, without a word of what is in it: where it is no kubeconfig, has no current context, its server is
    /// not reached by https, or it has what no answer of the cloud has.
    pub fn received(bytes: &[u8]) -> Result<Received> {
        let Access {
            names, cluster, user, ..
        } = Self::parse(bytes)?.current()?;
        refuse("cluster", &cluster, &NO_CLUSTER)?;
        refuse("user", &user, &NO_USER)?;
        let (cluster, known) = (taken(&cluster, &CLUSTER)?, taken(&user, &CREDENTIALS)?);
        check_server(cluster.text("server"))?;
        if cluster.text("tls-server-name").is_some_and(|name| !is_host(name)) {
            return Err(no_kubeconfig("its tls-server-name is no name of a host"));
        }
        let wants_token = PROGRAMS.iter().any(|field| is_set(user.get(field)));
        let [cluster_name, user_name, _] = &names;
        let mut context = Map::new();
        context.set("cluster", Node::string(cluster_name));
        context.set("user", Node::string(user_name));
        Ok(Received {
            access: Access {
                cluster,
                user: known,
                context,
                names,
            },
            wants_token,
        })
    }
}

/// Whether a field says anything.
fn is_set(node: Option<&Node>) -> bool {
    let Some(node) = node else { return false };
    match &node.value {
        Value::List(nodes) => !nodes.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::Scalar(_) => !matches!(node.text(), None | Some("" | "false")),
    }
}

fn refuse(what: &str, map: &Map, fields: &[&str]) -> Result<()> {
    match fields.iter().find(|field| is_set(map.get(field))) {
        Some(field) => Err(no_kubeconfig(&format!(
            "its {what} has {field}, which AKS never writes"
        ))),
        None => Ok(()),
    }
}

/// The known fields, each of which is one line of text.
fn taken(map: &Map, fields: &[&str]) -> Result<Map> {
    let mut taken = Map::new();
    for field in fields {
        let Some(node) = map.get(field).filter(|node| is_set(Some(node))) else {
            continue;
        };
        let text = node.text().map(str::trim);
        let Some(text) = text.filter(|text| text.chars().all(|c| c.is_ascii_graphic())) else {
            return Err(no_kubeconfig(&format!("its {field} is not one word")));
        };
        taken.set(field, Node::string(text));
    }
    Ok(taken)
}

/// Demands https and a host, and nobody's name or password.
fn check_server(server: Option<&str>) -> Result<()> {
    let uri = server.and_then(|server| server.parse::<Uri>().ok());
    let is_good = uri.is_some_and(|uri| {
        uri.scheme_str() == Some("https")
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
    });
    if is_good {
        Ok(())
    } else {
        Err(no_kubeconfig(
            "its server is not an address that begins with https://",
        ))
    }
}

fn is_host(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
}
