//! Objects of any kind, read and written.
//!
//! kube-rs builds the requests (`kube::core::Request`, with its parameters) and sends them. What its `Api` does on top is
//! done here, for two reasons: it takes `"items": null` for an empty list, and it logs the whole body of an answer that it
//! cannot read, which may hold a secret. It writes names into paths as they are, too: see [`ObjectId`].

use std::collections::{BTreeMap, HashSet};

use http::header::{self, HeaderValue};
use kompox_domain::Context;
use kube::Resource;
use kube::api::{
    DeleteParams, DynamicObject, GetParams, ListParams, Patch, PatchParams, Preconditions, Request,
    ValidationDirective,
};
use kube::core::request::Error as BuildError;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{KubeError, Trouble};
use super::expect::{self, List};
use super::kube_client::KubeClient;
use super::repeat::Terms;
use crate::labels::MANAGER;
use crate::object::{Desired, ObjectId, Place, segment};

/// Objects on one page of a list.
const PAGE: u32 = 250;
/// The most pages of a list that are read: a hundred times what any cluster has of what is listed here.
const MAX_PAGES: usize = 1000;
const JSON: &str = "application/json";

type Built = Result<http::Request<Vec<u8>>, BuildError>;

impl KubeClient {
    /// Reads an object. None: there is none, or nobody here knows its kind.
    pub(crate) async fn read(&self, cx: &Context, id: &ObjectId) -> Result<Option<DynamicObject>, KubeError> {
        let request = Request::new(id.collection()).get(&segment(&id.name), &GetParams::default());
        let Some(found) = missing(self.send::<DynamicObject>(cx, request).await)? else {
            return Ok(None);
        };
        expect::object(id, &found).map_err(|why| self.strange(&why))?;
        Ok(Some(found))
    }

