//! The agent of Container insights: whether it collects what the system's own pods write.
//!
//! Unless a ConfigMap of this name says otherwise it leaves out `kube-system` and `gatekeeper-system`
//! (microsoft/Docker-Provider, `tomlparser.rb`: a section that says `enabled` has the exclusions that it names, and
//! without any none; whatever else the ConfigMap does not say stays as the data collection rule says). There is one such
//! ConfigMap for a cluster, so that of somebody else is left alone.

use k8s_openapi::api::core::v1::ConfigMap;
use kompox_domain::cluster::{Change, ChangeAction};
use kompox_domain::{Context, Result};
use kube::api::DynamicObject;
use serde_json::json;

use crate::apply::{self, ObservedObject, State, other_owner, write};
use crate::client::KubeClient;
use crate::labels;
use crate::object::{Desired, Keep, Kind, ObjectId};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "container-azm-ms-agentconfig";

/// What of it says which logs are collected.
const OURS: &str = "log-data-collection-settings";

/// Everything that pods write, of every namespace. Settings that are not here keep their defaults.
const COLLECT: &str = "[log_collection_settings]
   [log_collection_settings.stdout]
      enabled = true
      exclude_namespaces = []
   [log_collection_settings.stderr]
      enabled = true
      exclude_namespaces = []
";

const COST: &str = "the agent of Container insights is to collect the logs of kube-system and gatekeeper-system too; Log \
                    Analytics charges for all that it takes in";

/// What the agent of one cluster should do.
#[derive(Debug, Clone, Copy)]
pub struct Agent<'a> {
    /// Of the cluster.
    pub client: &'a KubeClient,
    /// Accompanies the operation.
    pub cx: &'a Context,
    /// For which cluster of a configuration: `<ws>/<prv>/<cls>`.
    pub owner: &'a str,
    /// Whether it collects the logs of the system's namespaces. Without that, a ConfigMap of ours goes.
    pub system_logs: bool,
}

/// What a look at the ConfigMap has found.
#[derive(Debug)]
pub struct AgentLook {
    /// It is wanted.
    seen: Option<ObservedObject>,
    /// It is ours, and not wanted.
    going: Option<(ObjectId, DynamicObject)>,
    /// It is ours, and not wanted, but somebody has written more into it: why it stays.
    shared: Option<String>,
}

impl AgentLook {
    /// What [`Agent::settle`] would do, and what is left alone.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        if let Some((id, _)) = &self.going {
            return Some(Change {
                action: ChangeAction::Delete,
                resource: id.to_string(),
                reason: "the logs of the system's namespaces are not to be collected any more".to_owned(),
            });
        }
        let change = self.seen.as_ref()?.change()?;
        Some(match change.action {
            ChangeAction::Create => Change {
                reason: COST.to_owned(),
                ..change
            },
            _ => change,
        })
    }

    /// Why the agent is not told what was asked for.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        if let Some(shared) = &self.shared {
            return Some(shared.clone());
        }
        let seen = self.seen.as_ref()?;
        let State::Theirs(why) = &seen.state else {
            return None;
        };
        Some(format!(
            "{} is left as it is: {why}; which logs are collected is decided there",
            seen.wanted.id()
        ))
    }
}

impl Agent<'_> {
    /// Reads the ConfigMap.
    ///
    /// # Errors
    /// See [`KubeError`](crate::client::KubeError).
    pub async fn look(&self) -> Result<AgentLook> {
        let wanted = [config(self.owner)];
        let seen = apply::observe(self.client, self.cx, &wanted, self.owner)
            .await?
            .pop();
        if self.system_logs {
            return Ok(AgentLook {
                seen,
                going: None,
                shared: None,
            });
        }
        let live = seen.and_then(|seen| seen.live.map(|live| (seen.wanted.id().clone(), live)));
        let ours = live.filter(|(_, live)| other_owner(live, self.owner).is_none());
        let more: Vec<&str> = ours.iter().flat_map(|(_, live)| not_ours(live)).collect();
        let shared = (!more.is_empty()).then(|| {
            format!(
                "ConfigMap {NAME} in {NAMESPACE} stays, and with it the logs of the system's namespaces, for somebody has \
                 written {} into it: take our {OURS} out of it, or delete it",
                more.join(", ")
            )
        });
        Ok(AgentLook {
            seen: None,
            going: ours.filter(|_| shared.is_none()),
            shared,
        })
    }

    /// Writes the ConfigMap, or deletes it, where that changes something; or where all are applied again.
    ///
    /// # Errors
    /// `Conflict` when others look after fields that are to be changed; `force` takes them.
    pub async fn settle(&self, look: &mut AgentLook, force: bool) -> Result<()> {
        if let Some((id, live)) = look.going.take() {
            apply::delete(self.client, self.cx, &id, &live).await?;
        }
        match &mut look.seen {
            Some(seen) => write(self.client, self.cx, seen, force).await,
            None => Ok(()),
        }
    }
}

/// The members of its data that we do not write.
fn not_ours(live: &DynamicObject) -> impl Iterator<Item = &str> {
    let data = live.data.get("data").and_then(|data| data.as_object());
    let names = data.into_iter().flat_map(|data| data.keys().map(String::as_str));
    names.filter(|name| !["schema-version", "config-version", OURS].contains(name))
}

fn config(owner: &str) -> Desired {
    let object = json!({
        "metadata": {
            "name": NAME,
            "namespace": NAMESPACE,
            "labels": { labels::MANAGED_BY: labels::MANAGER },
            "annotations": { labels::CLUSTER: owner },
        },
        // The first is the only schema there is. The second is for whoever wrote it: ten characters at most.
        "data": { "schema-version": "v1", "config-version": "kompoxops", OURS: COLLECT },
    });
    Desired::raw(Kind::of::<ConfigMap>(), Keep::Shared, object).hashed()
}
