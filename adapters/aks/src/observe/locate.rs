//! Finding the managed cluster, whether ours or one that exists.

use kompox_arm::{ArmClient, ArmError, ArmRequest, ListedResource, ResourceId};
use kompox_domain::{Cluster, Result};

use super::managed_cluster::{CLUSTERS, ManagedCluster};
use super::stack::{Stack, StackRef};
use crate::advice::to_domain;
use crate::api::{Group, MANAGED_CLUSTERS};
use crate::resource_name::is_kind;
use crate::session::Session;
use crate::settings::ProviderSettings;
use crate::settings::cluster::FoundBy;
use crate::tags::belongs_to_cluster;

/// Where a managed cluster is to be found.
#[derive(Debug)]
pub(crate) enum ClusterRef {
    /// In this group, by its tags or in a stack of ours.
    Provisioned {
        group: Group,
        stack: StackRef,
        /// What the tag of a cluster of ours says.
        path: String,
    },
    /// Where the configuration says.
    Existing(ResourceId),
}

impl ClusterRef {
    /// Where the settings say.
    ///
    /// # Errors
    /// `InvalidInput`: then nothing is known of the cluster, not even that there is none.
    pub(crate) fn of(provider: &ProviderSettings, scope: &Cluster) -> Result<Self> {
        let subscription = &provider.subscription;
        Ok(match FoundBy::read(scope, provider.prefix.as_deref())? {
            FoundBy::Id(id) => Self::Existing(id),
            FoundBy::Group(name) => Self::Provisioned {
                group: Group {
                    subscription: subscription.clone(),
                    name,
                },
                stack: StackRef::of(subscription, scope),
                path: scope.path(),
            },
        })
    }
}

/// The managed cluster; none where there is none. One step of waiting, unless it lost its tags.
///
/// # Errors
/// Whatever keeps it from being looked for: that is never the same as absent.
pub(crate) async fn locate(session: Session<'_>, place: &ClusterRef) -> Result<Option<ManagedCluster>> {
    match place {
        ClusterRef::Provisioned { group, stack, path } => in_group(session, group, stack, path).await,
        ClusterRef::Existing(id) => read(session, &id.to_string()).await,
    }
    .map_err(to_domain)
}

async fn in_group(
    session: Session<'_>,
    group: &Group,
    stack: &StackRef,
    path: &str,
) -> Result<Option<ManagedCluster>, ArmError> {
    let clusters = clusters(session, &group.path()).await?;
    let is_tagged = |cluster: &ManagedCluster| belongs_to_cluster(&cluster.tags, path);
    let stack = if clusters.is_empty() || clusters.iter().any(is_tagged) {
        None
    } else {
        stack.get(session).await?
    };
    ours(session.arm, clusters, stack.as_ref(), path)
}

/// The managed cluster with this id.
///
/// # Errors
/// As [`locate`].
pub(crate) async fn read(session: Session<'_>, id: &str) -> Result<Option<ManagedCluster>, ArmError> {
    let request = ArmRequest::get(session.arm.url(id, MANAGED_CLUSTERS)?);
    match session.arm.send(session.cx, &request).await {
        Ok(response) => response.resource().map(Some),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// All managed clusters in a group, with their pools.
///
/// # Errors
/// As [`locate`].
pub(crate) async fn clusters(
    session: Session<'_>,
    group_path: &str,
) -> Result<Vec<ManagedCluster>, ArmError> {
    let url = session
        .arm
        .url(&format!("{group_path}/providers/{CLUSTERS}"), MANAGED_CLUSTERS)?;
    let mut clusters = Vec::new();
    let each = |resource: ListedResource<'_>| {
        clusters.push(ManagedCluster::listed(&resource)?);
        Ok(())
    };
    match session
        .arm
        .list_resources(session.cx, ArmRequest::get(url), each)
        .await
    {
        Err(error) if error.is_group_not_found() => Ok(Vec::new()),
        // Where nobody has ever made one; the deployment registers the provider.
        Err(error) if error.code() == Some("MissingSubscriptionRegistration") => Ok(Vec::new()),
        read => read.map(|()| clusters),
    }
}

/// The cluster of this path, among those of a group.
///
/// # Errors
/// [`ArmError::Protocol`] for one that cannot be read: it is not one that is gone.
pub(crate) fn ours(
    arm: &ArmClient,
    clusters: Vec<ManagedCluster>,
    stack: Option<&Stack>,
    path: &str,
) -> Result<Option<ManagedCluster>, ArmError> {
    let ours = clusters.into_iter().find(|cluster| is_ours(cluster, stack, path));
    match ours.as_ref().and_then(|cluster| cluster.unreadable.clone()) {
        Some(reason) => Err(ArmError::Protocol {
            correlation_id: Some(arm.correlation_id().to_owned()),
            request: "the list of managed clusters".to_owned(),
            reason,
        }),
        None => Ok(ours),
    }
}

/// Whether it is the cluster of this path: the stack holds it, or its tags say so.
fn is_ours(cluster: &ManagedCluster, stack: Option<&Stack>, path: &str) -> bool {
    let named = stack.is_some_and(|stack| {
        let output = stack.outputs().cluster_name;
        let holds = |id: &str| is_kind(id, CLUSTERS) && id.eq_ignore_ascii_case(&cluster.id);
        output.is_some_and(|name| name.eq_ignore_ascii_case(&cluster.name))
            || stack.properties.resources.iter().any(|one| holds(&one.id))
    });
    named || belongs_to_cluster(&cluster.tags, path)
}
