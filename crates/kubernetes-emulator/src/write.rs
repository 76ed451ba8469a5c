//! Making and changing objects: create, replace, patch, apply. All go the same way: what is sent is checked against the
//! schema, filled in, checked as a whole, and stored with whose it is now.

use kompox_emulator_core::json::{fields, merge, object};
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use serde_json::{Value, json};

use super::admission;
use super::defaults;
use super::kinds::Kind;
use super::namespaces;
use super::objects::{Objects, has_finalizers, is_leaving};
use super::patch::json_patch;
use super::request::{Part, Target, Unknown, WriteOptions, body, media_type, patch};
use super::schema::check::{Found, check};
use super::schema::strategic;
use super::ssa::{self, Refusal, Writer};
use super::status::{Answer, Problem, Status};
use super::validate;

/// What only the server says.
const SERVERS: [&str; 6] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
];

/// A version of an object on its way into the store.
pub(crate) struct Draft {
    /// `Null` if there is none yet.
    pub(crate) live: Value,
    pub(crate) document: Value,
    /// Who has changed what is still to be found out, unless it was applied.
    pub(crate) writer: Option<Writer>,
    pub(crate) warnings: Vec<String>,
}

const APPLY_PATCH: &str = "application/apply-patch+yaml";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";

/// The forms of patches that objects of a kind take. By what lists of custom resources are told apart is said for
/// applying only.
pub(crate) const fn patches(kind: &Kind) -> &'static [&'static str] {
    if kind.custom.is_some() {
        &[JSON_PATCH, MERGE_PATCH, APPLY_PATCH]
    } else {
        &[JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH]
    }
}

