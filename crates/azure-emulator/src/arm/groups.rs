//! Resource groups.

use http::Method;
use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::filter::Filter;
use super::id::ResourceId;
use super::providers::{REGIONS, find_region};
use super::{list, locks, tags, version};
use crate::accept::{self, Answer};
use crate::context::RequestContext;
use crate::operation::{self, Operation, Work};

/// Lower-cased type of a stored group.
pub(crate) const KIND: &str = "microsoft.resources/resourcegroups";
const ACTION: &str = "Microsoft.Resources/subscriptions/resourceGroups";

/// `GET /subscriptions/{s}/resourcegroups`.
pub(crate) fn list(cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    supported(cx)?;
    let scope = ResourceId::of_subscription(cx.subscription());
    cx.authorize(&format!("{ACTION}/read"), &scope.to_string())?;
    let filter = match cx.request.query("$filter") {
        None | Some("") => None,
        Some(text) => Some(Filter::parse(text)?),
    };
    let start = list::start(cx.request)?;
    let entries = cx.state.documents.of_type(KIND, &scope.key(), start.as_deref());
    list::page(cx, entries, |_, group| {
        let passes = filter
            .as_ref()
            .is_none_or(|filter| filter.matches(&group.document(), ""));
        passes.then(|| group.body.to_string())
    })
}

/// One group: PUT, PATCH, GET, HEAD, DELETE.
pub(crate) fn one(cx: &mut RequestContext<'_>) -> ArmResult<Reply> {
    supported(cx)?;
    let name = cx.request.segments.get(3).cloned().unwrap_or_default();
    let mut id = ResourceId::of_subscription(cx.subscription());
    id.group = Some(name.clone());
    let method = cx.request.method.clone();
    let action = match method {
        Method::GET | Method::HEAD => "read",
        Method::PUT | Method::PATCH => "write",
        Method::DELETE => "delete",
        _ => return Err(ArmError::method(&method)),
    };
    cx.authorize(&format!("{ACTION}/{action}"), &id.to_string())?;
    let key = id.key();
    match method {
        Method::GET => {
            operation::look_at_target(cx.state, &key);
            match cx.state.documents.get(&key) {
                Some(group) => Ok(Reply::raw_json(200, group.body.to_string())),
                None => Err(ArmError::group_not_found(&name)),
            }
        }
        Method::HEAD => Ok(Reply::empty(if cx.state.documents.get(&key).is_some() {
            204
        } else {
            404
        })),
        Method::PUT => put(cx, &id),
        Method::PATCH => patch(cx, &id),
        _ => delete(cx, &id),
    }
}

fn put(cx: &mut RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    let name = id.name();
    check_name(name)?;
    let body = cx.request.json()?;
    let location = body["location"].as_str().ok_or_else(|| {
        ArmError::new(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )
    })?;
    let region = find_region(location).ok_or_else(|| {
        ArmError::new(
            400,
            "LocationNotAvailableForResourceGroup",
            format!(
                "The provided location '{location}' is not available for resource group. List of available regions \
                 is '{}'.",
                REGIONS.each_ref().map(|region| region.name).join(",")
            ),
        )
    })?;
    let key = id.key();
    let existing = cx.state.documents.document(&key);
    if let Some(there) = existing.as_ref().and_then(|group| group["location"].as_str())
        && there != region.name
    {
        return Err(ArmError::new(
            409,
            "InvalidResourceGroupLocation",
            format!(
                "Invalid resource group location '{}'. The Resource group already exists in location '{there}'.",
                region.name
            ),
        ));
    }
    check_not_deleting(cx, id)?;
    locks::check(cx, id, locks::Intent::Write)?;
    let mut group = existing.clone().unwrap_or_else(|| {
        json!({
            "id": id.to_string(),
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": region.name,
        })
    });
    group["properties"] = json!({ "provisioningState": "Succeeded" });
    if let Some(managed_by) = body.get("managedBy") {
        group["managedBy"] = managed_by.clone();
    }
    // A PUT says what the group is: tags it does not name go.
    set_tags(
        cx,
        &mut group,
        &key,
        &tags::from_body(body.get("tags"))?.unwrap_or_default(),
    );
    cx.state.documents.put(&key, KIND, &group, cx.now);
    Ok(Reply::json(if existing.is_some() { 200 } else { 201 }, &group))
}

