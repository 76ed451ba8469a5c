//! Parameters: their types and limits, defaults, and what a deployment is given.

use serde_json::{Map, Value};

use super::context::DeploymentContext;
use super::document::entries;
use super::error::{Result, TemplateError};
use super::evaluator::{Evaluator, Frame};
use super::values::{as_text, type_name};

/// Types of parameters and outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    SecureString,
    Int,
    Bool,
    Object,
    SecureObject,
    Array,
}

impl Kind {
    const ALL: [(&'static str, Self); 7] = [
        ("String", Self::String),
        ("SecureString", Self::SecureString),
        ("Int", Self::Int),
        ("Bool", Self::Bool),
        ("Object", Self::Object),
        ("SecureObject", Self::SecureObject),
        ("Array", Self::Array),
    ];

    /// By name, without case.
    pub(crate) fn read(definition: &Value, place: &str) -> Result<Self> {
        let name = definition["type"].as_str().unwrap_or_default();
        Self::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, kind)| *kind)
            .ok_or_else(|| TemplateError::template(format!("The type '{name}' of {place} is not valid.")))
    }

    /// As answers name it.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }

    /// As stacks name it.
    fn stack_name(self) -> String {
        let mut name = self.name().to_owned();
        name[..1].make_ascii_lowercase();
        name
    }

    /// Whether values are never shown.
    pub(crate) fn is_secure(self) -> bool {
        matches!(self, Self::SecureString | Self::SecureObject)
    }

    /// Refuses a value of another type.
    pub(crate) fn check(self, value: &Value) -> Result<()> {
        let (fits, expected) = match self {
            Self::String | Self::SecureString => (value.is_string(), "String, Uri"),
            Self::Int => (value.is_i64(), "Integer"),
            Self::Bool => (value.is_boolean(), "Boolean"),
            Self::Object | Self::SecureObject => (value.is_object(), "Object"),
            Self::Array => (value.is_array(), "Array"),
        };
        if fits {
            return Ok(());
        }
        Err(TemplateError::template(format!(
            "Template parameter JToken type is not valid. Expected '{expected}'. Actual '{}'. Please see \
             https://aka.ms/arm-syntax-parameters for usage details.",
            type_name(value)
        )))
    }
}

/// The values of a template's parameters: what is given, else the defaults.
pub fn resolve(template: &Value, given: &Value, context: &DeploymentContext) -> Result<Map<String, Value>> {
    let definitions = entries(template, "parameters")?;
    let empty = Map::new();
    let given = match given {
        Value::Null => &empty,
        Value::Object(given) => given,
        _ => return Err(TemplateError::template("The parameters must be an object.")),
    };
    let unknown: Vec<&str> = given
        .keys()
        .filter(|name| {
            !definitions
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        })
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        let known: Vec<&str> = definitions.iter().map(|(name, _)| name.as_str()).collect();
        return Err(TemplateError::template(format!(
            "The template parameters '{}' in the parameters file are not valid; they are not present in the original \
             template and can therefore not be provided at deployment time. The only supported parameters for this \
             template are '{}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.",
            unknown.join(", "),
            known.join(", ")
        )));
    }
    let mut here = DeploymentContext {
        parameters: Map::new(),
        variables: Value::Null,
        ..context.clone()
    };
    let mut defaults = Vec::new();
    let mut absent = Vec::new();
    for (name, definition) in &definitions {
        let value = given
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        match value {
            Some(value) => {
                here.parameters.insert((*name).clone(), given_value(name, value)?);
            }
            None if definition.get("defaultValue").is_some() => defaults.push((*name, *definition)),
            None => absent.push(name.as_str()),
        }
    }
    if let Some(name) = absent.first() {
        return Err(TemplateError::template(format!(
            "The value for the template parameter '{name}' is not provided. Please see \
             https://aka.ms/arm-create-parameter-file for usage details."
        )));
    }
    add_defaults(&mut here, defaults)?;
    for (name, definition) in &definitions {
        if let Some(value) = here.parameters.get(name.as_str()) {
            check(name, definition, value)?;
        }
    }
    Ok(here.parameters)
}

fn given_value(name: &str, entry: &Value) -> Result<Value> {
    if entry.get("reference").is_some() {
        return Err(TemplateError::with_code(
            "KeyVaultParameterReferenceNotServed",
            format!(
                "This embedded Azure does not serve the reference to a vault that the template parameter '{name}' is \
                 given."
            ),
        ));
    }
    match entry.get("value") {
        Some(Value::Null) | None => Err(TemplateError::template(format!(
            "The value for the template parameter '{name}' is not provided. Please see \
             https://aka.ms/arm-create-parameter-file for usage details."
        ))),
        Some(value) => Ok(value.clone()),
    }
}

