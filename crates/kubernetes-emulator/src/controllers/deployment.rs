//! Deployments: their pods come, are replaced when the template changes, and are counted. There are no ReplicaSets in
//! between: pods belong to the Deployment itself.

use kompox_emulator_core::json::{fields, object};
use serde_json::{Value, json};
use uuid::Uuid;

use super::manager::{MANAGER, set_condition};
use super::pods::is_ready;
use crate::kinds::known;
use crate::objects::{Objects, Scope, is_leaving};
use crate::selectors;

/// The label that tells pods of one template from those of another.
const HASH: &str = "pod-template-hash";

/// Brings all Deployments of a namespace up to date.
pub(super) fn reconcile_all(objects: &mut Objects<'_>, namespace: &str) {
    let deployments = known("deployments");
    for deployment in objects.all(Scope::of(&deployments, Some(namespace))) {
        let waits = deployment["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "ReplicaFailure");
        if waits {
            let name = deployment["metadata"]["name"].as_str().unwrap_or_default();
            reconcile(objects, namespace, name);
        }
    }
}

/// A pod has changed or gone.
pub(super) fn of_pod(objects: &mut Objects<'_>, namespace: &str, pod: &Value) {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    for owner in owners
        .into_iter()
        .flatten()
        .filter(|owner| owner["kind"] == "Deployment")
    {
        let name = owner["name"].as_str().unwrap_or_default();
        reconcile(objects, namespace, name);
    }
    reconcile_budgets(objects, namespace);
}

fn hash(template: &Value) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, template.to_string().as_bytes());
    id.simple().to_string().chars().take(10).collect()
}

fn count(value: usize) -> Value {
    u64::try_from(value).unwrap_or(u64::MAX).into()
}

/// The pods of a Deployment; those that nobody owns and that it looks for become its own.
fn own_pods(objects: &mut Objects<'_>, namespace: &str, deployment: &Value) -> Vec<Value> {
    let pods = known("pods");
    let scope = Scope::of(&pods, Some(namespace));
    let selector = selectors::selector(&deployment["spec"]["selector"]);
    let uid = &deployment["metadata"]["uid"];
    let mut own = Vec::new();
    for pod in objects.all(scope) {
        let owners = pod["metadata"]["ownerReferences"].as_array();
        let owned = owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == *uid));
        if owned {
            own.push(pod);
        } else if owners.is_none() && !selector.is_empty() && selector.matches(&pod) && !is_leaving(&pod) {
            let mut adopted = pod.clone();
            adopted["metadata"]["ownerReferences"] = json!([owner(deployment)]);
            objects.write(scope, &pod, adopted.clone(), MANAGER, "");
            own.push(adopted);
        }
    }
    own
}

fn owner(deployment: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "name": deployment["metadata"]["name"],
        "uid": deployment["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true
    })
}

/// A new pod of a template.
fn new_pod(deployment: &Value, hash: &str) -> Value {
    let template = &deployment["spec"]["template"];
    let name = deployment["metadata"]["name"].as_str().unwrap_or_default();
    let random = Uuid::new_v4().simple().to_string();
    let mut pod = json!({
        "metadata": {
            "name": format!("{name}-{hash}-{}", &random[..5]),
            "generateName": format!("{name}-{hash}-"),
            "labels": template["metadata"]["labels"],
            "ownerReferences": [owner(deployment)]
        },
        "spec": template["spec"],
        "status": { "phase": "Pending" }
    });
    object(&mut pod["metadata"], "labels").insert(HASH.to_owned(), hash.into());
    if let Some(annotations) = template["metadata"].get("annotations") {
        pod["metadata"]["annotations"] = annotations.clone();
    }
    let account = pod["spec"]["serviceAccountName"]
        .as_str()
        .unwrap_or("default")
        .to_owned();
    pod["spec"]["serviceAccountName"] = account.clone().into();
    pod["spec"]["serviceAccount"] = account.into();
    pod
}

