//! `Microsoft.Resources/deployments`: put, read, validated, canceled, and asked for their operations.

use http::Method;
use kompox_arm_template::context::DeploymentContext;
use kompox_emulator_core::faults::OperationShape;
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::groups::{check_not_deleting, check_scope};
use super::id::ResourceId;
use super::providers::find_region;
use super::{list, locks, subscriptions, version};
use crate::accept::{self, Answer};
use crate::context::RequestContext;
use crate::deploy::preflight::{self, Draft};
use crate::deploy::record::{Deployment, Phase, Step, template_hash};
use crate::deploy::{DEPLOYMENTS, Gate, surroundings};
use crate::operation::{self, Operation, Work};

const KIND: &str = "Microsoft.Resources/deployments";

/// Whose child a deployment is.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The same for a whole tree of deployments.
    pub(crate) correlation: String,
    /// What its expressions see instead of its own parameters and variables.
    pub(crate) outer: Option<DeploymentContext>,
}

fn check_version(cx: &RequestContext<'_>) -> ArmResult<()> {
    version::supported(
        cx.request,
        "Microsoft.Resources",
        "deployments",
        super::api_versions::DEPLOYMENTS,
        &cx.environment.options.region,
    )
}

/// A path below `{scope}/providers/Microsoft.Resources`.
pub(crate) fn handle(cx: &mut RequestContext<'_>, scope: &ResourceId, rest: &[&str]) -> ArmResult<Reply> {
    check_version(cx)?;
    if !scope.providers.is_empty() {
        return Err(ArmError::not_found(&cx.request.path));
    }
    let method = cx.request.method.clone();
    let lower: Vec<String> = rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let allow =
        |cx: &RequestContext<'_>, right: &str| cx.authorize(&format!("{KIND}/{right}"), &scope.to_string());
    match (lower.as_slice(), method) {
        ([_], Method::GET) => {
            allow(cx, "read")?;
            check_scope(cx, scope)?;
            all(cx, scope)
        }
        ([_, _], Method::PUT) => put(cx, scope, rest[1], None),
        ([_, _], Method::GET) => {
            allow(cx, "read")?;
            check_scope(cx, scope)?;
            let id = deployment_id(scope, rest[1]);
            operation::look_at_target(cx.state, &id.key());
            match cx.state.documents.document(&id.key()) {
                Some(document) => Ok(Reply::json(200, &document)),
                None => Err(not_found(rest[1])),
            }
        }
        ([_, _], Method::HEAD) => {
            allow(cx, "read")?;
            let there = cx
                .state
                .documents
                .get(&deployment_id(scope, rest[1]).key())
                .is_some();
            Ok(Reply::empty(if there { 204 } else { 404 }))
        }
        ([_, _], Method::DELETE) => {
            allow(cx, "delete")?;
            delete(cx, scope, rest[1])
        }
        ([_, _, "validate"], Method::POST) => {
            allow(cx, "validate/action")?;
            check_scope(cx, scope)?;
            validate(cx, scope, rest[1])
        }
        ([_, _, "exporttemplate"], Method::POST) => {
            allow(cx, "exportTemplate/action")?;
            let deployment = load(cx, scope, rest[1])?;
            Ok(Reply::json(200, &json!({ "template": deployment.template })))
        }
        ([_, _, "cancel"], Method::POST) => {
            allow(cx, "cancel/action")?;
            cancel(cx, scope, rest[1])
        }
        ([_, _, "operations"], Method::GET) => {
            allow(cx, "operations/read")?;
            let operations = load(cx, scope, rest[1])?.operations(cx.now);
            list::of_entries(cx, &operations)
        }
        ([_, _, "operations", name], Method::GET) => {
            allow(cx, "operations/read")?;
            let operations = load(cx, scope, rest[1])?.operations(cx.now);
            let found = operations.iter().find(|operation| {
                operation["operationId"]
                    .as_str()
                    .is_some_and(|id| id.eq_ignore_ascii_case(name))
            });
            match found {
                Some(operation) => Ok(Reply::json(200, operation)),
                None => Err(ArmError::new(
                    404,
                    "DeploymentOperationNotFound",
                    format!("Deployment operation '{name}' could not be found."),
                )),
            }
        }
        ([_] | [_, _] | [_, _, "operations"] | [_, _, "operations", _], method) => {
            Err(ArmError::method(&method))
        }
        _ => Err(ArmError::not_found(&cx.request.path)),
    }
}

