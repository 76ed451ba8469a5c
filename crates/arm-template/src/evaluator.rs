//! Evaluating what a template says: expressions within values, property loops, and what surrounds them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context::DeploymentContext;
use super::error::{Result, TemplateError};
use super::expression::{Access, Call, Expression, Written, read};
use super::functions::{self, Arguments};
use super::ids;
use super::values::{as_text, by_name, element, property, type_name};

/// What is known only while resources are deployed.
pub trait DeployedResources {
    /// What `reference()` answers about a resource, by name or by id.
    fn reference(&self, resource: &str, version: Option<&str>, full: bool) -> Result<Value>;
}

/// One turn of a loop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Iteration {
    /// The name of the loop; empty where it has none.
    pub name: String,
    /// The number of the iteration, from 0.
    pub index: i64,
    /// Whether `copyIndex()` without a name means it: of property loops it does not.
    pub unnamed: bool,
}

/// Where in the template an expression stands.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The iterations that it is within, the outermost first.
    pub turns: Vec<Iteration>,
    lambdas: Vec<(String, Value)>,
}

impl Frame {
    /// In these loops.
    pub fn within(turns: &[Iteration]) -> Self {
        Self {
            turns: turns.to_vec(),
            lambdas: Vec::new(),
        }
    }

    /// In one more.
    pub fn turn(&self, name: &str, index: i64, unnamed: bool) -> Self {
        let mut frame = self.clone();
        frame.turns.push(Iteration {
            name: name.to_owned(),
            index,
            unnamed,
        });
        frame
    }
}

/// Loops of more turns ARM refuses.
const MOST_TURNS: i64 = 800;

