//! Who else may have an ingress here: Helm, or this program in another namespace.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kompox_domain::cluster::{Change, ChangeAction};
use kompox_domain::{Context, Result};
use kube::api::{ListParams, PartialObjectMeta};

use crate::apply::other_owner;
use crate::client::KubeClient;
use crate::labels;
use crate::object::{Kind, ObjectId, Scope, label};
use crate::traefik::{TRAEFIK, Traefik};

/// Of what is ours, in another namespace.
pub(super) const ELSEWHERE: &str = "this cluster's ingress is installed there: uninstall it first";

/// How a release of Helm's is called.
pub(super) const RELEASE: &str = "Helm release ";

/// Everything that stands in the way of installing, whatever it is called.
pub(super) async fn find(client: &KubeClient, cx: &Context, wanted: &Traefik) -> Result<Vec<Change>> {
    let secrets = Kind::of::<Secret>().within(Scope::Namespace(&wanted.namespace));
    let selector = format!("{}={TRAEFIK}", labels::NAME);
    let every = Kind::of::<Deployment>().within(Scope::Every);
    let traefiks = ListParams::default().labels(&selector);
    let of_helm = ListParams::default().labels("owner=helm");
    let (releases, deployments) = futures::try_join!(
        // Helm keeps what it has installed, or has begun to, in Secrets. Their contents are not needed.
        client.list::<PartialObjectMeta<Secret>>(cx, &secrets, &of_helm),
        client.list::<Deployment>(cx, &every, &traefiks),
    )?;
    let mut conflicts: Vec<Change> = deployments
        .iter()
        .flatten()
        .filter_map(|live| deployment(wanted, live))
        .collect();
    let mut releases: Vec<(String, String)> = releases.iter().flatten().filter_map(release).collect();
    releases.sort();
    releases.dedup();
    conflicts.extend(releases.into_iter().map(|(name, status)| Change {
        action: ChangeAction::Block,
        resource: format!("{RELEASE}{}/{name}", wanted.namespace),
        reason: status,
    }));
    Ok(conflicts)
}

/// A Deployment of Traefik that is not the one that is wanted.
fn deployment(wanted: &Traefik, live: &Deployment) -> Option<Change> {
    let id = ObjectId::read(Kind::of::<Deployment>(), live);
    let here = id.namespace.as_deref() == Some(wanted.namespace.as_str());
    let reason = match other_owner(live, &wanted.owner) {
        // The one of the same name is looked at by itself.
        Some(other) if here && id.name != TRAEFIK => other,
        None if !here => ELSEWHERE.to_owned(),
        _ => return None,
    };
    Some(Change {
        action: ChangeAction::Block,
        resource: id.to_string(),
        reason,
    })
}

/// A release of Helm's that is, or may be, a Traefik: its name, and how it stands.
fn release(secret: &PartialObjectMeta<Secret>) -> Option<(String, String)> {
    let status = label(secret, "status")?;
    let over = matches!(status, "superseded" | "uninstalled");
    let name = label(secret, "name")?;
    (!over && name.contains(TRAEFIK)).then(|| (name.to_owned(), status.to_owned()))
}
