//! A client for the API server of one cluster.

use std::fmt;
use std::time::{Duration, Instant};

use kompox_domain::{Context, Secret};
use kube::client::Body;
use serde_json::Value;

use super::error::KubeError;
use super::{answer, connect};
use crate::kubeconfig::Access;

/// How long one request may take, unless the deadline is earlier. An API server answers in milliseconds; what takes
/// longer is on its way to nobody.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long is waited before something is asked for the second time, unless it is said.
const PACE: Duration = Duration::from_millis(250);

/// A client for the API server of one cluster. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct KubeClient {
    pub(super) client: kube::Client,
    pub(super) server: String,
    pub(super) pace: Duration,
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
        let client =
            kube::Client::try_from(config).map_err(|error| KubeError::config("it cannot be used", error))?;
        Ok(Self {
            client,
            server,
            pace: PACE,
        })
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

    /// One request and its answer, but not past the deadline.
    pub(super) async fn exchange(
        &self,
        cx: &Context,
        request: http::Request<Vec<u8>>,
    ) -> Result<Value, KubeError> {
        let exchange = async {
            let sent = self.client.send(request.map(Body::from)).await;
            let response = sent.map_err(|error| KubeError::of(&self.server, error))?;
            answer::read(&self.server, response).await
        };
        let patience = Instant::now() + PATIENCE;
        let end = cx.deadline().map_or(patience, |deadline| deadline.min(patience));
        match tokio::time::timeout_at(end.into(), exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(KubeError::timeout(&self.server)),
        }
    }
}
