//! What is wrong with a template, or with evaluating it.

use crate::arm::error::ArmError;

/// What evaluating returns.
pub(crate) type Result<T> = std::result::Result<T, Problem>;

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// ARM's code.
    pub(crate) code: String,
    /// What is wrong, in ARM's words where they are known.
    pub(crate) message: String,
    /// A function asks for what is known only while resources are deployed (`reference`).
    pub(crate) needs_runtime: bool,
}

impl Problem {
    /// `InvalidTemplate`: the template does not make sense.
    pub(crate) fn template(message: impl Into<String>) -> Self {
        Self::with_code("InvalidTemplate", message)
    }

    /// A problem that has a code of its own.
    pub(crate) fn with_code(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            needs_runtime: false,
        }
    }

    /// `reference` where resources are not deployed yet.
    pub(crate) fn not_here(function: &str) -> Self {
        Self {
            needs_runtime: true,
            ..Self::template(format!(
                "The template function '{function}' is not expected at this location. Please see \
                 https://aka.ms/arm-functions for usage details."
            ))
        }
    }

    /// The same, said of a place in the template.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: '{}'", self.message);
        self
    }

    /// 400, as ARM answers a template that it refuses.
    pub(crate) fn refusal(self) -> Box<ArmError> {
        let message = if self.code == "InvalidTemplate" {
            format!("Deployment template validation failed: '{}'.", self.message)
        } else {
            self.message
        };
        ArmError::new(400, &self.code, message)
    }
}
