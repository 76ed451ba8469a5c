//! `…/scale`: how many pods there are to be, as a small object of its own.

use http::Method;
use kompox_emulator_core::json::merge;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use serde_json::{Value, json};

use super::objects::Objects;
use super::request::{Part, Target, WriteOptions, body, media_type, patch};
use super::schema::{Type, strategic};
use super::status::{Answer, Problem, Status};
use super::write::{Draft, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, store};

/// Answers a request for the scale of an object.
pub(crate) fn handle(
    objects: &mut Objects<'_>,
    request: &Request,
    target: &Target<'_>,
    name: &str,
) -> Answer<Reply> {
    let kind = &target.kind;
    let live = objects
        .get(target.scope(), name)
        .ok_or_else(|| Status::not_found(kind, name))?;
    let wanted = match request.method {
        Method::GET => return Ok(Reply::json(200, &scale(&live))),
        Method::PUT => body(request)?,
        _ => patched(request, &scale(&live))?,
    };
    let replicas = &wanted["spec"]["replicas"];
    let count = if replicas.is_null() {
        Some(0)
    } else {
        replicas.as_i64()
    };
    let Some(count) = count.filter(|count| (0..=i64::from(i32::MAX)).contains(count)) else {
        let problem = Problem::value("spec.replicas", replicas, "must be greater than or equal to 0");
        return Err(Status::invalid(kind, name, &[problem]));
    };
    let options = WriteOptions::read(request)?;
    let mut document = live.clone();
    document["spec"]["replicas"] = count.into();
    for precondition in ["uid", "resourceVersion"] {
        if let Some(text) = wanted["metadata"][precondition].as_str() {
            document["metadata"][precondition] = text.into();
        }
    }
    let draft = Draft {
        live,
        document,
        writer: Some(options.updater(kind, target.part, objects.now)),
        warnings: Vec::new(),
    };
    let whole = Target {
        kind: kind.clone(),
        namespace: target.namespace,
        name: target.name,
        part: Part::Whole,
    };
    let written = store(objects, &whole, &options, name, draft)?;
    let written: Value = serde_json::from_slice(&written.body).unwrap_or_default();
    Ok(Reply::json(200, &scale(&written)))
}

fn patched(request: &Request, scale: &Value) -> Answer<Value> {
    let sent = media_type(request);
    let patch = patch(request)?;
    match sent.as_str() {
        JSON_PATCH => {
            super::patch::json_patch(scale, &patch).map_err(|error| Status::unprocessable(&error.to_string()))
        }
        MERGE_PATCH => {
            let mut scale = scale.clone();
            merge(&mut scale, &patch);
            Ok(scale)
        }
        // It has no lists.
        STRATEGIC_PATCH => strategic::merge(&Type::Any, scale, &patch).map_err(Status::bad_request),
        _ => Err(Status::media_type(
            &sent,
            &[JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH],
        )),
    }
}

/// The scale of a Deployment.
fn scale(live: &Value) -> Value {
    let of = &live["metadata"];
    let labels = live["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if !of[field].is_null() {
            metadata[field] = of[field].clone();
        }
    }
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": { "replicas": live["spec"]["replicas"] },
        "status": {
            "replicas": live["status"]["replicas"].as_i64().unwrap_or(0),
            "selector": selector.join(",")
        }
    })
}
