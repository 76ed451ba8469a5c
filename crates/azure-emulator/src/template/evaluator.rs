//! Evaluating what a template says: expressions within values, property loops, and what surrounds them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::{Problem, Result};
use super::expression::{Access, Call, Expression, Written, read};
use super::functions::{self, Arguments, type_name};
use super::ids;

/// What the expressions of one template see. An inner template has its own, an outer one that of its parent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Surroundings {
    /// Values of the parameters.
    pub(crate) parameters: Map<String, Value>,
    /// The template's `variables`, not evaluated.
    pub(crate) variables: Value,
    /// What `subscription()`, `resourceGroup()`, `tenant()`, `deployment()` and `environment()` answer; the group
    /// is absent at subscription scope.
    pub(crate) subscription: Value,
    pub(crate) group: Option<Value>,
    pub(crate) tenant: Value,
    pub(crate) deployment: Value,
    pub(crate) environment: Value,
    /// What `deployer()` answers: who deploys.
    #[serde(default)]
    pub(crate) deployer: Value,
}

/// What is known only while resources are deployed.
pub(crate) trait Deployed {
    /// What `reference()` answers about a resource, by name or by id.
    fn reference(&self, resource: &str, version: Option<&str>, full: bool) -> Result<Value>;
}

/// One turn of a loop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) name: String,
    pub(crate) index: i64,
    /// Whether `copyIndex()` without a name means it: of property loops it does not.
    pub(crate) unnamed: bool,
}

/// Where in the template an expression stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    pub(crate) turns: Vec<Turn>,
    lambdas: Vec<(String, Value)>,
}

impl Frame {
    /// In these loops.
    pub(crate) fn within(turns: &[Turn]) -> Self {
        Self {
            turns: turns.to_vec(),
            lambdas: Vec::new(),
        }
    }

