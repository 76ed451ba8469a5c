//! `Microsoft.Resources/deploymentStacks` at subscription scope.

use http::Method;
use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::json::timestamp;
use kompox_emulator_core::reply::Reply;
use serde_json::{Map, Value, json};

use super::deployments::correlation;
use super::error::{ArmError, ArmResult};
use super::groups::check_scope;
use super::id::ResourceId;
use super::providers::find_region;
use super::{api_versions, list, locks, tags, version};
use crate::accept::{self, Answer};
use crate::context::Course;
use crate::context::RequestContext;
use crate::deploy::preflight;
use crate::deploy::stack::{OnUnmanage, Phase, StackRecord, managed};
use crate::deploy::{Gate, STACKS, surroundings};
use crate::operation::{self, Operation, Work};

const KIND: &str = "Microsoft.Resources/deploymentStacks";
/// Of the parts of a PUT, those that are kept as they are.
const KEPT: &[&str] = &[
    "denySettings",
    "deploymentScope",
    "description",
    "validationLevel",
    "debugSetting",
];

/// A path below `/subscriptions/{s}/providers/Microsoft.Resources`.
pub(crate) fn handle(cx: &mut RequestContext<'_>, rest: &[&str]) -> ArmResult<Reply> {
    version::supported(
        cx.request,
        "Microsoft.Resources",
        "deploymentStacks",
        api_versions::STACKS,
        &cx.environment.options.region,
    )?;
    let subscription = ResourceId::of_subscription(cx.subscription());
    let id = |name: &str| subscription.extended("Microsoft.Resources", "deploymentStacks", name);
    let lower: Vec<String> = rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let method = cx.request.method.clone();
    let scope = subscription.to_string();
    let allow = |cx: &RequestContext<'_>, right: &str| cx.authorize(&format!("{KIND}/{right}"), &scope);
    match (lower.as_slice(), method) {
        ([_], Method::GET) => {
            allow(cx, "read")?;
            let start = list::start(cx.request)?;
            let entries = cx
                .state
                .documents
                .of_type(STACKS, &subscription.key(), start.as_deref());
            list::page(cx, entries, |_, resource| Some(resource.body.to_string()))
        }
        ([_, _], Method::GET) => {
            allow(cx, "read")?;
            let key = id(rest[1]).key();
            operation::look_at_target(cx.state, &key);
            match cx.state.documents.document(&key) {
                Some(document) => Ok(Reply::json(200, &document)),
                None => Err(not_found(rest[1])),
            }
        }
        ([_, _], Method::PUT) => {
            allow(cx, "write")?;
            put(cx, &id(rest[1]))
        }
        ([_, _], Method::DELETE) => {
            allow(cx, "delete")?;
            delete(cx, &id(rest[1]))
        }
        ([_, _, "validate"], Method::POST) => {
            allow(cx, "validate/action")?;
            validate(cx, &id(rest[1]))
        }
        ([_, _, "exporttemplate"], Method::POST) => {
            allow(cx, "exportTemplate/action")?;
            let key = id(rest[1]).key();
            match (cx.state.documents.get(&key), StackRecord::load(cx.state, &key)) {
                (Some(_), Some(record)) => Ok(Reply::json(200, &json!({ "template": record.template }))),
                (Some(_), None) => Ok(Reply::json(200, &json!({}))),
                (None, _) => Err(not_found(rest[1])),
            }
        }
        ([_] | [_, _], method) => Err(ArmError::method(&method)),
        _ => Err(ArmError::not_found(&cx.request.path)),
    }
}