/// Evaluates what stands in one template.
pub struct Evaluator<'a> {
    context: &'a DeploymentContext,
    deployed: Option<&'a dyn DeployedResources>,
    known: RefCell<BTreeMap<String, Value>>,
    /// Variables that are being evaluated: one that needs itself has no value.
    open: RefCell<Vec<String>>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for places where nothing is deployed yet: names, conditions, counts, variables.
    pub fn new(context: &'a DeploymentContext) -> Self {
        Self {
            context,
            deployed: None,
            known: RefCell::default(),
            open: RefCell::default(),
        }
    }

    /// One for properties and outputs.
    pub fn deployed(context: &'a DeploymentContext, deployed: &'a dyn DeployedResources) -> Self {
        Self {
            deployed: Some(deployed),
            ..Self::new(context)
        }
    }

    /// The context that expressions are evaluated in.
    pub fn context(&self) -> &'a DeploymentContext {
        self.context
    }

    /// A value with its expressions evaluated, and the property loops in it unrolled.
    pub fn value(&self, value: &Value, frame: &Frame) -> Result<Value> {
        match value {
            Value::String(text) => self.text(text, frame),
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(item, frame))
                .collect::<Result<Vec<_>>>()
                .map(Value::from),
            Value::Object(fields) => self.object(fields, frame),
            other => Ok(other.clone()),
        }
    }

    fn text(&self, text: &str, frame: &Frame) -> Result<Value> {
        match read(text)? {
            Written::Literal(text) => Ok(text.into()),
            Written::Expression(expression) => self.expression(&expression, frame),
        }
    }

    fn object(&self, fields: &Map<String, Value>, frame: &Frame) -> Result<Value> {
        let mut evaluated = Map::new();
        for (key, value) in fields {
            if let (true, Value::Array(loops)) = (key.eq_ignore_ascii_case("copy"), value) {
                for one in loops {
                    let (name, items) = self.property_loop(one, frame)?;
                    evaluated.insert(name, items);
                }
                continue;
            }
            let name = match self.text(key, frame)? {
                Value::String(name) => name,
                other => {
                    return Err(TemplateError::template(format!(
                        "The property name '{key}' evaluates to a value of type '{}', not to a string.",
                        type_name(&other)
                    )));
                }
            };
            evaluated.insert(name, self.value(value, frame)?);
        }
        Ok(evaluated.into())
    }

    fn property_loop(&self, one: &Value, frame: &Frame) -> Result<(String, Value)> {
        let (Some(name), Some(count), Some(input)) =
            (one["name"].as_str(), one.get("count"), one.get("input"))
        else {
            return Err(TemplateError::template(
                "The template copy definition must have 'name', 'count' and 'input'.",
            ));
        };
        let items = (0..self.count(name, count, frame)?)
            .map(|index| self.value(input, &frame.turn(name, index, false)))
            .collect::<Result<Vec<_>>>()?;
        Ok((name.to_owned(), items.into()))
    }

    /// How many turns a loop has. It must be known before anything is deployed.
    pub fn count(&self, name: &str, count: &Value, frame: &Frame) -> Result<i64> {
        let before = Evaluator::new(self.context);
        let count = before.value(count, frame)?;
        match count.as_i64() {
            Some(count) if (0..=MOST_TURNS).contains(&count) => Ok(count),
            Some(count) => Err(TemplateError::template(format!(
                "The copy count '{count}' of '{name}' is not valid: it must lie between '0' and '{MOST_TURNS}'."
            ))),
            None => Err(TemplateError::template(format!(
                "The copy count of '{name}' must be an integer. The provided value is of type '{}'.",
                type_name(&count)
            ))),
        }
    }

    /// What an expression of another place evaluates to here.
    pub(crate) fn named(&self, expression: &Expression, frame: &Frame) -> Result<Value> {
        self.expression(expression, frame)
    }

    fn expression(&self, expression: &Expression, frame: &Frame) -> Result<Value> {
        match expression {
            Expression::Text(text) => Ok(text.as_str().into()),
            Expression::Number(number) => Ok((*number).into()),
            Expression::Call(call) => self.call(call, frame),
            Expression::Of(value, access) => {
                let value = self.expression(value, frame)?;
                self.access(&value, access, frame)
            }
        }
    }

    fn access(&self, value: &Value, access: &Access, frame: &Frame) -> Result<Value> {
        let key = self.expression(&access.key, frame)?;
        let found = match (&key, value) {
            (Value::String(name), Value::Object(_)) => property(value, name),
            (Value::Number(number), Value::Array(_)) => {
                number.as_i64().and_then(|number| element(value, number))
            }
            _ if access.safe && value.is_null() => None,
            _ => {
                return Err(TemplateError::template(format!(
                    "The language expression property '{}' can't be evaluated, the value is of type '{}'.",
                    as_text(&key),
                    type_name(value)
                )));
            }
        };
        match found {
            Some(found) => Ok(found.clone()),
            None if access.safe => Ok(Value::Null),
            None => Err(missing(value, &key)),
        }
    }

    fn call(&self, call: &Call, frame: &Frame) -> Result<Value> {
        functions::check(&call.name, call.arguments.len())?;
        let name = call.name.to_ascii_lowercase();
        // Of the branches only the one that is taken is evaluated.
        if name == "if" {
            let [condition, yes, no] = call.arguments.as_slice() else {
                return Ok(Value::Null);
            };
            return match self.expression(condition, frame)? {
                Value::Bool(true) => self.expression(yes, frame),
                Value::Bool(false) => self.expression(no, frame),
                other => Err(TemplateError::template(format!(
                    "The template language function 'if' expects its first parameter to be of type 'Boolean'. The \
                     provided value is of type '{}'.",
                    type_name(&other)
                ))),
            };
        }
        if matches!(name.as_str(), "map" | "filter") {
            return self.each(&name, call, frame);
        }
        if name == "lambda" {
            return Err(TemplateError::template(
                "The template function 'lambda' is not expected at this location: it is an argument of 'map' or \
                 'filter'.",
            ));
        }
        let values = call
            .arguments
            .iter()
            .map(|argument| self.expression(argument, frame))
            .collect::<Result<Vec<_>>>()?;
        let arguments = Arguments {
            function: &call.name,
            values: &values,
        };
        match functions::find(&name) {
            Some(function) => (function.apply)(&arguments),
            None => self.surrounded(&name, &arguments, frame),
        }
    }

    /// Functions that need more than their arguments.
    fn surrounded(&self, name: &str, arguments: &Arguments<'_>, frame: &Frame) -> Result<Value> {
        let here = self.context;
        let text = |index: usize| match arguments.values.get(index) {
            Some(Value::String(text)) => Ok(text.as_str()),
            other => Err(TemplateError::template(format!(
                "The template language function '{}' expects its parameter '{}' to be of type 'String'. The provided \
                 value is of type '{}'.",
                arguments.function,
                index + 1,
                type_name(other.unwrap_or(&Value::Null))
            ))),
        };
        match name {
            "parameters" => {
                let wanted = text(0)?;
                by_name(&here.parameters, wanted).cloned().ok_or_else(|| {
                    TemplateError::template(format!(
                        "The template parameter '{wanted}' is not found. Please see \
                         https://aka.ms/arm-syntax-parameters for usage details."
                    ))
                })
            }
            "variables" => self.variable(text(0)?),
            "copyindex" => copy_index(arguments, frame),
            "lambdavariables" => {
                let wanted = text(0)?;
                let mut inner = frame.lambdas.iter().rev();
                inner
                    .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| {
                        TemplateError::template(format!("The lambda variable '{wanted}' is not found."))
                    })
            }
            "subscription" => Ok(here.subscription.clone()),
            "resourcegroup" => here
                .group
                .clone()
                .ok_or_else(|| TemplateError::not_here(arguments.function)),
            "tenant" => Ok(here.tenant.clone()),
            "deployment" => Ok(here.deployment.clone()),
            "deployer" => Ok(here.deployer.clone()),
            "environment" => Ok(here.environment.clone()),
            "reference" => {
                let deployed = self
                    .deployed
                    .ok_or_else(|| TemplateError::not_here(arguments.function))?;
                let version = match arguments.values.get(1) {
                    None | Some(Value::Null) => None,
                    Some(_) => Some(text(1)?),
                };
                let full = match arguments.values.get(2) {
                    None => false,
                    Some(_) if text(2)?.eq_ignore_ascii_case("full") => true,
                    Some(_) => {
                        return Err(TemplateError::template(
                            "The third parameter of the template function 'reference' can only be 'Full'.",
                        ));
                    }
                };
                deployed.reference(text(0)?, version, full)
            }
            _ => {
                let texts = (0..arguments.values.len())
                    .map(text)
                    .collect::<Result<Vec<_>>>()?;
                ids::build(name, arguments.function, &texts, here)
            }
        }
    }

    fn variable(&self, wanted: &str) -> Result<Value> {
        let key = wanted.to_ascii_lowercase();
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        if self.open.borrow().contains(&key) {
            return Err(TemplateError::template(format!(
                "Circular reference detected: the template variable '{wanted}' needs itself."
            )));
        }
        let absent = || {
            TemplateError::template(format!(
                "The template variable '{wanted}' is not found. Please see https://aka.ms/arm-syntax-variables for \
                 usage details."
            ))
        };
        let definitions = self.context.variables.as_object().ok_or_else(absent)?;
        self.open.borrow_mut().push(key.clone());
        // Variables are known before anything is deployed.
        let before = Evaluator {
            context: self.context,
            deployed: None,
            known: RefCell::default(),
            open: RefCell::new(self.open.borrow().clone()),
        };
        let frame = Frame::default();
        let loops = by_name(definitions, "copy").and_then(Value::as_array);
        let found = match by_name(definitions, wanted) {
            Some(definition) if !key.eq("copy") => before.value(definition, &frame),
            _ => loops
                .into_iter()
                .flatten()
                .find(|one| {
                    one["name"]
                        .as_str()
                        .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
                })
                .ok_or_else(absent)
                .and_then(|one| before.property_loop(one, &frame))
                .map(|(_, items)| items),
        };
        self.open.borrow_mut().pop();
        let found = found?;
        self.known.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// `map` and `filter`.
    fn each(&self, name: &str, call: &Call, frame: &Frame) -> Result<Value> {
        let Some(Expression::Call(lambda)) = call.arguments.get(1).filter(
            |second| matches!(second, Expression::Call(call) if call.name.eq_ignore_ascii_case("lambda")),
        ) else {
            return Err(TemplateError::template(format!(
                "The template language function '{}' expects its second parameter to be a lambda.",
                call.name
            )));
        };
        let items = match call.arguments.first() {
            Some(items) => self.expression(items, frame)?,
            None => Value::Null,
        };
        let Value::Array(items) = items else {
            return Err(TemplateError::template(format!(
                "The template language function '{}' expects its parameter '1' to be of type 'Array'. The provided \
                 value is of type '{}'.",
                call.name,
                type_name(&items)
            )));
        };
        let Some((body, variables)) = lambda.arguments.split_last() else {
            return Ok(Value::Null);
        };
        let mut names = Vec::new();
        for variable in variables {
            match variable {
                Expression::Text(name) => names.push(name.as_str()),
                _ => {
                    return Err(TemplateError::template(
                        "The variables of a lambda must be string literals.",
                    ));
                }
            }
        }
        let mut done = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let mut inner = frame.clone();
            if let Some(name) = names.first() {
                inner.lambdas.push(((*name).to_owned(), item.clone()));
            }
            if let Some(name) = names.get(1) {
                inner.lambdas.push(((*name).to_owned(), index.into()));
            }
            let result = self.expression(body, &inner)?;
            match (name, &result) {
                ("map", _) => done.push(result),
                (_, Value::Bool(true)) => done.push(item),
                (_, Value::Bool(false)) => {}
                _ => {
                    return Err(TemplateError::template(
                        "The lambda of the template function 'filter' must return a boolean.",
                    ));
                }
            }
        }
        Ok(done.into())
    }
}

