//! Watches: what changes among some objects, told as it happens.

use std::sync::Arc;

use kompox_emulator_core::store::Documents;
use serde_json::{Value, json};

use super::cluster::{ClusterOwner, Pace};
use super::controllers;
use super::endpoint;
use super::history::Histories;
use super::kinds::KindRef;
use super::lifecycle;
use super::objects::{self, Objects, Scope};
use super::selectors::Selectors;
use super::status::Status;
use super::table::{self, Include};

/// One watch.
#[derive(Debug)]
pub struct Stream {
    pub(crate) cluster: String,
    pub(crate) kind: KindRef,
    pub(crate) namespace: Option<String>,
    pub(crate) selectors: Selectors,
    /// The number of the last change that was told; `None` before anything was.
    pub(crate) seen: Option<u64>,
    pub(crate) bookmarks: bool,
    /// A bookmark shall say where the list ends and the changes begin.
    pub(crate) with_list: bool,
    pub(crate) include: Option<Include>,
    /// When it is over, in ticks.
    pub(crate) ends: Option<i64>,
}

/// What a watch has to tell.
#[derive(Debug, Default)]
pub struct News {
    /// Events, a line each.
    pub lines: Vec<u8>,
    /// Nothing comes after it.
    pub over: bool,
}

impl Stream {
    /// What is new; `None` if the cluster does not answer any more.
    ///
    /// `look` says whether it counts as a look at what is under way: what a watch brings about wakes it itself.
    pub fn next(
        &mut self,
        documents: &mut Documents,
        owner: &dyn ClusterOwner,
        pace: &Pace,
        now: i64,
        look: bool,
    ) -> Option<News> {
        let endpoint = endpoint::find(documents, &self.cluster)?;
        let cluster = lifecycle::answering(documents, owner, &endpoint)?;
        let mut objects = Objects::paced(documents, &cluster, now, pace);
        controllers::settle(&mut objects);
        let mut news = News::default();
        match self.seen {
            None => self.list(&objects, &mut news),
            Some(seen) => self.changes(&objects, seen, &mut news),
        }
        if look {
            objects.look();
        }
        if self.ends.is_some_and(|ends| ends <= now) {
            if self.bookmarks && !news.over {
                self.bookmark(&mut news, now, false);
            }
            news.over = true;
        }
        Some(news)
    }

    fn list(&mut self, objects: &Objects<'_>, news: &mut News) {
        let scope = Scope::of(&self.kind, self.namespace.as_deref());
        for item in objects.all(scope) {
            if self.selectors.matches(&item) {
                self.tell(news, "ADDED", item, objects.now);
            }
        }
        self.seen = Some(objects.revision());
        if self.with_list {
            self.bookmark(news, objects.now, true);
        }
    }

    fn changes(&mut self, objects: &Objects<'_>, seen: u64, news: &mut News) {
        let prefix = format!(
            "{}/",
            Scope::of(&self.kind, self.namespace.as_deref()).prefix(objects.uid())
        );
        let current = objects.revision();
        if seen > current {
            // The emulator was set back to an earlier documents.
            return Self::too_old(news, seen, current);
        }
        let histories = objects.documents.memory.get::<Histories>();
        let history = histories.and_then(|histories| histories.of(objects.uid()));
        let events = match history {
            Some(history) => match history.after(seen) {
                Some(events) => events,
                None => return Self::too_old(news, seen, history.floor()),
            },
            // Nothing is remembered: all is well as long as nothing has happened.
            None if seen < current => return Self::too_old(news, seen, current),
            None => return,
        };
        for event in events.filter(|event| event.key.starts_with(&prefix)) {
            let read = |body: &Option<Arc<str>>| {
                let mut document: Value = serde_json::from_str(body.as_ref()?).ok()?;
                objects::present(&self.kind, &mut document);
                Some(document)
            };
            let (before, after) = (read(&event.before), read(&event.after));
            let matches = |document: &Option<Value>| {
                document
                    .as_ref()
                    .is_some_and(|document| self.selectors.matches(document))
            };
            let (was, is) = (matches(&before), matches(&after));
            let (what, document) = match (was, is) {
                (false, true) => ("ADDED", after),
                (true, true) => ("MODIFIED", after),
                // What leaves the selection is told as it is now.
                (true, false) => ("DELETED", after.or(before)),
                (false, false) => continue,
            };
            if let Some(mut document) = document {
                document["metadata"]["resourceVersion"] = event.revision.to_string().into();
                self.tell(news, what, document, objects.now);
            }
        }
        self.seen = Some(current);
    }

    fn tell(&self, news: &mut News, what: &str, document: Value, now: i64) {
        let object = match self.include {
            None => document,
            Some(include) => {
                let version = json!({ "resourceVersion": document["metadata"]["resourceVersion"] });
                table::table(include, &self.kind, &version, &[document], now)
            }
        };
        news.add(&json!({ "type": what, "object": object }));
    }

    fn bookmark(&self, news: &mut News, now: i64, after_list: bool) {
        let mut metadata = json!({ "resourceVersion": self.seen.unwrap_or(0).to_string() });
        if after_list {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object = match self.include {
            None => json!({
                "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata
            }),
            Some(include) => {
                let mut table = table::table(include, &self.kind, &metadata, &[], now);
                let object = json!({
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata
                });
                table["rows"] = json!([{ "cells": [], "object": object }]);
                table
            }
        };
        news.add(&json!({ "type": "BOOKMARK", "object": object }));
    }

    fn too_old(news: &mut News, asked: u64, oldest: u64) {
        news.add(&json!({ "type": "ERROR", "object": Status::too_old(asked, oldest).body() }));
        news.over = true;
    }
}

impl News {
    fn add(&mut self, event: &Value) {
        self.lines.extend_from_slice(event.to_string().as_bytes());
        self.lines.push(b'\n');
    }
}
