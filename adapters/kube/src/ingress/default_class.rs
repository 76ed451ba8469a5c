//! The default IngressClass: whoever was first keeps it.
//!
//! With two of them an API server refuses Ingresses that name no class, or gives them the newer one, which depends on
//! its version. So a second default takes the apps of another ingress away from it, or keeps them from being made, and
//! neither is seen where it was caused. Where another class is the default, ours is made without that mark, and this is
//! told. Where ours has the mark already it keeps it: taking it away would do the same to the apps of ours.

use k8s_openapi::api::networking::v1::IngressClass;
use kompox_domain::Context;
use kompox_domain::cluster::{Change, ChangeAction};
use kube::api::ListParams;

use crate::apply::{ObservedObject, other_owner};
use crate::client::{KubeClient, KubeError};
use crate::labels;
use crate::object::{Kind, ObjectId, Scope, annotation};
use crate::traefik::{DEFAULT_CLASS, TRAEFIK};

/// Which classes of a cluster are the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DefaultClasses {
    /// Whether ours is.
    pub ours: bool,
    /// Those of others.
    others: Vec<ObjectId>,
}

impl DefaultClasses {
    /// Reads them, with one request.
    ///
    /// # Errors
    /// See [`KubeError`].
    pub async fn read(client: &KubeClient, cx: &Context) -> Result<Self, KubeError> {
        let kind = Kind::of::<IngressClass>();
        let classes = client
            .list::<IngressClass>(cx, &kind.within(Scope::Cluster), &ListParams::default())
            .await?;
        let defaults = classes
            .iter()
            .flatten()
            .filter(|class| annotation(*class, DEFAULT_CLASS) == Some("true"))
            .map(|class| ObjectId::read(kind, class));
        let (ours, others): (Vec<_>, Vec<_>) = defaults.partition(|id| id.name == TRAEFIK);
        Ok(Self {
            ours: !ours.is_empty(),
            others,
        })
    }

    /// What is told of each class of others, where there is one.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let reason = reason(self.ours);
        self.others.iter().map(move |id| format!("{id}: {reason}"))
    }
}

/// The classes of others that are the default.
pub(super) async fn others(client: &KubeClient, cx: &Context) -> Result<Vec<ObjectId>, KubeError> {
    Ok(DefaultClasses::read(client, cx).await?.others)
}

/// What it means for ours that a class of others is the default.
const fn reason(ours_is_too: bool) -> &'static str {
    if ours_is_too {
        "it is a default class, and so is ours: take the mark from one of them"
    } else {
        "it is the default class, so ours is not: apps name class traefik"
    }
}

/// Takes the mark from what is wanted where others have it and ours has not; what is told of each of the others.
pub(super) fn give_way(class: &mut ObservedObject, others: &[ObjectId], owner: &str) -> Vec<Change> {
    let is_default = class.live.as_ref().is_some_and(|live| {
        other_owner(live, owner).is_none() && annotation(live, DEFAULT_CLASS) == Some("true")
    });
    if !others.is_empty() && !is_default {
        let wanted = class.wanted.clone().without(labels::HASH);
        class.want(wanted.without(DEFAULT_CLASS).hashed(), owner);
    }
    let told = others.iter().map(|id| Change {
        action: ChangeAction::Keep,
        resource: id.to_string(),
        reason: reason(is_default).to_owned(),
    });
    told.collect()
}