/// `POST` to a list.
pub(crate) fn create(objects: &mut Objects<'_>, request: &Request, target: &Target<'_>) -> Answer<Reply> {
    let options = WriteOptions::read(request)?;
    let kind = &target.kind;
    let mut document = body(request)?;
    same_kind(kind, &document)?;
    let warnings = fits(kind, &mut document, &options)?;
    let metadata = object(&mut document, "metadata");
    for name in SERVERS {
        metadata.remove(name);
    }
    metadata.remove("managedFields");
    let text = |name: &str| {
        metadata
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let name = match (text("name"), text("generateName")) {
        (Some(name), _) => name,
        (None, Some(start)) => {
            let random = uuid::Uuid::new_v4().simple().to_string();
            format!("{start}{}", &random[..5])
        }
        (None, None) => {
            let problem = Problem::required_for("metadata.name", "name or generateName is required");
            return Err(Status::invalid(kind, "", &[problem]));
        }
    };
    metadata.insert("name".to_owned(), name.clone().into());
    same_namespace(target, &document)?;
    if objects.get(target.scope(), &name).is_some() {
        return Err(Status::exists(kind, &name));
    }
    let draft = Draft {
        live: Value::Null,
        document,
        writer: Some(options.updater(kind, target.part, objects.now)),
        warnings,
    };
    store(objects, target, &options, &name, draft)
}

/// `PUT` to an object.
pub(crate) fn update(
    objects: &mut Objects<'_>,
    request: &Request,
    target: &Target<'_>,
    name: &str,
) -> Answer<Reply> {
    let options = WriteOptions::read(request)?;
    let kind = &target.kind;
    let mut document = body(request)?;
    same_kind(kind, &document)?;
    let warnings = fits(kind, &mut document, &options)?;
    same_name(&document, name)?;
    same_namespace(target, &document)?;
    let live = objects
        .get(target.scope(), name)
        .ok_or_else(|| Status::not_found(kind, name))?;
    if kind.custom.is_some()
        && document["metadata"]["resourceVersion"]
            .as_str()
            .is_none_or(str::is_empty)
    {
        let why = "must be specified for an update";
        let problem = Problem::value("metadata.resourceVersion", &0.into(), why);
        return Err(Status::invalid(kind, name, &[problem]));
    }
    let draft = Draft {
        live,
        document,
        writer: Some(options.updater(kind, target.part, objects.now)),
        warnings,
    };
    store(objects, target, &options, name, draft)
}

/// `PATCH` of an object, in one of the forms that are known.
pub(crate) fn patched(
    objects: &mut Objects<'_>,
    request: &Request,
    target: &Target<'_>,
    name: &str,
) -> Answer<Reply> {
    let options = WriteOptions::read(request)?;
    let kind = &target.kind;
    let sent = media_type(request);
    if sent == APPLY_PATCH {
        return apply(objects, request, target, &options, name);
    }
    let accepted = patches(kind);
    if !accepted.contains(&sent.as_str()) {
        return Err(Status::media_type(&sent, accepted));
    }
    let patch = patch(request)?;
    let live = objects
        .get(target.scope(), name)
        .ok_or_else(|| Status::not_found(kind, name))?;
    let mut document = if sent == JSON_PATCH {
        json_patch(&live, &patch).map_err(|error| Status::unprocessable(&error.to_string()))?
    } else if sent == STRATEGIC_PATCH {
        strategic::merge(&kind.schema, &live, &patch)
            .map_err(|why| Status::bad_request(format!("error decoding patch: {why}")))?
    } else {
        if !patch.is_object() {
            return Err(Status::bad_request("error decoding patch: it is no object"));
        }
        let mut document = live.clone();
        merge(&mut document, &patch);
        document
    };
    if !document.is_object() {
        return Err(Status::bad_request("what the patch makes is no object"));
    }
    same_kind(kind, &document)?;
    let warnings = fits(kind, &mut document, &options)?;
    same_name(&document, name)?;
    same_namespace(target, &document)?;
    let draft = Draft {
        live,
        document,
        writer: Some(options.updater(kind, target.part, objects.now)),
        warnings,
    };
    store(objects, target, &options, name, draft)
}

/// Server-side apply: it makes what is not there.
fn apply(
    objects: &mut Objects<'_>,
    request: &Request,
    target: &Target<'_>,
    options: &WriteOptions,
    name: &str,
) -> Answer<Reply> {
    let kind = &target.kind;
    let writer = options.applier(kind, target.part, objects.now)?;
    // JSON is YAML; more of it is not understood here.
    let mut applied: Value = serde_json::from_slice(&request.body)
        .map_err(|error| Status::bad_request(format!("error decoding YAML: {error}")))?;
    if !applied.is_object() || applied["apiVersion"].is_null() || applied["kind"].is_null() {
        return Err(Status::bad_request(
            "error decoding YAML: Object 'Kind' or 'apiVersion' is missing",
        ));
    }
    same_kind(kind, &applied)?;
    if applied["metadata"]["managedFields"]
        .as_array()
        .is_some_and(|managers| !managers.is_empty())
    {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let place = format!(
        "{}/{name}; {}/{}, Kind={}",
        target.namespace.unwrap_or_default(),
        kind.group,
        kind.version,
        kind.kind
    );
    if let Some(why) = ssa::undeclared(&kind.schema, &applied) {
        return Err(Status::unnamed(format!(
            "failed to create typed patch object ({place}): {why}"
        )));
    }
    let found = check(&kind.schema, &mut applied);
    types(kind, &found)?;
    if applied["metadata"]["name"].is_null() {
        object(&mut applied, "metadata").insert("name".to_owned(), name.into());
    }
    same_name(&applied, name)?;
    same_namespace(target, &applied)?;
    let live = objects.get(target.scope(), name).unwrap_or_default();
    if live.is_null() && target.part == Part::Status {
        return Err(Status::not_found(kind, name));
    }
    let expected = applied["metadata"]["resourceVersion"].clone();
    part_of(target.part, kind, &mut applied);
    defaults::write_only(kind, &mut applied);
    let document =
        ssa::apply(&kind.schema, &live, &applied, &writer, options.force).map_err(
            |refusal| match refusal {
                Refusal::Conflicts(conflicts) => Status::apply_conflict(&conflicts),
                Refusal::Malformed(why) => {
                    Status::unnamed(format!("failed to create typed patch object ({place}): {why}"))
                }
            },
        )?;
    let mut draft = Draft {
        live,
        document,
        writer: None,
        warnings: Vec::new(),
    };
    if expected.is_string() {
        object(&mut draft.document, "metadata").insert("resourceVersion".to_owned(), expected);
    }
    store(objects, target, options, name, draft)
}

/// Leaves of what is applied only the part that it is applied to.
fn part_of(part: Part, kind: &Kind, applied: &mut Value) {
    if part == Part::Status {
        fields(applied)
            .retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
        object(applied, "metadata").retain(|name, _| name == "name" || name == "namespace");
    } else if kind.status {
        fields(applied).remove("status");
    }
    for name in SERVERS {
        object(applied, "metadata").remove(name);
    }
}

fn same_kind(kind: &Kind, document: &Value) -> Answer<()> {
    let says = |name: &str, wanted: &str| document[name].as_str().is_none_or(|said| said == wanted);
    if says("kind", &kind.kind) && says("apiVersion", &kind.api_version()) {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "the API version in the data ({}, Kind={}) does not match the expected API version ({}, Kind={})",
        document["apiVersion"].as_str().unwrap_or_default(),
        document["kind"].as_str().unwrap_or_default(),
        kind.api_version(),
        kind.kind
    )))
}