fn not_found(name: &str) -> Box<ArmError> {
    ArmError::new(
        404,
        "ResourceNotFound",
        format!(
            "The resource '{name}' was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

fn invalid(reason: &str) -> Box<ArmError> {
    ArmError::new(
        400,
        "DeploymentStackInvalidDeploymentStackDefinition",
        format!("Deployment stack definition is invalid - {reason}."),
    )
}

fn check_name(name: &str) -> ArmResult<()> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    if name.chars().count() <= 90 && name.chars().all(fits) {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "InvalidDeploymentStackName",
        format!(
            "The deployment stack name '{name}' is invalid. It has 90 characters at most: letters, digits, '-', '_', \
             '.', '(' and ')'."
        ),
    ))
}

/// 409 while another operation on the stack is under way.
fn check_at_rest(cx: &RequestContext<'_>, id: &ResourceId) -> ArmResult<()> {
    let document = cx.state.documents.document(&id.key()).unwrap_or_default();
    let state = document["properties"]["provisioningState"]
        .as_str()
        .unwrap_or("succeeded");
    let terminal = ["succeeded", "failed", "canceled"];
    if terminal.iter().any(|known| known.eq_ignore_ascii_case(state)) {
        return Ok(());
    }
    Err(ArmError::new(
        409,
        "DeploymentStackInNonTerminalState",
        format!(
            "The deployment stack '{}' is in the non-terminal state '{state}': another operation on it is in progress. \
             Wait until it has ended, and try again.",
            id.name()
        ),
    ))
}

/// A definition that was read.
struct Definition {
    location: &'static str,
    tags: Option<tags::Tags>,
    properties: Value,
    template: Value,
    parameters: Value,
    scope: ResourceId,
    on_unmanage: OnUnmanage,
}

fn definition(cx: &RequestContext<'_>, id: &ResourceId) -> ArmResult<Definition> {
    check_name(id.name())?;
    let body = cx.request.whole_json()?;
    let location = body["location"]
        .as_str()
        .ok_or_else(|| invalid("the property 'location' is required at subscription scope"))?;
    let region = find_region(location).ok_or_else(|| {
        ArmError::new(
            400,
            "LocationNotAvailableForResourceType",
            format!("The provided location '{location}' is not available for resource type '{KIND}'."),
        )
    })?;
    if let Some(there) = cx.state.documents.document(&id.key())
        && let Some(there) = there["location"].as_str()
        && there != region.name
    {
        return Err(ArmError::new(
            409,
            "InvalidDeploymentStackLocation",
            format!(
                "The deployment stack '{}' already exists in location '{there}': its location cannot become '{}'.",
                id.name(),
                region.name
            ),
        ));
    }
    let properties = match body.get("properties") {
        Some(properties) if properties.is_object() => properties,
        _ => return Err(invalid("the property 'properties' is required")),
    };
    for link in ["templateLink", "parametersLink"] {
        if properties.get(link).is_some_and(|link| !link.is_null()) {
            return Err(ArmError::new(
                501,
                "NotImplemented",
                format!("This embedded Azure does not serve '{link}' of a deployment stack."),
            ));
        }
    }
    if !properties["template"].is_object() {
        return Err(invalid("the property 'template' is required"));
    }
    let since_2025 = cx
        .request
        .query("api-version")
        .is_some_and(|version| version >= "2025");
    let (on_unmanage, actions) = on_unmanage(&properties["actionOnUnmanage"], since_2025)?;
    check_deny_settings(cx, &properties["denySettings"])?;
    let scope = match properties["deploymentScope"].as_str() {
        None => ResourceId::of_subscription(cx.subscription()),
        Some(scope) => ResourceId::parse(scope)
            .filter(|scope| scope.providers.is_empty())
            .ok_or_else(|| {
                invalid("the property 'deploymentScope' is no id of a subscription or resource group")
            })?,
    };
    super::subscriptions::check(cx, &scope.subscription)?;
    check_scope(cx, &scope)?;
    let mut kept = Map::new();
    kept.insert("actionOnUnmanage".to_owned(), actions);
    if since_2025 {
        let bypass = properties["bypassStackOutOfSyncError"].as_bool().unwrap_or(false);
        kept.insert("bypassStackOutOfSyncError".to_owned(), bypass.into());
    }
    for name in KEPT {
        if let Some(value) = properties.get(*name).filter(|value| !value.is_null()) {
            kept.insert((*name).to_owned(), value.clone());
        }
    }
    Ok(Definition {
        location: region.name,
        tags: tags::from_body(body.get("tags").filter(|tags| !tags.is_null()))?,
        properties: kept.into(),
        template: properties["template"].clone(),
        parameters: properties.get("parameters").cloned().unwrap_or_else(|| json!({})),
        scope,
        on_unmanage,
    })
}

/// `delete` or `detach`; what is missing means to detach.
fn deletes(value: Option<&str>, name: &str) -> ArmResult<bool> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("detach") => Ok(false),
        Some("delete") => Ok(true),
        Some(other) => Err(invalid(&format!("'{other}' is no value of '{name}'"))),
    }
}

fn checked(delete_resources: bool, delete_groups: bool) -> ArmResult<OnUnmanage> {
    if delete_groups && !delete_resources {
        return Err(invalid(
            "ActionOnUnmanage is not correctly defined. Cannot set Resources to 'Detach' and Resource Groups to 'Delete'",
        ));
    }
    Ok(OnUnmanage {
        delete_resources,
        delete_groups,
    })
}

