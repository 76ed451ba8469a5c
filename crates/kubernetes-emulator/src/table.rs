//! Objects as tables, which is how `kubectl get` asks for them.

use kompox_emulator_core::request::Request;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::kinds::Kind;
use super::status::{Answer, Status};

/// Whether a client would have a table.
pub(crate) fn is_wanted(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| {
        accept
            .split(',')
            .any(|kind| kind.contains("as=Table") && kind.contains("g=meta.k8s.io") && kind.contains("v=v1;"))
    })
}

/// What of each object goes along with its row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Include {
    /// As a request asks for it.
    pub(crate) fn of(request: &Request) -> Answer<Self> {
        match request.query("includeObject") {
            None | Some("" | "Metadata") => Ok(Self::Metadata),
            Some("None") => Ok(Self::Nothing),
            Some("Object") => Ok(Self::Object),
            Some(other) => Err(Status::bad_request(format!(
                "Invalid value: {other:?}: must be 'Metadata', 'Object', 'None'"
            ))),
        }
    }
}

/// The table of some objects.
pub(crate) fn table(include: Include, kind: &Kind, metadata: &Value, objects: &[Value], now: i64) -> Value {
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut row = json!({ "cells": cells(kind, object, now) });
            match include {
                Include::Nothing => {}
                Include::Object => row["object"] = object.clone(),
                Include::Metadata => {
                    row["object"] = json!({
                        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]
                    });
                }
            }
            row
        })
        .collect();
    let columns: Vec<Value> = columns(kind)
        .iter()
        .map(|name| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({ "name": name, "type": "string", "format": format, "description": "", "priority": 0 })
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows
    })
}

fn columns(kind: &Kind) -> &'static [&'static str] {
    match kind.kind.as_str() {
        "Namespace" => &["Name", "Status", "Age"],
        "Pod" => &["Name", "Ready", "Status", "Restarts", "Age"],
        "Deployment" => &["Name", "Ready", "Up-to-date", "Available", "Age"],
        "Service" => &["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age"],
        _ => &["Name", "Age"],
    }
}

fn cells(kind: &Kind, object: &Value, now: i64) -> Vec<String> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let mut cells = vec![text(&object["metadata"]["name"])];
    match kind.kind.as_str() {
        "Namespace" => cells.push(text(&status["phase"])),
        "Pod" => {
            let containers = status["containerStatuses"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let ready = containers
                .iter()
                .filter(|container| container["ready"] == true)
                .count();
            let restarts: u64 = containers
                .iter()
                .map(|container| number(&container["restartCount"]))
                .sum();
            let all = spec["containers"].as_array().map_or(containers.len(), Vec::len);
            cells.extend([
                format!("{ready}/{all}"),
                text(&status["phase"]),
                restarts.to_string(),
            ]);
        }
        "Deployment" => cells.extend([
            format!(
                "{}/{}",
                number(&status["readyReplicas"]),
                number(&spec["replicas"])
            ),
            number(&status["updatedReplicas"]).to_string(),
            number(&status["availableReplicas"]).to_string(),
        ]),
        "Service" => {
            let outside: Vec<String> = status["loadBalancer"]["ingress"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|ingress| text(&ingress["ip"]))
                .collect();
            let outside = match (outside.is_empty(), spec["type"].as_str()) {
                (true, Some("LoadBalancer")) => "<pending>".to_owned(),
                (true, _) => "<none>".to_owned(),
                (false, _) => outside.join(","),
            };
            let ports: Vec<String> = spec["ports"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|port| {
                    let protocol = port["protocol"].as_str().unwrap_or("TCP");
                    match port["nodePort"].as_u64() {
                        Some(node) => format!("{}:{node}/{protocol}", number(&port["port"])),
                        None => format!("{}/{protocol}", number(&port["port"])),
                    }
                })
                .collect();
            let kind = spec["type"].as_str().unwrap_or("ClusterIP").to_owned();
            cells.extend([kind, text(&spec["clusterIP"]), outside, ports.join(",")]);
        }
        _ => {}
    }
    cells.push(age(object, now));
    cells
}

fn age(object: &Value, now: i64) -> String {
    const TICKS: i64 = 10_000_000;
    let created = object["metadata"]["creationTimestamp"]
        .as_str()
        .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    created.map_or_else(
        || "<unknown>".to_owned(),
        |created| duration((now / TICKS - created.unix_timestamp()).max(0)),
    )
}

/// Seconds as Kubernetes shows them: the finer unit only as long as it matters.
fn duration(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |coarse: i64, unit: char, fine: i64, small: char| match fine {
        0 => format!("{coarse}{unit}"),
        fine => format!("{coarse}{unit}{fine}{small}"),
    };
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        _ if days < 730 => format!("{days}d"),
        _ => two(days / 365, 'y', days % 365, 'd'),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn an_age_is_as_fine_as_it_matters() {
        for (seconds, shown) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (599, "9m59s"),
            (3600, "60m"),
            (10_860, "3h1m"),
            (90_000, "25h"),
            (176_400, "2d1h"),
            (864_000, "10d"),
            (86_400 * 800, "2y70d"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
    }
}
