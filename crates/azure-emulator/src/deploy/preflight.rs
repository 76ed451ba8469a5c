//! What ARM finds wrong before a deployment starts: with the template, and with what it would do.

use kompox_arm_template::context::DeploymentContext;
use kompox_arm_template::document::{Level, check, is_inner};
use kompox_arm_template::error::TemplateError;
use kompox_arm_template::evaluator::Evaluator;
use kompox_arm_template::parameters;
use kompox_arm_template::plan::{Planned, plan};
use serde_json::Value;

use super::send;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::{api_versions, providers, subscriptions, version};
use crate::context::RequestContext;
use crate::types;

/// What a deployment would be.
pub(crate) struct Draft {
    pub(crate) surroundings: DeploymentContext,
    pub(crate) parameters: serde_json::Map<String, Value>,
    pub(crate) planned: Vec<Planned>,
}

/// Reads a template and plans it. `surroundings` are the deployment's own; `outer` those of the parent, where
/// the expressions see that.
pub(crate) fn draft(
    template: &Value,
    given: &Value,
    scope: &ResourceId,
    mut surroundings: DeploymentContext,
    outer: Option<&DeploymentContext>,
) -> Result<Draft, TemplateError> {
    let level = if scope.group.is_some() {
        Level::Group
    } else {
        Level::Subscription
    };
    check(template, level)?;
    let own = match outer {
        None => parameters::resolve(template, given, &surroundings)?,
        Some(outer) => {
            if given.as_object().is_some_and(|given| !given.is_empty()) {
                return Err(TemplateError::template(
                    "A nested deployment whose expressions are evaluated in the outer scope takes no parameters. \
                     Please see https://aka.ms/nestedTemplates for usage details.",
                ));
            }
            surroundings = outer.clone();
            serde_json::Map::new()
        }
    };
    if outer.is_none() {
        surroundings.parameters.clone_from(&own);
    }
    let planned = plan(template, &Evaluator::new(&surroundings), &scope.to_string())?;
    Ok(Draft {
        surroundings,
        parameters: own,
        planned,
    })
}

/// Refuses what could not be deployed anyhow: unknown types and what the caller may not write.
///
/// Nested deployments are looked into as far as they are known before anything is deployed.
pub(crate) fn check_resources(cx: &RequestContext<'_>, name: &str, draft: &Draft) -> ArmResult<()> {
    let mut errors = Vec::new();
    collect(cx, draft, &mut errors);
    if errors.is_empty() {
        return Ok(());
    }
    let forbidden = errors.iter().all(|error| error.code == "AuthorizationFailed");
    let status = if forbidden { 403 } else { 400 };
    let details: Vec<Value> = errors.iter().map(ArmError::inner).collect();
    Err(ArmError::new(
        status,
        "InvalidTemplateDeployment",
        format!(
            "The template deployment '{name}' is not valid according to the validation procedure. The tracking id is \
             '{}'. See inner errors for details.",
            uuid::Uuid::new_v4()
        ),
    )
    .details(details))
}

fn collect(cx: &RequestContext<'_>, draft: &Draft, errors: &mut Vec<ArmError>) {
    for planned in draft.planned.iter().filter(|planned| planned.enabled) {
        if let Err(error) = known(cx, planned) {
            errors.push(*error);
            continue;
        }
        if planned.is_deployment() {
            match nested(cx, planned, draft) {
                Ok(inner) => collect(cx, &inner, errors),
                // What needs other resources is found out when they are there.
                Err(problem) if problem.needs_runtime => {}
                Err(problem) => errors.push(*ArmError::refused_template(problem)),
            }
        }
    }
}

