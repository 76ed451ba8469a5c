//! The scheduler and the kubelet: a pod gets a node, waits for what it needs, and runs.

use serde_json::{Value, json};

use super::events;
use super::manager::set_condition;
use crate::endpoint::root;
use crate::kinds::known;
use crate::objects::{Objects, Scope, is_leaving};

const IMAGE_KIND: &str = "_kubernetes/images";
/// A pod becomes ready.
pub(super) const JOB: &str = "pod";

/// Plans what is to become of a pod that does not run yet.
pub(super) fn schedule(objects: &mut Objects<'_>, namespace: &str, pod: &Value) {
    let phase = pod["status"]["phase"].as_str();
    if matches!(phase, None | Some("Pending")) && !is_leaving(pod) && pod["status"]["conditions"].is_null() {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        objects.plan(JOB, Some(namespace), &name, objects.pace.pod);
    }
}

/// Tries the pods of a namespace again that wait for something.
pub(super) fn retry(objects: &mut Objects<'_>, namespace: &str) {
    let pods = known("pods");
    for pod in objects.all(Scope::of(&pods, Some(namespace))) {
        if pod["status"]["phase"] == "Pending" && !is_leaving(&pod) {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            objects.plan(JOB, Some(namespace), &name, objects.pace.pod);
        }
    }
}

/// What a pod waits for.
enum Wait {
    /// It finds no node.
    Node(String),
    /// It has a node, and its containers cannot be made.
    Containers(Trouble),
}

/// What is told of containers that cannot be made.
struct Trouble {
    reason: &'static str,
    message: Option<String>,
    event: &'static str,
    told: String,
}

impl Trouble {
    fn mount(volume: &Value, why: &str) -> Self {
        Self {
            reason: "ContainerCreating",
            message: None,
            event: "FailedMount",
            told: format!("MountVolume.SetUp failed for volume {} : {why}", volume["name"]),
        }
    }

    fn content(why: &str) -> Self {
        Self {
            reason: "CreateContainerConfigError",
            message: Some(why.to_owned()),
            event: "Failed",
            told: format!("Error: {why}"),
        }
    }

    fn image(image: &str) -> Self {
        Self {
            reason: "ImagePullBackOff",
            message: Some(format!("Back-off pulling image {image:?}")),
            event: "Failed",
            told: format!("Failed to pull image {image:?}: not found"),
        }
    }
}

fn waits_for(objects: &Objects<'_>, namespace: &str, spec: &Value) -> Option<Wait> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let there = |resource: &str, name: &str| {
        let kind = known(resource);
        objects.get(Scope::of(&kind, Some(namespace)), name)
    };
    let volumes = list(&spec["volumes"]);
    for volume in &volumes {
        let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else {
            continue;
        };
        match there("persistentvolumeclaims", claim) {
            None => return Some(Wait::Node(format!("persistentvolumeclaim {claim:?} not found"))),
            Some(claim) if claim["status"]["phase"] != "Bound" => {
                let why = "pod has unbound immediate PersistentVolumeClaims";
                return Some(Wait::Node(why.to_owned()));
            }
            Some(_) => {}
        }
    }
    let lacks = |resource: &str, source: &Value, name: &str| {
        let name = source[name].as_str().filter(|_| source["optional"] != true)?;
        let kind = resource.trim_end_matches('s');
        there(resource, name)
            .is_none()
            .then(|| format!("{kind} {name:?} not found"))
    };
    for volume in &volumes {
        let missing = lacks("configmaps", &volume["configMap"], "name")
            .or_else(|| lacks("secrets", &volume["secret"], "secretName"));
        if let Some(why) = missing {
            return Some(Wait::Containers(Trouble::mount(volume, &why)));
        }
    }
    for container in list(&spec["initContainers"])
        .iter()
        .chain(&list(&spec["containers"]))
    {
        let image = container["image"].as_str().unwrap_or_default();
        if objects.documents.get(&image_key(objects.uid(), image)).is_some() {
            return Some(Wait::Containers(Trouble::image(image)));
        }
        let sources = list(&container["envFrom"]);
        let variables = list(&container["env"]);
        let missing = sources
            .iter()
            .map(|source| (&source["configMapRef"], &source["secretRef"]))
            .chain(variables.iter().map(|variable| {
                let from = &variable["valueFrom"];
                (&from["configMapKeyRef"], &from["secretKeyRef"])
            }))
            .find_map(|(map, secret)| {
                lacks("configmaps", map, "name").or_else(|| lacks("secrets", secret, "name"))
            });
        if let Some(why) = missing {
            return Some(Wait::Containers(Trouble::content(&why)));
        }
    }
    None
}

fn image_key(uid: &str, image: &str) -> String {
    format!("{}/images/{image}", root(uid))
}

