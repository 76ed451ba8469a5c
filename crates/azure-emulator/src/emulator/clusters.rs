//! Direct handles on managed clusters and what is in them. Ids are ARM ids of clusters.

use serde_json::Value;

use super::{Emulator, parse};
use crate::error::EmulatorError;
use crate::kubernetes::handles;
use crate::options::Timing;
use crate::store::State;
use crate::types::clusters;

impl Emulator {
    /// Does something with what is in a cluster.
    async fn inside<T>(
        &self,
        cluster: &str,
        work: impl FnOnce(&mut State, &str, i64, &Timing) -> Result<T, String>,
    ) -> Result<T, EmulatorError> {
        let key = parse(cluster)?.key();
        let timing = &self.shared.world.options.timing;
        self.shared
            .change(|state, now| work(state, &key, now, timing))
            .await?
            .map_err(EmulatorError::Argument)
    }

    /// Makes a cluster's Kubernetes endpoint fall silent (connections are reset), or speak again.
    ///
    /// # Errors
    ///
    /// If there is no such cluster, or it was put into the store without being made.
    pub async fn set_kubernetes_answering(
        &self,
        cluster: &str,
        answering: bool,
    ) -> Result<(), EmulatorError> {
        self.inside(cluster, |state, key, _, _| {
            handles::set_answering(state, key, answering)
        })
        .await
    }

    /// Stores a Kubernetes object as is, in place of one with the same name: no validation, no permission.
    /// `apiVersion`, `kind` and `metadata.name` must be there; the namespace is `default` where none is said.
    ///
    /// # Errors
    ///
    /// If there is no such cluster or the kind is not served.
    pub async fn put_kubernetes_object(&self, cluster: &str, object: Value) -> Result<(), EmulatorError> {
        self.inside(cluster, |state, key, now, timing| {
            handles::put(state, key, object, now, timing)
        })
        .await
    }

    /// A Kubernetes object; `resource` is `namespaces`, `pods`, `deployments.apps` and the like.
    ///
    /// # Errors
    ///
    /// If there is no such cluster or the resource is not served.
    pub async fn kubernetes_object(
        &self,
        cluster: &str,
        resource: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, EmulatorError> {
        self.inside(cluster, |state, key, now, timing| {
            handles::get(state, key, (resource, namespace, name), now, timing)
        })
        .await
    }

    /// All objects of a resource, in all namespaces.
    ///
    /// # Errors
    ///
    /// If there is no such cluster or the resource is not served.
    pub async fn kubernetes_objects(
        &self,
        cluster: &str,
        resource: &str,
    ) -> Result<Vec<Value>, EmulatorError> {
        self.inside(cluster, |state, key, now, timing| {
            handles::list(state, key, resource, now, timing)
        })
        .await
    }

    /// Removes a Kubernetes object, finalizers or not, and says whether it was there.
    ///
    /// # Errors
    ///
    /// If there is no such cluster or the resource is not served.
    pub async fn remove_kubernetes_object(
        &self,
        cluster: &str,
        resource: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<bool, EmulatorError> {
        self.inside(cluster, |state, key, now, timing| {
            handles::remove(state, key, (resource, namespace, name), now, timing)
        })
        .await
    }

    /// Sets what a container of a pod has logged: `namespace`, `pod` and `container`, and the whole text.
    ///
    /// # Errors
    ///
    /// If there is no such cluster.
    pub async fn set_kubernetes_log(
        &self,
        cluster: &str,
        container: (&str, &str, &str),
        text: &str,
    ) -> Result<(), EmulatorError> {
        self.inside(cluster, |state, key, now, _| {
            handles::set_log(state, key, container, text, now)
        })
        .await
    }

    /// Makes an image one that pods of a cluster cannot pull, or can again: they wait with `ImagePullBackOff`.
    ///
    /// # Errors
    ///
    /// If there is no such cluster.
    pub async fn refuse_kubernetes_image(
        &self,
        cluster: &str,
        image: &str,
        refused: bool,
    ) -> Result<(), EmulatorError> {
        self.inside(cluster, |state, key, now, timing| {
            handles::refuse_image(state, key, (image, refused), now, timing)
        })
        .await
    }

    /// Changes the number of nodes of a pool, as the cluster's own scaler does.
    ///
    /// # Errors
    ///
    /// If there is no such pool.
    pub async fn scale_pool(&self, cluster: &str, pool: &str, count: u32) -> Result<(), EmulatorError> {
        let id = parse(cluster)?;
        let key = id.key();
        let found = self
            .shared
            .change(|state, now| clusters::scale(state, &key, pool, count, now))
            .await?;
        if found {
            Ok(())
        } else {
            Err(EmulatorError::Argument(format!(
                "cluster {id} has no pool {pool:?}"
            )))
        }
    }
}
