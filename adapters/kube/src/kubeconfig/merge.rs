//! Merging one way into one cluster into the files that kubectl reads as one.
//!
//! kubectl's rules decide where an entry stands: one that is there is updated in the file that defines it, and of two
//! with one name the first counts. A new one goes to the first file that is there, or makes the last one.

use std::fmt;
use std::sync::Arc;

use kompox_yaml::{Map, Node, Value};

use super::access::{extensions, handle, is_ours};
use super::{Access, Kubeconfig, LISTS};

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

/// The files that kubectl reads as one, by their precedence; none where a file is not there.
#[cfg_attr(test, derive(Debug))]
pub struct KubeconfigFiles(Vec<Option<Kubeconfig>>);

/// A kubeconfig into which something was merged.
#[cfg_attr(test, derive(Debug))]
pub struct Merged {
    /// The whole.
    pub config: Kubeconfig,
    /// What differs. Empty: nothing.
    pub changes: Vec<EntryChange>,
}

/// Kubeconfigs into which something was merged.
#[cfg_attr(test, derive(Debug))]
pub struct MergedFiles {
    /// Each file, in the same order.
    pub files: Vec<Merged>,
    /// Which of them holds the context.
    pub context: usize,
}

/// An entry with our name that is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {name} is there already and leads to another cluster{}", shown(.server.as_deref()))]
pub struct Clash {
    /// What it is.
    pub kind: EntryKind,
    /// Its name.
    pub name: String,
    /// Which file it is in.
    pub file: usize,
    /// The address that it leads to, where that is known.
    pub server: Option<String>,
}

fn shown(server: Option<&str>) -> String {
    server.map_or_else(String::new, |server| format!(" at {server}"))
}

impl KubeconfigFiles {
    /// Files by their precedence.
    #[must_use]
    pub const fn new(files: Vec<Option<Kubeconfig>>) -> Self {
        Self(files)
    }

    /// Merges one way into one cluster. Everything else stays as it is; entries for the same cluster are updated
    /// where they stand, and keep what somebody added to them.
    ///
    /// # Errors
    /// [`Clash`], unless forced.
    pub fn merge(&self, access: &Access, options: MergeOptions) -> Result<MergedFiles, Clash> {
        let whole = self.as_one();
        let ours = whole.ours(access);
        let new = file_for_new_entries(self.0.iter().map(Option::is_some));
        let mut files: Vec<Merged> = self.0.iter().map(Merged::unchanged).collect();
        let kinds = [EntryKind::Cluster, EntryKind::User, EntryKind::Context];
        let entries = LISTS.iter().zip(access.entries()).zip(kinds).zip(ours);
        for (((&(list, content), (name, value)), kind), ours) in entries {
            let before = whole.item(list, name);
            let defining = self.defining(list, name);
            if let Some(file) = defining.filter(|_| !ours && !options.force) {
                return Err(Clash {
                    kind,
                    name: name.to_owned(),
                    file,
                    server: whole.server_behind(kind, name),
                });
            }
            let after = match before {
                Some(before) if ours => updated(kind, before, value),
                _ => value.clone(),
            };
            let Some(file) = files
                .get_mut(defining.unwrap_or(new))
                .filter(|_| before != Some(&after))
            else {
                continue;
            };
            file.changes.push(EntryChange {
                kind,
                name: name.to_owned(),
                existed: defining.is_some(),
                fields: before.map(|before| differing(before, &after)).unwrap_or_default(),
            });
            file.config.put(list, content, name, after);
        }
        let current = whole.current_name();
        // Where there was no context nobody has chosen another one.
        let first = current.is_none() && whole.is_empty();
        if (options.set_current || first) && current != Some(access.name()) {
            // Nothing before this file names another one: it is the first that is there.
            if let Some(file) = files.get_mut(new) {
                file.changes.push(EntryChange {
                    kind: EntryKind::CurrentContext,
                    name: access.name().to_owned(),
                    existed: current.is_some(),
                    fields: Vec::new(),
                });
                file.config.0.set("current-context", Node::string(access.name()));
            }
        }
        for file in files.iter_mut().filter(|file| !file.changes.is_empty()) {
            file.config.complete();
        }
        let context = self.defining("contexts", access.name()).unwrap_or(new);
        Ok(MergedFiles { files, context })
    }

    /// What kubectl sees: of entries with one name, and of current contexts, the first.
    fn as_one(&self) -> Kubeconfig {
        let mut whole = Kubeconfig::empty();
        for file in self.0.iter().flatten() {
            for (list, _) in LISTS {
                let mut items = whole.items(list).unwrap_or_default().to_vec();
                let new = file.items(list).unwrap_or_default().iter();
                let new = new.filter(|item| {
                    let name = item.as_map().and_then(|item| item.text("name"));
                    name.is_some_and(|name| !whole.has(list, name))
                });
                items.extend(new.cloned());
                whole.0.set(list, Node::from(Value::List(items)));
            }
            if let (None, Some(name)) = (whole.current_name(), file.current_name()) {
                whole.0.set("current-context", Node::string(name));
            }
        }
        whole
    }

    /// The file in which kubectl finds an entry.
    fn defining(&self, list: &str, name: &str) -> Option<usize> {
        let defines = |file: &Option<Kubeconfig>| file.as_ref().is_some_and(|file| file.has(list, name));
        self.0.iter().position(defines)
    }
}

impl Merged {
    fn unchanged(file: &Option<Kubeconfig>) -> Self {
        Self {
            config: file.clone().unwrap_or_else(Kubeconfig::empty),
            changes: Vec::new(),
        }
    }
}

/// The file that new entries go to, as kubectl finds it: the first that is there, else the last. `there` says of each
/// whether it is.
pub fn file_for_new_entries(there: impl IntoIterator<Item = bool>) -> usize {
    let mut last = 0;
    for (index, there) in there.into_iter().enumerate() {
        if there {
            return index;
        }
        last = index;
    }
    last
}

impl Kubeconfig {
    /// The name of the current context, where there is one.
    fn current_name(&self) -> Option<&str> {
        self.0.text("current-context").filter(|name| !name.is_empty())
    }

    /// Says what it is, where it does not.
    fn complete(&mut self) {
        for (field, value) in [("apiVersion", "v1"), ("kind", "Config")] {
            if self.0.get(field).is_none_or(Node::is_null) {
                self.0.set(field, Node::string(value));
            }
        }
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
        EntryKind::User => Map::new(),
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
    for entry in new.iter() {
        after.set(&entry.key.text, Arc::clone(&entry.node));
    }
    let others = extensions(before).iter().filter(|node| !is_ours(node));
    let ours = extensions(new).iter().filter(|node| is_ours(node));
    let extensions: Vec<Arc<Node>> = others.chain(ours).cloned().collect();
    if !extensions.is_empty() {
        after.set("extensions", Node::from(Value::List(extensions)));
    }
    after
}

/// Names of the fields in which two entries differ.
fn differing(before: &Map, after: &Map) -> Vec<String> {
    let keys = |map: &Map| -> Vec<String> { map.iter().map(|entry| entry.key.text.clone()).collect() };
    let changed = keys(after)
        .into_iter()
        .filter(|key| before.get(key) != after.get(key));
    let gone = keys(before).into_iter().filter(|key| after.get(key).is_none());
    changed.chain(gone).collect()
}
