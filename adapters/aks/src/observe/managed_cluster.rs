//! The managed cluster as ARM tells it: what runs.

use std::collections::BTreeMap;

use kompox_arm::ListedResource;
use kompox_arm::error::word;
use kompox_arm::operation::{End, ended};
use serde::Deserialize;

use crate::lenient::{list, text_map};
use crate::tags::foreign_tags;
use crate::template::parameters::{Kept, KeptPool};

/// The type of managed clusters.
pub(crate) const CLUSTERS: &str = "Microsoft.ContainerService/managedClusters";

/// `privateDNSZone` of a cluster whose API server is found by its public name only.
pub(crate) const NO_ZONE: &str = "none";

/// A managed cluster. Of its many properties only those that are looked at.
#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct ManagedCluster {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) location: String,
    #[serde(default, deserialize_with = "text_map")]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) sku: Option<ManagedSku>,
    /// As whom the control plane acts.
    #[serde(default)]
    identity: serde_json::Value,
    #[serde(default)]
    pub(crate) properties: ManagedProperties,
    /// Why it cannot be read whole. That of somebody else does not have to be.
    #[serde(skip)]
    pub(crate) unreadable: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct ManagedSku {
    /// `Free`, `Standard`, `Premium`.
    #[serde(default)]
    pub(crate) tier: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManagedProperties {
    #[serde(default)]
    pub(crate) provisioning_state: Option<String>,
    /// The version as it was asked for: `1.34`, or exactly.
    #[serde(default)]
    pub(crate) kubernetes_version: Option<String>,
    /// The version as it runs.
    #[serde(default)]
    pub(crate) current_kubernetes_version: Option<String>,
    #[serde(default, rename = "agentPoolProfiles", deserialize_with = "list")]
    pub(crate) pools: Vec<AgentPool>,
    #[serde(default, rename = "apiServerAccessProfile")]
    pub(crate) api_server: Option<ApiServerAccess>,
    #[serde(default, rename = "networkProfile")]
    pub(crate) network: Option<NetworkProfile>,
    #[serde(default)]
    pub(crate) power_state: Option<PowerState>,
    /// The public name of the API server.
    #[serde(default)]
    pub(crate) fqdn: Option<String>,
    #[serde(default, rename = "privateFQDN")]
    pub(crate) private_fqdn: Option<String>,
    #[serde(default)]
    pub(crate) disable_local_accounts: Option<bool>,
    #[serde(default)]
    auto_upgrade_profile: Option<AutoUpgrade>,
    /// With whose key the disks of the nodes are encrypted.
    #[serde(default, rename = "diskEncryptionSetID")]
    pub(crate) disk_encryption_set: Option<String>,
    /// How Entra ID is used; none: not at all.
    #[serde(default)]
    pub(crate) aad_profile: Option<serde_json::Value>,
    /// As whom the nodes act, among others.
    #[serde(default)]
    identity_profile: serde_json::Value,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct AutoUpgrade {
    #[serde(default)]
    upgrade_channel: Option<String>,
    #[serde(default, rename = "nodeOSUpgradeChannel")]
    node_os_upgrade_channel: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkProfile {
    /// How the nodes reach the outside.
    #[serde(default)]
    pub(crate) outbound_type: Option<String>,
    #[serde(default)]
    network_policy: Option<String>,
    #[serde(default)]
    network_dataplane: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct PowerState {
    /// `Running`, `Stopped`.
    #[serde(default)]
    pub(crate) code: Option<String>,
}

/// A pool, as the cluster tells it or as a resource of its own.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentPool {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) vm_size: Option<String>,
    #[serde(default)]
    pub(crate) os_disk_type: Option<String>,
    #[serde(default, rename = "osDiskSizeGB")]
    pub(crate) os_disk_size_gb: Option<u32>,
    #[serde(default)]
    pub(crate) availability_zones: Option<Vec<String>>,
    #[serde(default, rename = "vnetSubnetID")]
    pub(crate) subnet: Option<String>,
    #[serde(default)]
    pub(crate) scale_set_priority: Option<String>,
    #[serde(default, rename = "enableUltraSSD")]
    pub(crate) enable_ultra_ssd: Option<bool>,
    #[serde(default)]
    pub(crate) enable_auto_scaling: Option<bool>,
    #[serde(default)]
    pub(crate) enable_encryption_at_host: Option<bool>,
    #[serde(default)]
    pub(crate) count: Option<u32>,
    #[serde(default)]
    pub(crate) min_count: Option<u32>,
    #[serde(default)]
    pub(crate) max_count: Option<u32>,
    /// `System`, `User`.
    #[serde(default)]
    pub(crate) mode: Option<String>,
    #[serde(default)]
    pub(crate) provisioning_state: Option<String>,
    #[serde(default)]
    pub(crate) power_state: Option<PowerState>,
    #[serde(default)]
    pub(crate) orchestrator_version: Option<String>,
    #[serde(default)]
    pub(crate) current_orchestrator_version: Option<String>,
    #[serde(default, deserialize_with = "text_map")]
    pub(crate) tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiServerAccess {
    #[serde(default)]
    pub(crate) enable_private_cluster: Option<bool>,
    #[serde(default, rename = "privateDNSZone")]
    pub(crate) private_dns_zone: Option<String>,
    #[serde(default, rename = "enablePrivateClusterPublicFQDN")]
    pub(crate) enable_public_fqdn: Option<bool>,
    #[serde(default, rename = "authorizedIPRanges")]
    pub(crate) authorized_ip_ranges: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) disable_run_command: Option<bool>,
}

impl ManagedCluster {
    /// One in a listing. Of one that cannot be read whole there is what tells whose it is, and why it cannot be read.
    pub(crate) fn listed(resource: &ListedResource<'_>) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Glance {
            #[serde(default, deserialize_with = "text_map")]
            tags: BTreeMap<String, String>,
        }
        resource.read().or_else(|error: serde_json::Error| {
            let Glance { tags } = resource.read()?;
            Ok(Self {
                id: resource.id.to_string(),
                name: resource.name.to_string(),
                tags,
                unreadable: Some(word(&error.to_string())),
                ..Self::default()
            })
        })
    }

    /// The Kubernetes version that runs.
    pub(crate) fn version(&self) -> Option<&str> {
        let properties = &self.properties;
        properties
            .current_kubernetes_version
            .as_deref()
            .or(properties.kubernetes_version.as_deref())
            .filter(|version| !version.is_empty())
    }

    /// The channel for versions; none where it tells none.
    pub(crate) fn upgrade_channel(&self) -> Option<&str> {
        let profile = self.properties.auto_upgrade_profile.as_ref()?;
        told(profile.upgrade_channel.as_deref())
    }

    /// The channel for the system of the nodes; none where it tells none.
    pub(crate) fn node_os_upgrade_channel(&self) -> Option<&str> {
        let profile = self.properties.auto_upgrade_profile.as_ref()?;
        told(profile.node_os_upgrade_channel.as_deref())
    }

    /// `azure`, `calico`, `cilium`, `none`; none where it tells none.
    pub(crate) fn network_policy(&self) -> Option<&str> {
        told(self.properties.network.as_ref()?.network_policy.as_deref())
    }

    /// `azure`, `cilium`; none where it tells none.
    fn network_dataplane(&self) -> Option<&str> {
        told(self.properties.network.as_ref()?.network_dataplane.as_deref())
    }

    /// The id of the identity that was given to the control plane.
    pub(crate) fn given_identity(&self) -> Option<&str> {
        let given = self.identity["userAssignedIdentities"].as_object()?;
        given.keys().next().map(String::as_str)
    }

    /// The object id of the control plane's identity: the one given to it, else its own.
    pub(crate) fn principal(&self) -> Option<String> {
        let given = self.identity["userAssignedIdentities"].as_object();
        let given = given.and_then(|given| given.values().find_map(|one| one["principalId"].as_str()));
        let id = given.or_else(|| self.identity["principalId"].as_str());
        id.map(str::to_owned)
    }

    /// The object id of the nodes' identity.
    pub(crate) fn kubelet_principal(&self) -> Option<String> {
        let id = &self.properties.identity_profile["kubeletidentity"]["objectId"];
        id.as_str().map(str::to_owned)
    }

    /// Whether something is under way with it, and ARM's word for what.
    pub(crate) fn busy(&self) -> Option<&str> {
        let state = self.properties.provisioning_state.as_deref()?;
        ended(state).is_none().then_some(state)
    }

    /// Whether something is under way with it or one of its pools, and ARM's word for what: AKS carries out one
    /// operation at a time.
    pub(crate) fn at_work(&self) -> Option<&str> {
        let pools = &self.properties.pools;
        self.busy().or_else(|| pools.iter().find_map(AgentPool::busy))
    }

    /// Whether what was under way with it failed, and ARM's word for it.
    pub(crate) fn failed(&self) -> Option<&str> {
        let state = self.properties.provisioning_state.as_deref()?;
        ended(state).is_some_and(End::is_failure).then_some(state)
    }

    /// Whether it was stopped: then nothing of it answers.
    pub(crate) fn is_stopped(&self) -> bool {
        let code = self
            .properties
            .power_state
            .as_ref()
            .and_then(|state| state.code.as_deref());
        code.is_some_and(|code| code.eq_ignore_ascii_case("Stopped"))
    }

    /// Whether its API server is reached from its network only.
    pub(crate) fn is_private(&self) -> bool {
        let access = self.properties.api_server.as_ref();
        access.is_some_and(|access| access.enable_private_cluster == Some(true))
    }

    /// How its nodes reach the outside, in AKS's word.
    pub(crate) fn outbound_type(&self) -> Option<&str> {
        let network = self.properties.network.as_ref()?;
        network.outbound_type.as_deref().filter(|kind| !kind.is_empty())
    }

    /// Whether its nodes are in a network that AKS has not made.
    pub(crate) fn has_own_network(&self) -> bool {
        let mut pools = self.properties.pools.iter();
        pools.any(|pool| pool.subnet.as_deref().is_some_and(|subnet| !subnet.is_empty()))
    }

    /// The private DNS zone of a private cluster, as AKS calls it.
    pub(crate) fn private_zone(&self) -> Option<&str> {
        let access = self
            .properties
            .api_server
            .as_ref()
            .filter(|_| self.is_private())?;
        Some(access.private_dns_zone.as_deref().unwrap_or("system"))
    }

    /// The name of the API server that everybody can resolve. A private cluster may have none.
    pub(crate) fn public_name(&self) -> Option<&str> {
        let access = self.properties.api_server.as_ref();
        let off = self.is_private() && access.is_some_and(|access| access.enable_public_fqdn == Some(false));
        self.properties
            .fqdn
            .as_deref()
            .filter(|name| !off && !name.is_empty())
    }

    /// The name of the API server that only its network can resolve.
    pub(crate) fn private_name(&self) -> Option<&str> {
        let name = self.properties.private_fqdn.as_deref();
        name.filter(|name| self.is_private() && !name.is_empty())
    }

    /// What runs, and must not be reset by putting the stack again.
    pub(crate) fn kept(&self) -> Kept {
        let pools = self.properties.pools.iter().map(|pool| {
            // Without autoscaling the count is as it was asked for.
            let count = pool.count.filter(|_| pool.enable_auto_scaling == Some(true));
            let version = pool
                .current_orchestrator_version
                .clone()
                .or_else(|| pool.orchestrator_version.clone());
            let tags = foreign_tags(&pool.tags);
            (pool.name.clone(), KeptPool { count, version, tags })
        });
        Kept {
            kubernetes_version: self.version().map(str::to_owned),
            upgrade_channel: self.upgrade_channel().map(str::to_owned),
            node_os_upgrade_channel: self.node_os_upgrade_channel().map(str::to_owned),
            network_policy: self.network_policy().map(str::to_owned),
            network_dataplane: self.network_dataplane().map(str::to_owned),
            identity: self.given_identity().map(str::to_owned),
            pools: pools.collect(),
        }
    }
}

fn told(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl AgentPool {
    /// Whether something is under way with it, and ARM's word for what.
    pub(crate) fn busy(&self) -> Option<&str> {
        let state = self.provisioning_state.as_deref()?;
        ended(state).is_none().then_some(state)
    }

    /// Whether what was under way with it failed, and ARM's word for it.
    pub(crate) fn failed(&self) -> Option<&str> {
        let state = self.provisioning_state.as_deref()?;
        ended(state).is_some_and(End::is_failure).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn b43_what_the_autoscaler_chose_is_kept_and_a_fixed_count_is_not() {
        let cluster: ManagedCluster = serde_json::from_value(json!({"name": "aks", "properties": {
            "kubernetesVersion": "1.34", "currentKubernetesVersion": "1.34.2", "agentPoolProfiles": [
                {"name": "user1", "count": 4, "enableAutoScaling": true, "currentOrchestratorVersion": "1.34.1"},
                {"name": "fixed", "count": 9, "enableAutoScaling": false}]}}))
        .unwrap();
        let kept = cluster.kept();
        assert_eq!(kept.kubernetes_version.as_deref(), Some("1.34.2"));
        assert_eq!(kept.pools["user1"].count, Some(4));
        assert_eq!(kept.pools["user1"].version.as_deref(), Some("1.34.1"));
        assert_eq!(kept.pools["fixed"].count, None);
    }

    #[test]
    fn states_say_whether_it_is_busy_failed_or_well() {
        let of = |state: &str| -> ManagedCluster {
            serde_json::from_value(json!({"properties": {"provisioningState": state}})).unwrap()
        };
        assert_eq!(of("Upgrading").busy(), Some("Upgrading"));
        assert_eq!(
            (of("failed").busy(), of("failed").failed()),
            (None, Some("failed"))
        );
        assert_eq!((of("Succeeded").busy(), of("Succeeded").failed()), (None, None));
        assert_eq!(of("Updating").failed(), None);
    }
}