fn same_name(document: &Value, name: &str) -> Answer<()> {
    match document["metadata"]["name"].as_str() {
        None | Some("") => Err(Status::bad_request(
            "the name of the object (\"\" based on URL) was undeterminable: name must be provided",
        )),
        Some(said) if said != name => Err(Status::bad_request(format!(
            "the name of the object ({said}) does not match the name on the URL ({name})"
        ))),
        Some(_) => Ok(()),
    }
}

fn same_namespace(target: &Target<'_>, document: &Value) -> Answer<()> {
    match (document["metadata"]["namespace"].as_str(), target.namespace) {
        (Some(said), Some(there)) if !said.is_empty() && said != there => Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
        _ => Ok(()),
    }
}

/// Checks against the schema; what is unknown is dropped, told or refused. Returns what is told.
fn fits(kind: &Kind, document: &mut Value, options: &WriteOptions) -> Answer<Vec<String>> {
    let found = check(&kind.schema, document);
    types(kind, &found)?;
    let told = found
        .unknown
        .iter()
        .map(|field| format!("unknown field {field:?}"));
    match options.unknown {
        Unknown::Dropped => Ok(Vec::new()),
        Unknown::Told => Ok(told.collect()),
        Unknown::Refused if found.unknown.is_empty() => Ok(Vec::new()),
        Unknown::Refused => {
            let told: Vec<String> = told.collect();
            Err(undecodable(
                kind,
                &format!("strict decoding error: {}", told.join(", ")),
            ))
        }
    }
}

/// Refuses wrong types; those of custom resources are told with all else that is wrong with them.
fn types(kind: &Kind, found: &Found) -> Answer<()> {
    let Some((path, there, wanted)) = found.wrong.first() else {
        return Ok(());
    };
    if kind.custom.is_some() && !path.starts_with("metadata") {
        return Ok(());
    }
    Err(undecodable(
        kind,
        &format!("json: cannot unmarshal {there} into field {path} of type {wanted}"),
    ))
}

fn undecodable(kind: &Kind, why: &str) -> Box<Status> {
    Status::bad_request(format!(
        "{} in version {:?} cannot be handled as a {}: {why}",
        kind.kind, kind.version, kind.kind
    ))
}

