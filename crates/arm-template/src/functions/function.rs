//! One function of the language and the arguments of a call to it.

use serde_json::Value;

use crate::error::{Result, TemplateError};
use crate::values::type_name;

/// A function with how many arguments it takes.
pub(crate) struct Function {
    /// In lower case.
    pub(crate) name: &'static str,
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) apply: fn(&Arguments<'_>) -> Result<Value>,
}

pub(super) const fn function(
    name: &'static str,
    least: usize,
    most: usize,
    apply: fn(&Arguments<'_>) -> Result<Value>,
) -> Function {
    Function {
        name,
        least,
        most,
        apply,
    }
}

/// As many as anybody likes.
pub(super) const ANY: usize = usize::MAX;

/// The arguments of one call, evaluated.
pub(crate) struct Arguments<'a> {
    /// As written, for messages.
    pub(crate) function: &'a str,
    pub(crate) values: &'a [Value],
}

impl Arguments<'_> {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// An argument; where it is missing it is `null`.
    pub(super) fn value(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, index: usize) -> Result<&str> {
        self.value(index)
            .as_str()
            .ok_or_else(|| self.wrong_type(index, "String"))
    }

    pub(super) fn integer(&self, index: usize) -> Result<i64> {
        self.value(index)
            .as_i64()
            .ok_or_else(|| self.wrong_type(index, "Integer"))
    }

    pub(super) fn boolean(&self, index: usize) -> Result<bool> {
        self.value(index)
            .as_bool()
            .ok_or_else(|| self.wrong_type(index, "Boolean"))
    }

    pub(super) fn array(&self, index: usize) -> Result<&Vec<Value>> {
        self.value(index)
            .as_array()
            .ok_or_else(|| self.wrong_type(index, "Array"))
    }

    /// An argument that counts something.
    pub(super) fn count(&self, index: usize) -> Result<usize> {
        Ok(usize::try_from(self.integer(index)?).unwrap_or(0))
    }

    pub(super) fn wrong_type(&self, index: usize, expected: &str) -> TemplateError {
        TemplateError::template(format!(
            "The template language function '{}' expects its parameter '{}' to be of type '{expected}'. The provided \
             value is of type '{}'. Please see https://aka.ms/arm-functions#{} for usage details.",
            self.function,
            index + 1,
            type_name(self.value(index)),
            self.function.to_ascii_lowercase()
        ))
    }

    pub(super) fn wrong(&self, reason: &str) -> TemplateError {
        TemplateError::template(format!(
            "Unable to evaluate template language function '{}': {reason}. Please see \
             https://aka.ms/arm-functions#{} for usage details.",
            self.function,
            self.function.to_ascii_lowercase()
        ))
    }
}
