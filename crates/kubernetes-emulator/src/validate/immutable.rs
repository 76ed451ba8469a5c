//! What cannot be changed once it is there.

use serde_json::{Map, Value};

use crate::kinds::Kind;
use crate::status::Problem;

/// Members of a volume's `spec` that are no source.
pub(super) const NO_SOURCES: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

const IMMUTABLE: &str = "field is immutable";

/// Compares a new version of an object with the one before.
pub(super) fn check(kind: &Kind, live: &Value, new: &Value, found: &mut Vec<Problem>) {
    let (old_spec, spec) = (&live["spec"], &new["spec"]);
    match kind.kind.as_str() {
        "Deployment" if old_spec["selector"] != spec["selector"] => {
            found.push(Problem::value("spec.selector", &spec["selector"], IMMUTABLE));
        }
        "Service" => service(old_spec, spec, found),
        "ConfigMap" => frozen(live, new, &["data", "binaryData"], found),
        "Secret" => {
            frozen(live, new, &["data"], found);
            if live["type"] != new["type"] {
                found.push(Problem::value("type", &new["type"], IMMUTABLE));
            }
        }
        "RoleBinding" | "ClusterRoleBinding" if live["roleRef"] != new["roleRef"] => {
            found.push(Problem::value(
                "roleRef",
                &new["roleRef"],
                "cannot change roleRef",
            ));
        }
        "PersistentVolume" => {
            let source = |spec: &Value| without(spec, NO_SOURCES);
            if source(old_spec) != source(spec) {
                let why = "spec.persistentvolumesource is immutable after creation";
                found.push(Problem::forbidden("spec.persistentvolumesource", why));
            }
            if old_spec["volumeMode"] != spec["volumeMode"] {
                found.push(Problem::value("spec.volumeMode", &spec["volumeMode"], IMMUTABLE));
            }
        }
        "PersistentVolumeClaim" => claim(live, new, found),
        "Pod" => pod(old_spec, spec, found),
        "CustomResourceDefinition" => {
            for (field, path) in [("spec.group", "/group"), ("spec.scope", "/scope")] {
                if old_spec.pointer(path) != spec.pointer(path) {
                    let value = spec.pointer(path).unwrap_or(&Value::Null);
                    found.push(Problem::value(field, value, IMMUTABLE));
                }
            }
        }
        "IngressClass" if old_spec["controller"] != spec["controller"] => {
            found.push(Problem::value("spec.controller", &spec["controller"], IMMUTABLE));
        }
        _ => {}
    }
}

/// Members besides some.
fn without(value: &Value, names: &[&str]) -> Map<String, Value> {
    let mut fields = value.as_object().cloned().unwrap_or_default();
    fields.retain(|name, _| !names.contains(&name.as_str()));
    fields
}

fn service(old: &Value, new: &Value, found: &mut Vec<Problem>) {
    let has_address = |spec: &Value| spec["type"] != "ExternalName" && spec["clusterIP"].is_string();
    if has_address(old) && has_address(new) && old["clusterIP"] != new["clusterIP"] {
        let addresses = Value::Array(vec![new["clusterIP"].clone()]);
        found.push(Problem::value(
            "spec.clusterIPs[0]",
            &addresses,
            "may not change once set",
        ));
    }
}

/// ConfigMaps and Secrets that say so.
fn frozen(live: &Value, new: &Value, parts: &[&str], found: &mut Vec<Problem>) {
    if live["immutable"] != true {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if new["immutable"] != true {
        found.push(Problem::forbidden("immutable", why));
    }
    for part in parts {
        if live[part] != new[part] {
            found.push(Problem::forbidden(part, why));
        }
    }
}

fn claim(live: &Value, new: &Value, found: &mut Vec<Problem>) {
    let bound = live["status"]["phase"] == "Bound";
    let fixed = |spec: &Value| without(spec, &["resources", "volumeAttributesClassName", "volumeName"]);
    let (old, spec) = (&live["spec"], &new["spec"]);
    let names = |spec: &Value| spec["volumeName"].as_str().unwrap_or_default().to_owned();
    let renamed = !names(old).is_empty() && names(old) != names(spec);
    let resized = old["resources"] != spec["resources"];
    if fixed(old) != fixed(spec) || renamed || (resized && !bound) {
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound \
                   claims";
        found.push(Problem::forbidden("spec", why));
    }
}

fn pod(old: &Value, new: &Value, found: &mut Vec<Problem>) {
    let fixed = |spec: &Value| {
        let mut spec = spec.clone();
        for list in ["containers", "initContainers"] {
            if let Some(Value::Array(containers)) = spec.get_mut(list) {
                for container in containers {
                    kompox_emulator_core::json::fields(container).remove("image");
                }
            }
        }
        without(
            &spec,
            &[
                "activeDeadlineSeconds",
                "nodeName",
                "terminationGracePeriodSeconds",
                "tolerations",
            ],
        )
    };
    if fixed(old) != fixed(new) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,\
                   `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
                   existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                   previously negative)";
        found.push(Problem::forbidden("spec", why));
    }
}
