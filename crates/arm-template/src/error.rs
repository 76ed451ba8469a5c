//! What is wrong with a template, or with evaluating it.

/// What evaluating returns.
pub type Result<T> = std::result::Result<T, TemplateError>;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct TemplateError {
    /// ARM's code.
    pub code: String,
    /// What is wrong, in ARM's words where they are known.
    pub message: String,
    /// A function asks for what is known only while resources are deployed (`reference`).
    pub needs_runtime: bool,
}

impl TemplateError {
    /// `InvalidTemplate`: the template does not make sense.
    pub fn template(message: impl Into<String>) -> Self {
        Self::with_code("InvalidTemplate", message)
    }

    /// A problem that has a code of its own.
    pub fn with_code(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            needs_runtime: false,
        }
    }

    /// `reference` where resources are not deployed yet.
    pub fn not_here(function: &str) -> Self {
        Self {
            needs_runtime: true,
            ..Self::template(format!(
                "The template function '{function}' is not expected at this location. Please see \
                 https://aka.ms/arm-functions for usage details."
            ))
        }
    }

    /// The same, said of a place in the template.
    pub fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: '{}'", self.message);
        self
    }
}
