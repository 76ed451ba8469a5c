//! Reading everything that deprovisioning decides by. Whatever cannot be read is an error, never absent.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kompox_arm::error::word;
use kompox_arm::{ArmError, ArmRequest, ListedResource};
use kompox_domain::Cluster;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::inventory::{DeletedVault, Found, Inventory, Lock, ManagedStack, holds_data, same};
use super::side_products;
use crate::api::{DELETED_VAULTS, DISKS, GROUPS, IDENTITIES, LOCKS, MANAGED_CLUSTERS, RESOURCES};
use crate::lenient::text_map;
use crate::observe::stack::{Stack, StackRef};
use crate::roles::{self, ListedAssignment};
use crate::session::Session;
use crate::tags::{Tags, belongs_to_cluster};

/// How many side products are looked into at once.
const AT_ONCE: usize = 8;

/// Where and for whom is read.
pub(super) struct Reader<'a> {
    pub(super) session: Session<'a>,
    pub(super) stack_ref: &'a StackRef,
    pub(super) scope: &'a Cluster,
    /// The id of the group that the configuration says.
    pub(super) group: String,
    /// Scopes where role assignments of ours may be beside the subscription: zones, registries, and secrets.
    pub(super) elsewhere: Vec<String>,
}

/// One element of a listing of resources.
#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize, Default)]
struct Group {
    #[serde(default, deserialize_with = "text_map")]
    tags: Tags,
}

#[derive(Deserialize)]
struct ListedDisk {
    id: String,
    #[serde(default)]
    properties: Value,
}

#[derive(Deserialize)]
struct ListedLock {
    id: String,
    #[serde(default)]
    properties: LockProperties,
}

#[derive(Deserialize, Default)]
struct LockProperties {
    #[serde(default)]
    level: String,
}

#[derive(Deserialize)]
struct ListedVault {
    id: String,
    name: String,
    /// Those of somebody else's vault may be anything.
    #[serde(default)]
    properties: Value,
}

/// Whose a vault was.
#[derive(Deserialize, Default)]
struct VaultTags {
    #[serde(default, deserialize_with = "text_map")]
    tags: Tags,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VaultProperties {
    #[serde(default)]
    purge_protection_enabled: Option<bool>,
    #[serde(default)]
    scheduled_purge_date: Option<String>,
}

/// What a managed cluster or an identity says about whose rights it uses, and where its nodes are.
#[derive(Deserialize, Default)]
struct Principals {
    #[serde(default)]
    identity: Value,
    #[serde(default)]
    properties: PrincipalProperties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct PrincipalProperties {
    #[serde(default)]
    node_resource_group: Option<String>,
    #[serde(default)]
    identity_profile: Value,
    #[serde(default)]
    principal_id: Option<String>,
}

/// Who has rights for the cluster, and which groups its nodes are in.
#[derive(Default)]
struct Actors {
    principals: BTreeSet<String>,
    node_groups: BTreeSet<String>,
}

impl Reader<'_> {
    /// Everything that is there now.
    ///
    /// # Errors
    /// Whatever keeps a part of it from being read.
    pub(super) async fn read(&self) -> Result<(Inventory, Option<Stack>), ArmError> {
        let (stack, vaults) = futures::join!(self.stack_ref.get(self.session), self.deleted_vaults());
        let stack = stack?;
        let group = self.group_path(stack.as_ref());
        let managed = stack.as_ref().map(|stack| ManagedStack {
            id: Some(stack.id.clone())
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| self.stack_ref.path()),
            tags: stack.tags.clone(),
            resources: stack
                .properties
                .resources
                .iter()
                .map(|resource| resource.id.clone())
                .collect(),
        });
        let ours: &[String] = managed.as_ref().map_or(&[], |stack| &stack.resources);
        let (tags, resources, actors) = futures::join!(
            self.group_tags(&group),
            self.resources(&group),
            self.actors(ours, stack.as_ref())
        );
        let (tags, resources, actors) = (tags?, resources?, actors?);
        let node_groups: Vec<String> = actors.node_groups.into_iter().collect();
        let mut locked = node_groups.clone();
        locked.extend(tags.is_some().then(|| group.clone()));
        let (node_data, locks, resources, assignments) = futures::join!(
            self.node_data(&node_groups),
            self.locks(&locked),
            self.with_ties(resources),
            self.assignments(&actors.principals, ours),
        );
        let inventory = Inventory {
            stack: managed,
            group,
            group_tags: tags,
            resources: resources?,
            node_data: node_data?,
            locks: locks?,
            assignments: assignments?,
            vaults: vaults?,
        };
        Ok((inventory, stack))
    }

