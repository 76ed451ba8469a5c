//! The rules, one module each.

pub(crate) mod architecture;
pub(crate) mod circles;
pub(crate) mod code_map;
pub(crate) mod compile;
pub(crate) mod contracts;
pub(crate) mod edges;
pub(crate) mod error_texts;
pub(crate) mod features;
pub(crate) mod generated;
pub(crate) mod known_circles;
pub(crate) mod layers;
pub(crate) mod licences;
pub(crate) mod manifests;
pub(crate) mod module_graph;
pub(crate) mod module_layers;
pub(crate) mod modules;
pub(crate) mod tokens;
pub(crate) mod tree;
pub(crate) mod used;

use crate::report::{Finding, Result};
use crate::workspace::Workspace;

/// `dependencies`: what the manifests say, and what cargo makes of it.
pub(crate) fn dependencies(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = manifests::check(workspace)?;
    findings.extend(tree::check(workspace)?);
    Ok(findings)
}
