//! Why pods do not run, and why a Service has no address: what Kubernetes knows and does not say where one looks.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Event, Pod};
use kompox_domain::Context;
use serde_json::Value;

use crate::client::KubeClient;
use crate::object::{Kind, Scope};
use crate::traefik::Traefik;

/// How much of one message is told.
const LONGEST: usize = 300;

/// What keeps a Deployment's pods from being ready, in a few sentences. Empty: nothing is known.
pub(super) async fn of_pods(
    client: &KubeClient,
    cx: &Context,
    wanted: &Traefik,
    deployment: &Value,
) -> Vec<String> {
    let mut troubles = BTreeSet::new();
    for condition in list(&deployment["status"]["conditions"]) {
        // Pods that could not even be made: a quota, or an admission policy.
        if condition["type"] == "ReplicaFailure" && condition["status"] == "True" {
            troubles.extend(condition["message"].as_str().map(shortened));
        }
    }
    let selector: Vec<String> = wanted
        .selector()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let place = Kind::of::<Pod>().within(Scope::Namespace(&wanted.namespace));
    let pods = client
        .list(cx, &place, &[("labelSelector", &selector.join(","))])
        .await;
    // Whoever asks has an error of its own to tell.
    for pod in pods.ok().flatten().unwrap_or_default() {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
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

fn of_pod(pod: &Value) -> Known {
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return Known::Fine;
    }
    let status = &pod["status"];
    for condition in list(&status["conditions"]) {
        if condition["type"] == "PodScheduled" && condition["status"] == "False" {
            let message = condition["message"].as_str().unwrap_or("it finds no node");
            return Known::Why(shortened(message));
        }
    }
    let containers = ["initContainerStatuses", "containerStatuses"];
    let mut waits = None;
    for container in containers.iter().flat_map(|field| list(&status[field])) {
        if container["ready"] == true {
            continue;
        }
        let waiting = &container["state"]["waiting"];
        let ended = [
            &container["state"]["terminated"],
            &container["lastState"]["terminated"],
        ];
        let ended = ended.into_iter().find(|ended| ended.is_object());
        match waiting["reason"].as_str() {
            Some(reason @ ("ContainerCreating" | "PodInitializing")) => waits = Some(reason.to_owned()),
            Some(reason) => return Known::Why(with_end(&with_message(reason, waiting), ended)),
            None => match ended {
                Some(_) => return Known::Why(with_end("it ended", ended)),
                None => waits = Some("it runs, and is not ready".to_owned()),
            },
        }
    }
    let ready = list(&status["conditions"])
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    match waits {
        Some(state) => Known::Silent(state),
        None if ready => Known::Fine,
        None => Known::Silent(status["phase"].as_str().unwrap_or("Pending").to_owned()),
    }
}

fn with_message(reason: &str, state: &Value) -> String {
    match state["message"].as_str().filter(|message| !message.is_empty()) {
        Some(message) => format!("{reason}: {}", shortened(message)),
        None => reason.to_owned(),
    }
}

fn with_end(text: &str, ended: Option<&Value>) -> String {
    let Some(ended) = ended else {
        return text.to_owned();
    };
    let why = with_message(ended["reason"].as_str().unwrap_or("Error"), ended);
    format!("{text}; its last end: {why}, exit code {}", ended["exitCode"])
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
    let events = client.list(cx, &place, &[("fieldSelector", &selector)]).await;
    let newest = events
        .ok()
        .flatten()?
        .into_iter()
        .max_by_key(|event| when(event).to_owned())?;
    Some(with_message(newest["reason"].as_str()?, &newest))
}

/// Which of an event's times is set depends on who has written it.
fn when(event: &Value) -> &str {
    let times = [
        &event["lastTimestamp"],
        &event["series"]["lastObservedTime"],
        &event["eventTime"],
        &event["metadata"]["creationTimestamp"],
    ];
    times.into_iter().find_map(Value::as_str).unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A message in one line, and not too long.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
