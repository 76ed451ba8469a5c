//! Uninstalling: only what is ours, until it is gone, and with a word on what stays.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::{Argument, Context, Error, ErrorKind, Hint, Result};
use kube::api::{DynamicObject, ListParams, PartialObjectMeta};

use super::{contents, prune};
use crate::apply::{self, Patience, other_owner};
use crate::client::KubeClient;
use crate::object::{Kind, ObjectId, Place, Scope, is_leaving};
use crate::traefik::{self, Traefik};

/// How many things in a namespace are named.
const NAMED: usize = 5;

/// How to uninstall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UninstallOptions {
    /// The stored certificates go, too.
    pub delete_certificates: bool,
    /// Nothing is deleted: the answer is what would be.
    pub dry_run: bool,
}

/// Deletes the ingress of a cluster, and waits until it is gone: what carries our label and says that it was made
/// for this cluster. Answers what was deleted, and what stays and why. Not installed: success, and nothing done.
///
/// # Errors
/// `Timeout` when something is still there at the deadline, with what it waits for.
pub async fn uninstall(
    client: &KubeClient,
    cx: &Context,
    installed: &Traefik,
    options: UninstallOptions,
) -> Result<Plan> {
    let mut run = Run {
        client,
        cx,
        installed,
        dry_run: options.dry_run,
        done: Plan::default(),
        going: Vec::new(),
    };
    run.pods_and_the_rest(options).await?;
    run.definitions().await?;
    run.namespace().await?;
    Ok(run.done)
}

struct Run<'a> {
    client: &'a KubeClient,
    cx: &'a Context,
    installed: &'a Traefik,
    dry_run: bool,
    done: Plan,
    /// What was deleted, or would be.
    going: Vec<ObjectId>,
}

