//! A client for the API server of one cluster.

mod answer;
mod connect;
mod error;
mod expect;
mod request;
mod served;
mod texts;

pub use error::{KubeError, Trouble};

use std::fmt;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Service};
use kompox_domain::{Context, Secret};
use kube::client::Body;
use serde_json::Value;

use crate::Access;
use crate::object::ObjectId;
use crate::traefik::Running;

/// How long one request may take, unless the deadline is earlier. An API server answers in milliseconds; what takes
/// longer is on its way to nobody.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long is waited before something is asked for the second time, unless it is said.
const PACE: Duration = Duration::from_millis(250);

/// A client for the API server of one cluster. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct KubeClient {
    client: kube::Client,
    server: String,
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
    /// [`Trouble::Config`].
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

    /// Whether there is a namespace of that name.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn namespace_exists(&self, cx: &Context, name: &str) -> Result<bool, KubeError> {
        let found = self.read(cx, &ObjectId::of::<Namespace>(None, name)).await?;
        Ok(found.is_some())
    }

    /// The Deployment of an ingress as it runs; none where there is no such Deployment.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn running(
        &self,
        cx: &Context,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Running>, KubeError> {
        let id = ObjectId::of::<Deployment>(Some(namespace), name);
        let found = self.read(cx, &id).await?;
        Ok(found.as_ref().map(Running::of))
    }

    /// The first address of a Service's load balancer: an IP address, else a name. None while it has none, and where
    /// there is no such Service.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn load_balancer_address(
        &self,
        cx: &Context,
        namespace: &str,
        name: &str,
    ) -> Result<Option<String>, KubeError> {
        let id = ObjectId::of::<Service>(Some(namespace), name);
        let found = self.read(cx, &id).await?.unwrap_or_default();
        let points = found["status"]["loadBalancer"]["ingress"].as_array();
        let text = |point: &Value, field: &str| point[field].as_str().map(str::to_owned);
        Ok(points
            .into_iter()
            .flatten()
            .find_map(|point| text(point, "ip").or_else(|| text(point, "hostname"))))
    }

    /// One request and its answer, but not past the deadline.
    async fn exchange(&self, cx: &Context, request: http::Request<Vec<u8>>) -> Result<Value, KubeError> {
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

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
