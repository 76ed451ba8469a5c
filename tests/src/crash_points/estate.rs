//! A cluster in a subscription of its own, in which there is also something that belongs to strangers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kompox_azure_emulator::Snapshot;
use kompox_domain::{Cluster, Result, tags};
use serde_json::{Value, json};

use super::cloud::{Cloud, Operator};
use super::ground::{Ground, Watching};
use super::likeness::{Likeness, is_a};

/// Part of the name of everything that belongs to strangers.
const THEIRS: &str = "theirs";
pub(crate) const CLUSTERS: &str = "Microsoft.ContainerService/managedClusters";
pub(crate) const VAULTS: &str = "Microsoft.KeyVault/vaults";
pub(crate) const STACKS: &str = "Microsoft.Resources/deploymentStacks";
const GROUPS: &str = "Microsoft.Resources/resourceGroups";

/// A whole embedded Azure for one cluster: each copy goes back to what was prepared, so there is one at a time.
#[derive(Debug)]
pub struct Estate<'c> {
    /// Where it is.
    pub cloud: &'c Cloud,
    /// The cluster.
    pub cluster: Cluster,
    start: Option<Arc<Snapshot>>,
}

#[async_trait(?Send)]
impl<'c> Ground<'c> for Estate<'c> {
    type Watch = Vigil;

    fn new(cloud: &'c Cloud) -> Self {
        Self {
            cloud,
            cluster: cloud.app.cluster.clone(),
            start: None,
        }
    }

    async fn prepared(&mut self) {
        let snapshot = self.cloud.emulator.snapshot().await;
        self.start = Some(Arc::new(snapshot.expect("what is in memory can be copied")));
    }

    async fn copy(&self) -> Self {
        if let Some(start) = &self.start {
            let restored = self.cloud.emulator.restore(start).await;
            restored.expect("what is in memory can be put back");
        }
        Self {
            cloud: self.cloud,
            cluster: self.cluster.clone(),
            start: self.start.clone(),
        }
    }

    async fn sign_in(&self, operator: &Operator) -> Result<()> {
        let Operator { driver, cx } = operator;
        driver
            .clusters()
            .expect("the driver has clusters")
            .wait(cx, &self.cluster)
            .await
            .map(drop)
    }

    /// Records of deployments are left out: a validation leaves one too.
    async fn held(&self) -> String {
        let everything = self.everything().await;
        let lasting = everything
            .iter()
            .filter(|one| !is_a(one, "Microsoft.Resources/deployments"));
        lasting.map(Value::to_string).collect::<Vec<_>>().join("\n")
    }

    async fn remove(self) {
        self.cloud.emulator.unwatch();
    }
}

