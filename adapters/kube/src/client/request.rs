//! Objects of any kind, read and written.

use std::time::Instant;

use http::{Method, Request, header};
use kompox_domain::Context;
use kompox_domain::progress::Event;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{KubeClient, KubeError, Trouble};
use crate::labels::MANAGER;
use crate::object::{Desired, ObjectId};

/// How often a request is sent at most. All that are sent here may arrive twice.
const ATTEMPTS: u32 = 4;
/// Objects on one page of a list.
const PAGE: &str = "250";
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
    pub(crate) async fn read(&self, cx: &Context, path: &str) -> Result<Option<Value>, KubeError> {
        missing(self.get(cx, path, &[], "application/json").await)
    }

    /// Reads a list, all pages of it. None: nobody here knows the kind.
    pub(crate) async fn list(
        &self,
        cx: &Context,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<Vec<Value>>, KubeError> {
        missing(self.pages(cx, path, query, "application/json").await)
    }

    /// The same, but of each object only what all kinds have in common.
    pub(crate) async fn list_metadata(
        &self,
        cx: &Context,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<Vec<Value>>, KubeError> {
        missing(self.pages(cx, path, query, METADATA).await)
    }

    async fn pages(
        &self,
        cx: &Context,
        path: &str,
        query: &[(&str, &str)],
        accept: &str,
    ) -> Result<Vec<Value>, KubeError> {
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let mut asked = query.to_vec();
            asked.push(("limit", PAGE));
            if !next.is_empty() {
                asked.push(("continue", &next));
            }
            let mut page = self.get(cx, path, &asked, accept).await?;
            if let Value::Array(list) = page["items"].take() {
                items.extend(list);
            }
            next = page["metadata"]["continue"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if next.is_empty() {
                return Ok(items);
            }
        }
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
            accept: "application/json",
            // JSON is YAML.
            body: Some((
                "application/apply-patch+yaml",
                object.value().to_string().into_bytes(),
            )),
        };
        self.send(cx, wish).await
    }

    /// Merges fields into an object. Fit to be repeated only with the version that it is to have before.
    pub(crate) async fn merge(&self, cx: &Context, id: &ObjectId, patch: &Value) -> Result<Value, KubeError> {
        let wish = Wish {
            method: Method::PATCH,
            path: &id.path(),
            query: &[("fieldManager", MANAGER), ("fieldValidation", "Strict")],
            accept: "application/json",
            body: Some(("application/merge-patch+json", patch.to_string().into_bytes())),
        };
        self.send(cx, wish).await
    }

    /// Deletes an object if it is still the one with this uid. Without one: success.
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
            accept: "application/json",
            body: Some(("application/json", options.to_string().into_bytes())),
        };
        missing(self.send(cx, wish).await).map(drop)
    }

    async fn send(&self, cx: &Context, wish: Wish<'_>) -> Result<Value, KubeError> {
        let mut wait = self.pace();
        let mut attempt = 1;
        loop {
            let request = wish
                .build()
                .map_err(|error| KubeError::of(&self.server, kube::Error::HttpError(error)))?;
            let sent = self.within(cx, self.client.request(request)).await;
            let error = match sent {
                Err(error) if error.is_transient() && attempt < ATTEMPTS => error,
                answer => return answer,
            };
            if cx.deadline().is_some_and(|end| Instant::now() + wait >= end) {
                return Err(error);
            }
            cx.emit(Event::Retrying {
                what: format!("{} {}", wish.method, wish.path),
                reason: error.trouble().as_str().to_owned(),
                wait,
            });
            tokio::time::sleep(wait).await;
            wait *= 2;
            attempt += 1;
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
