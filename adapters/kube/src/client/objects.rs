//! Objects of any kind, read and written.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use http::{Method, Request, header};
use kompox_domain::progress::Event;
use kompox_domain::{Context, PendingWrite};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::error::{KubeError, Trouble};
use super::expect;
use super::kube_client::KubeClient;
use crate::labels::MANAGER;
use crate::object::{Desired, ObjectId, Place};

/// How often a request is sent at most. All that are sent here may arrive twice.
const ATTEMPTS: u32 = 4;
/// The same where the server itself says when to come back: right after a kind was defined its storage is made, and that
/// takes some seconds.
const ASKED_ATTEMPTS: u32 = 12;
/// How long is waited for altogether, where no deadline says so.
const LONGEST: Duration = Duration::from_secs(600);
/// Objects on one page of a list.
const PAGE: &str = "250";
/// The most pages of a list that are read: a hundred times what any cluster has of what is listed here.
const MAX_PAGES: usize = 1000;
const JSON: &str = "application/json";
/// Of each object only what all kinds have in common.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// A request as it is built, again for each attempt.
struct Wish<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    accept: &'a str,
    body: Option<(&'a str, Vec<u8>)>,
}

impl Wish<'_> {
    fn build(&self) -> Result<Request<Vec<u8>>, http::Error> {
        let mut uri = self.path.to_owned();
        for (number, (name, value)) in self.query.iter().enumerate() {
            uri.push(if number == 0 { '?' } else { '&' });
            uri.push_str(name);
            uri.push('=');
            uri.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let request = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .header(header::ACCEPT, self.accept);
        match &self.body {
            Some((kind, body)) => request.header(header::CONTENT_TYPE, *kind).body(body.clone()),
            None => request.body(Vec::new()),
        }
    }
}

impl KubeClient {
    /// Reads an object. None: there is none, or nobody here knows its kind.
    pub(crate) async fn read(&self, cx: &Context, id: &ObjectId) -> Result<Option<Value>, KubeError> {
        let Some(found) = missing(self.get(cx, &id.path(), &[], JSON).await)? else {
            return Ok(None);
        };
        expect::object(id, &found).map_err(|why| self.strange(&why))?;
        Ok(Some(found))
    }

    /// Reads one list of a document of discovery. None: nobody here knows it.
    pub(crate) async fn discover(
        &self,
        cx: &Context,
        path: &str,
        what: &str,
        member: &str,
    ) -> Result<Option<Vec<Value>>, KubeError> {
        let Some(found) = missing(self.get(cx, path, &[], JSON).await)? else {
            return Ok(None);
        };
        let list = expect::document(what, member, found).map_err(|why| self.strange(&why))?;
        Ok(Some(list))
    }

    /// Reads a list, all pages of it. None: nobody here knows the kind.
    pub(crate) async fn list(
        &self,
        cx: &Context,
        place: &Place<'_>,
        query: &[(&str, &str)],
    ) -> Result<Option<Vec<Value>>, KubeError> {
        missing(self.pages(cx, place, query, JSON).await)
    }

    /// The same, but of each object only what all kinds have in common.
    pub(crate) async fn list_metadata(
        &self,
        cx: &Context,
        place: &Place<'_>,
        query: &[(&str, &str)],
    ) -> Result<Option<Vec<Value>>, KubeError> {
        missing(self.pages(cx, place, query, METADATA).await)
    }

    /// Every object once: what was made anew between two pages may stand on both.
    async fn pages(
        &self,
        cx: &Context,
        place: &Place<'_>,
        query: &[(&str, &str)],
        accept: &str,
    ) -> Result<Vec<Value>, KubeError> {
        let path = place.path();
        let mut objects: BTreeMap<(String, String), Value> = BTreeMap::new();
        let mut asked_with: HashSet<String> = HashSet::new();
        let mut next = String::new();
        for _ in 0..MAX_PAGES {
            let mut asked = query.to_vec();
            asked.push(("limit", PAGE));
            if !next.is_empty() {
                asked.push(("continue", &next));
            }
            let answer = self.get(cx, &path, &asked, accept).await?;
            let page = expect::page(place, answer).map_err(|why| self.strange(&why))?;
            for object in page.items {
                let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
                objects.insert((text("namespace"), text("name")), object);
            }
            if page.next.is_empty() {
                return Ok(objects.into_values().collect());
            }
            if !asked_with.insert(page.next.clone()) {
                return Err(self.strange("the list goes round in circles"));
            }
            next = page.next;
        }
        Err(self.strange(&format!("the list has more than {MAX_PAGES} pages")))
    }

    /// An answer that is none.
    pub(crate) fn strange(&self, why: &str) -> KubeError {
        KubeError::protocol(&self.server, why)
    }

