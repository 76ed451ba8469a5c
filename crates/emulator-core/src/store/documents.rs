//! The table of documents: JSON, serialised, under a key that is a path.
//!
//! Documents are kept serialised, so that 50,000 disks fit and a list is a concatenation; a type index makes a page
//! cost what is on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use http::Extensions;
use serde_json::Value;

use super::journal::{Change, Journal};
use super::resource::Resource;

/// All documents. Whoever has this handle reaches documents and nothing else.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    resources: BTreeMap<Arc<str>, Resource>,
    by_type: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// What is remembered about documents until the process ends, by type.
    pub memory: Extensions,
    pub(super) journal: Journal,
}

impl Documents {
    /// The resource with this lower-cased id.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Resource> {
        self.resources.get(key)
    }

    /// The document with this lower-cased id.
    #[must_use]
    pub fn document(&self, key: &str) -> Option<Value> {
        self.get(key).map(Resource::document)
    }

    /// Inserts or replaces a document.
    pub fn put(&mut self, key: &str, kind: &str, document: &Value, now: i64) {
        let created = self.get(key).map_or(now, |old| old.created);
        let body: Arc<str> = document.to_string().into();
        let kind = self.intern(kind);
        self.insert(
            Arc::from(key),
            Resource {
                kind,
                body,
                created,
                changed: now,
            },
        );
    }

    /// Inserts a resource that is serialised already.
    pub fn insert(&mut self, key: Arc<str>, resource: Resource) {
        self.journal
            .note(|| Change::PutResource(key.clone(), resource.clone()));
        self.index(key, resource);
    }

    pub(super) fn index(&mut self, key: Arc<str>, resource: Resource) {
        let kind = resource.kind.clone();
        if let Some(old) = self.resources.insert(key.clone(), resource)
            && old.kind != kind
            && let Some(keys) = self.by_type.get_mut(&old.kind)
        {
            keys.remove(&key);
        }
        self.by_type.entry(kind).or_default().insert(key);
    }

    /// The shared copy of a type name.
    #[must_use]
    pub fn intern(&self, kind: &str) -> Arc<str> {
        self.by_type
            .get_key_value(kind)
            .map_or_else(|| Arc::from(kind), |(kind, _)| kind.clone())
    }

    /// Removes a document and says whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let Some((key, resource)) = self.resources.remove_entry(key) else {
            return false;
        };
        if let Some(keys) = self.by_type.get_mut(&resource.kind) {
            keys.remove(&key);
        }
        self.journal.note(|| Change::RemoveResource(key));
        true
    }

    /// Removes a document with everything below it.
    pub fn remove_tree(&mut self, key: &str) {
        for child in self.keys_below(key) {
            self.remove(&child);
        }
        self.remove(key);
    }

    pub(super) fn keys_below(&self, key: &str) -> Vec<Arc<str>> {
        self.below(key).map(|(key, _)| key.clone()).collect()
    }

    /// Resources whose id lies below this one, in order of id.
    pub fn below<'a>(&'a self, key: &str) -> impl Iterator<Item = (&'a Arc<str>, &'a Resource)> + use<'a> {
        self.after(key, None)
    }

    /// Resources below an id, from the one after `last` on.
    pub fn after<'a>(
        &'a self,
        scope: &str,
        last: Option<&str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Resource)> + use<'a> {
        let prefix = format!("{scope}/");
        let start: Bound<&str> = match last {
            Some(last) if last >= prefix.as_str() => Bound::Excluded(last),
            _ => Bound::Included(&prefix),
        };
        self.resources
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(&prefix))
    }

    /// Resources of one type below an id, from the one after `last` on.
    pub fn of_type<'a>(
        &'a self,
        kind: &str,
        scope: &str,
        last: Option<&str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Resource)> + use<'a> {
        let prefix = format!("{scope}/");
        let start: Bound<&str> = match last {
            Some(last) if last >= prefix.as_str() => Bound::Excluded(last),
            _ => Bound::Included(&prefix),
        };
        self.by_type
            .get(kind)
            .map(|keys| keys.range::<str, _>((start, Bound::Unbounded)))
            .into_iter()
            .flatten()
            .take_while(move |key| key.starts_with(&prefix))
            .filter_map(|key| self.resources.get_key_value(key))
    }

    /// Makes everything as it was in `kept`.
    pub(super) fn restore(&mut self, kept: &Self) {
        let before = std::mem::replace(self, kept.clone());
        self.journal = before.journal;
        for key in before.resources.into_keys() {
            if !kept.resources.contains_key(&key) {
                self.journal.note(|| Change::RemoveResource(key));
            }
        }
        for (key, resource) in &kept.resources {
            self.journal
                .note(|| Change::PutResource(key.clone(), resource.clone()));
        }
    }
}