fn copy_index(arguments: &Arguments<'_>, frame: &Frame) -> Result<Value> {
    let (name, offset) = match arguments.values {
        [] => (None, 0),
        [Value::Number(offset)] => (None, offset.as_i64().unwrap_or_default()),
        [Value::String(name)] => (Some(name), 0),
        [Value::String(name), Value::Number(offset)] => (Some(name), offset.as_i64().unwrap_or_default()),
        _ => {
            return Err(TemplateError::template(
                "The template function 'copyIndex' expects the name of a loop and an integer offset.",
            ));
        }
    };
    let mut inner = frame.turns.iter().rev();
    let turn = match name {
        Some(name) => inner.find(|turn| turn.name.eq_ignore_ascii_case(name)),
        None => inner.find(|turn| turn.unnamed),
    };
    match turn {
        Some(turn) => Ok(turn.index.saturating_add(offset).into()),
        None => Err(TemplateError::template(
            "The template function 'copyIndex' is not expected at this location. The function can only be used in a \
             resource with copy specified. Please see https://aka.ms/arm-copy for usage details.",
        )),
    }
}

fn missing(value: &Value, key: &Value) -> TemplateError {
    match (value, key) {
        (Value::Object(fields), key) => {
            let there: Vec<&str> = fields.keys().map(String::as_str).collect();
            TemplateError::template(format!(
                "The language expression property '{}' doesn't exist, available properties are '{}'.",
                as_text(key),
                there.join(", ")
            ))
        }
        (_, key) => TemplateError::template(format!(
            "The language expression property array index '{}' is out of bounds.",
            as_text(key)
        )),
    }
}

#[cfg(test)]
mod tests;