    async fn get(
        &self,
        cx: &Context,
        path: &str,
        query: &[(&str, &str)],
        accept: &str,
    ) -> Result<Value, KubeError> {
        let wish = Wish {
            method: Method::GET,
            path,
            query,
            accept,
            body: None,
        };
        self.send(cx, wish).await
    }

    /// Applies an object, and answers with what came of it. With `force` fields are taken from whoever has them.
    pub(crate) async fn apply(
        &self,
        cx: &Context,
        object: &Desired,
        force: bool,
    ) -> Result<Value, KubeError> {
        let mut query = vec![("fieldManager", MANAGER), ("fieldValidation", "Strict")];
        if force {
            query.push(("force", "true"));
        }
        let wish = Wish {
            method: Method::PATCH,
            path: &object.id().path(),
            query: &query,
            accept: JSON,
            // JSON is YAML.
            body: Some((
                "application/apply-patch+yaml",
                object.value().to_string().into_bytes(),
            )),
        };
        self.written(object.id(), self.send(cx, wish).await?)
    }

    /// Merges fields into an object. Fit to be repeated only with the version that it is to have before.
    pub(crate) async fn merge(&self, cx: &Context, id: &ObjectId, patch: &Value) -> Result<Value, KubeError> {
        let wish = Wish {
            method: Method::PATCH,
            path: &id.path(),
            query: &[("fieldManager", MANAGER), ("fieldValidation", "Strict")],
            accept: JSON,
            body: Some(("application/merge-patch+json", patch.to_string().into_bytes())),
        };
        self.written(id, self.send(cx, wish).await?)
    }

    /// What a write answered: the object that was written, or nobody knows what became of it.
    fn written(&self, id: &ObjectId, answer: Value) -> Result<Value, KubeError> {
        expect::object(id, &answer).map_err(|why| self.strange(&why))?;
        Ok(answer)
    }

    /// Deletes an object if it is still the one with this uid. That there is none is an error: whoever asks has seen it.
    pub(crate) async fn delete(&self, cx: &Context, path: &str, uid: &str) -> Result<(), KubeError> {
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": { "uid": uid }
        });
        let wish = Wish {
            method: Method::DELETE,
            path,
            query: &[],
            accept: JSON,
            body: Some((JSON, options.to_string().into_bytes())),
        };
        self.send(cx, wish).await.map(drop)
    }

    /// Sends a request until it is answered, at most as often as is worth it, and never past the deadline. How long is
    /// waited says the server, else it is longer each time.
    async fn send(&self, cx: &Context, wish: Wish<'_>) -> Result<Value, KubeError> {
        let latest = Instant::now() + LONGEST;
        let end = cx.deadline().unwrap_or(latest);
        let mut usual = self.pace();
        let mut attempt = 1;
        let mut writing = Writing::begin(cx, &wish.method);
        loop {
            let request = wish
                .build()
                .map_err(|error| KubeError::of(&self.server, kube::Error::HttpError(error)))?;
            writing.sends();
            let error = match self.exchange(cx, request).await {
                Err(error) => writing.ended(error),
                answer => return answer,
            };
            if !error.is_transient() {
                return Err(error);
            }
            let asked = error.retry_after();
            let attempts = asked.map_or(ATTEMPTS, |_| ASKED_ATTEMPTS);
            let wait = asked.unwrap_or(usual);
            let again = Instant::now().checked_add(wait);
            if attempt >= attempts || again.is_none_or(|again| again >= end) {
                return Err(error);
            }
            cx.emit(Event::Retrying {
                what: format!("{} {}", wish.method, wish.path),
                reason: error.trouble().as_str().to_owned(),
                wait,
            });
            tokio::time::sleep(wait).await;
            usual *= 2;
            attempt += 1;
        }
    }
}

/// A write with all its attempts; of a read nothing is told. Dropped while an attempt is under way, it counts as one
/// that may take effect.
struct Writing {
    pending: Option<PendingWrite>,
    under_way: bool,
    lost: bool,
}

impl Writing {
    fn begin(cx: &Context, method: &Method) -> Self {
        Self {
            pending: (*method != Method::GET).then(|| cx.write()),
            under_way: false,
            lost: false,
        }
    }

    fn sends(&mut self) {
        self.under_way = true;
    }

    /// An attempt ended so. What an earlier one may have done, the refusal of a later one does not undo.
    fn ended(&mut self, error: KubeError) -> KubeError {
        self.under_way = false;
        self.lost |= error.may_have_taken_effect();
        if self.lost {
            error.after_lost_attempt()
        } else {
            error
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.under_way
            && !self.lost
            && let Some(pending) = self.pending.take()
        {
            pending.refused();
        }
    }
}

/// That something is not there is an answer.
fn missing<T>(answer: Result<T, KubeError>) -> Result<Option<T>, KubeError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.trouble() == Trouble::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
