//! What a cluster has of the mounts of an app: looked at as a whole, made as it should be, and who names a disk.

mod plan;
mod references;

pub use references::DiskReference;

use std::collections::BTreeMap;
use std::time::Instant;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim};
use kompox_domain::cluster::{Change, ChangeAction};
use kompox_domain::{Context, Error, ErrorKind, Label, Result, VolumeMount};
use kube::api::ListParams;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::apply::{AT_ONCE, settled};
use crate::client::{KubeClient, KubeError, Trouble};
use crate::labels::{MANAGED_BY, MANAGER};
use crate::manifest::{self, APP};
use crate::object::{Desired, Keep, Kind, ObjectId, Scope};
use plan::{Refusal, Step, Task};

/// How often everything is looked at anew because somebody else changed it at the same time.
const ATTEMPTS: usize = 5;

/// What came of carrying something out.
enum Done {
    Changes(Vec<Change>),
    /// Somebody else was faster.
    Overtaken,
}

/// What was found, and follows from it.
struct Look<'a> {
    tasks: Vec<Task>,
    /// One mount for each namespace that is missing.
    missing: Vec<&'a VolumeMount>,
    /// What else mounts disks of these volumes.
    others: Vec<Change>,
}

impl KubeClient {
    /// Makes the objects that mount disks of one app, as [`manifest::objects`] has them, and tells what was done.
    ///
    /// Everything is looked at before the first write; what is there as wanted is not written. Objects that mount
    /// other disks of the same volumes stay, and are told.
    ///
    /// # Errors
    /// `Precondition`, before any write, for objects that are somebody else's, are being deleted or are used otherwise;
    /// what kept the cluster from answering; `Timeout`.
    pub async fn apply_mounts(&self, cx: &Context, mounts: &[VolumeMount]) -> Result<Vec<Change>> {
        let mut told = Vec::new();
        for _ in 0..ATTEMPTS {
            let look = self.look_at_mounts(cx, mounts).await?;
            let mut overtaken = false;
            let mut take = |done| match done {
                Done::Changes(changes) => told.extend(changes),
                Done::Overtaken => overtaken = true,
            };
            for mount in look.missing {
                take(self.make_namespace(cx, mount).await?);
            }
            let work: Vec<_> = look.tasks.iter().map(|task| self.carry_out(cx, task)).collect();
            // All of them are carried out, whatever becomes of one.
            let done: Vec<Result<Done>> = stream::iter(work).buffered(AT_ONCE).collect().await;
            for done in done {
                take(done?);
            }
            if !overtaken {
                told.extend(look.others);
                return Ok(told);
            }
        }
        let message = "somebody else keeps changing the volumes in the cluster";
        Err(Error::new(ErrorKind::Conflict, message).with_hint("run it again"))
    }

