//! Logs of pods: what a test has put there, or a line that says that a container has started.

use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::Documents;
use serde_json::{Value, json};

use super::endpoint::root;
use super::objects::Objects;
use super::status::{Answer, Status};

const KIND: &str = "_kubernetes/logs";

fn key(uid: &str, namespace: &str, pod: &str, container: &str) -> String {
    format!("{}/logs/{namespace}/{pod}/{container}", root(uid))
}

/// Sets what a container has logged.
pub(crate) fn set(
    documents: &mut Documents,
    uid: &str,
    (namespace, pod, container): (&str, &str, &str),
    text: &str,
    now: i64,
) {
    let key = key(uid, namespace, pod, container);
    documents.put(&key, KIND, &json!({ "text": text }), now);
}

/// `GET` of the log of a pod.
pub(crate) fn read(objects: &Objects<'_>, request: &Request, pod: &Value) -> Answer<Reply> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (
        text(&pod["metadata"]["namespace"]),
        text(&pod["metadata"]["name"]),
    );
    let all: Vec<&Value> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
        .collect();
    let names: Vec<String> = all.iter().map(|container| text(&container["name"])).collect();
    let regular = pod["spec"]["containers"].as_array().map_or(0, Vec::len);
    let container = match request.query("container").filter(|name| !name.is_empty()) {
        Some(asked) if names.iter().any(|name| name == asked) => asked.to_owned(),
        Some(asked) => {
            return Err(Status::bad_request(format!(
                "container {asked} is not valid for pod {name}"
            )));
        }
        None if regular == 1 => names[0].clone(),
        None => {
            return Err(Status::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                names[..regular].join(" ")
            )));
        }
    };
    if matches!(request.query("previous"), Some("true" | "1")) {
        return Err(Status::bad_request(format!(
            "previous terminated container {container:?} in pod {name:?} not found"
        )));
    }
    let statuses = pod["status"]["containerStatuses"].as_array();
    let status = statuses
        .into_iter()
        .flatten()
        .find(|status| status["name"] == container.as_str());
    let waiting = match status {
        Some(status) => status["state"]["waiting"]["reason"].as_str(),
        None => Some("ContainerCreating"),
    };
    if let Some(reason) = waiting {
        return Err(Status::bad_request(format!(
            "container {container:?} in pod {name:?} is waiting to start: {reason}"
        )));
    }
    let written = objects
        .documents
        .document(&key(objects.uid(), &namespace, &name, &container))
        .map_or_else(|| format!("{container} started\n"), |log| text(&log["text"]));
    let mut reply = Reply::empty(200).with("Content-Type", "text/plain");
    reply.body = cut(request, &written)?.into();
    Ok(reply)
}

/// The last lines, the first bytes.
fn cut(request: &Request, text: &str) -> Answer<String> {
    let number = |name: &str| match request.query(name) {
        None => Ok(None),
        Some(value) => value.parse::<usize>().map(Some).map_err(|_| {
            Status::bad_request(format!(
                "Invalid value: {value:?}: must be greater than or equal to 0"
            ))
        }),
    };
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if let Some(tail) = number("tailLines")? {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let mut text = lines.concat();
    if let Some(limit) = number("limitBytes")? {
        let end = (0..=limit.min(text.len()))
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
    }
    Ok(text)
}
