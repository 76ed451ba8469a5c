//! What is asked of any cluster: whether a namespace is there, and where a Service is reached.

use k8s_openapi::api::core::v1::{Namespace, Service};
use kompox_domain::Context;

use super::error::KubeError;
use super::kube_client::KubeClient;
use crate::object::load_balancer_points;

impl KubeClient {
    /// Whether there is a namespace of that name.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn namespace_exists(&self, cx: &Context, name: &str) -> Result<bool, KubeError> {
        let found = self.read_as::<Namespace>(cx, None, name).await?;
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
        let service = self.read_as::<Service>(cx, Some(namespace), name).await?;
        let mut points = service.iter().flat_map(load_balancer_points);
        Ok(points.find_map(|point| point.ip.clone().or_else(|| point.hostname.clone())))
    }
}
