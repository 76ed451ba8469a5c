//! A client for the API server of one cluster.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use kompox_domain::Secret;
use kube::client::{Body, ClientBuilder};
use tower::buffer::BufferLayer;
use tower::{BoxError, Service};

use super::connect;
use super::error::KubeError;
use super::repeat::RepeatLayer;
use crate::kubeconfig::Access;

/// How long is waited before something is asked for the second time, unless it is said.
const PACE: Duration = Duration::from_millis(250);

/// How many requests may wait until the connection takes them.
const AT_ONCE: usize = 1024;

/// A client for the API server of one cluster. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct KubeClient {
    pub(super) client: kube::Client,
    pub(super) server: String,
    pace: Duration,
}

impl fmt::Debug for KubeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeClient")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl KubeClient {
    /// A client with what a kubeconfig holds: nothing is read from files, and no program is run. A token takes the
    /// place of the user. Sends nothing, but needs a runtime.
    ///
    /// # Errors
    /// [`Trouble::Config`](super::Trouble::Config).
    pub fn new(access: &Access, token: Option<&Secret>) -> Result<Self, KubeError> {
        let config = connect::config(access, token)?;
        let server = config.cluster_url.to_string();
        let stack = ClientBuilder::try_from(config);
        let stack = stack.map_err(|error| KubeError::config("it cannot be used", error))?;
        Ok(Self::over(stack, server))
    }

    /// A client over what sends requests.
    pub(super) fn over<S, B>(stack: ClientBuilder<S>, server: String) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError> + Send + Sync,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // What sends requests is shared by all that are under way: the layer above sends one several times.
        let shared = stack.with_layer(&BufferLayer::new(AT_ONCE));
        Self {
            client: shared.with_layer(&RepeatLayer::new(&server)).build(),
            server,
            pace: PACE,
        }
    }

    /// The same, with another wait before something is asked for the second time, or looked at again; further waits
    /// grow from there.
    #[must_use]
    pub const fn with_pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    pub(crate) const fn pace(&self) -> Duration {
        self.pace
    }

    /// The address of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }
}