/// The rest of the way, the same for all.
pub(crate) fn store(
    objects: &mut Objects<'_>,
    target: &Target<'_>,
    options: &WriteOptions,
    name: &str,
    mut draft: Draft,
) -> Answer<Reply> {
    let kind = &target.kind;
    let is_new = draft.live.is_null();
    if is_new {
        if let Some(namespace) = target.namespace {
            namespaces::check(objects, kind, namespace, name)?;
        }
        validate::check_name(kind, name)?;
        if kind.status {
            fields(&mut draft.document).remove("status");
        }
    } else {
        keep(kind, target.part, name, &mut draft)?;
    }
    let document = &mut draft.document;
    let live = Some(&draft.live).filter(|live| !live.is_null());
    if target.part == Part::Whole {
        defaults::fill(kind, document);
        admission::admit(objects, kind, target.namespace, live, document)?;
    }
    validate::check(kind, live, document)?;
    objects.complete(kind, target.namespace, document);
    let wanted = |document: &Value| {
        let mut wanted = document.as_object().cloned().unwrap_or_default();
        wanted.retain(|name, _| !matches!(name.as_str(), "metadata" | "status"));
        wanted
    };
    if let Some(live) = live
        && kind.generation
        && wanted(live) != wanted(document)
    {
        let next = live["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
        object(document, "metadata").insert("generation".to_owned(), next.into());
    }
    if let Some(writer) = &draft.writer {
        let mut before = live.cloned().unwrap_or_else(|| json!({}));
        if target.part == Part::Whole
            && kind.status
            && let Some(status) = document.get("status")
        {
            // What the server has said of a new object is not the writer's.
            before["status"] = status.clone();
        }
        ssa::update(&kind.schema, &before, document, writer);
    }
    if !options.dry_run && live != Some(document) {
        if is_leaving(document) && !has_finalizers(document) && kind.kind != "Namespace" {
            objects.remove(target.scope(), name);
        } else {
            objects.put(target.scope(), document);
        }
    }
    let mut reply = Reply::json(if is_new { 201 } else { 200 }, document);
    for warning in &draft.warnings {
        let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
        reply = reply.with("Warning", &format!("299 - \"{text}\""));
    }
    Ok(reply)
}

/// Refuses a new version of something that has changed meanwhile, and keeps what the writer has no say in.
fn keep(kind: &Kind, part: Part, name: &str, draft: &mut Draft) -> Answer<()> {
    let live = &draft.live;
    let metadata = object(&mut draft.document, "metadata");
    let differs = |field: &str| {
        metadata.get(field).and_then(Value::as_str).is_some_and(|said| {
            !said.is_empty() && said != live["metadata"][field].as_str().unwrap_or_default()
        })
    };
    if differs("uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {}, UID in object meta: {}",
            metadata["uid"].as_str().unwrap_or_default(),
            live["metadata"]["uid"].as_str().unwrap_or_default()
        );
        return Err(Status::conflict(kind, name, &why));
    }
    if differs("resourceVersion") {
        return Err(Status::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        ));
    }
    let servers = SERVERS.iter().copied().chain(["generateName"]);
    // Whoever replaces an object cannot take away whose it is; applying has just noted it.
    let managers = draft.writer.is_some().then_some("managedFields");
    for field in servers.chain(managers) {
        match live["metadata"].get(field) {
            Some(value) => metadata.insert(field.to_owned(), value.clone()),
            None => metadata.remove(field),
        };
    }
    if is_leaving(live) {
        let before = live["metadata"]["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let now = metadata.get("finalizers").and_then(Value::as_array);
        if now.is_some_and(|now| now.iter().any(|finalizer| !before.contains(finalizer))) {
            let why = "no new finalizers can be added if the object is being deleted";
            let problem = Problem::forbidden("metadata.finalizers", why);
            return Err(Status::invalid(kind, name, &[problem]));
        }
    }
    if part == Part::Status {
        let status = draft.document.get("status").cloned();
        let managers = draft.document["metadata"].get("managedFields").cloned();
        draft.document = live.clone();
        for (value, parent, field) in [
            (status, None, "status"),
            (managers, Some("metadata"), "managedFields"),
        ] {
            let fields = match parent {
                Some(parent) => object(&mut draft.document, parent),
                None => fields(&mut draft.document),
            };
            match value {
                Some(value) => fields.insert(field.to_owned(), value),
                None => fields.remove(field),
            };
        }
    } else if kind.status {
        match live.get("status") {
            Some(status) => fields(&mut draft.document).insert("status".to_owned(), status.clone()),
            None => fields(&mut draft.document).remove("status"),
        };
    }
    Ok(())
}
