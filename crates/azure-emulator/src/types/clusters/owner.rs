//! Managed clusters as the API server in them sees them: what there is to know about one, who shows a token, and what
//! Azure RBAC lets a principal do.

use kompox_emulator_core::store::{Documents, Settings, State};
use kompox_kubernetes_emulator::{Authorization, Cluster, ClusterOwner, Pace};
use serde_json::Value;

use super::facts::{DEFAULT_VERSION, scale_set_name};
use crate::access::{Access, access};
use crate::arm::data_actions::allows_data_action;
use crate::context::Environment;
use crate::options::Timing;

/// Azure, as the owner of the clusters.
pub(crate) struct Azure<'a> {
    environment: &'a Environment,
    settings: &'a Settings,
    access: Access,
}

impl<'a> Azure<'a> {
    /// The owner, and the documents, which the API server changes.
    pub(crate) fn of(state: &'a mut State, environment: &'a Environment) -> (Self, &'a mut Documents) {
        let access = access(state);
        let owner = Self {
            environment,
            settings: &state.settings,
            access,
        };
        (owner, &mut state.documents)
    }
}

impl ClusterOwner for Azure<'_> {
    fn cluster(&self, documents: &Documents, key: &str) -> Option<Cluster> {
        described(&documents.document(key)?)
    }

    fn principal(&self, token: &str, now: i64) -> Option<String> {
        let identity = &self.environment.identity;
        self.environment
            .entra
            .kubernetes_caller(token, identity, self.settings, now)
    }

    /// As everywhere the emulator's client may do anything until it is restricted; then what it is left with counts,
    /// and the roles that it has on the cluster.
    fn allows(
        &self,
        documents: &Documents,
        principal: &str,
        action: &str,
        cluster: &str,
        namespace: Option<&str>,
    ) -> bool {
        let action = format!("Microsoft.ContainerService/managedClusters/{action}");
        if self.access.allows(&action, cluster) {
            return true;
        }
        let scope = match namespace {
            Some(namespace) => format!("{cluster}/namespaces/{namespace}"),
            None => cluster.to_owned(),
        };
        allows_data_action(documents, principal, &action, &scope)
    }
}

/// How long things take in a cluster.
pub(crate) fn pace(timing: &Timing) -> Pace {
    Pace {
        pod: timing.pod,
        load_balancer: timing.load_balancer,
        namespace: timing.namespace,
        polls: timing.polls,
    }
}

/// What there is to know about the cluster with this document; `None` for one that was stored without being made.
pub(crate) fn described(document: &Value) -> Option<Cluster> {
    let properties = &document["properties"];
    let text = |name: &str| properties[name].as_str().map(str::to_owned);
    let uid = text("resourceUID")?;
    let id = document["id"].as_str()?;
    let running = properties["powerState"]["code"].as_str() == Some("Running");
    let away = matches!(
        properties["provisioningState"].as_str(),
        Some("Creating" | "Starting" | "Deleting")
    );
    let hosts = ["fqdn", "privateFQDN"].into_iter().filter_map(text);
    let disk_group = text("nodeResourceGroup").and_then(|group| {
        let subscription = id.split('/').nth(2)?.to_lowercase();
        Some(format!("/subscriptions/{subscription}/resourceGroups/{group}"))
    });
    Some(Cluster {
        id: id.to_owned(),
        hosts: hosts.map(|host| host.to_lowercase()).collect(),
        version: text("currentKubernetesVersion").unwrap_or_else(|| DEFAULT_VERSION.to_owned()),
        answers: running && !away,
        authorization: authorization(&properties["aadProfile"]),
        nodes: nodes(&properties["agentPoolProfiles"], &uid),
        add_ons: add_ons(&properties["addonProfiles"]),
        disk_group,
        uid,
    })
}

fn authorization(profile: &Value) -> Authorization {
    if !profile.is_object() {
        return Authorization::LocalAccounts;
    }
    if profile["enableAzureRBAC"].as_bool() == Some(true) {
        return Authorization::Owner;
    }
    let groups = profile["adminGroupObjectIDs"].as_array().into_iter().flatten();
    Authorization::Groups(
        groups
            .filter_map(|group| group.as_str().map(str::to_owned))
            .collect(),
    )
}

/// Nodes of the cluster's pools, as AKS names them.
fn nodes(pools: &Value, uid: &str) -> Vec<String> {
    let pools = pools.as_array().into_iter().flatten();
    pools
        .flat_map(|pool| {
            let name = pool["name"].as_str().unwrap_or_default();
            let scale_set = scale_set_name(name, uid);
            let count = pool["count"].as_u64().unwrap_or(1);
            (0..count).map(move |number| format!("{scale_set}{number:06}"))
        })
        .collect()
}

fn add_ons(profiles: &Value) -> Vec<String> {
    let profiles = profiles.as_object().into_iter().flatten();
    profiles
        .filter(|(_, profile)| profile["enabled"] == true)
        .map(|(name, _)| name.clone())
        .collect()
}
