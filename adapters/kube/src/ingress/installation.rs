//! The ingress that a cluster should have: observed, made, and waited for.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::IngressClass;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::{Context, Error, ErrorKind, Hint, Operation, Result};
use kube::api::DynamicObject;

use super::wait::IngressAddress;
use super::{conflicts, default_class, prune, wait};
use crate::apply::{self, ObservedObject, State, wait_until_gone, write};
use crate::client::KubeClient;
use crate::object::{Desired, Kind, ObjectId, is_leaving};
use crate::traefik::{PROVIDER_CLASS, TRAEFIK, Traefik};

/// The ingress that a cluster should have.
#[derive(Debug)]
pub struct Ingress<'a> {
    client: &'a KubeClient,
    cx: &'a Context,
    wanted: &'a Traefik,
    objects: Vec<Desired>,
}

/// What a look at a cluster has found. It follows what is done since.
#[derive(Debug)]
pub struct Look {
    seen: Vec<ObservedObject>,
    /// Other classes that are the default.
    defaults: Vec<Change>,
    /// What stands in the way besides objects of the same name.
    conflicts: Vec<Change>,
    /// Ours, and no longer wanted.
    unwanted: Vec<(ObjectId, DynamicObject)>,
}

impl Look {
    /// What installing would do: everything that differs, and everything that stands in the way.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let mut changes = self.conflicts.clone();
        changes.extend(self.defaults.iter().cloned());
        changes.extend(self.seen.iter().filter_map(ObservedObject::change));
        changes.extend(self.unwanted.iter().map(|(id, _)| Change {
            action: ChangeAction::Delete,
            resource: id.to_string(),
            reason: "it is no longer wanted".to_owned(),
        }));
        Plan {
            changes,
            inputs: Vec::new(),
        }
    }

    /// What installing by force would do: what is as it should be is applied again.
    #[must_use]
    pub fn plan_by_force(&self) -> Plan {
        let mut plan = self.plan();
        let same = self.seen.iter().filter(|seen| seen.state == State::Same);
        plan.changes.extend(same.map(|seen| Change {
            action: ChangeAction::Update,
            resource: seen.wanted.id().to_string(),
            reason: "applied again, as told".to_owned(),
        }));
        plan
    }

    /// Whether the ingress is as it should be: installing changes nothing.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        self.plan().is_empty()
    }

    /// What works and should be known: other classes that are the default, and what that means for ours.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.defaults
            .iter()
            .map(|change| format!("{}: {}", change.resource, change.reason))
    }

    /// Refuses where something stands in the way.
    ///
    /// # Errors
    /// `Precondition`, naming all of it.
    pub fn check(&self) -> Result<()> {
        let plan = self.plan();
        let blocks: Vec<String> = plan
            .of(ChangeAction::Block)
            .map(|change| format!("{} ({})", change.resource, change.reason))
            .collect();
        if blocks.is_empty() {
            return Ok(());
        }
        let message = format!(
            "somebody else's ingress, or what is left of one, stands in the way: {}",
            blocks.join(", ")
        );
        let any = |is: fn(&Change) -> bool| plan.of(ChangeAction::Block).any(is);
        let hint = if any(|change| change.reason == conflicts::ELSEWHERE) {
            Hint::command(
                "set the namespace back, take the ingress off, and change the namespace then",
                Operation::ClusterUninstall,
            )
        } else if any(|change| {
            change.resource.starts_with(conflicts::RELEASE) || change.reason.starts_with(apply::BY_HELM)
        }) {
            "uninstall it with Helm, and delete what Helm leaves behind; or install into another namespace"
                .into()
        } else {
            "delete what is named, or install into another namespace".into()
        };
        Err(Error::new(ErrorKind::Precondition, message).with_hint(hint))
    }

    /// The object of this name and kind, if it was there.
    fn live(&self, kind: Kind, name: &str) -> Option<&DynamicObject> {
        let is = |seen: &&ObservedObject| seen.wanted.id().kind == kind && seen.wanted.id().name == name;
        self.seen.iter().find(is)?.live.as_ref()
    }
}

/// In which order objects are applied: each stage needs the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Where the others are.
    Place,
    /// What the cloud is told about before Traefik runs.
    Identity,
    /// What its pods need.
    Surroundings,
    /// Its pods.
    Pods,
    /// The mark that all the others are there: from now on apps may use it.
    Class,
}

