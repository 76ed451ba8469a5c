//! Requests for stored resources of registered types: the generic part of PUT, PATCH, GET, DELETE and lists.

use http::Method;
use kompox_emulator_core::json::{fields, set_property, timestamp};
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::filter::Filter;
use super::groups::{check_not_deleting, check_scope};
use super::id::ResourceId;
use super::{linked, list, locks, providers, system_data, version};
use crate::accept::{self, Answer};
use crate::context::RequestContext;
use crate::operation::{self, Operation, Work};
use crate::types::{self, Acted, End, Placement, ResourceType};

/// A path below `{scope}/providers/{namespace}`.
pub(crate) fn handle(
    cx: &mut RequestContext<'_>,
    scope: &ResourceId,
    namespace: &str,
    rest: &[&str],
) -> ArmResult<Reply> {
    let canonical = providers::canonical(namespace).ok_or_else(|| providers::invalid_namespace(namespace))?;
    let names: Vec<&str> = rest.iter().step_by(2).copied().collect();
    let path = names.join("/");
    if cx.request.method == Method::POST
        && let [.., _, _, action] = rest
        && rest.len() % 2 == 1
        && let Some(kind) = types::find(canonical, &names[..names.len() - 1].join("/"))
    {
        return act(cx, kind, action);
    }
    let kind = types::find(canonical, &path).ok_or_else(|| invalid_type(cx, canonical, &path))?;
    let info = kind.info();
    let here = format!("{canonical}/{}", info.kind);
    if rest.len() % 2 == 1 {
        return collection(cx, kind, scope, &here);
    }
    let is_extension = kind.placement() == Placement::Extension;
    if !is_extension && (scope.group.is_none() || !scope.providers.is_empty()) {
        return Err(ArmError::not_found(&cx.request.path));
    }
    let id = ResourceId::from_segments(&cx.request.segments)
        .ok_or_else(|| ArmError::not_found(&cx.request.path))?
        .with_canonical_kind(&here);
    let method = cx.request.method.clone();
    let action = match method {
        Method::GET | Method::HEAD => "read",
        Method::PUT | Method::PATCH => "write",
        Method::DELETE => "delete",
        _ => return Err(ArmError::method(&method)),
    };
    cx.authorize(&format!("{here}/{action}"), &id.to_string())?;
    version::supported(
        cx.request,
        canonical,
        info.kind,
        info.versions,
        &cx.environment.options.region,
    )?;
    if is_extension {
        check_scope(cx, scope)?;
    } else if let Some(group) = id.group_id() {
        check_scope(cx, &group)?;
    }
    match method {
        Method::GET => get(cx, &id),
        Method::HEAD => Ok(Reply::empty(if cx.state.documents.get(&id.key()).is_some() {
            204
        } else {
            404
        })),
        Method::DELETE => delete(cx, kind, &id),
        _ => write(cx, kind, &id),
    }
}

/// A POST below a resource of a known type: an action.
fn act(cx: &mut RequestContext<'_>, kind: &'static dyn ResourceType, action: &str) -> ArmResult<Reply> {
    let info = kind.info();
    let here = info.full_name();
    let request = cx.request;
    let id = request
        .segments
        .split_last()
        .and_then(|(_, resource)| ResourceId::from_segments(resource))
        .ok_or_else(|| ArmError::not_found(&request.path))?
        .with_canonical_kind(&here);
    cx.authorize(&format!("{here}/{action}/action"), &id.to_string())?;
    version::supported(
        request,
        info.namespace,
        info.kind,
        info.versions,
        &cx.environment.options.region,
    )?;
    check_scope(cx, &id)?;
    let key = id.key();
    let existing = types::read(cx.state, cx.environment, cx.now, &key)
        .ok_or_else(|| ArmError::resource_not_found(&id))?;
    let name = action.to_ascii_lowercase();
    let long = match kind.action(cx, &id, &existing, &name)? {
        Acted::Done(reply) => return Ok(reply),
        Acted::Started(long) => long,
        Acted::Unknown => {
            return Err(ArmError::new(
                501,
                "NotImplemented",
                format!("This embedded Azure does not serve the action '{action}' of '{here}'."),
            ));
        }
    };
    if let Some(transient) = long.transient {
        operation::set_state(cx.state, &key, transient, cx.now);
    }
    let work = Work::Action {
        name,
        input: long.input,
        tells: long.transient.is_some(),
        result: None,
    };
    let operation = start(cx, kind, &id, work, &existing);
    Ok(accept::reply(cx, operation, &Answer::action(info.delete_shape)))
}

fn invalid_type(cx: &RequestContext<'_>, namespace: &str, path: &str) -> Box<ArmError> {
    let version = cx.request.query("api-version").unwrap_or_default();
    ArmError::new(
        404,
        "InvalidResourceType",
        format!(
            "The resource type '{path}' could not be found in the namespace '{namespace}' for api version \
             '{version}'. The supported api-versions are ''."
        ),
    )
}

