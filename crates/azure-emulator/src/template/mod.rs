//! The language of ARM templates: expressions, parameters, variables, loops, dependencies and outputs.

pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod evaluator;
mod expression;
mod functions;
pub(crate) mod ids;
pub(crate) mod outputs;
pub(crate) mod parameters;
pub(crate) mod plan;
mod unique;