fn nested(cx: &RequestContext<'_>, planned: &Planned, above: &Draft) -> Result<Draft, TemplateError> {
    let outer = &above.surroundings;
    let body = planned.evaluated(&Evaluator::new(outer))?;
    let properties = &body["properties"];
    let id = ResourceId::parse(&planned.id)
        .ok_or_else(|| TemplateError::template(format!("'{}' is no resource id", planned.id)))?;
    let scope = ResourceId {
        providers: Vec::new(),
        ..id
    };
    let mut own = super::surroundings::of(
        cx.state,
        cx.environment,
        &scope,
        &planned.name,
        body["location"].as_str(),
        properties,
    );
    if own.group.is_none() && scope.group.is_some() {
        own.group = Some(group_to_be(&scope, above)?);
    }
    let given = properties.get("parameters").cloned().unwrap_or_default();
    let seen = (!is_inner(properties)).then_some(outer);
    draft(&properties["template"], &given, &scope, own, seen)
}

/// A group that the template around makes; of any other nothing is known yet.
fn group_to_be(scope: &ResourceId, above: &Draft) -> Result<Value, TemplateError> {
    let unknown = || TemplateError {
        needs_runtime: true,
        ..TemplateError::template("the group is not there yet")
    };
    let id = scope.to_string();
    let planned = above
        .planned
        .iter()
        .find(|planned| planned.id.eq_ignore_ascii_case(&id))
        .ok_or_else(unknown)?;
    let mut group = planned.evaluated(&Evaluator::new(&above.surroundings))?;
    group["id"] = id.into();
    group["name"] = planned.name.clone().into();
    group["type"] = "Microsoft.Resources/resourceGroups".into();
    Ok(group)
}

/// Types that are handled apart from the registry, with what a write of them takes.
const BUILT_IN: &[(&str, &str)] = &[
    (
        "microsoft.resources/deployments",
        "Microsoft.Resources/deployments/write",
    ),
    (
        "microsoft.resources/resourcegroups",
        "Microsoft.Resources/subscriptions/resourceGroups/write",
    ),
    ("microsoft.resources/tags", "Microsoft.Resources/tags/write"),
    (
        "microsoft.authorization/locks",
        "Microsoft.Authorization/locks/write",
    ),
    (
        "microsoft.authorization/roleassignments",
        "Microsoft.Authorization/roleAssignments/write",
    ),
];

fn known(cx: &RequestContext<'_>, planned: &Planned) -> ArmResult<()> {
    let id = ResourceId::parse(&planned.id).ok_or_else(|| {
        ArmError::new(
            400,
            "InvalidResourceId",
            format!("'{}' is no resource id.", planned.id),
        )
    })?;
    subscriptions::check(cx, &id.subscription)?;
    let full = id.kind();
    let kind = full.to_lowercase();
    let region = &cx.environment.options.region;
    if let Some(versions) = api_versions::of_built_in(&kind) {
        let (namespace, name) = full.split_once('/').unwrap_or((&full, ""));
        version::exists(&planned.api_version, namespace, name, versions, region)?;
    }
    let action = match BUILT_IN.iter().find(|(known, _)| *known == kind) {
        Some((_, action)) if planned.existing => action.replace("/write", "/read"),
        Some((_, action)) => (*action).to_owned(),
        None => {
            let (namespace, path) = kind.split_once('/').unwrap_or((&kind, ""));
            let namespace =
                providers::canonical(namespace).ok_or_else(|| providers::invalid_namespace(namespace))?;
            let found = types::find(namespace, path).ok_or_else(|| {
                ArmError::new(
                    400,
                    "InvalidResourceType",
                    format!(
                        "The resource type '{path}' could not be found in the namespace '{namespace}' for api version \
                         '{}'.",
                        planned.api_version
                    ),
                )
            })?;
            let info = found.info();
            version::exists(&planned.api_version, namespace, info.kind, info.versions, region)?;
            if planned.existing {
                return cx.authorize(&format!("{}/read", found.info().full_name()), &planned.id);
            }
            if send::may_register(cx, namespace).is_err() {
                providers::check_registered(cx, namespace)?;
            }
            format!("{}/write", found.info().full_name())
        }
    };
    cx.authorize(&action, &planned.id)
}