fn patch(cx: &mut RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    let key = id.key();
    let body = cx.request.json()?;
    let mut group = cx
        .state
        .documents
        .document(&key)
        .ok_or_else(|| ArmError::group_not_found(id.name()))?;
    check_not_deleting(cx, id)?;
    locks::check(cx, id, locks::Intent::Write)?;
    if let Some(tags) = tags::from_body(body.get("tags"))? {
        set_tags(cx, &mut group, &key, &tags);
    }
    if let Some(managed_by) = body.get("managedBy") {
        group["managedBy"] = managed_by.clone();
    }
    cx.state.documents.put(&key, KIND, &group, cx.now);
    Ok(Reply::json(200, &group))
}

fn set_tags(cx: &RequestContext<'_>, group: &mut Value, key: &str, new: &tags::Tags) {
    let new = tags::with_first_casing(&tags::current(cx.state, key), new);
    let fields = kompox_emulator_core::json::fields(group);
    if new.is_empty() {
        fields.remove("tags");
    } else {
        fields.insert("tags".to_owned(), Value::Object(new));
    }
}

fn delete(cx: &mut RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    let key = id.key();
    if cx.state.documents.get(&key).is_none() {
        return Err(ArmError::group_not_found(id.name()));
    }
    locks::check(cx, id, locks::Intent::Delete)?;
    operation::set_state(cx.state, &key, "Deleting", cx.now);
    let course = cx.course(cx.environment.options.timing.group_delete);
    let path = format!("/subscriptions/{}", cx.subscription());
    let operation = Operation::start(
        key,
        Work::Delete,
        format!("{path}/operationstatuses"),
        format!("{path}/operationresults"),
        cx.now,
        course,
    );
    Ok(accept::reply(
        cx,
        operation,
        &Answer::delete(OperationShape::Location),
    ))
}

/// 404 unless group and resource of a scope are there. A subscription is always there.
pub(crate) fn check_scope(cx: &RequestContext<'_>, scope: &ResourceId) -> ArmResult<()> {
    if let Some(group) = scope.group_id()
        && cx.state.documents.get(&group.key()).is_none()
    {
        return Err(ArmError::group_not_found(group.name()));
    }
    if !scope.providers.is_empty() && cx.state.documents.get(&scope.key()).is_none() {
        return Err(ArmError::resource_not_found(scope));
    }
    Ok(())
}

/// 409 for anything that would write into a group that is being deleted.
pub(crate) fn check_not_deleting(cx: &RequestContext<'_>, id: &ResourceId) -> ArmResult<()> {
    let Some(group) = id.group_id() else { return Ok(()) };
    let deleting = cx
        .state
        .documents
        .document(&group.key())
        .is_some_and(|group| group["properties"]["provisioningState"].as_str() == Some("Deleting"));
    if !deleting {
        return Ok(());
    }
    Err(ArmError::new(
        409,
        "ResourceGroupBeingDeleted",
        format!(
            "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
            group.name()
        ),
    ))
}

fn check_name(name: &str) -> ArmResult<()> {
    let length = name.chars().count();
    if length > 90 {
        return Err(ArmError::new(
            400,
            "InvalidResourceGroup",
            format!(
                "The provided resource group name '{name}' has a length of '{length}' which exceeds the maximum length of '90'."
            ),
        ));
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    let mut bad: String = name.chars().filter(|c| !allowed(*c)).collect();
    if bad.is_empty() && name.ends_with('.') {
        bad.push('.');
    }
    if bad.is_empty() {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "InvalidResourceGroup",
        format!(
            "The provided resource group name '{name}' has these invalid characters: '{bad}'. The name can only be a \
             letter, digit, '-', '.', '(', ')' or '_'."
        ),
    ))
}

fn supported(cx: &RequestContext<'_>) -> ArmResult<()> {
    let region = &cx.environment.options.region;
    version::supported(
        cx.request,
        "Microsoft.Resources",
        "resourceGroups",
        super::api_versions::GROUPS,
        region,
    )
}