impl Stage {
    fn of(kind: Kind) -> Self {
        let is = |other: Kind| kind == other;
        if is(Kind::of::<Namespace>()) {
            Self::Place
        } else if is(Kind::of::<ServiceAccount>()) || is(PROVIDER_CLASS) {
            Self::Identity
        } else if is(Kind::of::<Deployment>()) || is(Kind::of::<PodDisruptionBudget>()) {
            Self::Pods
        } else if is(Kind::of::<IngressClass>()) {
            Self::Class
        } else {
            Self::Surroundings
        }
    }
}

impl<'a> Ingress<'a> {
    /// Of a cluster, as it should be. Sends nothing.
    ///
    /// # Errors
    /// `InvalidInput`: see [`crate::traefik::check`].
    pub fn new(client: &'a KubeClient, cx: &'a Context, wanted: &'a Traefik) -> Result<Self> {
        Ok(Self {
            client,
            cx,
            wanted,
            objects: wanted.objects()?,
        })
    }

    /// Looks at everything: each object is read once, and the classes that others have. Only where something is missing or different is looked
    /// further, for who else may be there and for what is no longer wanted.
    ///
    /// # Errors
    /// See [`KubeError`](crate::KubeError).
    pub async fn look(&self) -> Result<Look> {
        let (mut seen, others) = futures::try_join!(
            apply::observe(self.client, self.cx, &self.objects, &self.wanted.owner),
            default_class::others(self.client, self.cx),
        )?;
        let class = seen
            .iter_mut()
            .find(|seen| Stage::of(seen.wanted.id().kind) == Stage::Class);
        let defaults = class.map(|class| default_class::give_way(class, &others, &self.wanted.owner));
        let mut look = Look {
            seen,
            defaults: defaults.unwrap_or_default(),
            conflicts: Vec::new(),
            unwanted: Vec::new(),
        };
        if look.seen.last().is_none_or(|mark| mark.state != State::Same) {
            look.conflicts = conflicts::find(self.client, self.cx, self.wanted).await?;
            look.unwanted = prune::unwanted(self.client, self.cx, self.wanted, &self.objects).await?;
        }
        Ok(look)
    }

    /// Makes what the cloud has to know of before the rest: the namespace, the service account, and what names the
    /// vaults. A namespace that is being deleted is waited for first.
    ///
    /// # Errors
    /// `Precondition` when something stands in the way: then nothing has been written. `Conflict` when others look
    /// after fields that are to be changed; `force` takes them.
    pub async fn prepare(&self, look: &mut Look, force: bool) -> Result<()> {
        self.wait_for_namespace(look).await?;
        look.check()?;
        self.write(look, &[Stage::Place, Stage::Identity], force).await
    }

    /// Makes the rest, and deletes what is no longer wanted. The volume claim with the certificates never is.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare), which it begins with.
    pub async fn install(&self, look: &mut Look, force: bool) -> Result<()> {
        self.prepare(look, force).await?;
        self.write(look, &[Stage::Surroundings, Stage::Pods], force)
            .await?;
        for (id, live) in std::mem::take(&mut look.unwanted) {
            apply::delete(self.client, self.cx, &id, &live).await?;
        }
        self.write(look, &[Stage::Class], force).await
    }

    /// Waits until Traefik is available, as it was asked for last, and its Service has an address.
    ///
    /// # Errors
    /// `Timeout` at the deadline, `Failed` when Kubernetes gives up; both say what the pods or the load balancer
    /// wait for.
    pub async fn wait(&self, look: &Look) -> Result<IngressAddress> {
        let now = (
            look.live(Kind::of::<Deployment>(), TRAEFIK),
            look.live(Kind::of::<Service>(), TRAEFIK),
        );
        wait::wait(self.client, self.cx, self.wanted, now).await
    }

    async fn wait_for_namespace(&self, look: &mut Look) -> Result<()> {
        let kind = Kind::of::<Namespace>();
        let Some(live) = look.live(kind, &self.wanted.namespace) else {
            return Ok(());
        };
        if !is_leaving(live) {
            return Ok(());
        }
        let id = ObjectId::read(kind, live);
        wait_until_gone(self.client, self.cx, &id, Some(live)).await?;
        *look = self.look().await?;
        Ok(())
    }

    async fn write(&self, look: &mut Look, stages: &[Stage], force: bool) -> Result<()> {
        for stage in stages {
            let of_stage = look
                .seen
                .iter_mut()
                .filter(|seen| Stage::of(seen.wanted.id().kind) == *stage);
            // What of a stage fails is no reason to leave the rest of it half done.
            let writes = of_stage.map(|seen| write(self.client, self.cx, seen, force));
            let results = futures::future::join_all(writes).await;
            results.into_iter().collect::<Result<()>>()?;
        }
        Ok(())
    }
}