/// Brings a Deployment up to date: its pods, and what it says of them.
pub(super) fn reconcile(objects: &mut Objects<'_>, namespace: &str, name: &str) {
    let deployments = known("deployments");
    let scope = Scope::of(&deployments, Some(namespace));
    let Some(live) = objects.get(scope, name).filter(|live| !is_leaving(live)) else {
        return;
    };
    let Some(template) = live["spec"].get("template") else {
        return;
    };
    let wanted = live["spec"]["replicas"].as_u64().unwrap_or(1);
    let wanted = usize::try_from(wanted).unwrap_or(0);
    let hash = hash(template);
    let mut pods = own_pods(objects, namespace, &live);
    let problem = arrange(objects, namespace, &live, &hash, wanted, &mut pods);
    let current = |pod: &&Value| pod["metadata"]["labels"][HASH] == hash.as_str();
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let updated = pods.iter().filter(current).count();
    let updated_ready = pods.iter().filter(current).filter(|pod| is_ready(pod)).count();
    let mut new = live.clone();
    let annotations = object(&mut new["metadata"], "annotations");
    annotations
        .entry("deployment.kubernetes.io/revision")
        .or_insert_with(|| "1".into());
    let now = objects.timestamp();
    if !new["status"].is_object() {
        new["status"] = json!({});
    }
    let status = &mut new["status"];
    status["observedGeneration"] = live["metadata"]["generation"].clone();
    for (field, number) in [
        ("replicas", pods.len()),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", ready),
        (
            "unavailableReplicas",
            wanted.max(pods.len()).saturating_sub(ready),
        ),
    ] {
        // Zero is not written.
        match number {
            0 => drop(fields(status).remove(field)),
            number => status[field] = count(number),
        }
    }
    let least = wanted.saturating_sub(may_miss(&live["spec"], wanted));
    let (available, reason, message) = if ready >= least {
        (
            true,
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            false,
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    set_condition(status, "Available", available, reason, message, &now);
    let complete = updated_ready == wanted && pods.len() == wanted;
    let (reason, verb) = if complete {
        ("NewReplicaSetAvailable", "has successfully progressed")
    } else {
        ("ReplicaSetUpdated", "is progressing")
    };
    let message = format!("ReplicaSet \"{name}-{hash}\" {verb}.");
    set_condition(status, "Progressing", true, reason, &message, &now);
    match problem {
        Some(why) => set_condition(status, "ReplicaFailure", true, "FailedCreate", &why, &now),
        None => {
            if let Some(Value::Array(conditions)) = status.get_mut("conditions") {
                conditions.retain(|condition| condition["type"] != "ReplicaFailure");
            }
        }
    }
    objects.write(scope, &live, new, MANAGER, "status");
}

/// How many pods may be missing meanwhile.
fn may_miss(spec: &Value, wanted: usize) -> usize {
    if spec["strategy"]["type"] == "Recreate" {
        return 0;
    }
    match &spec["strategy"]["rollingUpdate"]["maxUnavailable"] {
        Value::String(text) => text
            .strip_suffix('%')
            .and_then(|percent| percent.parse::<usize>().ok())
            .map_or(0, |percent| wanted * percent / 100),
        number => number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(0),
    }
}

/// Makes and removes pods; tells why one cannot be made. New ones come first, and old ones go as new ones are ready.
fn arrange(
    objects: &mut Objects<'_>,
    namespace: &str,
    deployment: &Value,
    hash: &str,
    wanted: usize,
    pods: &mut Vec<Value>,
) -> Option<String> {
    let kind = known("pods");
    let scope = Scope::of(&kind, Some(namespace));
    let is_current = |pod: &Value| pod["metadata"]["labels"][HASH] == hash;
    let mut gone: Vec<String> = Vec::new();
    let mut problem = None;
    let recreate = deployment["spec"]["strategy"]["type"] == "Recreate";
    let mut current: Vec<&Value> = pods.iter().filter(|pod| is_current(pod)).collect();
    // Those that are not ready go first.
    current.sort_by_key(|pod| !is_ready(pod));
    let surplus = current.iter().skip(wanted);
    gone.extend(surplus.map(|pod| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()));
    let ready = current.iter().take(wanted).filter(|pod| is_ready(pod)).count();
    let missing = wanted.saturating_sub(current.len());
    let old = pods.iter().filter(|pod| !is_current(pod));
    let stays = if recreate { 0 } else { wanted - ready };
    gone.extend(
        old.skip(stays)
            .map(|pod| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()),
    );
    for name in &gone {
        objects.remove(scope, name);
    }
    pods.retain(|pod| !gone.iter().any(|name| pod["metadata"]["name"] == name.as_str()));
    for _ in 0..missing {
        let mut pod = new_pod(deployment, hash);
        let accounts = known("serviceaccounts");
        let account = pod["spec"]["serviceAccountName"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if objects
            .get(Scope::of(&accounts, Some(namespace)), &account)
            .is_none()
        {
            problem = Some(format!(
                "pods \"{}\" is forbidden: error looking up service account {namespace}/{account}: serviceaccount \
                 {account:?} not found",
                pod["metadata"]["generateName"].as_str().unwrap_or_default()
            ));
            break;
        }
        objects.complete(&kind, Some(namespace), &mut pod);
        objects.put(scope, &mut pod);
        pods.push(pod);
    }
    problem
}

/// Counts for the PodDisruptionBudgets of a namespace what they are about.
pub(super) fn reconcile_budgets(objects: &mut Objects<'_>, namespace: &str) {
    let budgets = known("poddisruptionbudgets");
    let scope = Scope::of(&budgets, Some(namespace));
    let pods = known("pods");
    for live in objects.all(scope) {
        let selector = selectors::selector(&live["spec"]["selector"]);
        let about: Vec<Value> = objects
            .all(Scope::of(&pods, Some(namespace)))
            .into_iter()
            .filter(|pod| selector.matches(pod))
            .collect();
        let (expected, healthy) = (about.len(), about.iter().filter(|pod| is_ready(pod)).count());
        let share = |value: &Value| match value {
            Value::String(text) => text
                .strip_suffix('%')
                .and_then(|percent| percent.parse::<usize>().ok())
                .map(|percent| (expected * percent).div_ceil(100)),
            number => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        };
        let desired = match share(&live["spec"]["minAvailable"]) {
            Some(least) => least,
            None => expected.saturating_sub(share(&live["spec"]["maxUnavailable"]).unwrap_or(0)),
        };
        let allowed = healthy.saturating_sub(desired);
        let mut new = live.clone();
        if !new["status"].is_object() {
            new["status"] = json!({});
        }
        let status = &mut new["status"];
        status["observedGeneration"] = live["metadata"]["generation"].clone();
        for (field, number) in [
            ("currentHealthy", healthy),
            ("desiredHealthy", desired),
            ("disruptionsAllowed", allowed),
            ("expectedPods", expected),
        ] {
            status[field] = count(number);
        }
        let now = objects.timestamp();
        let (is, reason) = if allowed > 0 {
            (true, "SufficientPods")
        } else {
            (false, "InsufficientPods")
        };
        set_condition(&mut new["status"], "DisruptionAllowed", is, reason, "", &now);
        objects.write(scope, &live, new, MANAGER, "status");
    }
}
