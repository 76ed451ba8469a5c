//! Merging one way into one cluster into a file that holds others.

use std::fmt;

use super::access::{extensions, handle, is_ours};
use super::{Access, Kubeconfig, LISTS, Map, Node};

/// How to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MergeOptions {
    /// Make the context the current one. The first entry of a file becomes that anyway.
    pub set_current: bool,
    /// Replace entries that are somebody else's.
    pub force: bool,
}

/// What an entry of a kubeconfig is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A cluster.
    Cluster,
    /// A user.
    User,
    /// A context.
    Context,
    /// Which context is the current one.
    CurrentContext,
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster => "cluster",
            Self::User => "user",
            Self::Context => "context",
            Self::CurrentContext => "current context",
        })
    }
}

/// What merging does to one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChange {
    /// What it is.
    pub kind: EntryKind,
    /// Its name.
    pub name: String,
    /// Whether it was there before.
    pub existed: bool,
    /// Names of the fields that differ from before; values may be credentials. Empty for a new entry.
    pub fields: Vec<String>,
}

/// A kubeconfig into which something was merged.
#[cfg_attr(test, derive(Debug))]
pub struct Merged {
    /// The whole.
    pub config: Kubeconfig,
    /// What differs. Empty: nothing.
    pub changes: Vec<EntryChange>,
}

/// An entry with our name that is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {name} is there already and leads to another cluster{}", shown(.server.as_deref()))]
pub struct Clash {
    /// What it is.
    pub kind: EntryKind,
    /// Its name.
    pub name: String,
    /// The address that it leads to, where that is known.
    pub server: Option<String>,
}

fn shown(server: Option<&str>) -> String {
    server.map_or_else(String::new, |server| format!(" at {server}"))
}

impl Kubeconfig {
    /// Merges one way into one cluster. Everything else stays as it is; entries for the same cluster are updated
    /// where they stand, and keep what somebody added to them.
    ///
    /// # Errors
    /// [`Clash`], unless forced.
    pub fn merge(&self, access: &Access, options: MergeOptions) -> Result<Merged, Clash> {
        let ours = self.ours(access);
        let mut config = self.clone();
        let mut changes = Vec::new();
        let kinds = [EntryKind::Cluster, EntryKind::User, EntryKind::Context];
        let entries = LISTS.iter().zip(access.entries()).zip(kinds).zip(ours);
        for (((&(list, content), (name, value)), kind), ours) in entries {
            let before = self.item(list, name);
            let existed = self.has(list, name);
            if existed && !ours && !options.force {
                return Err(Clash {
                    kind,
                    name: name.to_owned(),
                    server: self.server_behind(kind, name),
                });
            }
            let after = match before {
                Some(before) if ours => updated(kind, before, value),
                _ => value.clone(),
            };
            if before == Some(&after) {
                continue;
            }
            changes.push(EntryChange {
                kind,
                name: name.to_owned(),
                existed,
                fields: before.map(|before| differing(before, &after)).unwrap_or_default(),
            });
            config.put(list, content, name, after);
        }
        let current = self.0.text("current-context").filter(|name| !name.is_empty());
        // In a file that held no context nobody has chosen another one.
        let first = current.is_none()
            && LISTS
                .iter()
                .all(|(list, _)| self.items(list).is_ok_and(<[Node]>::is_empty));
        if (options.set_current || first) && current != Some(access.name()) {
            changes.push(EntryChange {
                kind: EntryKind::CurrentContext,
                name: access.name().to_owned(),
                existed: current.is_some(),
                fields: Vec::new(),
            });
            config.0.set("current-context", Node::text(access.name()));
        }
        if !changes.is_empty() {
            for (field, value) in [("apiVersion", "v1"), ("kind", "Config")] {
                if config.0.get(field).is_none_or(Node::is_null) {
                    config.0.set(field, Node::text(value));
                }
            }
        }
        Ok(Merged { config, changes })
    }

    /// Whether the entries with the names of cluster, user and context belong to that very cluster.
    fn ours(&self, access: &Access) -> [bool; 3] {
        let [(cluster_name, cluster), (user_name, user), (context_name, _)] = access.entries();
        let same = |map: &Map| match (handle(map), handle(cluster)) {
            (Some(found), Some(ours)) => Some(found.eq_ignore_ascii_case(ours)),
            _ => None,
        };
        let is_cluster = |map: &Map| same(map).unwrap_or_else(|| same_server(map, cluster));
        // An entry without content has nothing to lose.
        let cluster_is_ours = self.item("clusters", cluster_name).is_none_or(is_cluster);
        let is_context = |map: &Map| {
            same(map).unwrap_or_else(|| match map.text("cluster") {
                Some(name) if name == cluster_name => cluster_is_ours,
                Some(name) => self.item("clusters", name).is_some_and(is_cluster),
                None => true,
            })
        };
        let is_user = |map: &Map| {
            same(map).unwrap_or_else(|| {
                let mut users = self.contexts_of(user_name).peekable();
                map == user || (users.peek().is_some() && users.all(is_context))
            })
        };
        [
            cluster_is_ours,
            self.item("users", user_name).is_none_or(is_user),
            self.item("contexts", context_name).is_none_or(is_context),
        ]
    }

    /// The contexts that use a user.
    fn contexts_of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a Map> {
        let items = self.items("contexts").unwrap_or_default().iter();
        items
            .filter_map(|item| item.as_map()?.get("context")?.as_map())
            .filter(move |context| context.text("user") == Some(user))
    }

    fn server_behind(&self, kind: EntryKind, name: &str) -> Option<String> {
        let cluster = match kind {
            EntryKind::Cluster => name,
            EntryKind::Context | EntryKind::CurrentContext => self.item("contexts", name)?.text("cluster")?,
            EntryKind::User => self.contexts_of(name).next()?.text("cluster")?,
        };
        self.item("clusters", cluster)?.text("server").map(str::to_owned)
    }
}

/// Whether two clusters have the same address.
fn same_server(one: &Map, other: &Map) -> bool {
    let normal = |map: &Map| {
        let server = map.text("server")?.to_ascii_lowercase();
        let server = server.trim_end_matches('/');
        Some(server.strip_suffix(":443").unwrap_or(server).to_owned())
    };
    normal(one).is_some_and(|server| normal(other) == Some(server))
}

/// An entry of ours with what is new, and with what somebody added to it.
fn updated(kind: EntryKind, before: &Map, new: &Map) -> Map {
    let mut after = match kind {
        // Credentials are never mixed.
        EntryKind::User => Map::default(),
        _ => before.clone(),
    };
    if kind == EntryKind::Cluster {
        // They would contradict what is new.
        for field in [
            "certificate-authority",
            "certificate-authority-data",
            "insecure-skip-tls-verify",
            "tls-server-name",
        ] {
            if new.get(field).is_none() {
                after.remove(field);
            }
        }
    }
    for (key, value) in &new.0 {
        after.set(&key.text, value.clone());
    }
    let others = extensions(before).iter().filter(|node| !is_ours(node));
    let ours = extensions(new).iter().filter(|node| is_ours(node));
    let extensions: Vec<Node> = others.chain(ours).cloned().collect();
    if !extensions.is_empty() {
        after.set("extensions", Node::List(extensions));
    }
    after
}

/// Names of the fields in which two entries differ.
fn differing(before: &Map, after: &Map) -> Vec<String> {
    let changed = after.keys().filter(|key| before.get(key) != after.get(key));
    let gone = before.keys().filter(|key| after.get(key).is_none());
    changed.chain(gone).map(std::borrow::Cow::into_owned).collect()
}
