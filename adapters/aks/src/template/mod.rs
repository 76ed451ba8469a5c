//! The template of a cluster: the document, its parameters, and the names that it makes.

pub(crate) mod document;
pub(crate) mod foreign_tags;
pub(crate) mod names;
pub(crate) mod network_policy;
pub(crate) mod parameters;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod upgrade_channels;