    /// The group that the stack made or used, else the one of the configuration.
    fn group_path(&self, stack: Option<&Stack>) -> String {
        let said = |stack: &Stack| {
            let parameter = stack.properties.parameters.get("resourceGroupName");
            let parameter = parameter.and_then(|parameter| parameter.value.as_str().map(str::to_owned));
            stack.outputs().resource_group_name.or(parameter)
        };
        match stack.and_then(said) {
            Some(name) => format!("{}/resourceGroups/{name}", self.subscription()),
            None => self.group.clone(),
        }
    }

    fn subscription(&self) -> String {
        format!("/subscriptions/{}", self.stack_ref.subscription)
    }

    async fn group_tags(&self, group: &str) -> Result<Option<Tags>, ArmError> {
        let read: Option<Group> = self.get(group, GROUPS).await?;
        Ok(read.map(|group| group.tags))
    }

    /// What a GET answers; none if it is not there.
    async fn get<T: DeserializeOwned>(&self, path: &str, version: &str) -> Result<Option<T>, ArmError> {
        let request = ArmRequest::get(self.session.arm.url(path, version)?);
        match self.session.arm.send(self.session.cx, &request).await {
            Ok(response) => response.resource().map(Some),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A listing; empty where its scope is not there.
    async fn list<T: DeserializeOwned + Send>(
        &self,
        path: &str,
        version: &str,
        filter: Option<&str>,
    ) -> Result<Vec<T>, ArmError> {
        let mut url = self.session.arm.url(path, version)?;
        if let Some(filter) = filter {
            url.query_pairs_mut().append_pair("$filter", filter);
        }
        let mut listed = Vec::new();
        // What cannot be read might be what must not be deleted.
        let each = |resource: ListedResource<'_>| {
            listed.push(resource.read()?);
            Ok(())
        };
        match self
            .session
            .arm
            .list_resources(self.session.cx, ArmRequest::get(url), each)
            .await
        {
            Err(error) if error.is_absent() => Ok(Vec::new()),
            read => read.map(|()| listed),
        }
    }

    async fn resources(&self, group: &str) -> Result<Vec<Found>, ArmError> {
        let listed: Vec<Listed> = self.list(&format!("{group}/resources"), RESOURCES, None).await?;
        let found = listed.into_iter().map(|listed| Found {
            id: listed.id,
            kind: listed.kind.to_lowercase(),
            about: Vec::new(),
        });
        Ok(found.collect())
    }

    /// The same with what side products of Azure are about.
    async fn with_ties(&self, resources: Vec<Found>) -> Result<Vec<Found>, ArmError> {
        let asked: Vec<_> = resources.into_iter().map(|found| self.with_tie(found)).collect();
        stream::iter(asked).buffered(AT_ONCE).try_collect().await
    }

    async fn with_tie(&self, mut found: Found) -> Result<Found, ArmError> {
        if let Some(version) = side_products::api_version(&found.kind) {
            let read: Option<Value> = self.get(&found.id, version).await?;
            ids(&read.unwrap_or_default(), &mut found.about);
            found.about.retain(|about| !same(about, &found.id));
        }
        Ok(found)
    }

    /// Who acts for the stack's cluster: from its outputs, and from what is there where they are gone.
    async fn actors(&self, ours: &[String], stack: Option<&Stack>) -> Result<Actors, ArmError> {
        let of = |kind: &'static str, version: &'static str| {
            let kind = format!("/providers/{kind}/");
            ours.iter().filter_map(move |id| {
                let lower = id.to_lowercase();
                let name = lower.split_once(&kind).map(|(_, name)| name.to_owned())?;
                (!name.contains('/')).then_some((id.as_str(), version))
            })
        };
        let asked = of("microsoft.containerservice/managedclusters", MANAGED_CLUSTERS)
            .chain(of("microsoft.managedidentity/userassignedidentities", IDENTITIES));
        let asked: Vec<_> = asked
            .map(|(id, version)| self.get::<Principals>(id, version))
            .collect();
        let found: Vec<Option<Principals>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let mut actors = Actors::default();
        let outputs = stack.map(Stack::outputs).unwrap_or_default();
        let told = [
            outputs.cluster_principal_id,
            outputs.kubelet_principal_id,
            outputs.ingress_principal_id,
        ];
        actors.principals.extend(told.into_iter().flatten());
        for found in found.into_iter().flatten() {
            let name = found.properties.node_resource_group;
            actors
                .node_groups
                .extend(name.map(|name| format!("{}/resourceGroups/{name}", self.subscription())));
            actors.principals.extend(found.properties.principal_id);
            let kubelet = &found.properties.identity_profile["kubeletidentity"]["objectId"];
            let own = &found.identity["principalId"];
            let given = found.identity["userAssignedIdentities"].as_object();
            let given = given
                .into_iter()
                .flat_map(|given| given.values())
                .map(|identity| &identity["principalId"]);
            let ids = given.chain([kubelet, own]).filter_map(Value::as_str);
            actors.principals.extend(ids.map(str::to_owned));
        }
        Ok(actors)
    }

    /// Disks and snapshots with data among the nodes. Disks of the operating system hold none that lasts.
    async fn node_data(&self, groups: &[String]) -> Result<Vec<Found>, ArmError> {
        let mut data = Vec::new();
        for group in groups {
            let path = |kind: &str| format!("{group}/providers/Microsoft.Compute/{kind}");
            let (disks, snapshots) = (path("disks"), path("snapshots"));
            let (disks, snapshots) = futures::join!(
                self.list::<ListedDisk>(&disks, DISKS, None),
                self.list::<ListedDisk>(&snapshots, DISKS, None),
            );
            let lasting = disks?
                .into_iter()
                .filter(|disk| disk.properties.get("osType").is_none_or(Value::is_null));
            let found = |kind: &str, disk: ListedDisk| Found {
                id: disk.id,
                kind: kind.to_owned(),
                about: Vec::new(),
            };
            data.extend(lasting.map(|disk| found("microsoft.compute/disks", disk)));
            data.extend(
                snapshots?
                    .into_iter()
                    .map(|disk| found("microsoft.compute/snapshots", disk)),
            );
        }
        debug_assert!(data.iter().all(|found| holds_data(&found.kind)));
        Ok(data)
    }

    async fn locks(&self, groups: &[String]) -> Result<Vec<Lock>, ArmError> {
        let mut locks = Vec::new();
        for group in groups {
            let path = format!("{group}/providers/Microsoft.Authorization/locks");
            let listed: Vec<ListedLock> = self.list(&path, LOCKS, None).await?;
            locks.extend(listed.into_iter().map(|lock| Lock {
                id: lock.id,
                level: lock.properties.level,
            }));
        }
        Ok(locks)
    }

    /// Role assignments of ours that no stack manages: those of its identities that carry our description.
    async fn assignments(
        &self,
        principals: &BTreeSet<String>,
        managed: &[String],
    ) -> Result<Vec<ListedAssignment>, ArmError> {
        let own = self.subscription();
        let outside = |scope: &&String| !scope.get(..own.len()).is_some_and(|start| same(start, &own));
        let elsewhere = self.elsewhere.iter().filter(outside).cloned();
        let scopes: Vec<String> = std::iter::once(own.clone()).chain(elsewhere).collect();
        let description = roles::description(&self.scope.path());
        let mut found =
            roles::assignments_of_cluster(self.session, principals, &scopes, &description).await?;
        found.retain(|assignment| !managed.iter().any(|id| same(id, &assignment.id)));
        Ok(found)
    }

    /// Vaults that were deleted and say themselves that they were this cluster's.
    pub(super) async fn deleted_vaults(&self) -> Result<Vec<DeletedVault>, ArmError> {
        let path = format!(
            "{}/providers/Microsoft.KeyVault/deletedVaults",
            self.subscription()
        );
        let listed: Vec<ListedVault> = self.list(&path, DELETED_VAULTS, None).await?;
        let cluster = self.scope.path();
        let mut ours = Vec::new();
        for vault in listed {
            let VaultTags { tags } = VaultTags::deserialize(&vault.properties).unwrap_or_default();
            if !belongs_to_cluster(&tags, &cluster) {
                continue;
            }
            let properties =
                VaultProperties::deserialize(&vault.properties).map_err(|error| ArmError::Protocol {
                    correlation_id: Some(self.session.arm.correlation_id().to_owned()),
                    request: format!("GET {path}"),
                    reason: word(&format!("deleted vault {} cannot be read: {error}", vault.name)),
                })?;
            ours.push(DeletedVault {
                id: vault.id,
                name: vault.name,
                protected: properties.purge_protection_enabled == Some(true),
                purged_at: properties.scheduled_purge_date,
                tags,
            });
        }
        Ok(ours)
    }
}

/// Every text in a document that is an id.
fn ids(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) if text.to_ascii_lowercase().starts_with("/subscriptions/") => {
            into.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| ids(item, into)),
        Value::Object(members) => members.values().for_each(|item| ids(item, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_id_in_a_document_is_found_however_deep_it_stands_and_no_other_text() {
        let document = json!({
            "id": "/subscriptions/s/a",
            "properties": {"scope": ["/SUBSCRIPTIONS/s/b", {"target": "/subscriptions/s/c"}], "severity": "Sev3"},
            "location": "global",
            "of": "see /subscriptions/s/d",
            "enabled": true,
        });
        let mut found = Vec::new();
        ids(&document, &mut found);
        found.sort();
        assert_eq!(
            found,
            ["/SUBSCRIPTIONS/s/b", "/subscriptions/s/a", "/subscriptions/s/c"]
        );
    }
}
