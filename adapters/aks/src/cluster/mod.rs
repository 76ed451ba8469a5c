//! Clusters: one Deployment Stack each, made from the embedded template.

pub(crate) mod outputs;
pub(crate) mod template;
