//! Kubeconfig files: read with every field, merged, and written as kubectl reads them.

mod access;
mod merge;
mod read;
mod received;
mod replace;
mod write;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use merge::{
    Clash, EntryChange, EntryKind, KubeconfigFiles, MergeOptions, Merged, MergedFiles, file_for_new_entries,
};
pub use received::Received;
pub use replace::{Lost, check_replaceable};

use std::collections::HashSet;
use std::sync::Arc;

use kompox_domain::{Error, ErrorKind, Result};
use kompox_yaml::{Map, Node, Value};

/// The lists of a kubeconfig, each with the field in which its items hold what they are.
const LISTS: [(&str, &str); 3] = [
    ("clusters", "cluster"),
    ("users", "user"),
    ("contexts", "context"),
];

/// A kubeconfig with all that is in it. It may hold credentials, so it has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Kubeconfig(Map);

impl Kubeconfig {
    /// One with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        let mut map = Map::new();
        map.set("apiVersion", Node::string("v1"));
        map.set("kind", Node::string("Config"));
        Self(map)
    }

    /// Reads YAML or JSON. What holds nothing but comments is empty; everything else must be a kubeconfig as kubectl
    /// reads it.
    ///
    /// # Errors
    /// `InvalidInput`, without a word of what is in it: it may hold credentials.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let Some(root) = read::document(bytes)? else {
            return Ok(Self::empty());
        };
        let Some(map) = root.as_map() else {
            return Err(no_kubeconfig(&format!("it holds {}", root.kind())));
        };
        let config = Self(map.clone());
        config.check()?;
        Ok(config)
    }

    /// Whether it is one, as far as kubectl looks.
    fn check(&self) -> Result<()> {
        for (field, expected) in [("kind", "Config"), ("apiVersion", "v1")] {
            let found = self.0.get(field).filter(|node| !node.is_null());
            if found.is_some_and(|node| node.text() != Some(expected)) {
                return Err(no_kubeconfig(&format!("its {field} is not {expected}")));
            }
        }
        let known = [
            "kind",
            "current-context",
            "preferences",
            "clusters",
            "users",
            "contexts",
        ];
        if !self.0.is_empty() && !known.iter().any(|field| self.0.get(field).is_some()) {
            return Err(no_kubeconfig("it has none of a kubeconfig's fields"));
        }
        for (list, content) in LISTS {
            let mut names = HashSet::new();
            for item in self.items(list)? {
                let Some(item) = item.as_map() else {
                    return Err(no_kubeconfig(&format!("an item of {list} is {}", item.kind())));
                };
                let Some(name) = item.text("name") else {
                    return Err(no_kubeconfig(&format!("an item of {list} has no name")));
                };
                if !names.insert(name) {
                    let why = format!("two items of {list} are called {name:?}, which kubectl refuses too");
                    return Err(no_kubeconfig(&why));
                }
                let value = item.get(content).filter(|node| !node.is_null());
                if let Some(other) = value.filter(|node| node.as_map().is_none()) {
                    let why = format!("the {content} of an item of {list} is {}", other.kind());
                    return Err(no_kubeconfig(&why));
                }
            }
        }
        Ok(())
    }

    /// Whether there is no cluster, user or context in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        LISTS
            .iter()
            .all(|(list, _)| self.items(list).is_ok_and(<[_]>::is_empty))
    }

    /// As YAML.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        write::yaml(&self.0)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        write::json(&self.0)
    }

    /// The items of a list; nothing where it is missing or null.
    fn items(&self, list: &str) -> Result<&[Arc<Node>]> {
        let Some(node) = self.0.get(list).filter(|node| !node.is_null()) else {
            return Ok(&[]);
        };
        match &node.value {
            Value::List(items) => Ok(items),
            Value::Scalar(_) | Value::Map(_) => {
                Err(no_kubeconfig(&format!("its {list} are {}", node.kind())))
            }
        }
    }

    /// What an item of a list holds, by its name. Nothing for one that holds nothing.
    fn item(&self, list: &str, name: &str) -> Option<&Map> {
        let (_, content) = LISTS.iter().find(|(found, _)| *found == list)?;
        let named = |item: &&Map| item.text("name") == Some(name);
        let item = self
            .items(list)
            .ok()?
            .iter()
            .filter_map(|item| item.as_map())
            .find(named)?;
        item.get(content)?.as_map()
    }

    /// Whether a list has an item of that name.
    fn has(&self, list: &str, name: &str) -> bool {
        let items = self.items(list).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| item.as_map())
            .any(|item| item.text("name") == Some(name))
    }

    /// Puts what an item holds, with its name, in place of the one that is there or at the end.
    fn put(&mut self, list: &str, content: &str, name: &str, value: Map) {
        let mut items = self.items(list).unwrap_or_default().to_vec();
        let is_named = |item: &Arc<Node>| item.as_map().and_then(|item| item.text("name")) == Some(name);
        let mut item = Map::new();
        match items.iter_mut().find(|item| is_named(item)) {
            Some(there) => {
                item.clone_from(there.as_map().unwrap_or(&Map::new()));
                item.set(content, Node::from(value));
                *there = Arc::new(item.into());
            }
            None => {
                item.set(content, Node::from(value));
                item.set("name", Node::string(name));
                items.push(Arc::new(item.into()));
            }
        }
        self.0.set(list, Node::from(Value::List(items)));
    }
}

fn no_kubeconfig(why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("this is not a kubeconfig: {why}"),
    )
}
