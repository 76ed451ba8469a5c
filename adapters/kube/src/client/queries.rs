//! What is asked of any cluster: whether a namespace is there, and where a Service is reached.

use k8s_openapi::api::core::v1::{Namespace, Service};
use kompox_domain::Context;
use serde_json::Value;

use super::error::KubeError;
use super::kube_client::KubeClient;
use crate::object::ObjectId;

impl KubeClient {
    /// Whether there is a namespace of that name.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn namespace_exists(&self, cx: &Context, name: &str) -> Result<bool, KubeError> {
        let found = self.read(cx, &ObjectId::of::<Namespace>(None, name)).await?;
        Ok(found.is_some())
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
}
