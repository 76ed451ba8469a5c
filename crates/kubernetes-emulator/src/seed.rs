//! What a new cluster holds before anybody puts anything into it.

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::controllers;
use super::defaults;
use super::kinds::{KindRef, known};
use super::namespaces;
use super::objects::{Objects, Scope};

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// A workload of the system.
struct Workload {
    name: &'static str,
    /// Several of a Deployment, or one on each node.
    replicas: Option<usize>,
    labels: &'static [(&'static str, &'static str)],
    containers: &'static [&'static str],
}

/// What AKS runs in `kube-system`; the labels are those that selectors in the field ask for.
const WORKLOADS: &[Workload] = &[
    Workload {
        name: "coredns",
        replicas: Some(2),
        labels: &[("k8s-app", "kube-dns"), ("kubernetes.io/cluster-service", "true")],
        containers: &["coredns"],
    },
    Workload {
        name: "konnectivity-agent",
        replicas: Some(2),
        labels: &[("app", "konnectivity-agent"), ("component", "tunnel")],
        containers: &["konnectivity-agent"],
    },
    Workload {
        name: "metrics-server",
        replicas: Some(2),
        labels: &[
            ("k8s-app", "metrics-server"),
            ("kubernetes.io/cluster-service", "true"),
        ],
        containers: &["metrics-server", "metrics-server-vpa"],
    },
    Workload {
        name: "azure-cns",
        replicas: None,
        labels: &[("k8s-app", "azure-cns")],
        containers: &["cns-container"],
    },
    Workload {
        name: "csi-azuredisk-node",
        replicas: None,
        labels: &[("app", "csi-azuredisk-node")],
        containers: &["liveness-probe", "node-driver-registrar", "azuredisk"],
    },
    Workload {
        name: "kube-proxy",
        replicas: None,
        labels: &[("component", "kube-proxy"), ("tier", "node")],
        containers: &["kube-proxy"],
    },
];

/// The CustomResourceDefinitions that add-ons of AKS bring, by the add-on.
const ADD_ONS: &[(&str, &str)] = &[
    (
        "azureKeyvaultSecretsProvider",
        include_str!("seed/secretproviderclasses.json"),
    ),
    (
        "azureKeyvaultSecretsProvider",
        include_str!("seed/secretproviderclasspodstatuses.json"),
    ),
];

/// Makes the definitions of the add-ons that a cluster has; those that are there stay as they are.
pub(crate) fn add_ons(objects: &mut Objects<'_>, cluster: &Cluster) {
    let definitions = known("customresourcedefinitions");
    for (add_on, text) in ADD_ONS {
        if !cluster.add_ons.iter().any(|enabled| enabled == add_on) {
            continue;
        }
        let mut definition: Value = serde_json::from_str(text).unwrap_or_default();
        let name = definition["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if objects.get(Scope::of(&definitions, None), &name).is_none() {
            defaults::fill(&definitions, &mut definition);
            put(objects, &definitions, None, definition);
        }
    }
    controllers::react(objects);
}

/// Fills a new cluster.
pub(crate) fn fill(objects: &mut Objects<'_>, cluster: &Cluster) {
    let (namespaces, pods) = (known("namespaces"), known("pods"));
    let (services, deployments) = (known("services"), known("deployments"));
    for name in NAMESPACES {
        let mut namespace = json!({ "metadata": { "name": name } });
        namespaces::complete(&mut namespace);
        put(objects, &namespaces, None, namespace);
        namespaces::furnish(objects, name);
    }
    let nodes = &cluster.nodes;
    for workload in WORKLOADS {
        let labels: Value = workload
            .labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        if let Some(replicas) = workload.replicas {
            let deployment = deployment(objects, workload, &labels, replicas);
            put(objects, &deployments, Some("kube-system"), deployment);
        }
        let count = workload.replicas.unwrap_or(nodes.len());
        for number in 0..count {
            let node = nodes.get(number % nodes.len().max(1)).map_or("", String::as_str);
            let pod = pod(objects, workload, &labels, number, node);
            put(objects, &pods, Some("kube-system"), pod);
        }
    }
    for (namespace, name, address, port) in [
        ("default", "kubernetes", "10.0.0.1", 443),
        ("kube-system", "kube-dns", "10.0.0.10", 53),
        ("kube-system", "metrics-server", "10.0.0.20", 443),
    ] {
        let service = json!({
            "metadata": { "name": name },
            "spec": {
                "type": "ClusterIP",
                "clusterIP": address,
                "clusterIPs": [address],
                "ipFamilies": ["IPv4"],
                "ports": [{ "port": port, "targetPort": port, "protocol": if port == 53 { "UDP" } else { "TCP" } }]
            },
            "status": { "loadBalancer": {} }
        });
        put(objects, &services, Some(namespace), service);
    }
    // All of this runs already.
    objects.changes.clear();
}

fn put(objects: &mut Objects<'_>, kind: &KindRef, namespace: Option<&str>, mut document: Value) {
    objects.complete(kind, namespace, &mut document);
    objects.put(Scope::of(kind, namespace), &mut document);
}

/// Letters and digits that Kubernetes ends names of pods with, the same for the same pod.
fn suffix(uid: &str, name: &str, number: usize, length: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let seed = uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_OID,
        format!("{uid}/{name}/{number}").as_bytes(),
    );
    seed.as_bytes()
        .iter()
        .take(length)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

fn deployment(objects: &Objects<'_>, workload: &Workload, labels: &Value, replicas: usize) -> Value {
    let now = objects.timestamp();
    let containers: Vec<Value> = workload.containers.iter().map(|name| container(name)).collect();
    json!({
        "metadata": { "name": workload.name, "generation": 1, "labels": labels },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": containers } }
        },
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
            "conditions": [
                { "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
                  "message": "Deployment has minimum availability.", "lastUpdateTime": now, "lastTransitionTime": now },
                { "type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable",
                  "message": format!("ReplicaSet {:?} has successfully progressed.", workload.name),
                  "lastUpdateTime": now, "lastTransitionTime": now }
            ]
        }
    })
}

fn container(name: &str) -> Value {
    json!({ "name": name, "image": format!("mcr.microsoft.com/oss/kubernetes/{name}:stable") })
}

fn pod(objects: &Objects<'_>, workload: &Workload, labels: &Value, number: usize, node: &str) -> Value {
    let uid = objects.uid();
    let name = match workload.replicas {
        Some(_) => format!(
            "{}-{}-{}",
            workload.name,
            suffix(uid, workload.name, 0, 9),
            suffix(uid, workload.name, number + 1, 5)
        ),
        None => format!("{}-{}", workload.name, suffix(uid, workload.name, number + 1, 5)),
    };
    let now = objects.timestamp();
    let containers: Vec<Value> = workload.containers.iter().map(|name| container(name)).collect();
    let statuses: Vec<Value> = containers
        .iter()
        .map(|container| {
            json!({
                "name": container["name"], "image": container["image"], "ready": true, "started": true,
                "restartCount": 0, "state": { "running": { "startedAt": now } }, "lastState": {}
            })
        })
        .collect();
    let conditions: Vec<Value> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
        .iter()
        .map(|kind| json!({ "type": kind, "status": "True", "lastTransitionTime": now }))
        .collect();
    json!({
        "metadata": { "name": name, "labels": labels },
        "spec": { "nodeName": node, "restartPolicy": "Always", "containers": containers },
        "status": {
            "phase": "Running", "startTime": now, "conditions": conditions, "containerStatuses": statuses
        }
    })
}
