//! The structure of a template, checked as a whole before anything of it is evaluated.

use serde_json::{Map, Value};

use super::error::{Result, TemplateError};
use super::expression::{Written, read};
use super::functions;

/// Lower-cased type of a deployment.
pub const DEPLOYMENT: &str = "microsoft.resources/deployments";

const SECTIONS: &[&str] = &[
    "$schema",
    "contentVersion",
    "languageVersion",
    "apiProfile",
    "metadata",
    "parameters",
    "variables",
    "resources",
    "outputs",
];

/// Sections that ARM has and this program has not.
const NOT_SERVED: &[&str] = &["functions", "definitions", "extensions", "imports"];

const RESOURCE: &[&str] = &[
    "apiVersion",
    "comments",
    "condition",
    "copy",
    "dependsOn",
    "extendedLocation",
    "identity",
    "kind",
    "location",
    "managedBy",
    "managedByExtended",
    "metadata",
    "name",
    "plan",
    "properties",
    "resourceGroup",
    "resources",
    "scale",
    "scope",
    "sku",
    "subscriptionId",
    "tags",
    "type",
    "zones",
];

/// Where a template is deployed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A subscription: resource groups and what else lies there.
    Subscription,
    /// A resource group.
    Group,
}

/// Refuses what is no template, and expressions that make no sense where they stand.
pub fn check(template: &Value, level: Level) -> Result<()> {
    check_as(template, level, true)
}

/// `own`: its expressions see its own scope. What it deploys is not known outside of that.
fn check_as(template: &Value, level: Level, own: bool) -> Result<()> {
    let Value::Object(sections) = template else {
        return Err(TemplateError::template("The template must be a JSON object."));
    };
    for name in sections.keys() {
        if let Some(section) = NOT_SERVED.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            return Err(TemplateError::template(format!(
                "This embedded Azure does not serve the section '{section}' of a template."
            )));
        }
        if !SECTIONS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(no_member(name, "Template"));
        }
    }
    check_schema(sections, level)?;
    if !sections.get("contentVersion").is_some_and(Value::is_string) {
        return Err(TemplateError::template(
            "The template must have the property 'contentVersion'. Please see https://aka.ms/arm-syntax for usage \
             details.",
        ));
    }
    if let Some(variables) = sections.get("variables") {
        expressions(variables, false)
            .map_err(|problem| problem.at("The template variables are not valid"))?;
    }
    for (name, output) in entries(template, "outputs")? {
        let place = format!("The template output '{name}' is not valid");
        for (key, value) in output.as_object().into_iter().flatten() {
            // In the outer scope nobody knows yet what the nested deployment has made.
            let late = own && matches!(key.as_str(), "value" | "copy");
            expressions(value, late).map_err(|problem| problem.at(&place))?;
        }
    }
    let symbolic = is_symbolic(template)?;
    for (_, resource) in resources(template)? {
        check_resource(resource, symbolic)?;
    }
    Ok(())
}

/// Whether the resources of a template have symbolic names, which they have from version 2.0 of the language on.
fn is_symbolic(template: &Value) -> Result<bool> {
    match template.get("languageVersion").map(Value::as_str) {
        None | Some(Some("1.0")) => Ok(false),
        Some(Some("2.0")) => Ok(true),
        Some(other) => Err(TemplateError::template(format!(
            "This embedded Azure does not serve the language version '{}' of a template.",
            other.unwrap_or_default()
        ))),
    }
}

fn no_member(name: &str, kind: &str) -> TemplateError {
    TemplateError::with_code(
        "InvalidRequestContent",
        format!(
            "The request content was invalid and could not be deserialized: 'Could not find member '{name}' on object \
             of type '{kind}'.'."
        ),
    )
}

/// The schema says what a template is for, and ARM refuses one that is for something else.
fn check_schema(sections: &Map<String, Value>, level: Level) -> Result<()> {
    let schema = sections
        .get("$schema")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let wanted = match level {
        Level::Subscription => "/subscriptiondeploymenttemplate.json",
        Level::Group => "/deploymenttemplate.json",
    };
    if schema
        .to_ascii_lowercase()
        .trim_end_matches('#')
        .ends_with(wanted)
    {
        return Ok(());
    }
    Err(TemplateError::template(format!(
        "The template schema '{schema}' is not supported for a deployment at {} scope. Please see \
         https://aka.ms/arm-syntax for usage details.",
        match level {
            Level::Subscription => "subscription",
            Level::Group => "resource group",
        }
    )))
}

/// The entries of a section that is an object.
pub(crate) fn entries<'t>(template: &'t Value, section: &str) -> Result<Vec<(&'t String, &'t Value)>> {
    match template.get(section) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(entries)) => Ok(entries.iter().collect()),
        Some(_) => Err(TemplateError::template(format!(
            "The section '{section}' of the template must be an object."
        ))),
    }
}

