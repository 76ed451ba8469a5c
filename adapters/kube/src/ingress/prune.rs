//! What this program made for the cluster, wanted or not.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::IngressClass;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kompox_domain::{Context, Result};
use kube::api::{DynamicObject, ListParams};

use crate::apply::{AT_ONCE, other_owner};
use crate::client::KubeClient;
use crate::labels;
use crate::object::{Desired, Kind, ObjectId, Scope};
use crate::traefik::{PROVIDER_CLASS, TRAEFIK, Traefik};

/// Kinds in the namespace, in the order in which they may go.
pub(super) fn in_namespace() -> Vec<Kind> {
    vec![
        Kind::of::<Deployment>(),
        Kind::of::<PodDisruptionBudget>(),
        Kind::of::<Service>(),
        Kind::of::<ConfigMap>(),
        PROVIDER_CLASS,
        Kind::of::<ServiceAccount>(),
    ]
}

/// Kinds in no namespace, in the order in which they may go.
pub(super) fn in_none() -> Vec<Kind> {
    vec![
        Kind::of::<IngressClass>(),
        Kind::of::<ClusterRoleBinding>(),
        Kind::of::<ClusterRole>(),
    ]
}

/// Where certificates are kept.
pub(super) fn claims() -> Kind {
    Kind::of::<PersistentVolumeClaim>()
}

/// What is there of a kind with our labels: ours, and what carries them and is not.
pub(super) async fn labelled(
    client: &KubeClient,
    cx: &Context,
    kind: Kind,
    scope: Scope<'_>,
) -> Result<Vec<(ObjectId, DynamicObject)>> {
    let selector = format!(
        "{}={},{}={TRAEFIK}",
        labels::MANAGED_BY,
        labels::MANAGER,
        labels::NAME
    );
    let list = client
        .list::<DynamicObject>(cx, &kind.within(scope), &ListParams::default().labels(&selector))
        .await?;
    let items = list.unwrap_or_default().into_iter();
    Ok(items.map(|live| (ObjectId::read(kind, &live), live)).collect())
}

/// The same for many kinds.
pub(super) async fn all_labelled(
    client: &KubeClient,
    cx: &Context,
    places: Vec<(Kind, Scope<'_>)>,
) -> Result<Vec<(ObjectId, DynamicObject)>> {
    let asked: Vec<_> = places
        .into_iter()
        .map(|(kind, scope)| labelled(client, cx, kind, scope))
        .collect();
    let lists: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok(lists.into_iter().flatten().collect())
}

/// What is ours and no longer wanted. Certificates always are.
pub(super) async fn unwanted(
    client: &KubeClient,
    cx: &Context,
    wanted: &Traefik,
    objects: &[Desired],
) -> Result<Vec<(ObjectId, DynamicObject)>> {
    let here = Scope::Namespace(&wanted.namespace);
    let mut places: Vec<_> = in_namespace().into_iter().map(|kind| (kind, here)).collect();
    places.extend(in_none().into_iter().map(|kind| (kind, Scope::Cluster)));
    let mut found = all_labelled(client, cx, places).await?;
    found.retain(|(id, live)| {
        other_owner(live, &wanted.owner).is_none() && objects.iter().all(|wanted| wanted.id() != id)
    });
    Ok(found)
}
