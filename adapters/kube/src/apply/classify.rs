//! What each object is: as it should be, different, missing, or somebody else's.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kompox_domain::Context;
use kompox_domain::cluster::{Change, ChangeAction};
use kube::api::DynamicObject;

use super::diff::first_difference;
use super::patience::AT_ONCE;
use crate::client::{KubeClient, KubeError};
use crate::labels;
use crate::object::{Desired, Keep, annotation, is_leaving, label, value};

/// How an object that is wanted stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// There is none.
    Missing,
    /// All that is wanted is there.
    Same,
    /// It is ours, and something is not as it should be.
    Different(String),
    /// It is ours, and on its way out.
    Leaving,
    /// Somebody else made it, and it is good enough.
    Theirs(String),
    /// Somebody else made it, and it is in the way.
    Foreign(String),
}

/// An object that is wanted, and what is there of it.
#[derive(Debug, Clone)]
pub(crate) struct ObservedObject {
    pub(crate) wanted: Desired,
    pub(crate) live: Option<DynamicObject>,
    pub(crate) state: State,
    /// It was written since.
    pub(crate) written: bool,
}

impl ObservedObject {
    /// Holds what is there against something else.
    pub(crate) fn want(&mut self, wanted: Desired, owner: &str) {
        self.state = classify(&wanted, self.live.as_ref(), owner);
        self.wanted = wanted;
    }

    /// What applying it would do, or what keeps it from being applied.
    pub(crate) fn change(&self) -> Option<Change> {
        let (action, reason) = match &self.state {
            State::Same => return None,
            State::Missing => (ChangeAction::Create, "it is not there".to_owned()),
            State::Leaving => (ChangeAction::Create, "it is being deleted".to_owned()),
            State::Different(why) => (ChangeAction::Update, why.clone()),
            State::Theirs(why) => (ChangeAction::Keep, why.clone()),
            State::Foreign(why) => (ChangeAction::Block, why.clone()),
        };
        Some(Change {
            action,
            resource: self.wanted.id().to_string(),
            reason,
        })
    }
}

/// Reads each object once.
pub(crate) async fn observe(
    client: &KubeClient,
    cx: &Context,
    wanted: &[Desired],
    owner: &str,
) -> Result<Vec<ObservedObject>, KubeError> {
    stream::iter(wanted.to_vec())
        .map(|wanted| async move {
            let live = client.read(cx, wanted.id()).await?;
            let state = classify(&wanted, live.as_ref(), owner);
            Ok(ObservedObject {
                wanted,
                live,
                state,
                written: false,
            })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

fn classify(wanted: &Desired, live: Option<&DynamicObject>, owner: &str) -> State {
    let Some(live) = live else {
        return State::Missing;
    };
    if let Some(other) = other_owner(live, owner) {
        return match wanted.keep() {
            Keep::Shared => State::Theirs(other),
            Keep::Owned | Keep::Data => State::Foreign(other),
        };
    }
    if is_leaving(live) {
        return State::Leaving;
    }
    if wanted.annotation(labels::HASH) != annotation(live, labels::HASH) {
        return State::Different("it was made from another configuration".to_owned());
    }
    match first_difference(wanted.value(), &value(live)) {
        Some(field) => State::Different(format!("somebody changed {field}")),
        None => State::Same,
    }
}

/// What is said of an object that Helm made.
pub(crate) const BY_HELM: &str = "Helm made it";

/// Who made an object, where that was not us for this cluster.
pub(crate) fn other_owner(live: &impl kube::Resource, owner: &str) -> Option<String> {
    let ours = label(live, labels::MANAGED_BY) == Some(labels::MANAGER);
    match (ours, annotation(live, labels::CLUSTER)) {
        (true, Some(cluster)) if cluster == owner => return None,
        (true, Some(cluster)) => return Some(format!("it belongs to the cluster {cluster}")),
        (true, None) => return Some("it does not say for which cluster it was made".to_owned()),
        (false, _) => {}
    }
    if let Some(release) = annotation(live, "meta.helm.sh/release-name") {
        let namespace = annotation(live, "meta.helm.sh/release-namespace").unwrap_or("default");
        return Some(format!(
            "{BY_HELM} for the release {release} in namespace {namespace}"
        ));
    }
    Some(match label(live, labels::MANAGED_BY) {
        Some(manager) => format!("{manager} made it"),
        None => "somebody else made it".to_owned(),
    })
}
