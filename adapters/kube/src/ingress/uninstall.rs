//! Uninstalling: only what is ours, until it is gone, and with a word on what stays.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::{Argument, Context, Error, ErrorKind, Hint, Mode, Result};
use serde_json::Value;

use super::{contents, superfluous};
use crate::apply::{self, Patience, maker};
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
}

/// Deletes the ingress of a cluster, and waits until it is gone: what carries our label and says that it was made
/// for this cluster. Answers what was deleted, and what stays and why; [`Mode::Plan`] only reads, and answers what
/// would be. Not installed: success, and nothing done.
///
/// # Errors
/// `Timeout` when something is still there at the deadline, with what it waits for.
pub async fn uninstall(
    client: &KubeClient,
    cx: &Context,
    installed: &Traefik,
    options: UninstallOptions,
    mode: Mode,
) -> Result<Plan> {
    let mut run = Run {
        client,
        cx,
        installed,
        mode,
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
    mode: Mode,
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
        places.extend(superfluous::in_namespace().into_iter().map(|kind| (kind, here)));
        places.extend(
            superfluous::in_none()
                .into_iter()
                .map(|kind| (kind, Scope::Cluster)),
        );
        places.push((superfluous::claims(), here));
        let found = superfluous::all_labelled(self.client, self.cx, places).await?;
        let (ours, theirs): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(_, live)| maker(live, &self.installed.owner).is_none());
        for (id, live) in theirs {
            let reason = maker(&live, &self.installed.owner).unwrap_or_default();
            self.tell(ChangeAction::Keep, &id, reason);
        }
        let (kept, going): (Vec<_>, Vec<_>) = ours
            .into_iter()
            .partition(|(id, _)| id.kind == superfluous::claims() && !options.delete_certificates);
        let had_pods = going.iter().any(|(id, _)| id.kind == Kind::of::<Deployment>());
        // A claim in use goes when its pods have gone.
        let (claims, rest): (Vec<_>, Vec<_>) = going
            .into_iter()
            .partition(|(id, _)| id.kind == superfluous::claims());
        self.delete(rest).await?;
        if had_pods && self.mode == Mode::Apply {
            self.wait_for_pods().await?;
        }
        self.delete(claims).await?;
        for (id, _) in kept {
            self.tell(ChangeAction::Keep, &id, "it holds the certificates");
        }
        Ok(())
    }

    /// Asks for all, then waits for each: a load balancer takes as long as everything else together.
    async fn delete(&mut self, objects: Vec<(ObjectId, Value)>) -> Result<()> {
        let (client, cx, mode) = (self.client, self.cx, self.mode);
        let deletes = objects.iter().map(|(id, live)| async move {
            if mode == Mode::Plan {
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
        let place = Kind::of::<Pod>().within(Scope::Namespace(&self.installed.namespace));
        let mut patience = Patience::of(self.client, self.cx);
        let mut step = None;
        loop {
            let query = [("labelSelector", selector.join(","))];
            let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
            let pods = self.client.list_metadata(self.cx, &place, &query).await?;
            let count = pods.unwrap_or_default().len();
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
        let found = superfluous::labelled(self.client, self.cx, kind, Scope::Cluster).await?;
        let mut going = Vec::new();
        for (id, live) in found {
            if let Some(maker) = maker(&live, &self.installed.owner) {
                self.tell(ChangeAction::Keep, &id, maker);
                continue;
            }
            let objects = match defined(&live) {
                Some(place) => self.client.list_metadata(self.cx, &place, &[]).await?,
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
        if is_leaving(&live) && self.mode == Mode::Plan {
            return Ok(());
        }
        if is_leaving(&live) {
            return apply::wait_until_gone(self.client, self.cx, &id, Some(&live)).await;
        }
        if let Some(maker) = maker(&live, &self.installed.owner) {
            // Where nothing of ours was, there is nothing to say either.
            if !self.done.changes.is_empty() {
                self.tell(ChangeAction::Keep, &id, maker);
            }
            return Ok(());
        }
        let mut within = contents::look(self.client, self.cx, &self.installed.namespace)
            .await
            .map_err(|error| {
                Error::from(error).context(format!("nobody knows what is in {id}, so it stays"))
            })?;
        let of_namespace = self.going.iter().filter(|id| id.namespace.is_some());
        let going: Vec<String> = of_namespace
            .map(|id| format!("{} {}", id.kind.kind, id.name))
            .collect();
        // What has been deleted is gone by now, unless this only looks.
        within.retain(|name| !(self.mode == Mode::Plan && going.contains(name)));
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
fn defined(definition: &Value) -> Option<Place<'_>> {
    let spec = &definition["spec"];
    let versions = spec["versions"].as_array()?;
    let served = versions.iter().find(|version| version["served"] == true)?;
    let names = &spec["names"];
    let list = names["listKind"]
        .as_str()
        .and_then(|list| list.strip_suffix("List"));
    Some(Place {
        group: spec["group"].as_str().filter(|group| !group.is_empty())?,
        version: served["name"].as_str().filter(|name| !name.is_empty())?,
        kind: list.or_else(|| names["kind"].as_str())?,
        plural: names["plural"].as_str().filter(|plural| !plural.is_empty())?,
        scope: match spec["scope"].as_str()? {
            "Namespaced" => Scope::Every,
            _ => Scope::Cluster,
        },
    })
}