/// A default may need other parameters: they are evaluated in whatever order works.
fn add_defaults(here: &mut DeploymentContext, mut open: Vec<(&String, &Value)>) -> Result<()> {
    while !open.is_empty() {
        let mut later = Vec::new();
        let mut problem = None;
        let before = open.len();
        for (name, definition) in open {
            let evaluated = Evaluator::new(here).value(&definition["defaultValue"], &Frame::default());
            match evaluated {
                Ok(value) => {
                    here.parameters.insert(name.clone(), value);
                }
                Err(wrong) => {
                    let place = format!("The default value of the template parameter '{name}' is not valid");
                    problem = problem.or_else(|| Some(wrong.at(&place)));
                    later.push((name, definition));
                }
            }
        }
        if later.len() == before {
            return problem.map_or(Ok(()), Err);
        }
        open = later;
    }
    Ok(())
}

fn check(name: &str, definition: &Value, value: &Value) -> Result<()> {
    let place = format!("the template parameter '{name}'");
    let kind = Kind::read(definition, &place)?;
    kind.check(value)
        .map_err(|problem| problem.at(&format!("The value of {place} is not valid")))?;
    let refuse = |reason: String| {
        Err(TemplateError::template(format!(
            "The provided value for the template parameter '{name}' is not valid. {reason} Please see \
             https://aka.ms/arm-syntax-parameters for usage details."
        )))
    };
    if let Some(Value::Array(allowed)) = definition.get("allowedValues") {
        let fits = match value {
            Value::Array(items) => items.iter().all(|item| allowed.contains(item)),
            value => allowed.contains(value),
        };
        if !fits {
            let allowed: Vec<String> = allowed.iter().map(as_text).collect();
            let shown = if kind.is_secure() {
                String::new()
            } else {
                as_text(value)
            };
            return refuse(format!(
                "The value '{shown}' is not part of the allowed value(s): '{}'.",
                allowed.join(",")
            ));
        }
    }
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let number = value.as_i64().unwrap_or_default();
    for (limit, measured, least, what) in [
        ("minLength", length, true, "Length of the value"),
        ("maxLength", length, false, "Length of the value"),
        ("minValue", number, true, "The value"),
        ("maxValue", number, false, "The value"),
    ] {
        let Some(bound) = definition.get(limit).and_then(Value::as_i64) else {
            continue;
        };
        if least && measured < bound {
            return refuse(format!("{what} should be greater than or equal to '{bound}'."));
        }
        if !least && measured > bound {
            return refuse(format!("{what} should be less than or equal to '{bound}'."));
        }
    }
    Ok(())
}

/// The parameters as deployments show them: types and values, of secure ones the type alone.
pub fn shown(template: &Value, values: &Map<String, Value>) -> Value {
    with_types(template, values, |kind| kind.name().to_owned())
}

/// The same as stacks show them, which begin the names of types with a small letter.
pub fn of_stack(template: &Value, values: &Map<String, Value>) -> Value {
    with_types(template, values, Kind::stack_name)
}

/// The parameters that a stack is given, as it shows them: what a template adds is not among them, and one that the
/// template does not know has no type.
pub fn given(template: &Value, given: &Value) -> Value {
    let definitions = entries(template, "parameters").unwrap_or_default();
    let mut shown = Map::new();
    for (name, entry) in given.as_object().into_iter().flatten() {
        let kind = definitions
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .and_then(|(_, definition)| Kind::read(definition, name).ok());
        let mut told = Map::new();
        if let Some(kind) = kind {
            told.insert("type".to_owned(), kind.stack_name().into());
        }
        if !kind.is_some_and(Kind::is_secure) {
            let parts = ["value", "reference"].into_iter();
            told.extend(parts.filter_map(|part| Some((part.to_owned(), entry.get(part)?.clone()))));
        }
        shown.insert(name.clone(), told.into());
    }
    shown.into()
}

fn with_types(template: &Value, values: &Map<String, Value>, type_name: impl Fn(Kind) -> String) -> Value {
    let mut shown = Map::new();
    for (name, definition) in entries(template, "parameters").unwrap_or_default() {
        let Ok(kind) = Kind::read(definition, name) else {
            continue;
        };
        let mut entry = Map::new();
        entry.insert("type".to_owned(), type_name(kind).into());
        if let (false, Some(value)) = (kind.is_secure(), values.get(name)) {
            entry.insert("value".to_owned(), value.clone());
        }
        shown.insert(name.clone(), entry.into());
    }
    shown.into()
}
