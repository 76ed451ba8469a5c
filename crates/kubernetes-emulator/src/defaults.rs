//! What a server fills in where an object says nothing: the defaults of its kind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kompox_emulator_core::json::{fields, object};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::schema::openapi;

/// The storage class that AKS marks as the default one.
const STORAGE_CLASS: &str = "default";

/// Fills in.
pub(crate) fn fill(kind: &Kind, document: &mut Value) {
    if let Some(schema) = &kind.custom {
        openapi::default(schema, document);
        return;
    }
    match kind.kind.as_str() {
        "Secret" => {
            set(document, &[("type", json!("Opaque"))]);
            write_only(kind, document);
        }
        "Service" => service(document),
        "Pod" => pod_spec(&mut document["spec"]),
        "Deployment" => deployment(document),
        "PersistentVolume" => set(
            &mut document["spec"],
            &[
                ("persistentVolumeReclaimPolicy", json!("Retain")),
                ("volumeMode", json!("Filesystem")),
            ],
        ),
        "PersistentVolumeClaim" => set(
            &mut document["spec"],
            &[
                ("storageClassName", json!(STORAGE_CLASS)),
                ("volumeMode", json!("Filesystem")),
            ],
        ),
        "RoleBinding" | "ClusterRoleBinding" => binding(document),
        "CustomResourceDefinition" => return definition(document),
        _ => {}
    }
    // Looking for what is not there leaves `null` behind.
    kompox_emulator_core::json::drop_nulls(document);
}

/// Sets what is not there; nothing is set in what is no object.
fn set(target: &mut Value, defaults: &[(&str, Value)]) {
    if let Value::Object(target) = target {
        for (name, value) in defaults {
            target.entry(*name).or_insert_with(|| value.clone());
        }
    }
}

fn each(list: &mut Value, mut change: impl FnMut(&mut Value)) {
    if let Value::Array(items) = list {
        items.iter_mut().for_each(&mut change);
    }
}

/// Turns what is for writing only into what is stored: `stringData` of a Secret.
pub(crate) fn write_only(kind: &Kind, document: &mut Value) {
    if !kind.is("", "Secret") {
        return;
    }
    let plain = fields(document).remove("stringData");
    if let Some(Value::Object(plain)) = plain {
        let data = object(document, "data");
        for (name, value) in plain {
            data.insert(name, STANDARD.encode(value.as_str().unwrap_or_default()).into());
        }
    }
}

fn service(document: &mut Value) {
    let spec = &mut document["spec"];
    set(
        spec,
        &[("type", json!("ClusterIP")), ("sessionAffinity", json!("None"))],
    );
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    if kind != "ExternalName" {
        set(
            spec,
            &[
                ("internalTrafficPolicy", json!("Cluster")),
                ("ipFamilies", json!(["IPv4"])),
                ("ipFamilyPolicy", json!("SingleStack")),
            ],
        );
    }
    if matches!(kind.as_str(), "LoadBalancer" | "NodePort") {
        set(spec, &[("externalTrafficPolicy", json!("Cluster"))]);
    }
    if kind == "LoadBalancer" {
        set(spec, &[("allocateLoadBalancerNodePorts", json!(true))]);
    }
    each(&mut spec["ports"], |port| {
        let number = port["port"].clone();
        set(port, &[("protocol", json!("TCP")), ("targetPort", number)]);
    });
}

fn deployment(document: &mut Value) {
    let spec = &mut document["spec"];
    set(
        spec,
        &[
            ("replicas", json!(1)),
            ("revisionHistoryLimit", json!(10)),
            ("progressDeadlineSeconds", json!(600)),
            ("strategy", json!({ "type": "RollingUpdate" })),
        ],
    );
    set(&mut spec["strategy"], &[("type", json!("RollingUpdate"))]);
    if spec["strategy"]["type"] == "RollingUpdate" {
        set(&mut spec["strategy"], &[("rollingUpdate", json!({}))]);
        set(
            &mut spec["strategy"]["rollingUpdate"],
            &[("maxSurge", json!("25%")), ("maxUnavailable", json!("25%"))],
        );
    }
    if spec["template"].is_object() {
        pod_spec(&mut spec["template"]["spec"]);
    }
}

