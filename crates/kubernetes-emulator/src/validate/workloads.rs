//! Pods, what makes them, and what keeps them.

use serde_json::{Value, json};

use super::names;
use super::values::{is_blank, items, one_of, port};
use crate::selectors;
use crate::status::Problem;

/// The `spec` of a pod, at a path.
pub(super) fn pod_spec(spec: &Value, path: &str, found: &mut Vec<Problem>) {
    let mut volumes: Vec<&str> = Vec::new();
    for (index, volume) in items(&spec["volumes"]).iter().enumerate() {
        let field = format!("{path}.volumes[{index}].name");
        names::label(&field, &volume["name"], found);
        let name = volume["name"].as_str().unwrap_or_default();
        if volumes.contains(&name) {
            found.push(Problem::duplicate(&field, &volume["name"]));
        }
        volumes.push(name);
    }
    if items(&spec["containers"]).is_empty() {
        found.push(Problem::required(&format!("{path}.containers")));
    }
    let mut seen: Vec<&str> = Vec::new();
    for list in ["initContainers", "containers"] {
        for (index, container) in items(&spec[list]).iter().enumerate() {
            let field = format!("{path}.{list}[{index}]");
            names::label(&format!("{field}.name"), &container["name"], found);
            let name = container["name"].as_str().unwrap_or_default();
            if seen.contains(&name) {
                found.push(Problem::duplicate(&format!("{field}.name"), &container["name"]));
            }
            seen.push(name);
            self::container(container, &field, &volumes, found);
        }
    }
    const POLICIES: &[&str] = &["Always", "OnFailure", "Never"];
    one_of(
        &format!("{path}.restartPolicy"),
        &spec["restartPolicy"],
        POLICIES,
        found,
    );
}

fn container(container: &Value, field: &str, volumes: &[&str], found: &mut Vec<Problem>) {
    if is_blank(&container["image"]) {
        found.push(Problem::required(&format!("{field}.image")));
    }
    for (index, item) in items(&container["ports"]).iter().enumerate() {
        port(
            &format!("{field}.ports[{index}].containerPort"),
            &item["containerPort"],
            found,
        );
    }
    for (index, variable) in items(&container["env"]).iter().enumerate() {
        if is_blank(&variable["name"]) {
            found.push(Problem::required(&format!("{field}.env[{index}].name")));
        }
    }
    let mut paths: Vec<&str> = Vec::new();
    for (index, mount) in items(&container["volumeMounts"]).iter().enumerate() {
        let field = format!("{field}.volumeMounts[{index}]");
        match mount["name"].as_str() {
            None | Some("") => found.push(Problem::required(&format!("{field}.name"))),
            Some(name) if !volumes.contains(&name) => {
                found.push(Problem::not_found(&format!("{field}.name"), &mount["name"]));
            }
            Some(_) => {}
        }
        match mount["mountPath"].as_str() {
            None | Some("") => found.push(Problem::required(&format!("{field}.mountPath"))),
            Some(path) if paths.contains(&path) => found.push(Problem::value(
                &format!("{field}.mountPath"),
                &mount["mountPath"],
                "must be unique",
            )),
            Some(path) => paths.push(path),
        }
    }
}

/// A Deployment: its pods must be those that it looks for.
pub(super) fn deployment(document: &Value, found: &mut Vec<Problem>) {
    let spec = &document["spec"];
    if spec["replicas"].as_i64().is_some_and(|replicas| replicas < 0) {
        let why = "must be greater than or equal to 0";
        found.push(Problem::value("spec.replicas", &spec["replicas"], why));
    }
    let template = &spec["template"];
    if spec["selector"].is_null() {
        found.push(Problem::required("spec.selector"));
    } else if selectors::selector(&spec["selector"]).is_empty() {
        let why = "empty selector is invalid for deployment";
        found.push(Problem::value("spec.selector", &spec["selector"], why));
    } else if !selectors::selector(&spec["selector"]).matches(template) {
        let labels = match &template["metadata"]["labels"] {
            Value::Null => json!({}),
            labels => labels.clone(),
        };
        found.push(Problem::value(
            "spec.template.metadata.labels",
            &labels,
            "`selector` does not match template `labels`",
        ));
    }
    names::labels(
        "spec.template.metadata.labels",
        &template["metadata"]["labels"],
        found,
    );
    pod_spec(&template["spec"], "spec.template.spec", found);
    let policy = &template["spec"]["restartPolicy"];
    if policy.is_string() && policy != "Always" {
        one_of("spec.template.spec.restartPolicy", policy, &["Always"], found);
    }
    one_of(
        "spec.strategy.type",
        &spec["strategy"]["type"],
        &["Recreate", "RollingUpdate"],
        found,
    );
    if spec["strategy"]["type"] == "Recreate" && !spec["strategy"]["rollingUpdate"].is_null() {
        let why = "may not be specified when strategy `type` is 'Recreate'";
        found.push(Problem::forbidden("spec.strategy.rollingUpdate", why));
    }
}

/// A PodDisruptionBudget says one of two things.
pub(super) fn budget(spec: &Value, found: &mut Vec<Problem>) {
    if !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null() {
        let why = "minAvailable and maxUnavailable cannot be both set";
        found.push(Problem::value("spec", spec, why));
    }
}
