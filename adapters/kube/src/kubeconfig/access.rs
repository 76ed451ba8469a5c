//! One way into one cluster: cluster, user and context.

use std::sync::Arc;

use kompox_domain::Result;
use kompox_domain::driver::TokenCommand;
use kompox_yaml::{Map, Node, Value};

use super::{Kubeconfig, LISTS, no_kubeconfig};

/// The name of the extension that says what a cluster is in the cloud.
const EXTENSION: &str = "ops.kompox.dev";

/// The form of tokens on which we and kubectl agree.
const EXEC_API: &str = "client.authentication.k8s.io/v1";

/// One way into one cluster. It may hold a credential, so it has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Access {
    /// Of cluster, user and context, as in [`LISTS`].
    pub(super) names: [String; 3],
    pub(crate) cluster: Map,
    pub(crate) user: Map,
    pub(super) context: Map,
}

impl Kubeconfig {
    /// The context that is current, with its cluster and user.
    ///
    /// # Errors
    /// `InvalidInput` where one of them is missing.
    pub fn current(&self) -> Result<Access> {
        let missing = |what: &str| {
            let why = format!("it has no {what}");
            no_kubeconfig(&why)
        };
        let current = self
            .0
            .text("current-context")
            .ok_or_else(|| missing("current context"))?;
        let context = self
            .item("contexts", current)
            .ok_or_else(|| missing("such context as its current one"))?;
        let name = |field| {
            context
                .text(field)
                .ok_or_else(|| missing(&format!("{field} in its current context")))
        };
        let (cluster, user) = (name("cluster")?, name("user")?);
        let item = |list, what: &str, name| self.item(list, name).ok_or_else(|| missing(what)).cloned();
        Ok(Access {
            names: [cluster, user, current].map(str::to_owned),
            cluster: with_texts(item("clusters", "cluster for its current context", cluster)?),
            user: with_texts(item("users", "user for its current context", user)?),
            context: context.clone(),
        })
    }
}

/// The fields of clusters and users that hold strings: kubectl takes `token: 12` for one, though it looks like none.
const TEXTS: [&str; 10] = [
    "server",
    "tls-server-name",
    "certificate-authority",
    "certificate-authority-data",
    "proxy-url",
    "client-certificate-data",
    "client-key-data",
    "token",
    "username",
    "password",
];

/// The same with strings where strings are meant.
fn with_texts(mut map: Map) -> Map {
    for field in TEXTS {
        if let Some(text) = map.text(field).map(str::to_owned) {
            map.set(field, Node::string(text));
        }
    }
    map
}

impl Access {
    /// The name of the context.
    #[must_use]
    pub fn name(&self) -> &str {
        let [_, _, context] = &self.names;
        context
    }

    /// The address of the API server.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.cluster.text("server")
    }

    /// Whether the user proves who they are with a program that kubectl runs, or that it once knew itself.
    #[must_use]
    pub fn has_program(&self) -> bool {
        ["exec", "auth-provider"]
            .iter()
            .any(|field| self.user.get(field).is_some_and(|node| !node.is_null()))
    }

    /// The cloud's own id of the cluster, where [`with_handle`](Self::with_handle) wrote it.
    #[must_use]
    pub fn handle(&self) -> Option<&str> {
        handle(&self.cluster)
    }

    /// Gives cluster, user and context one name.
    #[must_use]
    pub fn renamed(mut self, name: &str) -> Self {
        self.names = [name, name, name].map(str::to_owned);
        self.context.set("cluster", Node::string(name));
        self.context.set("user", Node::string(name));
        self
    }

    /// Makes this the namespace of the context.
    #[must_use]
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        self.context.set("namespace", Node::string(namespace));
        self
    }

    /// Writes the cloud's own id of the cluster into all three, by which they are known again when address or name
    /// of a server are others.
    #[must_use]
    pub fn with_handle(mut self, handle: &str) -> Self {
        for map in [&mut self.cluster, &mut self.user, &mut self.context] {
            let mut content = Map::new();
            content.set("cluster", Node::string(handle));
            let mut extension = Map::new();
            extension.set("extension", Node::from(content));
            extension.set("name", Node::string(EXTENSION));
            let mut others = extensions(map).to_vec();
            others.retain(|node| !is_ours(node));
            others.push(Arc::new(extension.into()));
            map.set("extensions", Node::from(Value::List(others)));
        }
        self
    }

    /// Has a program give out the user's tokens, in place of whatever proved who they are. It never asks anything.
    #[must_use]
    pub fn with_token_command(mut self, command: &TokenCommand) -> Self {
        let list = |items: &[String]| items.iter().map(Node::string).collect::<Node>();
        let mut exec = Map::new();
        exec.set("apiVersion", Node::string(EXEC_API));
        exec.set("command", Node::string(&command.command));
        exec.set("args", list(&command.args));
        let variables = command.env.iter().map(|(name, value)| {
            let mut variable = Map::new();
            variable.set("name", Node::string(name));
            variable.set("value", Node::string(value));
            Node::from(variable)
        });
        if variables.len() > 0 {
            exec.set("env", variables.collect::<Node>());
        }
        exec.set("interactiveMode", Node::string("Never"));
        exec.set("provideClusterInfo", Node::boolean(false));
        let others = extensions(&self.user).to_vec();
        self.user = Map::new();
        self.user.set("exec", Node::from(exec));
        if !others.is_empty() {
            self.user.set("extensions", Node::from(Value::List(others)));
        }
        self
    }

    /// A kubeconfig with nothing else in it.
    #[must_use]
    pub fn to_kubeconfig(&self) -> Kubeconfig {
        let mut config = Kubeconfig::empty();
        for ((list, content), (name, value)) in LISTS.iter().zip(self.entries()) {
            config.put(list, content, name, value.clone());
        }
        config.0.set("current-context", Node::string(self.name()));
        config
    }

    /// Name and content of each, as in [`LISTS`].
    pub(super) fn entries(&self) -> [(&str, &Map); 3] {
        let [cluster, user, context] = &self.names;
        [
            (cluster, &self.cluster),
            (user, &self.user),
            (context, &self.context),
        ]
    }
}

/// The extensions of a cluster, user or context.
pub(super) fn extensions(map: &Map) -> &[Arc<Node>] {
    match map.get("extensions").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes,
        _ => &[],
    }
}

/// Whether an extension is the one that we write.
pub(super) fn is_ours(extension: &Node) -> bool {
    extension.as_map().and_then(|map| map.text("name")) == Some(EXTENSION)
}

/// What a cluster, user or context says about which cluster of the cloud it belongs to.
pub(super) fn handle(map: &Map) -> Option<&str> {
    let ours = extensions(map).iter().find(|node| is_ours(node))?;
    ours.as_map()?.get("extension")?.as_map()?.text("cluster")
}