impl Estate<'_> {
    /// The id of something in the subscription.
    #[must_use]
    pub fn id(&self, rest: &str) -> String {
        format!("{}{rest}", self.subscription())
    }

    fn subscription(&self) -> String {
        let connection = self.cloud.emulator.connection();
        format!("/subscriptions/{}", connection.subscription_id)
    }

    /// The id of the cluster's resource group.
    #[must_use]
    pub fn group(&self) -> String {
        self.id("/resourceGroups/rg-cluster")
    }

    /// The id of the cluster's stack.
    #[must_use]
    pub fn stack(&self) -> String {
        self.id("/providers/Microsoft.Resources/deploymentStacks/kompox_ws1_prv1_c1")
    }

    /// Everything in the subscription, as it is now.
    pub async fn everything(&self) -> Vec<Value> {
        self.cloud.emulator.resources(&self.subscription()).await
    }

    /// The same without what chance decides.
    pub async fn likeness(&self) -> Likeness {
        Likeness::of(&self.everything().await)
    }

    /// Stores a resource, asking nobody.
    pub async fn put(&self, id: &str, resource: Value) {
        let stored = self.cloud.emulator.put_resource(id, resource).await;
        stored.expect("a resource in memory can be stored");
    }

    /// Puts a group with a network and somebody's rights, and a deleted vault: a stranger's, for who looks closely.
    pub async fn put_strangers(&self) {
        let group = self.id("/resourceGroups/rg-theirs");
        self.put(
            &group,
            json!({"location": "japaneast", "tags": {tags::MANAGED_BY: "somebody"}}),
        )
        .await;
        let space = json!({"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}});
        self.put(
            &format!("{group}/providers/Microsoft.Network/virtualNetworks/theirs"),
            json!({"location": "japaneast", "properties": space}),
        )
        .await;
        let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/kv-theirs");
        // Another cluster's: only the value of one tag tells.
        let tags = json!({tags::MANAGED_BY: tags::MANAGED_BY_KOMPOX, tags::CLUSTER: "ws1/prv1/c2"});
        self.put(
            &self.id("/providers/Microsoft.KeyVault/locations/japaneast/deletedVaults/kv-theirs"),
            json!({"properties": {"vaultId": vault, "location": "japaneast", "deletionDate": "2026-01-01T00:00:00Z",
                "scheduledPurgeDate": "2036-04-01T00:00:00Z", "tags": tags}}),
        )
        .await;
    }

    /// Looks at every state from now on. Where two put the stack at the very same time the later one `may_replace` what
    /// the earlier one called its creation: Azure has no way to put a stack only where there is none.
    pub async fn watch(&self, may_replace: bool) -> Vigil {
        let vigil = Vigil::new(self, may_replace, &self.everything().await);
        let watcher = vigil.clone();
        self.cloud
            .emulator
            .watch(&self.subscription(), move |resources| watcher.look(resources))
            .expect("the subscription's id is one");
        vigil
    }
}

/// Looks at states as they come: what is a stranger's stays as it is, nothing of the cluster is there twice, and its
/// `kompox-created` never changes. Clones look together.
#[derive(Debug, Clone)]
pub struct Vigil {
    ours: String,
    description: String,
    strangers: BTreeMap<String, Value>,
    may_replace: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    moments: usize,
    created: Option<String>,
    wrong: Option<String>,
}

impl Vigil {
    fn new(estate: &Estate<'_>, may_replace: bool, now: &[Value]) -> Self {
        let mut vigil = Self {
            ours: estate.cluster.path(),
            description: format!("kompox:{}", estate.cluster.path()),
            strangers: BTreeMap::new(),
            may_replace,
            seen: Arc::default(),
        };
        vigil.strangers = vigil.strangers_of(now);
        vigil.look(now);
        vigil
    }

    /// Whether it belongs to strangers: by its name, and not by a description of ours.
    #[must_use]
    pub fn is_strangers(&self, resource: &Value) -> bool {
        let named = resource["id"].as_str().is_some_and(|id| id.contains(THEIRS));
        named && resource["properties"]["description"] != self.description.as_str()
    }

    fn strangers_of(&self, resources: &[Value]) -> BTreeMap<String, Value> {
        let strangers = resources.iter().filter(|resource| self.is_strangers(resource));
        strangers
            .map(|resource| (resource["id"].to_string(), resource.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at one state.
    pub fn look(&self, resources: &[Value]) {
        let mut seen = self.lock();
        seen.moments += 1;
        let wrong = self.judge(resources, &mut seen.created);
        seen.wrong = seen.wrong.take().or(wrong);
    }

    fn judge(&self, resources: &[Value], created: &mut Option<String>) -> Option<String> {
        let now = self.strangers_of(resources);
        let touched = self
            .strangers
            .iter()
            .find(|(id, before)| now.get(*id) != Some(*before));
        if let Some((id, _)) = touched {
            return Some(format!("{id}, which is a stranger's, was touched"));
        }
        let ours = |resource: &&Value| {
            !self.is_strangers(resource) && resource["tags"][tags::CLUSTER] == self.ours.as_str()
        };
        for kind in [CLUSTERS, VAULTS, STACKS] {
            let count = resources
                .iter()
                .filter(ours)
                .filter(|one| is_a(one, kind))
                .count();
            if count > 1 {
                return Some(format!("there are {count} of {kind}"));
            }
        }
        let proofs = resources
            .iter()
            .filter(ours)
            .filter(|one| is_a(one, STACKS) || is_a(one, GROUPS));
        for proof in proofs {
            let Some(told) = proof["tags"][tags::CREATED].as_str() else {
                return Some(format!("{} has no tag {}", proof["id"], tags::CREATED));
            };
            let first = created.get_or_insert_with(|| told.to_owned());
            if !self.may_replace && first != told {
                return Some(format!(
                    "{} has become another: its {} is {told}",
                    proof["id"],
                    tags::CREATED
                ));
            }
        }
        None
    }
}

impl Watching for Vigil {
    fn verdict(&self) -> std::result::Result<(), String> {
        self.lock().wrong.clone().map_or(Ok(()), Err)
    }

    fn seen(&self) -> usize {
        self.lock().moments
    }
}