/// What `actionOnUnmanage` asks for, and how it is answered: with what was left out.
fn on_unmanage(value: &Value, since_2025: bool) -> ArmResult<(OnUnmanage, Value)> {
    let Value::Object(actions) = value else {
        return Err(invalid("the property 'actionOnUnmanage' is required"));
    };
    let given = |name: &str| actions.get(name).and_then(Value::as_str);
    if given("resources").is_none() {
        return Err(invalid("the property 'actionOnUnmanage.resources' is required"));
    }
    let action = |name: &str| deletes(given(name), name);
    let on_unmanage = checked(action("resources")?, action("resourceGroups")?)?;
    let word = |name: &str| action(name).map(|deletes| if deletes { "delete" } else { "detach" });
    let mut shown = json!({
        "resources": word("resources")?,
        "resourceGroups": word("resourceGroups")?,
        "managementGroups": word("managementGroups")?,
    });
    if since_2025 {
        shown["resourcesWithoutDeleteSupport"] =
            without_delete_support(given("resourcesWithoutDeleteSupport"))?.into();
    }
    Ok((on_unmanage, shown))
}

/// `detach` or `fail`, which is also what is meant by nothing.
fn without_delete_support(value: Option<&str>) -> ArmResult<&'static str> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("fail") => Ok("fail"),
        Some("detach") => Ok("detach"),
        Some(other) => Err(invalid(&format!(
            "'{other}' is no value of 'resourcesWithoutDeleteSupport'"
        ))),
    }
}

fn check_deny_settings(cx: &RequestContext<'_>, settings: &Value) -> ArmResult<()> {
    let mode = settings["mode"]
        .as_str()
        .ok_or_else(|| invalid("the property 'denySettings.mode' is required"))?;
    let modes = ["none", "denyDelete", "denyWriteAndDelete"];
    match modes.iter().position(|known| known.eq_ignore_ascii_case(mode)) {
        Some(0) => Ok(()),
        Some(_) => {
            let scope = ResourceId::of_subscription(cx.subscription()).to_string();
            cx.authorize(&format!("{KIND}/manageDenySetting/action"), &scope)?;
            Err(ArmError::new(
                501,
                "NotImplemented",
                format!(
                    "This embedded Azure has no deny assignments: 'denySettings.mode' can only be 'none', not '{mode}'."
                ),
            ))
        }
        None => Err(invalid(&format!("'{mode}' is no value of 'denySettings.mode'"))),
    }
}

fn start(cx: &RequestContext<'_>, key: &str, location: &str) -> Operation {
    let subscription = format!("/subscriptions/{}", cx.subscription());
    Operation::start(
        key.to_owned(),
        Work::Deploy,
        at_location(cx, location, "deploymentStackOperationStatus"),
        format!("{subscription}/operationresults"),
        cx.now,
        course(cx, std::time::Duration::ZERO),
    )
}

/// Where operations of stacks are told of, in the region of the stack.
fn at_location(cx: &RequestContext<'_>, location: &str, what: &str) -> String {
    let subscription = cx.subscription();
    format!("/subscriptions/{subscription}/providers/Microsoft.Resources/locations/{location}/{what}")
}

/// Stacks say nothing about when to look again, unless the settings or a fault plan want it.
fn course(cx: &RequestContext<'_>, usual: std::time::Duration) -> Course {
    let announced = cx.environment.options.timing.stack_retry_after;
    cx.course_announcing(usual, announced)
}

fn put(cx: &mut RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    let definition = definition(cx, id)?;
    let key = id.key();
    check_at_rest(cx, id)?;
    locks::check(cx, id, locks::Intent::Write)?;
    let existing = cx.state.documents.document(&key);
    let operation = start(cx, &key, definition.location);
    let mut record = StackRecord::put(
        definition.template,
        definition.parameters,
        definition.scope.to_string(),
        definition.on_unmanage,
    );
    record.correlation = correlation(cx);
    record.started = cx.now;
    record.operation.clone_from(&operation.id);
    record.gate = Gate::new(cx.environment, cx.now);
    record.managed = managed(cx.state, &key);
    let mut properties = definition.properties;
    properties["provisioningState"] = "initializing".into();
    // As sent, before anything is done with them; and they stay, however the operation ends.
    properties["parameters"] = kompox_arm_template::parameters::given(&record.template, &record.parameters);
    properties["correlationId"] = record.correlation.clone().into();
    let old = existing.as_ref().map(|existing| &existing["properties"]);
    for name in [
        "resources",
        "detachedResources",
        "deletedResources",
        "failedResources",
    ] {
        // What it manages it goes on managing; what became of the last run is over.
        let kept = old.filter(|_| name == "resources").and_then(|old| old.get(name));
        properties[name] = kept.cloned().unwrap_or_else(|| json!([]));
    }
    for name in ["outputs", "deploymentId", "duration"] {
        if let Some(value) = old.and_then(|old| old.get(name)) {
            properties[name] = value.clone();
        }
    }
    let caller = &cx.environment.identity.client_id;
    let created = existing.as_ref().map_or_else(
        || timestamp(cx.now).into(),
        |old| old["systemData"]["createdAt"].clone(),
    );
    let mut document = json!({
        "id": existing.as_ref().map_or_else(|| id.to_string().into(), |old| old["id"].clone()),
        "name": existing.as_ref().map_or_else(|| id.name().into(), |old| old["name"].clone()),
        "type": KIND,
        "location": definition.location,
        "properties": properties,
        "systemData": {
            "createdBy": caller,
            "createdByType": "Application",
            "createdAt": created,
            "lastModifiedBy": caller,
            "lastModifiedByType": "Application",
            "lastModifiedAt": timestamp(cx.now),
        },
    });
    if let Some(tags) = definition.tags {
        document["tags"] = Value::Object(tags);
    }
    cx.state.documents.put(&key, STACKS, &document, cx.now);
    record.store(cx.state, &key);
    let is_new = existing.is_none();
    let status = if is_new { 201 } else { 200 };
    let answer = Answer::write(OperationShape::AzureAsyncOperation, status, is_new, document);
    Ok(accept::reply(cx, operation, &answer))
}