/// The template's resources, as written, with their symbolic names where the language has these.
pub(crate) fn resources(template: &Value) -> Result<Vec<(Option<&str>, &Value)>> {
    match (template.get("resources"), is_symbolic(template)?) {
        (Some(Value::Array(resources)), false) => {
            Ok(resources.iter().map(|resource| (None, resource)).collect())
        }
        (Some(Value::Object(resources)), true) => Ok(resources
            .iter()
            .map(|(symbol, resource)| (Some(symbol.as_str()), resource))
            .collect()),
        (None, _) => Err(TemplateError::template(
            "The template must have the property 'resources'. Please see https://aka.ms/arm-syntax for usage details.",
        )),
        (Some(_), false) => Err(TemplateError::template(
            "The property 'resources' must be an array, unless the template has the language version '2.0'.",
        )),
        (Some(_), true) => Err(TemplateError::template(
            "The property 'resources' must be an object of symbolic names: the template has the language version '2.0'.",
        )),
    }
}

/// Whether a resource of a template is there already, and only referred to.
pub(crate) fn is_existing(resource: &Value) -> bool {
    resource["existing"].as_bool().unwrap_or(false)
}

fn check_resource(resource: &Value, symbolic: bool) -> Result<()> {
    let name = resource["name"].as_str().unwrap_or_default();
    let place = format!("The template resource '{name}' is not valid");
    let Value::Object(members) = resource else {
        return Err(TemplateError::template(
            "A resource of the template must be an object.",
        ));
    };
    for required in ["name", "type", "apiVersion"] {
        if !members.get(required).is_some_and(Value::is_string) {
            return Err(TemplateError::template(format!(
                "The '{required}' property is required for a resource"
            ))
            .at(&place));
        }
    }
    for (key, value) in members {
        if symbolic && key == "existing" {
            if !value.is_boolean() {
                return Err(TemplateError::template("The property 'existing' must be a boolean").at(&place));
            }
            continue;
        }
        if !RESOURCE.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            return Err(no_member(key, "TemplateResource"));
        }
        match key.as_str() {
            "resources" | "comments" | "metadata" => {}
            "properties" if is_deployment(resource) => {
                check_nested(resource, value).map_err(|problem| problem.at(&place))?;
            }
            // Only properties may need what other resources have become.
            key => expressions(value, key == "properties").map_err(|problem| problem.at(&place))?,
        }
    }
    for child in resource["resources"].as_array().into_iter().flatten() {
        check_resource(child, symbolic)?;
    }
    Ok(())
}

/// Whether a resource of a template is a nested deployment.
pub(crate) fn is_deployment(resource: &Value) -> bool {
    resource["type"]
        .as_str()
        .is_some_and(|kind| kind.eq_ignore_ascii_case(DEPLOYMENT))
}

fn check_nested(resource: &Value, properties: &Value) -> Result<()> {
    for (key, value) in properties.as_object().into_iter().flatten() {
        match key.as_str() {
            "template" => {}
            "templateLink" | "parametersLink" | "onErrorDeployment" => {
                return Err(TemplateError::template(format!(
                    "This embedded Azure does not serve '{key}' of a deployment."
                )));
            }
            "parameters" => expressions(value, true)?,
            _ => expressions(value, false)?,
        }
    }
    let level = if resource.get("resourceGroup").is_some() || resource.get("location").is_none() {
        Level::Group
    } else {
        Level::Subscription
    };
    match properties.get("template") {
        Some(template) => check_as(template, level, is_inner(properties)),
        None => Err(TemplateError::template(
            "A nested deployment must have the property 'template'",
        )),
    }
}

/// Whether the expressions of a nested deployment see its own parameters and variables; by default they do not.
pub fn is_inner(properties: &Value) -> bool {
    properties["expressionEvaluationOptions"]["scope"]
        .as_str()
        .is_some_and(|scope| scope.eq_ignore_ascii_case("inner"))
}

/// Reads every expression in a value. `late`: `reference` is allowed there.
fn expressions(value: &Value, late: bool) -> Result<()> {
    match value {
        Value::String(text) => text_expressions(text, late),
        Value::Array(items) => items.iter().try_for_each(|item| expressions(item, late)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            text_expressions(key, false)?;
            // How often a loop turns must be known before.
            expressions(value, late && key != "count")
        }),
        _ => Ok(()),
    }
}

fn text_expressions(text: &str, late: bool) -> Result<()> {
    let Written::Expression(expression) = read(text)? else {
        return Ok(());
    };
    let mut problem = None;
    expression.calls(&mut |call| {
        let wrong = match functions::check(&call.name, call.arguments.len()) {
            Err(wrong) => Some(wrong),
            Ok(()) if !late && call.name.eq_ignore_ascii_case("reference") => {
                Some(TemplateError::not_here(&call.name))
            }
            Ok(()) => None,
        };
        problem = problem.take().or(wrong);
    });
    problem.map_or(Ok(()), Err)
}

/// The names that a value's expressions refer to by `reference` without an api-version; each may be an expression.
pub(crate) fn referred(value: &Value, found: &mut Vec<super::expression::Expression>) {
    match value {
        Value::String(text) => {
            if let Ok(Written::Expression(expression)) = read(text) {
                expression.calls(&mut |call| {
                    if let ([name], true) = (
                        call.arguments.as_slice(),
                        call.name.eq_ignore_ascii_case("reference"),
                    ) {
                        found.push(name.clone());
                    }
                });
            }
        }
        Value::Array(items) => items.iter().for_each(|item| referred(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| referred(value, found)),
        _ => {}
    }
}