fn get(cx: &mut RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    let key = id.key();
    operation::look_at_target(cx.state, &key);
    for shown in types::shown_in(cx.state, &key) {
        operation::look_at_target(cx.state, &shown);
    }
    types::count_read(cx.state, &key);
    match types::read(cx.state, cx.environment, cx.now, &key) {
        Some(document) => Ok(Reply::json(200, &document)),
        None => Err(ArmError::resource_not_found(id)),
    }
}

fn write(cx: &mut RequestContext<'_>, kind: &'static dyn ResourceType, id: &ResourceId) -> ArmResult<Reply> {
    let key = id.key();
    let info = kind.info();
    let body = cx.request.json()?;
    linked::check(cx, id, &body)?;
    check_not_deleting(cx, id)?;
    providers::check_registered(cx, info.namespace)?;
    locks::check(cx, id, locks::Intent::Write)?;
    if let Some(parent) = id.parent()
        && cx.state.documents.get(&parent.key()).is_none()
    {
        return Err(ArmError::new(
            404,
            "ParentResourceNotFound",
            format!(
                "Failed to perform '{}' on resource(s) of type '{}/{}', because the parent resource '{parent}' could \
                 not be found.",
                if cx.request.method == Method::PUT {
                    "write"
                } else {
                    "update"
                },
                info.namespace,
                info.kind
            ),
        ));
    }
    let existing = cx.state.documents.document(&key);
    let mut document = match (&existing, &cx.request.method) {
        (None, &Method::PATCH) => return Err(ArmError::resource_not_found(id)),
        (Some(existing), &Method::PATCH) => kind.patch(cx, id, existing, &body)?,
        (existing, _) => kind.put(cx, id, existing.as_ref(), &body)?,
    };
    // The first writer's spelling stays.
    let identity = existing.as_ref();
    for (field, value) in [
        (
            "id",
            identity.map_or_else(|| id.to_string().into(), |old| old["id"].clone()),
        ),
        (
            "name",
            identity.map_or_else(|| id.name().into(), |old| old["name"].clone()),
        ),
        ("type", format!("{}/{}", info.namespace, info.kind).into()),
    ] {
        fields(&mut document).insert(field.to_owned(), value);
    }
    system_data::stamp(cx, &info.full_name(), &mut document, existing.as_ref());
    operation::preempt(cx.state, &key, cx.now);
    let created = existing.is_none();
    if kind.has_state() {
        let transient = if created { info.creating } else { "Updating" };
        set_property(&mut document, "provisioningState", transient);
    }
    cx.state
        .documents
        .put(&key, &info.full_name().to_lowercase(), &document, cx.now);
    kind.accepted(&mut End::of(cx), id, &document, created);
    let work = Work::Write {
        previous: existing.map(|existing| existing.to_string()),
    };
    let operation = start(cx, kind, id, work, &document);
    let status = match info.accepted {
        types::Accepted::With202 => 202,
        types::Accepted::With201 if created => 201,
        types::Accepted::With201 => 200,
    };
    let shown = types::read(cx.state, cx.environment, cx.now, &key).unwrap_or(document);
    Ok(accept::reply(
        cx,
        operation,
        &Answer::write(info.shape, status, created, shown),
    ))
}

fn delete(cx: &mut RequestContext<'_>, kind: &'static dyn ResourceType, id: &ResourceId) -> ArmResult<Reply> {
    let key = id.key();
    locks::check(cx, id, locks::Intent::Delete)?;
    // The contract of ARM: deleting what is not there is 204.
    let Some(existing) = cx.state.documents.document(&key) else {
        return Ok(Reply::empty(204));
    };
    check_not_deleting(cx, id)?;
    kind.check_delete(cx, id, &existing)?;
    let answer = Answer::delete(kind.info().delete_shape);
    // Whoever asks again, after a lost answer for one, waits for the same end.
    let under_way = cx
        .state
        .operations
        .running_on(&key)
        .into_iter()
        .find_map(|running| {
            cx.state
                .operations
                .get::<Operation>(&running)
                .filter(|operation| matches!(operation.work, Work::Delete))
                .cloned()
        });
    if let Some(operation) = under_way {
        return Ok(accept::reply(cx, operation, &answer));
    }
    operation::preempt(cx.state, &key, cx.now);
    operation::set_state(cx.state, &key, "Deleting", cx.now);
    let operation = start(cx, kind, id, Work::Delete, &existing);
    Ok(accept::reply(cx, operation, &answer))
}