    /// Looks at everything at the same time.
    async fn look_at_mounts<'a>(&self, cx: &Context, mounts: &'a [VolumeMount]) -> Result<Look<'a>> {
        let spaces: BTreeMap<&Label, &VolumeMount> =
            mounts.iter().map(|mount| (&mount.namespace, mount)).collect();
        let spaces: Vec<&VolumeMount> = spaces.into_values().collect();
        let found_spaces: Vec<_> = spaces
            .iter()
            .map(|mount| self.read_object::<Namespace>(cx, None, mount.namespace.as_str()))
            .collect();
        let pairs: Vec<_> = mounts.iter().map(|mount| self.read_pair(cx, mount)).collect();
        let (found_spaces, pairs, own) = futures::try_join!(
            bounded(found_spaces),
            bounded(pairs),
            self.volumes_of_app(cx, mounts)
        )?;

        let spaces = || spaces.iter().copied().zip(&found_spaces);
        let mut refusals: Vec<Refusal> = spaces()
            .filter_map(|(mount, found)| plan::namespace(mount, found.as_ref()).err())
            .collect();
        let mut tasks = Vec::new();
        for (mount, (volume, claim)) in mounts.iter().zip(&pairs) {
            match plan::pair(mount, volume.as_ref(), claim.as_ref()) {
                Ok(task) => tasks.push(task),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if let Some(error) = plan::refused(&refusals) {
            return Err(error);
        }
        let missing = spaces().filter(|(_, found)| found.is_none());
        let others = own.iter().filter_map(|volume| plan::other(mounts, volume));
        Ok(Look {
            tasks,
            missing: missing.map(|(mount, _)| mount).collect(),
            others: others.collect(),
        })
    }

    async fn read_pair(
        &self,
        cx: &Context,
        mount: &VolumeMount,
    ) -> Result<(Option<PersistentVolume>, Option<PersistentVolumeClaim>)> {
        let namespace = Some(mount.namespace.as_str());
        futures::try_join!(
            self.read_object(cx, None, &mount.name),
            self.read_object(cx, namespace, &mount.name)
        )
    }

    async fn read_object<K>(&self, cx: &Context, namespace: Option<&str>, name: &str) -> Result<Option<K>>
    where
        K: k8s_openapi::Resource + kube::Resource + DeserializeOwned,
    {
        let found = self.read_as(cx, namespace, name).await;
        found.map_err(|error| domain(cx, error))
    }

    async fn volumes_of_app(&self, cx: &Context, mounts: &[VolumeMount]) -> Result<Vec<PersistentVolume>> {
        let Some(first) = mounts.first() else {
            return Ok(vec![]);
        };
        let params = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER},{APP}={}", first.app.app));
        let place = Kind::of::<PersistentVolume>().within(Scope::Cluster);
        let found = self.list(cx, &place, &params).await;
        Ok(found.map_err(|error| domain(cx, error))?.unwrap_or_default())
    }

    async fn make_namespace(&self, cx: &Context, mount: &VolumeMount) -> Result<Done> {
        let wanted = Desired::of(&manifest::namespace(mount), Keep::Shared);
        let change = Change {
            action: ChangeAction::Create,
            resource: wanted.id().to_string(),
            reason: "for the claims of the app".to_owned(),
        };
        self.apply_wanted(cx, &wanted, change).await
    }

    /// Volume and claim at the same time: neither waits for the other.
    async fn carry_out(&self, cx: &Context, task: &Task) -> Result<Done> {
        if let Some(patch) = &task.release
            && !self.release(cx, task.volume.wanted.id(), patch).await?
        {
            return Ok(Done::Overtaken);
        }
        let (volume, claim) =
            futures::join!(self.take_step(cx, &task.volume), self.take_step(cx, &task.claim));
        Ok(match (volume?, claim?) {
            (Done::Changes(mut changes), Done::Changes(of_claim)) => {
                changes.extend(of_claim);
                Done::Changes(changes)
            }
            _ => Done::Overtaken,
        })
    }

    async fn take_step(&self, cx: &Context, step: &Step) -> Result<Done> {
        match &step.change {
            Some(change) => self.apply_wanted(cx, &step.wanted, change.clone()).await,
            None => Ok(Done::Changes(vec![])),
        }
    }

    /// Makes an object as wanted. What others wrote into it and we do not want otherwise stays.
    async fn apply_wanted(&self, cx: &Context, wanted: &Desired, change: Change) -> Result<Done> {
        let step = cx.begin(format!("{} {}", change.action, change.resource));
        // That it is ours was looked at: what somebody changed in it by hand does not keep us from it.
        let applied = self.apply(cx, wanted, true).await;
        let applied = match settled(self, cx, wanted, applied).await {
            Ok(_) => Ok(Done::Changes(vec![change])),
            Err(error) if is_overtaken(&error) => Ok(Done::Overtaken),
            Err(error) => Err(domain(cx, error)),
        };
        step.end(applied)
    }

    /// Takes from a volume a claim that has gone, or that it is no longer for. False if somebody changed it meanwhile.
    async fn release(&self, cx: &Context, id: &ObjectId, patch: &Value) -> Result<bool> {
        let step = cx.begin(format!("release {id}"));
        let done = match self.merge(cx, id, patch).await {
            Ok(_) => Ok(true),
            Err(error) if is_overtaken(&error) => Ok(false),
            Err(error) => Err(domain(cx, error)),
        };
        step.end(done)
    }
}

/// Whether somebody made, changed or deleted it at the same time.
fn is_overtaken(error: &KubeError) -> bool {
    matches!(
        error.trouble(),
        Trouble::AlreadyExists | Trouble::Conflict | Trouble::NotFound
    )
}

/// The answers of some requests, in their order.
async fn bounded<T>(requests: Vec<impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
    stream::iter(requests).buffered(AT_ONCE).try_collect().await
}

/// The error of a request. Where there is no time left, that is what it is.
fn domain(cx: &Context, error: KubeError) -> Error {
    let over = cx.deadline().is_some_and(|deadline| deadline <= Instant::now());
    if over && error.trouble() == Trouble::Timeout {
        let message = "the cluster did not answer in time";
        return Error::new(ErrorKind::Timeout, message).with_source(error);
    }
    error.into()
}