    /// In one more.
    pub(crate) fn turn(&self, name: &str, index: i64, unnamed: bool) -> Self {
        let mut frame = self.clone();
        frame.turns.push(Turn {
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
pub(crate) struct Evaluator<'a> {
    surroundings: &'a Surroundings,
    deployed: Option<&'a dyn Deployed>,
    known: RefCell<BTreeMap<String, Value>>,
    /// Variables that are being evaluated: one that needs itself has no value.
    open: RefCell<Vec<String>>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for places where nothing is deployed yet: names, conditions, counts, variables.
    pub(crate) fn new(surroundings: &'a Surroundings) -> Self {
        Self {
            surroundings,
            deployed: None,
            known: RefCell::default(),
            open: RefCell::default(),
        }
    }

    /// One for properties and outputs.
    pub(crate) fn deployed(surroundings: &'a Surroundings, deployed: &'a dyn Deployed) -> Self {
        Self {
            deployed: Some(deployed),
            ..Self::new(surroundings)
        }
    }

    pub(crate) fn surroundings(&self) -> &'a Surroundings {
        self.surroundings
    }

    /// A value with its expressions evaluated, and the property loops in it unrolled.
    pub(crate) fn value(&self, value: &Value, frame: &Frame) -> Result<Value> {
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
                    return Err(Problem::template(format!(
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
            return Err(Problem::template(
                "The template copy definition must have 'name', 'count' and 'input'.",
            ));
        };
        let items = (0..self.count(name, count, frame)?)
            .map(|index| self.value(input, &frame.turn(name, index, false)))
            .collect::<Result<Vec<_>>>()?;
        Ok((name.to_owned(), items.into()))
    }

    /// How many turns a loop has. It must be known before anything is deployed.
    pub(crate) fn count(&self, name: &str, count: &Value, frame: &Frame) -> Result<i64> {
        let before = Evaluator::new(self.surroundings);
        let count = before.value(count, frame)?;
        match count.as_i64() {
            Some(count) if (0..=MOST_TURNS).contains(&count) => Ok(count),
            Some(count) => Err(Problem::template(format!(
                "The copy count '{count}' of '{name}' is not valid: it must lie between '0' and '{MOST_TURNS}'."
            ))),
            None => Err(Problem::template(format!(
                "The copy count of '{name}' must be an integer. The provided value is of type '{}'.",
                type_name(&count)
            ))),
        }
    }

    /// What an expression of another place evaluates to here.
    pub(super) fn named(&self, expression: &Expression, frame: &Frame) -> Result<Value> {
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
                return Err(Problem::template(format!(
                    "The language expression property '{}' can't be evaluated, the value is of type '{}'.",
                    functions::as_text(&key),
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
                other => Err(Problem::template(format!(
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
            return Err(Problem::template(
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
        let here = self.surroundings;
        let text = |index: usize| match arguments.values.get(index) {
            Some(Value::String(text)) => Ok(text.as_str()),
            other => Err(Problem::template(format!(
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
                    Problem::template(format!(
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
                    .ok_or_else(|| Problem::template(format!("The lambda variable '{wanted}' is not found.")))
            }
            "subscription" => Ok(here.subscription.clone()),
            "resourcegroup" => here
                .group
                .clone()
                .ok_or_else(|| Problem::not_here(arguments.function)),
            "tenant" => Ok(here.tenant.clone()),
            "deployment" => Ok(here.deployment.clone()),
            "deployer" => Ok(here.deployer.clone()),
            "environment" => Ok(here.environment.clone()),
            "reference" => {
                let deployed = self
                    .deployed
                    .ok_or_else(|| Problem::not_here(arguments.function))?;
                let version = match arguments.values.get(1) {
                    None | Some(Value::Null) => None,
                    Some(_) => Some(text(1)?),
                };
                let full = match arguments.values.get(2) {
                    None => false,
                    Some(_) if text(2)?.eq_ignore_ascii_case("full") => true,
                    Some(_) => {
                        return Err(Problem::template(
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
            return Err(Problem::template(format!(
                "Circular reference detected: the template variable '{wanted}' needs itself."
            )));
        }
        let absent = || {
            Problem::template(format!(
                "The template variable '{wanted}' is not found. Please see https://aka.ms/arm-syntax-variables for \
                 usage details."
            ))
        };
        let definitions = self.surroundings.variables.as_object().ok_or_else(absent)?;
        self.open.borrow_mut().push(key.clone());
        // Variables are known before anything is deployed.
        let before = Evaluator {
            surroundings: self.surroundings,
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
            return Err(Problem::template(format!(
                "The template language function '{}' expects its second parameter to be a lambda.",
                call.name
            )));
        };
        let items = match call.arguments.first() {
            Some(items) => self.expression(items, frame)?,
            None => Value::Null,
        };
        let Value::Array(items) = items else {
            return Err(Problem::template(format!(
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
                    return Err(Problem::template(
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
                    return Err(Problem::template(
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
            return Err(Problem::template(
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
        None => Err(Problem::template(
            "The template function 'copyIndex' is not expected at this location. The function can only be used in a \
             resource with copy specified. Please see https://aka.ms/arm-copy for usage details.",
        )),
    }
}

fn missing(value: &Value, key: &Value) -> Problem {
    match (value, key) {
        (Value::Object(fields), key) => {
            let there: Vec<&str> = fields.keys().map(String::as_str).collect();
            Problem::template(format!(
                "The language expression property '{}' doesn't exist, available properties are '{}'.",
                functions::as_text(key),
                there.join(", ")
            ))
        }
        (_, key) => Problem::template(format!(
            "The language expression property array index '{}' is out of bounds.",
            functions::as_text(key)
        )),
    }
}

/// A member by name: as written, else without case.
fn by_name<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    fields.get(name).or_else(|| {
        fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A property of an object; ARM compares their names without case.
pub(super) fn property<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object().and_then(|fields| by_name(fields, name))
}

/// An element of an array; negative ones count from the end.
pub(super) fn element(value: &Value, index: i64) -> Option<&Value> {
    let items = value.as_array()?;
    let at = if index < 0 {
        items
            .len()
            .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
    } else {
        usize::try_from(index).ok()?
    };
    items.get(at)
}

#[cfg(test)]
mod tests;
