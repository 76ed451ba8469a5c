//! Direct handles on managed clusters and what is in them. Ids are ARM ids of clusters.

use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::store::Documents;
use kompox_kubernetes_emulator::{Cluster, Pace, find, handles, set_answering};
use serde_json::Value;

use super::Emulator;
use crate::switches::parse;
use crate::types::clusters;
use crate::types::clusters::owner::{described, pace};

impl Emulator {
    /// Does something with what is in a cluster.
    async fn inside<T>(
        &self,
        cluster: &str,
        work: impl FnOnce(&mut Documents, &Cluster, i64, &Pace) -> Result<T, String>,
    ) -> Result<T, EmulatorError> {
        let key = parse(cluster)?.key();
        let pace = pace(&self.shared.environment.options.timing);
        self.shared
            .change(|state, now| {
                let documents = &mut state.documents;
                let made = documents.document(&key).as_ref().and_then(described);
                let made = made.filter(|cluster| find(documents, &cluster.uid).is_some());
                let cluster = made.ok_or_else(|| format!("there is no cluster with an endpoint at {key}"))?;
                work(documents, &cluster, now, &pace)
            })
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
        self.inside(cluster, |documents, cluster, _, _| {
            set_answering(documents, &cluster.uid, answering);
            Ok(())
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
        self.inside(cluster, |documents, cluster, now, pace| {
            handles::put(documents, cluster, object, now, pace)
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
        self.inside(cluster, |documents, cluster, now, pace| {
            handles::get(documents, cluster, (resource, namespace, name), now, pace)
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
        self.inside(cluster, |documents, cluster, now, pace| {
            handles::list(documents, cluster, resource, now, pace)
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
        self.inside(cluster, |documents, cluster, now, pace| {
            handles::remove(documents, cluster, (resource, namespace, name), now, pace)
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
        self.inside(cluster, |documents, cluster, now, _| {
            handles::set_log(documents, cluster, container, text, now)
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
        self.inside(cluster, |documents, cluster, now, pace| {
            handles::refuse_image(documents, cluster, (image, refused), now, pace)
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