fn pod_spec(spec: &mut Value) {
    set(
        spec,
        &[
            ("restartPolicy", json!("Always")),
            ("dnsPolicy", json!("ClusterFirst")),
            ("schedulerName", json!("default-scheduler")),
            ("terminationGracePeriodSeconds", json!(30)),
            ("securityContext", json!({})),
        ],
    );
    if let Some(account) = spec["serviceAccountName"].as_str().map(str::to_owned) {
        // The same under the name it had before.
        set(spec, &[("serviceAccount", account.into())]);
    }
    for list in ["initContainers", "containers"] {
        if spec.get(list).is_some() {
            each(&mut spec[list], container);
        }
    }
    if spec.get("volumes").is_some() {
        each(&mut spec["volumes"], volume);
    }
}

fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let latest = !image.contains('@')
        && image
            .rsplit('/')
            .next()
            .is_none_or(|last| !last.contains(':') || last.ends_with(":latest"));
    let policy = if latest { "Always" } else { "IfNotPresent" };
    set(
        container,
        &[
            ("imagePullPolicy", json!(policy)),
            ("terminationMessagePath", json!("/dev/termination-log")),
            ("terminationMessagePolicy", json!("File")),
            ("resources", json!({})),
        ],
    );
    if container.get("ports").is_some() {
        each(&mut container["ports"], |port| {
            set(port, &[("protocol", json!("TCP"))]);
        });
    }
    if container.get("env").is_some() {
        each(&mut container["env"], |variable| {
            if variable["valueFrom"]["fieldRef"].is_object() {
                set(
                    &mut variable["valueFrom"]["fieldRef"],
                    &[("apiVersion", json!("v1"))],
                );
            }
        });
    }
    // Requests are as the limits where only these are said.
    if let Some(limits) = container["resources"]["limits"].as_object().cloned() {
        let requests = object(&mut container["resources"], "requests");
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if !container[probe].is_object() {
            continue;
        }
        let probe = &mut container[probe];
        set(
            probe,
            &[
                ("timeoutSeconds", json!(1)),
                ("periodSeconds", json!(10)),
                ("successThreshold", json!(1)),
                ("failureThreshold", json!(3)),
            ],
        );
        if probe["httpGet"].is_object() {
            set(
                &mut probe["httpGet"],
                &[("scheme", json!("HTTP")), ("path", json!("/"))],
            );
        }
    }
}

fn volume(volume: &mut Value) {
    let sources = ["configMap", "secret", "downwardAPI", "projected"];
    for source in sources {
        if volume[source].is_object() {
            set(&mut volume[source], &[("defaultMode", json!(420))]);
        }
    }
    if volume["hostPath"].is_object() {
        set(&mut volume["hostPath"], &[("type", json!(""))]);
    }
}

fn binding(document: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    if document["roleRef"].is_object() {
        set(&mut document["roleRef"], &[("apiGroup", json!(GROUP))]);
    }
    if document.get("subjects").is_some() {
        each(&mut document["subjects"], |subject| {
            if matches!(subject["kind"].as_str(), Some("User" | "Group")) {
                set(subject, &[("apiGroup", json!(GROUP))]);
            }
        });
    }
}

fn definition(document: &mut Value) {
    let spec = &mut document["spec"];
    set(spec, &[("conversion", json!({ "strategy": "None" }))]);
    if !spec["names"].is_object() {
        return;
    }
    let kind = spec["names"]["kind"].as_str().unwrap_or_default().to_owned();
    set(
        &mut spec["names"],
        &[
            ("singular", kind.to_lowercase().into()),
            ("listKind", format!("{kind}List").into()),
        ],
    );
}