fn deployment_id(scope: &ResourceId, name: &str) -> ResourceId {
    scope.extended("Microsoft.Resources", "deployments", name)
}

fn not_found(name: &str) -> Box<ArmError> {
    ArmError::new(
        404,
        "DeploymentNotFound",
        format!("Deployment '{name}' could not be found."),
    )
}

/// The record of a deployment that is there.
fn load(cx: &RequestContext<'_>, scope: &ResourceId, name: &str) -> ArmResult<Deployment> {
    check_scope(cx, scope)?;
    let key = deployment_id(scope, name).key();
    cx.state
        .documents
        .get(&key)
        .and_then(|_| Deployment::load(cx.state, &key))
        .ok_or_else(|| not_found(name))
}

/// The deployments at a scope, not those further below.
fn all(cx: &RequestContext<'_>, scope: &ResourceId) -> ArmResult<Reply> {
    let start = list::start(cx.request)?;
    let here = format!("{}/providers/{DEPLOYMENTS}/", scope.key());
    let entries = cx
        .state
        .documents
        .of_type(DEPLOYMENTS, &scope.key(), start.as_deref());
    list::page(cx, entries, |key, resource| {
        key.starts_with(&here).then(|| resource.body.to_string())
    })
}

/// The PUT of a deployment that another one starts.
pub(crate) fn put_for(cx: &mut RequestContext<'_>, origin: &Origin) -> ArmResult<Reply> {
    let id = ResourceId::from_segments(&cx.request.segments)
        .ok_or_else(|| ArmError::not_found(&cx.request.path))?;
    subscriptions::check(cx, &id.subscription)?;
    check_version(cx)?;
    let name = id.name().to_owned();
    let scope = ResourceId {
        providers: Vec::new(),
        ..id
    };
    put(cx, &scope, &name, Some(origin))
}

/// The members of a body that say where and what, checked.
struct Wanted {
    location: Option<String>,
    tags: Option<Value>,
    properties: Value,
}

fn wanted(cx: &RequestContext<'_>, scope: &ResourceId, name: &str) -> ArmResult<Wanted> {
    check_name(name)?;
    let body = cx.request.whole_json()?;
    let properties = match body.get("properties") {
        Some(properties) if properties.is_object() => properties.clone(),
        _ => {
            return Err(ArmError::content(
                "Required property 'properties' not found in JSON",
            ));
        }
    };
    for (member, reason) in [
        ("templateLink", "linked templates"),
        ("parametersLink", "linked parameters"),
        ("onErrorDeployment", "a deployment to fall back to"),
    ] {
        if properties.get(member).is_some_and(|value| !value.is_null()) {
            return Err(ArmError::new(
                501,
                "NotImplemented",
                format!("This embedded Azure does not serve {reason} ('{member}')."),
            ));
        }
    }
    if !properties["template"].is_object() {
        return Err(ArmError::new(
            400,
            "InvalidTemplate",
            "The deployment must have a template: 'properties.template' is missing.",
        ));
    }
    match properties["mode"].as_str() {
        Some(mode) if mode.eq_ignore_ascii_case("incremental") => {}
        Some(mode) if mode.eq_ignore_ascii_case("complete") => {
            return Err(ArmError::new(
                501,
                "NotImplemented",
                "This embedded Azure does not serve the deployment mode 'Complete'.",
            ));
        }
        _ => {
            return Err(ArmError::content(
                "the deployment mode ('properties.mode') must be 'Incremental' or 'Complete'",
            ));
        }
    }
    let location = match (scope.group.is_some(), body["location"].as_str()) {
        (false, Some(location)) => {
            let region = find_region(location).ok_or_else(|| {
                ArmError::new(
                    400,
                    "LocationNotAvailableForDeployment",
                    format!("The provided location '{location}' is not available for deployment."),
                )
            })?;
            Some(region.name.to_owned())
        }
        (false, None) => {
            return Err(ArmError::new(
                400,
                "InvalidDeployment",
                format!(
                    "The 'location' property must be specified for '{name}'. Please see \
                     https://aka.ms/deploy-to-subscription for usage details."
                ),
            ));
        }
        (true, Some(_)) => {
            return Err(ArmError::new(
                400,
                "InvalidDeployment",
                format!(
                    "The 'location' property is not allowed for '{name}' at resource group scope. Please see \
                     https://aka.ms/deploy-to-subscription for usage details."
                ),
            ));
        }
        (true, None) => None,
    };
    Ok(Wanted {
        location,
        tags: body.get("tags").filter(|tags| tags.is_object()).cloned(),
        properties,
    })
}