    /// Reads an object of a kind whose fields are known here.
    pub(crate) async fn read_as<K>(
        &self,
        cx: &Context,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<K>, KubeError>
    where
        K: k8s_openapi::Resource + Resource + DeserializeOwned,
    {
        let id = ObjectId::of::<K>(namespace, name);
        let found = self.read(cx, &id).await?;
        let parsed = found.map(|found| {
            let parsed = found.try_parse::<K>();
            parsed.map_err(|_| self.strange(&format!("the fields of {id} are not those of its kind")))
        });
        parsed.transpose()
    }

    /// Reads a list, all pages of it: whole objects, or of each only what all kinds have in common, as `K` is. None:
    /// nobody here knows the kind.
    ///
    /// Every object comes once: what was made anew between two pages may stand on both.
    pub(crate) async fn list<K>(
        &self,
        cx: &Context,
        place: &Place<'_>,
        params: &ListParams,
    ) -> Result<Option<Vec<K>>, KubeError>
    where
        K: Resource + DeserializeOwned,
    {
        missing(self.pages(cx, place, params).await)
    }

    async fn pages<K>(
        &self,
        cx: &Context,
        place: &Place<'_>,
        params: &ListParams,
    ) -> Result<Vec<K>, KubeError>
    where
        K: Resource + DeserializeOwned,
    {
        let collection = Request::new(place.path());
        let mut objects: BTreeMap<(Option<String>, Option<String>), K> = BTreeMap::new();
        let mut asked_with: HashSet<String> = HashSet::new();
        let mut params = params.clone().limit(PAGE);
        for _ in 0..MAX_PAGES {
            let request = if K::metadata_api() {
                collection.list_metadata(&params)
            } else {
                collection.list(&params)
            };
            let answer: List<K> = self.send(cx, request).await?;
            let page = expect::page(place, answer).map_err(|why| self.strange(&why))?;
            for object in page.items {
                let meta = object.meta();
                objects.insert((meta.namespace.clone(), meta.name.clone()), object);
            }
            let Some(next) = page.next else {
                return Ok(objects.into_values().collect());
            };
            if !asked_with.insert(next.clone()) {
                return Err(self.strange("the list goes round in circles"));
            }
            params = params.continue_token(&next);
        }
        Err(self.strange(&format!("the list has more than {MAX_PAGES} pages")))
    }

    /// Reads a document that tells what an API server serves. None: nobody here knows it.
    pub(crate) async fn discover<T: DeserializeOwned>(
        &self,
        cx: &Context,
        path: &str,
    ) -> Result<Option<T>, KubeError> {
        let request = http::Request::get(path).body(Vec::new());
        missing(self.send(cx, request.map_err(BuildError::BuildRequest)).await)
    }

    /// An answer that is none.
    pub(crate) fn strange(&self, why: &str) -> KubeError {
        KubeError::protocol(&self.server, why)
    }

    /// Applies an object, and answers with what came of it. With `force` fields are taken from whoever has them.
    pub(crate) async fn apply(
        &self,
        cx: &Context,
        object: &Desired,
        force: bool,
    ) -> Result<DynamicObject, KubeError> {
        let params = PatchParams {
            force,
            ..as_manager()
        };
        self.patch(cx, object.id(), &params, &Patch::Apply(object.value()))
            .await
    }

    /// Merges fields into an object. Fit to be repeated only with the version that it is to have before.
    pub(crate) async fn merge(
        &self,
        cx: &Context,
        id: &ObjectId,
        patch: &Value,
    ) -> Result<DynamicObject, KubeError> {
        self.patch(cx, id, &as_manager(), &Patch::Merge(patch)).await
    }

    /// Answers with the object that was written; anything else, and nobody knows what became of it.
    async fn patch(
        &self,
        cx: &Context,
        id: &ObjectId,
        params: &PatchParams,
        patch: &Patch<&Value>,
    ) -> Result<DynamicObject, KubeError> {
        let request = Request::new(id.collection()).patch(&segment(&id.name), params, patch);
        let written = self.send::<DynamicObject>(cx, request).await?;
        expect::object(id, &written).map_err(|why| self.strange(&why))?;
        Ok(written)
    }

    /// Deletes an object if it is still the one with this uid. That there is none is an error: whoever asks has seen it.
    pub(crate) async fn delete(&self, cx: &Context, id: &ObjectId, uid: &str) -> Result<(), KubeError> {
        let params = DeleteParams::background().preconditions(Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        });
        let request = Request::new(id.collection()).delete(&segment(&id.name), &params);
        // The object that goes, or a Status that says so: which of the two is up to the kind.
        self.send::<Value>(cx, request).await.map(drop)
    }

    /// Sends a request for this operation, and reads what is answered.
    async fn send<T: DeserializeOwned>(&self, cx: &Context, request: Built) -> Result<T, KubeError> {
        let mut request =
            request.map_err(|error| KubeError::of(&self.server, kube::Error::BuildRequest(error)))?;
        request.extensions_mut().insert(Terms {
            cx: cx.clone(),
            pace: self.pace(),
        });
        accept_json(request.headers_mut());
        let answered = self.client.request_text(request).await;
        let text = answered.map_err(|error| KubeError::of(&self.server, error))?;
        // What serde says of a wrong type quotes what it has found.
        serde_json::from_str(&text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                let at = (error.line(), error.column());
                let why = "the answer does not have the form of what was asked for";
                self.strange(&format!("{why}, from line {}, column {}", at.0, at.1))
            }
            _ => self.strange(&format!("the answer is not JSON: {error}")),
        })
    }
}

/// As whom fields are written, and that none of them is unknown.
fn as_manager() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        field_validation: Some(ValidationDirective::Strict),
        ..PatchParams::default()
    }
}

/// Asks for JSON. A server that cannot answer with metadata alone, as some behind an API server, answers with whole
/// objects; kube-rs would have it refuse.
fn accept_json(headers: &mut http::HeaderMap) {
    let accept = match headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
    {
        Some(accept) if accept != JSON => format!("{accept},{JSON}"),
        _ => JSON.to_owned(),
    };
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::ACCEPT, accept);
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
