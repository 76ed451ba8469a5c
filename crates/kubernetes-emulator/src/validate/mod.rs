//! What objects must be like, beyond their types, and what of them cannot be changed.

mod immutable;
mod names;
mod values;
mod workloads;

use serde_json::Value;

use super::crds;
use super::kinds::Kind;
use super::schema::openapi;
use super::status::{Answer, Problem, Status};
use immutable::NO_SOURCES;
pub(super) use names::check_name;
use values::{is_blank, items, one_of, port};

/// Refuses a new object, or a new version of one, with all that is wrong with it.
pub(super) fn check(kind: &Kind, live: Option<&Value>, document: &Value) -> Answer<()> {
    let mut found = Vec::new();
    let name = document["metadata"]["name"].as_str().unwrap_or_default();
    names::metadata(document, &mut found);
    if let Some(schema) = &kind.custom {
        openapi::problems(schema, document, "", &mut found);
    } else {
        object(kind, document, &mut found);
        if let Some(live) = live {
            immutable::check(kind, live, document, &mut found);
        }
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid(kind, name, &found))
    }
}

fn object(kind: &Kind, document: &Value, found: &mut Vec<Problem>) {
    let spec = &document["spec"];
    match kind.kind.as_str() {
        "ConfigMap" => {
            names::data_keys(&document["data"], "data", found);
            names::data_keys(&document["binaryData"], "binaryData", found);
        }
        "Secret" => names::data_keys(&document["data"], "data", found),
        "Pod" => workloads::pod_spec(spec, "spec", found),
        "Deployment" => workloads::deployment(document, found),
        "PodDisruptionBudget" => workloads::budget(spec, found),
        "Service" => service(spec, found),
        "PersistentVolume" => volume(spec, found),
        "PersistentVolumeClaim" => claim(spec, found),
        "Ingress" => ingress(spec, found),
        "Role" | "ClusterRole" => rules(&document["rules"], found),
        "RoleBinding" | "ClusterRoleBinding" => binding(document, found),
        "CustomResourceDefinition" => crds::problems(document, found),
        "Event" if document["involvedObject"].is_null() => {
            found.push(Problem::required("involvedObject"));
        }
        _ => {}
    }
}

fn service(spec: &Value, found: &mut Vec<Problem>) {
    const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    one_of("spec.type", &spec["type"], TYPES, found);
    let ports = items(&spec["ports"]);
    let kind = spec["type"].as_str().unwrap_or_default();
    if kind == "ExternalName" {
        if is_blank(&spec["externalName"]) {
            found.push(Problem::required("spec.externalName"));
        }
    } else if ports.is_empty() && spec["clusterIP"] != "None" {
        found.push(Problem::required("spec.ports"));
    }
    if kind == "LoadBalancer" && spec["clusterIP"] == "None" {
        let why = "may not be set to 'None' for LoadBalancer services";
        found.push(Problem::value("spec.clusterIPs[0]", &spec["clusterIP"], why));
    }
    let mut seen = Vec::new();
    for (index, item) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        port(&format!("{path}.port"), &item["port"], found);
        one_of(
            &format!("{path}.protocol"),
            &item["protocol"],
            &["SCTP", "TCP", "UDP"],
            found,
        );
        if ports.len() > 1 && is_blank(&item["name"]) {
            found.push(Problem::required(&format!("{path}.name")));
        }
        let name = &item["name"];
        if name.is_string() && seen.contains(&name) {
            found.push(Problem::duplicate(&format!("{path}.name"), name));
        }
        seen.push(name);
    }
}

fn access_modes(spec: &Value, found: &mut Vec<Problem>) {
    const MODES: &[&str] = &[
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadWriteOncePod",
    ];
    if items(&spec["accessModes"]).is_empty() {
        found.push(Problem::required("spec.accessModes"));
    }
    for mode in items(&spec["accessModes"]) {
        one_of("spec.accessModes", mode, MODES, found);
    }
}

fn volume(spec: &Value, found: &mut Vec<Problem>) {
    access_modes(spec, found);
    if spec["capacity"]["storage"].is_null() {
        found.push(Problem::required("spec.capacity"));
    }
    let sources = spec.as_object().map_or(0, |spec| {
        spec.keys()
            .filter(|name| !NO_SOURCES.contains(&name.as_str()))
            .count()
    });
    match sources {
        0 => found.push(Problem::required_for("spec", "must specify a volume type")),
        1 => {}
        _ => found.push(Problem::forbidden(
            "spec",
            "may not specify more than 1 volume type",
        )),
    }
    if spec["csi"].is_object() {
        for name in ["driver", "volumeHandle"] {
            if is_blank(&spec["csi"][name]) {
                found.push(Problem::required(&format!("spec.csi.{name}")));
            }
        }
    }
    const POLICIES: &[&str] = &["Delete", "Recycle", "Retain"];
    one_of(
        "spec.persistentVolumeReclaimPolicy",
        &spec["persistentVolumeReclaimPolicy"],
        POLICIES,
        found,
    );
}

fn claim(spec: &Value, found: &mut Vec<Problem>) {
    access_modes(spec, found);
    if spec["resources"]["requests"]["storage"].is_null() {
        found.push(Problem::required("spec.resources[storage]"));
    }
}

fn ingress(spec: &Value, found: &mut Vec<Problem>) {
    if spec["defaultBackend"].is_null() && items(&spec["rules"]).is_empty() {
        found.push(Problem::value(
            "spec",
            &Value::Array(Vec::new()),
            "either `defaultBackend` or `rules` must be specified",
        ));
    }
    for (index, rule) in items(&spec["rules"]).iter().enumerate() {
        for (place, path) in items(&rule["http"]["paths"]).iter().enumerate() {
            let field = format!("spec.rules[{index}].http.paths[{place}]");
            if is_blank(&path["pathType"]) {
                found.push(Problem::required_for(
                    &format!("{field}.pathType"),
                    "pathType must be specified",
                ));
            }
            let service = &path["backend"]["service"];
            if service.is_object() && is_blank(&service["name"]) {
                found.push(Problem::required(&format!("{field}.backend.service.name")));
            }
        }
    }
}

fn rules(rules: &Value, found: &mut Vec<Problem>) {
    for (index, rule) in items(rules).iter().enumerate() {
        if items(&rule["verbs"]).is_empty() {
            found.push(Problem::required_for(
                &format!("rules[{index}].verbs"),
                "verbs must contain at least one value",
            ));
        }
    }
}

fn binding(document: &Value, found: &mut Vec<Problem>) {
    let role = &document["roleRef"];
    one_of("roleRef.kind", &role["kind"], &["Role", "ClusterRole"], found);
    if is_blank(&role["name"]) {
        found.push(Problem::required("roleRef.name"));
    }
    for (index, subject) in items(&document["subjects"]).iter().enumerate() {
        let field = format!("subjects[{index}]");
        if is_blank(&subject["name"]) {
            found.push(Problem::required(&format!("{field}.name")));
        }
        one_of(
            &format!("{field}.kind"),
            &subject["kind"],
            &["Group", "ServiceAccount", "User"],
            found,
        );
        if subject["kind"] == "ServiceAccount" && is_blank(&subject["namespace"]) {
            found.push(Problem::required(&format!("{field}.namespace")));
        }
    }
}