fn delete(cx: &mut RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    let key = id.key();
    let action = |name: &str| deletes(cx.request.query(&format!("unmanageAction.{name}")), name);
    let on_unmanage = checked(action("Resources")?, action("ResourceGroups")?)?;
    action("ManagementGroups")?;
    without_delete_support(cx.request.query("unmanageAction.ResourcesWithoutDeleteSupport"))?;
    let Some(document) = cx.state.documents.document(&key) else {
        return Ok(Reply::empty(204));
    };
    check_at_rest(cx, id)?;
    locks::check(cx, id, locks::Intent::Delete)?;
    if !on_unmanage.delete_resources && !on_unmanage.delete_groups {
        // To let everything go takes no time.
        cx.state.remove(&key);
        return Ok(Reply::empty(200));
    }
    let location = document["location"]
        .as_str()
        .unwrap_or(&cx.environment.options.region);
    let operation = start(cx, &key, location);
    let managed = managed(cx.state, &key);
    let mut record = StackRecord::load(cx.state, &key)
        .unwrap_or_else(|| StackRecord::put(json!({}), json!({}), String::new(), on_unmanage));
    record.correlation = correlation(cx);
    record.started = cx.now;
    record.operation.clone_from(&operation.id);
    record.gate = Gate::new(cx.environment, cx.now);
    record.phase = Phase::Deleting;
    record.unmanage_for_delete(managed, on_unmanage);
    record.store(cx.state, &key);
    let mut document = document;
    document["properties"]["provisioningState"] = "deleting".into();
    document["properties"]["correlationId"] = record.correlation.clone().into();
    cx.state.documents.put(&key, STACKS, &document, cx.now);
    Ok(accept::reply(
        cx,
        operation,
        &Answer::delete(OperationShape::Location),
    ))
}

/// The answer is known at once; it is given when it is asked for, and 400 is one.
fn validate(cx: &mut RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    let definition = definition(cx, id)?;
    let (status, body) = match validated(cx, id, &definition) {
        Ok(body) => (200, body),
        Err(error) => (error.status, error.body()),
    };
    let operation = Operation::start(
        id.key(),
        Work::Answer { status, body },
        at_location(cx, definition.location, "deploymentStackOperationStatus"),
        at_location(cx, definition.location, "deploymentStackOperationResults"),
        cx.now,
        course(cx, cx.environment.options.timing.deployment),
    );
    Ok(accept::reply(
        cx,
        operation,
        &Answer::delete(OperationShape::Location),
    ))
}

fn validated(cx: &RequestContext<'_>, id: &ResourceId, definition: &Definition) -> ArmResult<Value> {
    let scope = &definition.scope;
    let location = scope.group.is_none().then_some(definition.location);
    let properties = json!({ "template": definition.template, "parameters": definition.parameters });
    let own = surroundings::of(cx.state, cx.environment, scope, id.name(), location, &properties);
    let draft = preflight::draft(&definition.template, &definition.parameters, scope, own, None)
        .map_err(ArmError::refused_template)?;
    preflight::check_resources(cx, id.name(), &draft)?;
    let resources: Vec<Value> = draft
        .planned
        .iter()
        .filter(|planned| planned.enabled && !planned.existing && !planned.is_deployment())
        .map(|planned| json!({ "id": planned.id }))
        .collect();
    let mut properties = json!({
        "correlationId": correlation(cx),
        "parameters": kompox_arm_template::parameters::of_stack(&definition.template, &draft.parameters),
        "validatedResources": resources,
        "templateLink": null,
    });
    for (name, value) in definition.properties.as_object().into_iter().flatten() {
        properties[name] = value.clone();
    }
    Ok(json!({ "id": id.to_string(), "name": id.name(), "type": KIND, "properties": properties }))
}