impl Run<'_> {
    fn tell(&mut self, action: ChangeAction, id: &ObjectId, reason: impl Into<String>) {
        self.done.changes.push(Change {
            action,
            resource: id.to_string(),
            reason: reason.into(),
        });
    }

    async fn pods_and_the_rest(&mut self, options: UninstallOptions) -> Result<()> {
        let here = Scope::Namespace(&self.installed.namespace);
        // Whoever asks for this class from now on is told so; then come the pods, then what they need.
        let mut places: Vec<(Kind, Scope<'_>)> = Vec::new();
        places.extend(prune::in_namespace().into_iter().map(|kind| (kind, here)));
        places.extend(prune::in_none().into_iter().map(|kind| (kind, Scope::Cluster)));
        places.push((prune::claims(), here));
        let found = prune::all_labelled(self.client, self.cx, places).await?;
        let (ours, theirs): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(_, live)| other_owner(live, &self.installed.owner).is_none());
        for (id, live) in theirs {
            let reason = other_owner(&live, &self.installed.owner).unwrap_or_default();
            self.tell(ChangeAction::Keep, &id, reason);
        }
        let (kept, going): (Vec<_>, Vec<_>) = ours
            .into_iter()
            .partition(|(id, _)| id.kind == prune::claims() && !options.delete_certificates);
        let had_pods = going.iter().any(|(id, _)| id.kind == Kind::of::<Deployment>());
        // A claim in use goes when its pods have gone.
        let (claims, rest): (Vec<_>, Vec<_>) =
            going.into_iter().partition(|(id, _)| id.kind == prune::claims());
        self.delete(rest).await?;
        if had_pods && !self.dry_run {
            self.wait_for_pods().await?;
        }
        self.delete(claims).await?;
        for (id, _) in kept {
            self.tell(ChangeAction::Keep, &id, "it holds the certificates");
        }
        Ok(())
    }

    /// Asks for all, then waits for each: a load balancer takes as long as everything else together.
    async fn delete(&mut self, objects: Vec<(ObjectId, DynamicObject)>) -> Result<()> {
        let (client, cx, dry_run) = (self.client, self.cx, self.dry_run);
        let deletes = objects.iter().map(|(id, live)| async move {
            if dry_run {
                return Ok(());
            }
            apply::delete(client, cx, id, live).await
        });
        let results = futures::future::join_all(deletes).await;
        let mut failed = None;
        for ((id, _), result) in objects.iter().zip(results) {
            match result {
                Ok(()) => {
                    self.tell(ChangeAction::Delete, id, "it was made for this cluster");
                    self.going.push(id.clone());
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn wait_for_pods(&self) -> Result<()> {
        let selector: Vec<String> = self
            .installed
            .selector()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let params = ListParams::default().labels(&selector.join(","));
        let place = Kind::of::<Pod>().within(Scope::Namespace(&self.installed.namespace));
        let mut patience = Patience::of(self.client, self.cx);
        let mut step = None;
        loop {
            let pods = self
                .client
                .list::<PartialObjectMeta<Pod>>(self.cx, &place, &params);
            let count = pods.await?.unwrap_or_default().len();
            if count == 0 {
                return step.map_or(Ok(()), |step: kompox_domain::context::Step| step.end(Ok(())));
            }
            let step = step.get_or_insert_with(|| self.cx.begin("wait until Traefik's pods are gone"));
            step.state(format!("{count} still there"), None);
            if !patience.pause().await {
                let message = format!("{count} pods of Traefik are still there");
                return Err(Error::new(ErrorKind::Timeout, message).with_hint(Hint::argument(
                    "run it again and give it more time",
                    Argument::Timeout,
                )));
            }
        }
    }

    /// Definitions go with everything that was made by them, so only without any of it.
    async fn definitions(&mut self) -> Result<()> {
        let kind = traefik::DEFINITION;
        let found = prune::labelled(self.client, self.cx, kind, Scope::Cluster).await?;
        let mut going = Vec::new();
        for (id, live) in found {
            if let Some(other) = other_owner(&live, &self.installed.owner) {
                self.tell(ChangeAction::Keep, &id, other);
                continue;
            }
            let definition = live.clone().try_parse::<CustomResourceDefinition>().ok();
            let objects = match definition.as_ref().and_then(defined) {
                Some(place) => {
                    let all = ListParams::default();
                    self.client
                        .list::<PartialObjectMeta>(self.cx, &place, &all)
                        .await?
                }
                None => None,
            };
            match objects {
                Some(objects) if objects.is_empty() => going.push((id, live)),
                Some(_) => self.tell(ChangeAction::Keep, &id, "there are objects of this kind"),
                None => self.tell(
                    ChangeAction::Keep,
                    &id,
                    "nobody knows whether there are objects of this kind: it is not served",
                ),
            }
        }
        self.delete(going).await
    }

    /// The namespace goes if we have made it, and nothing is in it any more.
    async fn namespace(&mut self) -> Result<()> {
        let id = ObjectId::of::<Namespace>(None, &self.installed.namespace);
        let Some(live) = self.client.read(self.cx, &id).await? else {
            return Ok(());
        };
        if is_leaving(&live) && self.dry_run {
            return Ok(());
        }
        if is_leaving(&live) {
            return apply::wait_until_gone(self.client, self.cx, &id, Some(&live)).await;
        }
        if let Some(other) = other_owner(&live, &self.installed.owner) {
            // Where nothing of ours was, there is nothing to say either.
            if !self.done.changes.is_empty() {
                self.tell(ChangeAction::Keep, &id, other);
            }
            return Ok(());
        }
        let mut within = contents::list(self.client, self.cx, &self.installed.namespace)
            .await
            .map_err(|error| {
                Error::from(error).context(format!("nobody knows what is in {id}, so it stays"))
            })?;
        let of_namespace = self.going.iter().filter(|id| id.namespace.is_some());
        let going: Vec<String> = of_namespace
            .map(|id| format!("{} {}", id.kind.kind, id.name))
            .collect();
        // What has been deleted is gone by now, unless this only looks.
        within.retain(|name| !(self.dry_run && going.contains(name)));
        if within.is_empty() {
            return self.delete(vec![(id, live)]).await;
        }
        let more = within.len().saturating_sub(NAMED);
        let mut named = within.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 {
            named = format!("{named} and {more} more");
        }
        self.tell(ChangeAction::Keep, &id, format!("in it is {named}"));
        Ok(())
    }
}

/// Where the objects of a defined kind are. None where it is not served, or does not say how.
fn defined(definition: &CustomResourceDefinition) -> Option<Place<'_>> {
    fn told(text: &str) -> Option<&str> {
        Some(text).filter(|text| !text.is_empty())
    }
    let spec = &definition.spec;
    let served = spec.versions.iter().find(|version| version.served)?;
    let names = &spec.names;
    let list = names.list_kind.as_deref();
    Some(Place {
        group: told(&spec.group)?,
        version: told(&served.name)?,
        kind: list
            .and_then(|list| list.strip_suffix("List"))
            .or_else(|| told(&names.kind))?,
        plural: told(&names.plural)?,
        scope: match told(&spec.scope)? {
            "Namespaced" => Scope::Every,
            _ => Scope::Cluster,
        },
    })
}