fn check_name(name: &str) -> ArmResult<()> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    if name.chars().count() <= 64 && name.chars().all(fits) {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "InvalidDeploymentName",
        format!(
            "The deployment name '{name}' is invalid. It has 64 characters at most: letters, digits, '-', '_', '.', \
             '(' and ')'."
        ),
    ))
}

fn draft(
    cx: &RequestContext<'_>,
    scope: &ResourceId,
    name: &str,
    wanted: &Wanted,
    outer: Option<&DeploymentContext>,
) -> ArmResult<Draft> {
    let properties = &wanted.properties;
    let own = surroundings::of(
        cx.state,
        cx.environment,
        scope,
        name,
        wanted.location.as_deref(),
        properties,
    );
    let given = properties.get("parameters").cloned().unwrap_or_default();
    preflight::draft(&properties["template"], &given, scope, own, outer).map_err(ArmError::refused_template)
}

fn put(
    cx: &mut RequestContext<'_>,
    scope: &ResourceId,
    name: &str,
    origin: Option<&Origin>,
) -> ArmResult<Reply> {
    let id = deployment_id(scope, name);
    cx.authorize(&format!("{KIND}/write"), &id.to_string())?;
    check_scope(cx, scope)?;
    check_not_deleting(cx, scope)?;
    locks::check(cx, &id, locks::Intent::Write)?;
    let wanted = wanted(cx, scope, name)?;
    let key = id.key();
    let existing = cx.state.documents.document(&key);
    if let Some(existing) = &existing {
        check_existing(cx, &key, name, existing, wanted.location.as_deref())?;
    }
    let draft = draft(
        cx,
        scope,
        name,
        &wanted,
        origin.and_then(|origin| origin.outer.as_ref()),
    )?;
    if origin.is_none() {
        preflight::check_resources(cx, name, &draft)?;
    }
    let status_path = format!("{id}/operationStatuses");
    let course = cx.course(std::time::Duration::ZERO);
    let operation = Operation::start(
        key,
        Work::Deploy,
        status_path.clone(),
        status_path,
        cx.now,
        course,
    );
    let deployment = Deployment {
        id: id.to_string(),
        scope: scope.to_string(),
        location: wanted.location,
        tags: wanted.tags,
        template_hash: template_hash(&wanted.properties["template"]),
        template: wanted.properties["template"].clone(),
        parameters: draft.parameters,
        surroundings: draft.surroundings,
        correlation: origin.map_or_else(|| correlation(cx), |origin| origin.correlation.clone()),
        started: cx.now,
        operation: operation.id.clone(),
        gate: Gate::new(cx.environment, cx.now),
        state: Phase::Accepted,
        ended: 0,
        outputs: Value::Null,
        error: None,
        steps: draft.planned.into_iter().map(Step::new).collect(),
        output_step: None,
    };
    deployment.publish(cx.state, cx.now);
    let created = existing.is_none();
    let shown = cx.state.documents.document(&deployment.key()).unwrap_or_default();
    let status = if created { 201 } else { 200 };
    let answer = Answer::write(OperationShape::AzureAsyncOperation, status, created, shown);
    Ok(accept::reply(cx, operation, &answer))
}

