//! Why pods do not run, and why a Service has no address: what Kubernetes knows and does not say where one looks.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Event, Pod};
use k8s_openapi::jiff::Timestamp;
use kompox_domain::Context;
use kube::api::ListParams;

use crate::client::KubeClient;
use crate::object::{Kind, Scope, condition, is_leaving};
use crate::traefik::Traefik;

/// How much of one message is told.
const LONGEST: usize = 300;

/// What keeps a Deployment's pods from being ready, in a few sentences. Empty: nothing is known.
pub(super) async fn of_pods(
    client: &KubeClient,
    cx: &Context,
    wanted: &Traefik,
    deployment: &Deployment,
) -> Vec<String> {
    let mut troubles = BTreeSet::new();
    // Pods that could not even be made: a quota, or an admission policy.
    let failed = condition(deployment, "ReplicaFailure", "True");
    let why = failed.and_then(|failed| failed.message.as_deref());
    troubles.extend(why.map(shortened));
    let selector: Vec<String> = wanted
        .selector()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let place = Kind::of::<Pod>().within(Scope::Namespace(&wanted.namespace));
    let params = ListParams::default().labels(&selector.join(","));
    let pods = client.list::<Pod>(cx, &place, &params).await;
    // Whoever asks has an error of its own to tell.
    for pod in pods.ok().flatten().unwrap_or_default() {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        match of_pod(&pod) {
            Known::Fine => {}
            Known::Why(why) => {
                troubles.insert(format!("pod {name}: {why}"));
            }
            Known::Silent(state) => {
                let events = of_events(client, cx, &wanted.namespace, "Pod", name).await;
                let why = events.unwrap_or(state);
                troubles.insert(format!("pod {name}: {why}"));
            }
        }
    }
    troubles.into_iter().collect()
}

/// What a pod says of itself.
enum Known {
    Fine,
    Why(String),
    /// It waits, and only events tell why.
    Silent(String),
}

fn of_pod(pod: &Pod) -> Known {
    if is_leaving(pod) {
        return Known::Fine;
    }
    let status = pod.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let is = |kind: &str, word: &str| {
        let mut conditions = conditions.iter();
        conditions.find(|condition| condition.type_ == kind && condition.status == word)
    };
    if let Some(condition) = is("PodScheduled", "False") {
        let message = condition.message.as_deref().unwrap_or("it finds no node");
        return Known::Why(shortened(message));
    }
    let containers = [status.init_container_statuses, status.container_statuses];
    let mut waits = None;
    for container in containers.iter().flatten().flatten() {
        match of_container(container) {
            Known::Fine => {}
            Known::Silent(state) => waits = Some(state),
            why @ Known::Why(_) => return why,
        }
    }
    match waits {
        Some(state) => Known::Silent(state),
        None if is("Ready", "True").is_some() => Known::Fine,
        None => Known::Silent(status.phase.unwrap_or_else(|| "Pending".to_owned())),
    }
}

fn of_container(container: &ContainerStatus) -> Known {
    fn terminated(state: Option<&ContainerState>) -> Option<&ContainerStateTerminated> {
        state.and_then(|state| state.terminated.as_ref())
    }
    if container.ready {
        return Known::Fine;
    }
    let state = container.state.as_ref();
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let ended = terminated(state).or_else(|| terminated(container.last_state.as_ref()));
    match (waiting.and_then(|waiting| waiting.reason.as_deref()), ended) {
        (Some(reason @ ("ContainerCreating" | "PodInitializing")), _) => Known::Silent(reason.to_owned()),
        (Some(reason), _) => {
            let message = waiting.and_then(|waiting| waiting.message.as_deref());
            Known::Why(with_end(&with_message(reason, message), ended))
        }
        (None, Some(_)) => Known::Why(with_end("it ended", ended)),
        (None, None) => Known::Silent("it runs, and is not ready".to_owned()),
    }
}

fn with_message(reason: &str, message: Option<&str>) -> String {
    match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("{reason}: {}", shortened(message)),
        None => reason.to_owned(),
    }
}

fn with_end(text: &str, ended: Option<&ContainerStateTerminated>) -> String {
    let Some(ended) = ended else {
        return text.to_owned();
    };
    let reason = ended.reason.as_deref().unwrap_or("Error");
    let why = with_message(reason, ended.message.as_deref());
    format!("{text}; its last end: {why}, exit code {}", ended.exit_code)
}

/// The newest warning about an object.
pub(super) async fn of_events(
    client: &KubeClient,
    cx: &Context,
    namespace: &str,
    kind: &str,
    name: &str,
) -> Option<String> {
    let place = Kind::of::<Event>().within(Scope::Namespace(namespace));
    let selector = format!("involvedObject.kind={kind},involvedObject.name={name},type=Warning");
    let params = ListParams::default().fields(&selector);
    let events = client.list::<Event>(cx, &place, &params).await;
    let newest = events.ok().flatten()?.into_iter().max_by_key(when)?;
    Some(with_message(newest.reason.as_deref()?, newest.message.as_deref()))
}

/// Which of an event's times is set depends on who has written it.
fn when(event: &Event) -> Option<Timestamp> {
    let seen_last = event.last_timestamp.as_ref().map(|time| time.0);
    let in_series = || Some(event.series.as_ref()?.last_observed_time.as_ref()?.0);
    let seen = || event.event_time.as_ref().map(|time| time.0);
    let made = || event.metadata.creation_timestamp.as_ref().map(|time| time.0);
    seen_last.or_else(in_series).or_else(seen).or_else(made)
}

/// A message in one line, and not too long.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
