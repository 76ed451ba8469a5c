//! Requests to ARM.

use azure_core::http::Method;
use bytes::Bytes;
use serde::Serialize;
use url::Url;

use crate::error::{ArmError, Result};
use crate::shown::clip;

/// One request, with what is known about repeating it.
#[derive(Debug, Clone)]
pub struct ArmRequest {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Bytes>,
    pub(crate) repeatable: bool,
    pub(crate) group_is_known: bool,
    pub(crate) resource_is_known: bool,
    pub(crate) creates: bool,
    pub(crate) reads: bool,
    pub(crate) evidence: Evidence,
    pub(crate) resource_tells: bool,
    pub(crate) condition: Option<Condition>,
}

/// What must hold for a write to take effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing is there yet.
    New,
    /// What is there is still of this version.
    Version(String),
}

/// What shows that a write took effect whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// No reading of one address does.
    None,
    /// That something is at this address.
    Exists(Url),
    /// That nothing is at this address any more.
    Absent(Url),
    /// That what is at the request's address holds all that was sent.
    Holds,
}

impl ArmRequest {
    fn new(method: Method, url: Url, body: Option<Bytes>, repeatable: bool) -> Self {
        Self {
            method,
            url,
            body,
            repeatable,
            group_is_known: false,
            resource_is_known: false,
            creates: false,
            reads: false,
            evidence: Evidence::None,
            resource_tells: true,
            condition: None,
        }
    }

    /// Reads.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::Get, url, None, true).reading()
    }

    /// Deletes. Repeatable: ARM answers a second one with 204. That nothing is there any more shows that it took
    /// effect.
    #[must_use]
    pub fn delete(url: Url) -> Self {
        let evidence = Evidence::Absent(url.clone());
        Self::new(Method::Delete, url, None, true).shown_by(evidence)
    }

    /// Creates or replaces. Repeatable: the body says everything. That what is there holds all of it shows that it took
    /// effect.
    ///
    /// # Errors
    /// [`ArmError::Protocol`] when the body cannot be written as JSON.
    pub fn put(url: Url, body: &impl Serialize) -> Result<Self> {
        Ok(Self::with_body(Method::Put, url, body, true)?.shown_by(Evidence::Holds))
    }

    /// Changes a part, in a way that leads to the same end when done twice (a merge).
    ///
    /// # Errors
    /// [`ArmError::Protocol`] when the body cannot be written as JSON.
    pub fn merge(url: Url, body: &impl Serialize) -> Result<Self> {
        Self::with_body(Method::Patch, url, body, true)
    }

    /// Asks for something to be done. Not repeated where it may have taken effect, unless
    /// [`repeatable`](Self::repeatable) says that it does no harm.
    ///
    /// # Errors
    /// [`ArmError::Protocol`] when the body cannot be written as JSON.
    pub fn post(url: Url, body: &impl Serialize) -> Result<Self> {
        Self::with_body(Method::Post, url, body, false)
    }

    /// The same without a body.
    #[must_use]
    pub fn post_empty(url: Url) -> Self {
        Self::new(Method::Post, url, None, false)
    }

    /// Says that doing it twice does no harm.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Says that it only reads: a POST that changes nothing, and that may be repeated.
    #[must_use]
    pub fn reading(mut self) -> Self {
        self.repeatable = true;
        self.reads = true;
        self
    }

    fn shown_by(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// Says that it took effect where nothing is at another address any more.
    #[must_use]
    pub fn removing(self, url: Url) -> Self {
        self.shown_by(Evidence::Absent(url))
    }

    /// Says that reading its address does not show whether it took effect: whoever asks must find out in another way.
    #[must_use]
    pub fn without_evidence(self) -> Self {
        self.shown_by(Evidence::None)
    }

    fn with_body(method: Method, url: Url, body: &impl Serialize, repeatable: bool) -> Result<Self> {
        let json = serde_json::to_vec(body).map_err(|error| ArmError::Protocol {
            correlation_id: None,
            request: format!("{method} {}", url.path()),
            reason: format!("the request cannot be written: {error}"),
        })?;
        Ok(Self::new(method, url, Some(json.into()), repeatable))
    }

    /// Says that the resource group is known to exist, so that `ResourceGroupNotFound` is a replica that
    /// lags behind, and asking again is right.
    #[must_use]
    pub fn in_known_group(mut self) -> Self {
        self.group_is_known = true;
        self
    }

    /// Says that what it reads is known to exist, because ARM accepted a write of it: that it is not there is a replica
    /// that lags behind, and asking again is right.
    #[must_use]
    pub fn known_to_exist(mut self) -> Self {
        self.resource_is_known = true;
        self
    }

    /// Says that it makes something that was not there: after a lost answer it is looked for before it is made again.
    #[must_use]
    pub fn creating(mut self) -> Self {
        self.creates = true;
        let evidence = Evidence::Exists(self.url.clone());
        self.shown_by(evidence)
    }

    /// Says that reading its address tells nothing about the operation it starts, so that a monitor that cannot be
    /// read is an error instead: whoever asks must find out in another way.
    #[must_use]
    pub fn resource_tells_nothing(mut self) -> Self {
        self.resource_tells = false;
        self
    }

    /// Says that nothing may be there yet: else the answer is 412. Sent again after a lost answer, it may meet what
    /// it made itself.
    #[must_use]
    pub fn only_new(mut self) -> Self {
        self.condition = Some(Condition::New);
        self
    }

    /// Says that what is there must still be of the version that was read (its etag): else the answer is 412.
    #[must_use]
    pub fn only_version(mut self, etag: &str) -> Self {
        self.condition = Some(Condition::Version(etag.to_owned()));
        self
    }

    /// Method and path, for messages. The query may hold more than anybody should see.
    #[must_use]
    pub fn label(&self) -> String {
        // A server chooses some of the addresses, and their length.
        format!("{} {}", self.method, clip(self.url.path()))
    }
}
