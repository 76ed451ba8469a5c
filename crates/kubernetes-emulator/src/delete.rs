//! Deleting objects: at once, or when what holds them lets go.

use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use serde_json::{Value, json};

use super::controllers::{definitions, garbage};
use super::namespaces;
use super::objects::removal;
use super::objects::{Objects, has_finalizers, is_leaving, set_finalizer};
use super::request::{Target, body, dry_run};
use super::selectors::Selectors;
use super::status::{Answer, Status};

/// What becomes of what belongs to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Propagation {
    /// It goes afterwards.
    Background,
    /// It goes before.
    Foreground,
    /// It stays.
    Orphan,
}

fn propagation(request: &Request, options: &Value) -> Answer<Propagation> {
    let asked = options["propagationPolicy"]
        .as_str()
        .or_else(|| request.query("propagationPolicy"));
    match asked {
        None if options["orphanDependents"] == true => Ok(Propagation::Orphan),
        None | Some("Background") => Ok(Propagation::Background),
        Some("Foreground") => Ok(Propagation::Foreground),
        Some("Orphan") => Ok(Propagation::Orphan),
        Some(other) => Err(Status::bad_request(format!(
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {other:?}: supported values: \
             \"Background\", \"Foreground\", \"Orphan\", \"nil\""
        ))),
    }
}

fn options(request: &Request) -> Answer<Value> {
    if request.body.is_empty() {
        Ok(Value::Null)
    } else {
        body(request)
    }
}

/// `DELETE` of an object.
pub(crate) fn delete(
    objects: &mut Objects<'_>,
    request: &Request,
    target: &Target<'_>,
    name: &str,
) -> Answer<Reply> {
    let options = options(request)?;
    let dry_run = dry_run(request, &options)?;
    let propagation = propagation(request, &options)?;
    let document = objects
        .get(target.scope(), name)
        .ok_or_else(|| Status::not_found(&target.kind, name))?;
    for (field, said) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let there = document["metadata"][field].as_str().unwrap_or_default();
        if let Some(wanted) = options["preconditions"][field].as_str()
            && wanted != there
        {
            let why = format!(
                "Precondition failed: {said} in precondition: {wanted}, {said} in object meta: {there}"
            );
            return Err(Status::conflict(&target.kind, name, &why));
        }
    }
    if target.kind.is("", "Namespace") {
        return namespaces::delete(objects, target.scope(), document, dry_run)
            .map(|answer| Reply::json(200, &answer));
    }
    let uid = document["metadata"]["uid"].clone();
    if let Some(leaving) = leave(objects, target, name, document, propagation, dry_run) {
        return Ok(Reply::json(200, &leaving));
    }
    Ok(Reply::json(
        200,
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": { "name": name, "group": target.kind.group, "kind": target.kind.resource, "uid": uid }
        }),
    ))
}

/// Sends an object off; returns it as it is now if something still holds it.
fn leave(
    objects: &mut Objects<'_>,
    target: &Target<'_>,
    name: &str,
    mut document: Value,
    propagation: Propagation,
    dry_run: bool,
) -> Option<Value> {
    match propagation {
        Propagation::Background => {}
        Propagation::Foreground => set_finalizer(&mut document, garbage::FOREGROUND, true),
        Propagation::Orphan if dry_run => {}
        Propagation::Orphan => garbage::orphan(objects, &document),
    }
    if target.kind.is("apiextensions.k8s.io", "CustomResourceDefinition") && !is_leaving(&document) {
        set_finalizer(&mut document, definitions::CLEANUP, true);
    }
    if has_finalizers(&document) {
        if !is_leaving(&document) {
            document = removal(&document, objects.now);
        }
        if !dry_run {
            objects.put(target.scope(), &mut document);
        }
        return Some(document);
    }
    if !dry_run {
        objects.remove(target.scope(), name);
    }
    None
}

/// `DELETE` of a list.
pub(crate) fn collection(objects: &mut Objects<'_>, request: &Request, target: &Target<'_>) -> Answer<Reply> {
    let options = options(request)?;
    let dry_run = dry_run(request, &options)?;
    let propagation = propagation(request, &options)?;
    let selectors = Selectors::parse(
        &target.kind,
        request.query("labelSelector"),
        request.query("fieldSelector"),
    )?;
    let items = objects
        .page(target.scope(), None, None, |object| selectors.matches(object))
        .items;
    for item in &items {
        let name = item["metadata"]["name"].as_str().unwrap_or_default();
        leave(objects, target, name, item.clone(), propagation, dry_run);
    }
    Ok(Reply::json(
        200,
        &json!({
            "kind": format!("{}List", target.kind.kind),
            "apiVersion": target.kind.api_version(),
            "metadata": { "resourceVersion": objects.revision().to_string() },
            "items": items
        }),
    ))
}