fn start(
    cx: &RequestContext<'_>,
    kind: &dyn ResourceType,
    id: &ResourceId,
    work: Work,
    document: &Value,
) -> Operation {
    let info = kind.info();
    let location = location(cx, id, document);
    let mut course = cx.course(kind.duration(&cx.environment.options.timing));
    // Nobody looks at what shows no state.
    if !kind.has_state() && course.fault.polls.is_none() {
        course.looks = 0;
    }
    let base = format!(
        "/subscriptions/{}/providers/{}/locations/{location}",
        cx.subscription(),
        info.namespace
    );
    Operation::start(
        id.key(),
        work,
        format!("{base}/{}", info.status_path),
        format!("{base}/{}", info.result_path),
        cx.now,
        course,
    )
}

/// Where a resource's operations are asked for: its own location, or that of the nearest above it.
fn location(cx: &RequestContext<'_>, id: &ResourceId, document: &Value) -> String {
    let own = |document: &Value| document["location"].as_str().map(str::to_owned);
    let above = std::iter::successors(id.above(), ResourceId::above);
    own(document)
        .or_else(|| {
            above
                .filter_map(|id| cx.state.documents.document(&id.key()))
                .find_map(|document| own(&document))
        })
        .unwrap_or_else(|| cx.environment.options.region.clone())
}

/// A list of one type, in a group, in the subscription or below a parent.
fn collection(
    cx: &mut RequestContext<'_>,
    kind: &'static dyn ResourceType,
    scope: &ResourceId,
    here: &str,
) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    let info = kind.info();
    cx.authorize(&format!("{here}/read"), &scope.to_string())?;
    version::supported(
        cx.request,
        info.namespace,
        info.kind,
        info.versions,
        &cx.environment.options.region,
    )?;
    // Everything before the last segment: a group, the subscription, or the parent of nested resources.
    let nested = info.kind.contains('/');
    let is_extension = kind.placement() == Placement::Extension;
    let above = if nested {
        let segments = &cx.request.segments[..cx.request.segments.len() - 1];
        ResourceId::from_segments(segments).ok_or_else(|| ArmError::not_found(&cx.request.path))?
    } else {
        scope.clone()
    };
    check_scope(cx, &above)?;
    let start = list::start(cx.request)?;
    let entries = cx
        .state
        .documents
        .of_type(&here.to_lowercase(), &above.key(), start.as_deref());
    let at = format!("{}/providers/{}/", above.key(), here.to_lowercase());
    list::page(cx, entries, |key, resource| {
        // An extension resource is listed where it hangs, not above.
        (!is_extension || key.starts_with(&at))
            .then(|| types::render(cx.state, cx.environment, cx.now, key, resource))
    })
}

/// `GET …/resources`: everything in the subscription or in one group, in the short form.
pub(crate) fn list_all(cx: &mut RequestContext<'_>, group: Option<&str>) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    let mut scope = ResourceId::of_subscription(cx.subscription());
    scope.group = group.map(str::to_owned);
    let action = if group.is_some() {
        "resourceGroups/resources"
    } else {
        "resources"
    };
    cx.authorize(
        &format!("Microsoft.Resources/subscriptions/{action}/read"),
        &scope.to_string(),
    )?;
    version::supported(
        cx.request,
        "Microsoft.Resources",
        "resources",
        super::api_versions::GROUPS,
        &cx.environment.options.region,
    )?;
    check_scope(cx, &scope)?;
    let filter = match cx.request.query("$filter") {
        None | Some("") => None,
        Some(text) => Some(Filter::parse(text)?),
    };
    let expand: Vec<String> = cx
        .request
        .query("$expand")
        .unwrap_or_default()
        .split(',')
        .map(|part| part.trim().to_ascii_lowercase())
        .collect();
    let start = list::start(cx.request)?;
    let entries = cx.state.documents.after(&scope.key(), start.as_deref());
    list::page(cx, entries, |key, resource| {
        if !types::is_tracked(&resource.kind) {
            return None;
        }
        let document = resource.document();
        let group = key.split('/').nth(4).unwrap_or_default();
        if filter
            .as_ref()
            .is_some_and(|filter| !filter.matches(&document, group))
        {
            return None;
        }
        let mut short = json!({});
        for field in [
            "id",
            "name",
            "type",
            "location",
            "tags",
            "sku",
            "kind",
            "identity",
            "managedBy",
            "plan",
            "zones",
        ] {
            if let Some(value) = document.get(field) {
                short[field] = value.clone();
            }
        }
        let extras = [
            ("createdTime", Value::from(timestamp(resource.created))),
            ("changedTime", Value::from(timestamp(resource.changed))),
            (
                "provisioningState",
                document["properties"]["provisioningState"].clone(),
            ),
        ];
        for (name, value) in extras {
            if expand.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) {
                short[name] = value;
            }
        }
        Some(short.to_string())
    })
}