/// Makes an image one that cannot be pulled, or can be again.
pub(crate) fn refuse_image(objects: &mut Objects<'_>, image: &str, refused: bool) {
    let key = image_key(objects.uid(), image);
    if refused {
        objects.documents.put(&key, IMAGE_KIND, &json!({}), objects.now);
        return;
    }
    objects.documents.remove(&key);
    let namespaces = known("namespaces");
    for namespace in objects.all(Scope::of(&namespaces, None)) {
        retry(
            objects,
            namespace["metadata"]["name"].as_str().unwrap_or_default(),
        );
    }
}

/// Starts a pod, if nothing it needs is missing.
pub(super) fn start(objects: &mut Objects<'_>, namespace: &str, name: &str) {
    let pods = known("pods");
    let scope = Scope::of(&pods, Some(namespace));
    let Some(live) = objects.get(scope, name) else {
        return;
    };
    if is_leaving(&live) || live["status"]["phase"] != "Pending" {
        return;
    }
    let now = objects.timestamp();
    let wait = waits_for(objects, namespace, &live["spec"]);
    let mut pod = live.clone();
    if let Some(Wait::Node(why)) = &wait {
        let why = format!("0/1 nodes are available: {why}.");
        set_condition(
            &mut pod["status"],
            "PodScheduled",
            false,
            "Unschedulable",
            &why,
            &now,
        );
        objects.write(scope, &live, pod, "kube-scheduler", "status");
        events::tell(
            objects,
            &live,
            ("default-scheduler", true),
            "FailedScheduling",
            &why,
        );
        return;
    }
    if pod["spec"]["nodeName"].is_null() {
        pod["spec"]["nodeName"] = node(objects, name).into();
    }
    let ready = wait.is_none();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let names =
        |list: &[Value]| -> Vec<Value> { list.iter().map(|container| container["name"].clone()).collect() };
    let containers = list(&pod["spec"]["containers"]);
    let waiting = format!("containers with unready status: {}", json!(names(&containers)));
    let status = &mut pod["status"];
    set_condition(status, "PodScheduled", true, "", "", &now);
    set_condition(status, "Initialized", true, "", "", &now);
    for kind in ["ContainersReady", "Ready"] {
        let (reason, message) = if ready {
            ("", "")
        } else {
            ("ContainersNotReady", waiting.as_str())
        };
        set_condition(status, kind, ready, reason, message, &now);
    }
    let statuses: Vec<Value> = containers
        .iter()
        .map(|container| {
            let state = match &wait {
                Some(Wait::Containers(trouble)) => {
                    let mut waiting = json!({ "reason": trouble.reason });
                    if let Some(message) = &trouble.message {
                        waiting["message"] = message.clone().into();
                    }
                    json!({ "waiting": waiting })
                }
                _ => json!({ "running": { "startedAt": now } }),
            };
            json!({
                "name": container["name"], "image": container["image"], "imageID": "", "ready": ready,
                "started": ready, "restartCount": 0, "state": state, "lastState": {}
            })
        })
        .collect();
    status["containerStatuses"] = Value::Array(statuses);
    status["startTime"] = now.into();
    status["qosClass"] = "BestEffort".into();
    if ready {
        let address = address(objects);
        let status = &mut pod["status"];
        status["phase"] = "Running".into();
        status["podIP"] = address.clone().into();
        status["podIPs"] = json!([{ "ip": address }]);
        status["hostIP"] = "10.224.0.4".into();
    }
    objects.write(scope, &live, pod, "kubelet", "status");
    match &wait {
        Some(Wait::Containers(trouble)) => {
            events::tell(objects, &live, ("kubelet", true), trouble.event, &trouble.told);
        }
        _ => {
            for container in &containers {
                let name = container["name"].as_str().unwrap_or_default();
                let message = format!("Started container {name}");
                events::tell(objects, &live, ("kubelet", false), "Started", &message);
            }
        }
    }
}

/// An address that no other pod has: it comes from the number of the last change.
fn address(objects: &Objects<'_>) -> String {
    let number = objects.revision() % 60_000 + 256;
    format!("10.244.{}.{}", number / 256, number % 256)
}

/// One of the nodes that the system's own pods run on.
fn node(objects: &Objects<'_>, pod: &str) -> String {
    let pods = known("pods");
    let mut nodes: Vec<String> = objects
        .all(Scope::of(&pods, Some("kube-system")))
        .iter()
        .filter_map(|pod| pod["spec"]["nodeName"].as_str().map(str::to_owned))
        .filter(|name| !name.is_empty())
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    let place = pod.bytes().map(usize::from).sum::<usize>() % nodes.len().max(1);
    nodes
        .into_iter()
        .nth(place)
        .unwrap_or_else(|| "node-0".to_owned())
}

/// Whether a pod is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