/// The id that the whole work of a request goes by.
pub(crate) fn correlation(cx: &RequestContext<'_>) -> String {
    cx.request
        .header("x-ms-correlation-request-id")
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

fn check_existing(
    cx: &RequestContext<'_>,
    key: &str,
    name: &str,
    existing: &Value,
    location: Option<&str>,
) -> ArmResult<()> {
    let there = existing["location"].as_str();
    if let (Some(there), Some(location)) = (there, location)
        && there != location
    {
        return Err(ArmError::new(
            409,
            "InvalidDeploymentLocation",
            format!(
                "Invalid deployment location '{location}'. The deployment '{name}' already exists in location '{there}'."
            ),
        ));
    }
    if is_active(cx, key) {
        return Err(ArmError::new(
            409,
            "DeploymentActive",
            format!(
                "Unable to edit or replace deployment '{name}': previous deployment from '{}' is still active. Please see \
                 https://aka.ms/arm-deploy for usage details.",
                existing["properties"]["timestamp"].as_str().unwrap_or_default()
            ),
        ));
    }
    Ok(())
}

fn is_active(cx: &RequestContext<'_>, key: &str) -> bool {
    Deployment::load(cx.state, key).is_some_and(|deployment| !deployment.state.is_terminal())
}

fn validate(cx: &RequestContext<'_>, scope: &ResourceId, name: &str) -> ArmResult<Reply> {
    let wanted = wanted(cx, scope, name)?;
    let draft = draft(cx, scope, name, &wanted, None)?;
    preflight::check_resources(cx, name, &draft)?;
    let id = deployment_id(scope, name);
    let template = &wanted.properties["template"];
    let validated: Vec<Value> = draft
        .planned
        .iter()
        .filter(|planned| planned.enabled)
        .map(|planned| json!({ "id": planned.id }))
        .collect();
    Ok(Reply::json(
        200,
        &json!({
            "id": id.to_string(),
            "name": name,
            "type": KIND,
            "properties": {
                "provisioningState": "Succeeded",
                "mode": "Incremental",
                "correlationId": correlation(cx),
                "parameters": kompox_arm_template::parameters::shown(template, &draft.parameters),
                "validatedResources": validated,
            }
        }),
    ))
}

fn cancel(cx: &mut RequestContext<'_>, scope: &ResourceId, name: &str) -> ArmResult<Reply> {
    let mut deployment = load(cx, scope, name)?;
    if deployment.state.is_terminal() {
        return Err(ArmError::new(
            409,
            "DeploymentCannotBeCancelled",
            format!(
                "The deployment '{name}' cannot be cancelled: its provisioning state is '{:?}'.",
                deployment.state
            ),
        ));
    }
    deployment.state = Phase::Canceled;
    deployment.ended = cx.now;
    deployment.error = Some(crate::deploy::canceled());
    deployment.publish(cx.state, cx.now);
    operation::finish(
        cx.state,
        &deployment.operation,
        deployment.error.clone(),
        true,
        cx.now,
    );
    Ok(Reply::empty(204))
}

fn delete(cx: &mut RequestContext<'_>, scope: &ResourceId, name: &str) -> ArmResult<Reply> {
    let id = deployment_id(scope, name);
    let key = id.key();
    locks::check(cx, &id, locks::Intent::Delete)?;
    if cx.state.documents.get(&key).is_none() {
        return Ok(Reply::empty(204));
    }
    if is_active(cx, &key) {
        return Err(ArmError::new(
            409,
            "DeploymentActive",
            format!("Unable to delete deployment '{name}': it is still active."),
        ));
    }
    // Only the record of what was done goes.
    cx.state.remove(&key);
    Ok(Reply::empty(204))
}
